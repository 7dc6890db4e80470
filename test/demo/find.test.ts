// C-FIND of the embedded PACS: what findscu and our own requestor find is what it holds.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { attributes } from '../../src/demo/attributes.ts';
import { uidOf } from '../../src/demo/phantom.ts';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { Tag } from '../../src/dimse/data/tags.ts';
import { DicomError } from '../../src/dimse/index.ts';
import { runToolOk } from '../support/peers.ts';
import { CT_STUDY, gathered, MR_STUDY, open, type PhantomPacs, startPhantomPacs } from './phantom-pacs.ts';

const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const PATIENT_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.1.1';
const ctSeries = uidOf('ct/1');
const mrSeries = uidOf('mr/1');

let pacs: PhantomPacs;
before(async () => {
  pacs = await startPhantomPacs();
});
after(() => pacs?.close());

async function found(identifier: Dataset, sopClassUid = STUDY_ROOT_FIND): Promise<Dataset[]> {
  const association = await open(pacs, sopClassUid);
  try {
    const responses = await gathered(association.find({ sopClassUid, identifier }));
    return responses.map((response) => response.identifier);
  } finally {
    await association.release();
  }
}

const valuesOf = (dataset: Dataset | undefined, tag: string) => dataset?.[tag]?.Value;

test('findscu lists the studies with their counts', async () => {
  const wanted = [
    'PatientID',
    'StudyInstanceUID',
    'ModalitiesInStudy',
    'NumberOfStudyRelatedSeries',
    'NumberOfStudyRelatedInstances',
  ];
  const options = ['QueryRetrieveLevel=STUDY', ...wanted].flatMap((key) => ['-k', key]);
  const output = await runToolOk('findscu', ['-S', ...options, ...pacs.address]);
  assert.equal(output.match(/Find Response: /g)?.length, 2);
  assert.match(output, /\[CT\\DOC\]/);
  assert.match(output, /\[PHANTOM-1 ?\]/);
  assert.match(output, /\[25\]/);
});

type Query = {
  name: string;
  identifier: Dataset;
  sopClassUid?: string;
  unique: string;
  expected: readonly string[];
};

const QUERIES: Query[] = [
  {
    name: 'by name with a wildcard, without regard to case',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', PatientName: 'grün*', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [CT_STUDY],
  },
  {
    name: 'by the ideographic group of a name',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', PatientName: '山田*', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [MR_STUDY],
  },
  {
    name: 'by a range of dates',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', StudyDate: '20240401-', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [MR_STUDY],
  },
  {
    name: 'by a computed attribute',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', ModalitiesInStudy: 'DOC', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [CT_STUDY],
  },
  {
    name: 'Q-M6 by a list of UIDs',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', StudyInstanceUID: [CT_STUDY, MR_STUDY, '1.2.3'] }),
    unique: Tag.StudyInstanceUID,
    expected: [CT_STUDY, MR_STUDY],
  },
  {
    name: 'nothing matches',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', PatientID: 'NOBODY', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [],
  },
  {
    name: 'the series of a study, in order',
    identifier: attributes({ QueryRetrieveLevel: 'SERIES', StudyInstanceUID: CT_STUDY, SeriesInstanceUID: null }),
    unique: Tag.SeriesInstanceUID,
    expected: [ctSeries, uidOf('ct/2')],
  },
  {
    name: 'series by modality',
    identifier: attributes({
      QueryRetrieveLevel: 'SERIES',
      StudyInstanceUID: CT_STUDY,
      Modality: 'DOC',
      SeriesInstanceUID: null,
    }),
    unique: Tag.SeriesInstanceUID,
    expected: [uidOf('ct/2')],
  },
  {
    name: 'instances by number',
    identifier: attributes({
      QueryRetrieveLevel: 'IMAGE',
      StudyInstanceUID: CT_STUDY,
      SeriesInstanceUID: ctSeries,
      InstanceNumber: 7,
      SOPInstanceUID: null,
    }),
    unique: Tag.SOPInstanceUID,
    expected: [uidOf('ct/1/7')],
  },
  {
    name: 'patients in the Patient Root model',
    sopClassUid: PATIENT_ROOT_FIND,
    identifier: attributes({ QueryRetrieveLevel: 'PATIENT', PatientID: null, PatientName: null }),
    unique: Tag.PatientID,
    expected: ['PHANTOM-1', 'PHANTOM-2'],
  },
  {
    name: 'studies of a patient in the Patient Root model',
    sopClassUid: PATIENT_ROOT_FIND,
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', PatientID: 'PHANTOM-2', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [MR_STUDY],
  },
];

