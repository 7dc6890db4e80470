// The embedded PACS against DCMTK's tools: what they find, fetch, move and store is what the PACS holds.

import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { attributes } from '../../src/demo/attributes.ts';
import { type Pacs, startPacs } from '../../src/demo/pacs.ts';
import { uidOf } from '../../src/demo/phantom.ts';
import { writePhantoms } from '../../src/demo/phantom-files.ts';
import { phantomStudies } from '../../src/demo/phantoms.ts';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { Tag } from '../../src/dimse/data/tags.ts';
import { ExplicitLittle, ImplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { connect, DicomError } from '../../src/dimse/index.ts';
import { getscuFiles, keys, runTool, runToolOk, sendFiles, startStorescp, tempDir } from '../support/peers.ts';

const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const STUDY_ROOT_GET = '1.2.840.10008.5.1.4.1.2.2.3';
const PATIENT_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.1.1';
const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2';

/** CT (24 slices and a report) and MR (20 slices and one enhanced), without the large pictures. */
const studies = phantomStudies().filter((study) => /CT of|MR of/.test(study.title));
const [ct, mr] = studies.map((study) => study.studyInstanceUid);
const ctSeries = uidOf('ct/1');
const mrSeries = uidOf('mr/1');

let dir = '';
let pacs: Pacs;
let scp: Awaited<ReturnType<typeof startStorescp>>;
const files = new Map<string, string>();

before(async () => {
  dir = await tempDir();
  const phantoms = studies.flatMap((study) => study.instances);
  const paths = await writePhantoms(phantoms, dir);
  phantoms.forEach((phantom, index) => {
    files.set(phantom.sopInstanceUid, paths[index] ?? '');
  });
  scp = await startStorescp();
  const peers = { STORESCP: scp, NOWHERE: { host: '127.0.0.1', port: 1 } };
  pacs = await startPacs({ dir: join(dir, 'pacs'), aeTitle: 'TESTPACS', port: 0, files: paths, peers });
});

after(async () => {
  await pacs?.close();
  await scp?.stop();
  await rm(dir, { recursive: true, force: true });
});

const address = () => ['-aec', pacs.aeTitle, pacs.host, String(pacs.port)];

function open(abstractSyntax: string) {
  return connect({
    host: pacs.host,
    port: pacs.port,
    calledAeTitle: pacs.aeTitle,
    callingAeTitle: 'TEST',
    contexts: [{ abstractSyntax, transferSyntaxes: [ExplicitLittle] }],
  });
}

async function found(identifier: Dataset, sopClassUid = STUDY_ROOT_FIND): Promise<Dataset[]> {
  const association = await open(sopClassUid);
  try {
    const responses = await gathered(association.find({ sopClassUid, identifier }));
    return responses.map((response) => response.identifier);
  } finally {
    await association.release();
  }
}

async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const valuesOf = (dataset: Dataset | undefined, tag: string) => dataset?.[tag]?.Value;

test('echoscu is answered', async () => {
  await runToolOk('echoscu', address());
});

test('D-29 another called AE title is rejected', async () => {
  const { code, output } = await runTool('echoscu', ['-aec', 'OTHER', pacs.host, String(pacs.port)]);
  assert.notEqual(code, 0);
  assert.match(output, /Called AE Title Not Recognized/);
});

test('findscu lists the studies with their counts', async () => {
  const wanted = [
    'PatientID',
    'StudyInstanceUID',
    'ModalitiesInStudy',
    'NumberOfStudyRelatedSeries',
    'NumberOfStudyRelatedInstances',
  ];
  const options = ['QueryRetrieveLevel=STUDY', ...wanted].flatMap((key) => ['-k', key]);
  const output = await runToolOk('findscu', ['-S', ...options, ...address()]);
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
  expected: readonly (string | undefined)[];
};

const QUERIES: Query[] = [
  {
    name: 'by name with a wildcard, without regard to case',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', PatientName: 'grün*', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [ct],
  },
  {
    name: 'by the ideographic group of a name',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', PatientName: '山田*', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [mr],
  },
  {
    name: 'by a range of dates',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', StudyDate: '20240401-', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [mr],
  },
  {
    name: 'by a computed attribute',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', ModalitiesInStudy: 'DOC', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [ct],
  },
  {
    name: 'Q-M6 by a list of UIDs',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', StudyInstanceUID: [ct ?? '', mr ?? '', '1.2.3'] }),
    unique: Tag.StudyInstanceUID,
    expected: [ct, mr],
  },
  {
    name: 'nothing matches',
    identifier: attributes({ QueryRetrieveLevel: 'STUDY', PatientID: 'NOBODY', StudyInstanceUID: null }),
    unique: Tag.StudyInstanceUID,
    expected: [],
  },
  {
    name: 'the series of a study, in order',
    identifier: attributes({ QueryRetrieveLevel: 'SERIES', StudyInstanceUID: ct ?? '', SeriesInstanceUID: null }),
    unique: Tag.SeriesInstanceUID,
    expected: [ctSeries, uidOf('ct/2')],
  },
  {
    name: 'series by modality',
    identifier: attributes({
      QueryRetrieveLevel: 'SERIES',
      StudyInstanceUID: ct ?? '',
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
      StudyInstanceUID: ct ?? '',
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
    expected: [mr],
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
    attributes({ QueryRetrieveLevel: 'STUDY', StudyInstanceUID: ct ?? '', OtherPatientNames: null }),
  );
  assert.deepEqual(row?.['00101001'], { vr: 'PN' });
  assert.deepEqual(Object.keys(row ?? {}).sort(), ['00080005', '00080052', '00080054', '0020000D', '00101001'].sort());
});

test('Q-D20 the response names who can be moved from', async () => {
  const [row] = await found(attributes({ QueryRetrieveLevel: 'STUDY', StudyInstanceUID: ct ?? '' }));
  assert.deepEqual(valuesOf(row, Tag.RetrieveAETitle), ['TESTPACS']);
});

test('counts of a series and of a patient', async () => {
  const series = attributes({
    QueryRetrieveLevel: 'SERIES',
    StudyInstanceUID: mr ?? '',
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
    StudyInstanceUID: [ct ?? '', mr ?? ''],
    SeriesInstanceUID: ctSeries,
    SOPInstanceUID: null,
  }),
})) {
  test(`Q-D2 ${name} is A900`, async () => {
    await assert.rejects(found(identifier), (error) => error instanceof DicomError && error.status === 0xa900);
  });
}

test('Q-D16 C-CANCEL ends a C-FIND, and the association can be used again', async () => {
  const association = await open(STUDY_ROOT_FIND);
  const identifier = attributes({
    QueryRetrieveLevel: 'IMAGE',
    StudyInstanceUID: ct ?? '',
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

test('getscu fetches a study, and every data set is the stored one, byte for byte', async (t) => {
  const received = await getscuFiles(pacs, { study: ct ?? '' }, { dir: await tempDir(t) });
  assert.equal(received.length, 25);
  for (const path of received) await assertSame(path);
});

test('getscu fetches one instance', async (t) => {
  const resource = { study: ct ?? '', series: ctSeries, instance: uidOf('ct/1/3') };
  const received = await getscuFiles(pacs, resource, {
    dir: await tempDir(t),
  });
  assert.equal(received.length, 1);
  await assertSame(received[0] ?? '');
});

test('an Implicit VR instance goes out re-encoded where only Explicit VR was accepted', async (t) => {
  const resource = { study: mr ?? '', series: mrSeries, instance: uidOf('mr/1/1') };
  const [path = ''] = await getscuFiles(pacs, resource, {
    dir: await tempDir(t),
  });
  const received = await readInstance(path);
  const stored = await readInstance(files.get(uidOf('mr/1/1')) ?? '');
  assert.equal(stored.transferSyntaxUid, ImplicitLittle);
  assert.equal(received.transferSyntaxUid, ExplicitLittle);
  assert.deepEqual(readDataset(received.data, ExplicitLittle), readDataset(stored.data, ImplicitLittle));
});

test('movescu brings a series to a storage SCP, each instance in the syntax it is stored in', async () => {
  const before = new Set(await scp.files());
  const options = ['-S', '-aem', scp.aeTitle, ...keys({ study: mr ?? '', series: mrSeries })];
  await runToolOk('movescu', [...options, ...address()]);
  const received = (await scp.files()).filter((file) => !before.has(file));
  assert.equal(received.length, 20);
  for (const path of received) await assertSame(path);
});

for (const [destination, status] of [
  ['STRANGER', 'a801'],
  ['NOWHERE', 'a702'],
]) {
  test(`C-MOVE to ${destination} fails with ${status}`, async () => {
    const options = ['-d', '-S', '-aem', destination ?? '', ...keys({ study: ct ?? '' })];
    const { output } = await runTool('movescu', [...options, ...address()]);
    assert.match(output, new RegExp(`DIMSE Status +: 0x${status}`, 'i'));
  });
}

test('W-D2 a C-GET without the unique key of its level is A900', async () => {
  const association = await open(STUDY_ROOT_GET);
  const identifier = attributes({ QueryRetrieveLevel: 'STUDY' });
  const get = gathered(association.get({ sopClassUid: STUDY_ROOT_GET, identifier }));
  await assert.rejects(get, (error) => error instanceof DicomError && error.status === 0xa900);
  await association.release();
});

test('storescu stores an instance, which is then found and fetched, and lasts over a restart', async (t) => {
  const home = await tempDir(t);
  const options = { dir: home, aeTitle: 'STORE', port: 0 };
  const first = await startPacs(options);
  await sendFiles(first, [files.get(uidOf('ct/1/5')) ?? '']);
  await first.close();
  const second = await startPacs(options);
  t.after(() => second.close());
  const [path = ''] = await getscuFiles(second, { study: ct ?? '' }, { dir: await tempDir(t) });
  await assertSame(path);
});

test('the same SOP Instance UID again replaces what was there', async (t) => {
  const home = await tempDir(t);
  const again = await startPacs({ dir: home, aeTitle: 'STORE', port: 0 });
  t.after(() => again.close());
  const file = files.get(uidOf('ct/1/5')) ?? '';
  await sendFiles(again, [file]);
  await sendFiles(again, [file]);
  assert.equal((await readdir(home)).filter((name) => name.endsWith('.dcm')).length, 1);
});

test('D-26 a data set of another instance than the request names is A900', async () => {
  const { data, sopClassUid = '' } = await readInstance(files.get(uidOf('ct/1/5')) ?? '');
  const association = await open(CT_IMAGE_STORAGE);
  const body = (async function* () {
    yield data;
  })();
  const outcome = await association.store({
    sopClassUid,
    sopInstanceUid: '1.2.3',
    transferSyntaxUid: ExplicitLittle,
    body,
  });
  assert.equal(outcome.status, 0xa900);
  await association.release();
});

async function readInstance(path: string) {
  const bytes = await readFile(path);
  const meta = readFileMeta(bytes);
  return { ...meta, data: bytes.subarray(meta.dataOffset) };
}

async function assertSame(path: string): Promise<void> {
  const received = await readInstance(path);
  const stored = await readInstance(files.get(received.sopInstanceUid ?? '') ?? '');
  assert.equal(received.transferSyntaxUid, stored.transferSyntaxUid);
  assert.ok(received.data.equals(stored.data), `${received.sopInstanceUid} differs`);
}