for (const { name, identifier, sopClassUid, unique, expected } of QUERIES) {
  test(`C-FIND: ${name}`, async () => {
    const rows = await found(identifier, sopClassUid);
    assert.deepEqual(rows.map((row) => valuesOf(row, unique)?.[0]).sort(), [...expected].sort());
  });
}

test('Q-D9 a key that the entity lacks comes back empty, and nothing comes that was not asked for', async () => {
  const [row] = await found(
    attributes({ QueryRetrieveLevel: 'STUDY', StudyInstanceUID: CT_STUDY, OtherPatientNames: null }),
  );
  assert.deepEqual(row?.['00101001'], { vr: 'PN' });
  assert.deepEqual(Object.keys(row ?? {}).sort(), ['00080005', '00080052', '00080054', '0020000D', '00101001'].sort());
});

test('Q-D20 the response names who can be moved from', async () => {
  const [row] = await found(attributes({ QueryRetrieveLevel: 'STUDY', StudyInstanceUID: CT_STUDY }));
  assert.deepEqual(valuesOf(row, Tag.RetrieveAETitle), ['TESTPACS']);
});

test('counts of a series and of a patient', async () => {
  const series = attributes({
    QueryRetrieveLevel: 'SERIES',
    StudyInstanceUID: MR_STUDY,
    SeriesInstanceUID: mrSeries,
    NumberOfSeriesRelatedInstances: null,
  });
  assert.deepEqual(valuesOf((await found(series))[0], Tag.NumberOfSeriesRelatedInstances), [20]);
  const patient = attributes({
    QueryRetrieveLevel: 'PATIENT',
    PatientID: 'PHANTOM-1',
    NumberOfPatientRelatedInstances: null,
  });
  assert.deepEqual(valuesOf((await found(patient, PATIENT_ROOT_FIND))[0], Tag.NumberOfPatientRelatedInstances), [25]);
});

for (const [name, identifier] of Object.entries({
  'a level that the model lacks': attributes({ QueryRetrieveLevel: 'PATIENT', PatientID: null }),
  'series without their study': attributes({ QueryRetrieveLevel: 'SERIES', SeriesInstanceUID: null }),
  'instances of two studies': attributes({
    QueryRetrieveLevel: 'IMAGE',
    StudyInstanceUID: [CT_STUDY, MR_STUDY],
    SeriesInstanceUID: ctSeries,
    SOPInstanceUID: null,
  }),
})) {
  test(`Q-D2 ${name} is A900`, async () => {
    await assert.rejects(found(identifier), (error) => error instanceof DicomError && error.status === 0xa900);
  });
}

test('Q-D16 C-CANCEL ends a C-FIND, and the association can be used again', async () => {
  const association = await open(pacs, STUDY_ROOT_FIND);
  const identifier = attributes({
    QueryRetrieveLevel: 'IMAGE',
    StudyInstanceUID: CT_STUDY,
    SeriesInstanceUID: ctSeries,
    SOPInstanceUID: null,
  });
  for await (const response of association.find({ sopClassUid: STUDY_ROOT_FIND, identifier })) {
    assert.equal(response.status, 0xff00);
    break;
  }
  const rest = await gathered(association.find({ sopClassUid: STUDY_ROOT_FIND, identifier }));
  assert.equal(rest.length, 24);
  await association.release();
});
