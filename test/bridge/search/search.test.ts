// Search as a whole, against a PACS in memory: what is asked of it, and what becomes of its answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SearchRequest, search } from '../../../src/bridge/search/search.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { tagOf } from '../../../src/dimse/data/dictionary.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { dataset, type FakeOptions, fakePacs, valuesOf } from '../fake-pacs.ts';

const LIMITS = { maxResults: 100, maxMatches: 1000, maxFanOut: 50, pacsMs: 1000 };
const BASE = 'http://gateway/dicomweb';

async function run(options: FakeOptions, request: Partial<SearchRequest> & { ask?: string }, limits = LIMITS) {
  const { pacs, asked, stopped } = fakePacs(options);
  const parameters = (request.ask ?? '')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))];
    });
  const full: SearchRequest = { level: 'study', parameters, ...request };
  const found = await search(pacs, full, { baseUrl: BASE, signal: new AbortController().signal, limits });
  const results: Dataset[] = [];
  for await (const result of found.results) results.push(result);
  return { results, warnings: found.warnings, asked, stopped };
}

const STUDIES = [
  ['1.1', '20240103', '100000', 'DOE^JOHN', ['CT']],
  ['1.2', '20240105', '090000', 'Doe^Jane', ['MR', 'SR']],
  ['1.3', '20240105', '120000', 'ROE^RICHARD', ['CT', 'PT']],
].map(([StudyInstanceUID, StudyDate, StudyTime, name, ModalitiesInStudy]) =>
  dataset({
    StudyInstanceUID: StudyInstanceUID as string,
    StudyDate: StudyDate as string,
    StudyTime: StudyTime as string,
    PatientName: { Alphabetic: name as string },
    PatientID: `P${StudyInstanceUID}`,
    ModalitiesInStudy: ModalitiesInStudy as string[],
    StudyDescription: 'HEAD',
    NumberOfStudyRelatedSeries: 2,
    NumberOfStudyRelatedInstances: 4,
  }),
);

const SERIES = STUDIES.flatMap((study) =>
  [2, 10].map((SeriesNumber) =>
    dataset({
      StudyInstanceUID: valuesOf(study, 'StudyInstanceUID') ?? [],
      SeriesInstanceUID: `${valuesOf(study, 'StudyInstanceUID')}.${SeriesNumber}`,
      SeriesNumber,
      Modality: valuesOf(study, 'ModalitiesInStudy')?.[0] ?? null,
      SeriesDescription: 'AXIAL',
      NumberOfSeriesRelatedInstances: 2,
    }),
  ),
);

const IMAGES = SERIES.flatMap((series) =>
  [1, 2].map((InstanceNumber) =>
    dataset({
      StudyInstanceUID: valuesOf(series, 'StudyInstanceUID') ?? [],
      SeriesInstanceUID: valuesOf(series, 'SeriesInstanceUID') ?? [],
      SOPInstanceUID: `${valuesOf(series, 'SeriesInstanceUID')}.${InstanceNumber}`,
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
      InstanceNumber,
      Rows: 512,
    }),
  ),
);

const ROWS = { STUDY: STUDIES, SERIES, IMAGE: IMAGES };
const uids = (results: Dataset[], keyword: string) => results.map((result) => valuesOf(result, keyword)?.[0]);

test('Q-P10 studies come newest first, and the UID decides between equals', async () => {
  const { results } = await run({ rows: ROWS }, {});
  assert.deepEqual(uids(results, 'StudyInstanceUID'), ['1.3', '1.2', '1.1']);
});

test('Q-P10 the UID decides between studies of one moment, and between instances of one number, whatever order they come in', async () => {
  const moment = { StudyDate: '20240101', StudyTime: '1000' };
  const studies = ['1.9', '1.7', '1.8'].map((StudyInstanceUID) => dataset({ StudyInstanceUID, ...moment }));
  const found = await run({ rows: { STUDY: studies } }, {});
  assert.deepEqual(uids(found.results, 'StudyInstanceUID'), ['1.7', '1.8', '1.9']);
  const images = [
    ['1.1.1.1', 10],
    ['1.1.1.4', 2],
    ['1.1.1.3', 2],
    ['1.1.1.2', null],
  ].map(([SOPInstanceUID = null, InstanceNumber = null]) =>
    dataset({ StudyInstanceUID: '1.1', SeriesInstanceUID: '1.1.1', SOPInstanceUID, InstanceNumber }),
  );
  const request = { level: 'instance', study: '1.1', series: '1.1.1' } as const;
  const { results } = await run({ rows: { IMAGE: images } }, request);
  assert.deepEqual(uids(results, 'SOPInstanceUID'), ['1.1.1.3', '1.1.1.4', '1.1.1.1', '1.1.1.2']);
});

test('Q-P10 T-35 series come by number, not by text', async () => {
  const { results } = await run({ rows: ROWS }, { level: 'series', study: '1.1' });
  assert.deepEqual(uids(results, 'SeriesInstanceUID'), ['1.1.2', '1.1.10']);
});

test('Q-P8 Q-P9 T-36 a page says how many results remain', async () => {
  const { results, warnings } = await run({ rows: ROWS }, { ask: 'limit=1&offset=1' });
  assert.deepEqual(uids(results, 'StudyInstanceUID'), ['1.2']);
  assert.deepEqual(warnings, ['There are 1 additional results that can be requested']);
});

test('Q-P8 no more than maxResults come at once', async () => {
  const { results, warnings } = await run({ rows: ROWS }, { ask: 'limit=3' }, { ...LIMITS, maxResults: 2 });
  assert.equal(results.length, 2);
  assert.deepEqual(warnings, ['There are 1 additional results that can be requested']);
});

test('Q-P9 the last page has no warning', async () => {
  const { warnings } = await run({ rows: ROWS }, { ask: 'limit=2&offset=1' });
  assert.deepEqual(warnings, []);
});

test('Q-P7 an offset beyond the end gives nothing', async () => {
  const { results } = await run({ rows: ROWS }, { ask: 'offset=7' });
  assert.deepEqual(results, []);
});

test('Q-D18 T-37 no match is an empty list, not an error', async () => {
  const { results } = await run({ rows: {} }, {});
  assert.deepEqual(results, []);
});

test('Q-D17 a failed C-FIND is an error, never an empty list', async () => {
  const fail = new DicomError('status', 'C-FIND to FAKE: status A700', { operation: 'C-FIND', status: 0xa700 });
  await assert.rejects(run({ rows: ROWS, fail }, {}), (error) => error === fail);
});

test('1.6 Q-D9 every required study attribute is there, without Value where the PACS has none or never heard of it', async () => {
  const { results } = await run({ rows: ROWS, ignores: ['StudyID'] }, { ask: 'StudyInstanceUID=1.1' });
  assert.deepEqual(results[0]?.[tagOf('StudyID') ?? ''], { vr: 'SH' });
  const required = [
    ...['StudyDate', 'StudyTime', 'AccessionNumber', 'ModalitiesInStudy', 'ReferringPhysicianName', 'PatientName'],
    ...['PatientID', 'PatientBirthDate', 'PatientSex', 'StudyInstanceUID', 'StudyID', 'NumberOfStudyRelatedSeries'],
    ...['NumberOfStudyRelatedInstances', 'RetrieveURL', 'SpecificCharacterSet'],
  ];
  assert.deepEqual(Object.keys(results[0] ?? {}).sort(), required.map((keyword) => tagOf(keyword) ?? '').sort());
  assert.deepEqual(results[0]?.[tagOf('AccessionNumber') ?? ''], { vr: 'SH' });
});

test('Q-A8 RetrieveURL is UR and leads to the resource', async () => {
  const url = async (request: Partial<SearchRequest> & { ask?: string }) =>
    (await run({ rows: ROWS }, request)).results[0]?.['00081190'];
  assert.deepEqual(await url({ ask: 'StudyInstanceUID=1.1' }), { vr: 'UR', Value: [`${BASE}/studies/1.1`] });
  assert.deepEqual(await url({ level: 'series', study: '1.1' }), {
    vr: 'UR',
    Value: [`${BASE}/studies/1.1/series/1.1.2`],
  });
  assert.deepEqual(await url({ level: 'instance', study: '1.1', series: '1.1.2' }), {
    vr: 'UR',
    Value: [`${BASE}/studies/1.1/series/1.1.2/instances/1.1.2.1`],
  });
});

test('Q-A7 Q-A10 results are marked as UTF-8 and carry no plumbing', async () => {
  const { results } = await run({ rows: ROWS }, {});
  for (const result of results) {
    assert.deepEqual(valuesOf(result, 'SpecificCharacterSet'), ['ISO_IR 192']);
    assert.equal(result['00080052'], undefined);
  }
});

test('Q-D2 Q-D3 T-39 a series query carries only the study UID of the levels above', async () => {
  const { asked } = await run({ rows: ROWS }, { level: 'series', study: '1.1', ask: 'Modality=CT&PatientName=DOE*' });
  const [study, series] = asked;
  assert.deepEqual([study?.level, series?.level], ['STUDY', 'SERIES']);
  assert.deepEqual(valuesOf(study?.identifier, 'PatientName'), [{ Alphabetic: 'DOE*' }]);
  assert.deepEqual(valuesOf(study?.identifier, 'StudyInstanceUID'), ['1.1']);
  const keys = Object.keys(series?.identifier ?? {});
  assert.deepEqual(valuesOf(series?.identifier, 'StudyInstanceUID'), ['1.1']);
  assert.ok(keys.includes('0020000E') && !keys.some((tag) => tag.startsWith('0010')));
});

test('Q-D2 a patient key that does not hold for the study in the path leaves no series', async () => {
  const { results, asked } = await run({ rows: ROWS }, { level: 'series', study: '1.1', ask: 'PatientID=OTHER' });
  assert.deepEqual(results, []);
  assert.deepEqual(
    asked.map(({ level }) => level),
    ['STUDY'],
  );
});

test('Q-D2 a UID key that contradicts the path matches nothing and asks nothing', async () => {
  const { results, asked } = await run({ rows: ROWS }, { level: 'series', study: '1.1', ask: 'StudyInstanceUID=1.2' });
  assert.deepEqual([results, asked], [[], []]);
});

test('Q-D7 Q-D14 Q-M21 required attributes are asked for; time zone and availability never are', async () => {
  const { asked } = await run({ rows: ROWS }, { ask: 'InstanceAvailability=ONLINE' });
  const identifier = asked[0]?.identifier ?? {};
  assert.deepEqual(identifier['00080020'], { vr: 'DA' });
  assert.deepEqual(identifier['00080061'], { vr: 'CS' });
  assert.equal(identifier['00080201'], undefined);
  assert.equal(identifier['00080056'], undefined);
  assert.equal(identifier['00081190'], undefined);
});

test('Q-M21 Q-A10 attributes of the query itself are never keys, even where the level would take them', async () => {
  const ask =
    'InstanceAvailability=ONLINE&RetrieveURL=http://x&RetrieveAETitle=X&includefield=InstanceAvailability,RetrieveAETitle';
  const { asked, results } = await run({ rows: ROWS }, { level: 'instance', study: '1.1', series: '1.1.2', ask });
  for (const tag of ['00080056', '00081190', '00080054']) assert.equal(asked[0]?.identifier[tag], undefined, tag);
  assert.equal(results.length, 2);
});

test('Q-P2 Q-M6 a UID list is sent as one key', async () => {
  const { asked, results } = await run({ rows: ROWS }, { ask: 'StudyInstanceUID=1.1,1.2' });
  assert.deepEqual(valuesOf(asked[0]?.identifier, 'StudyInstanceUID'), ['1.1', '1.2']);
  assert.equal(results.length, 2);
});

test('T-31 Modality at study level is ModalitiesInStudy', async () => {
  const { asked, results } = await run({ rows: ROWS }, { ask: 'Modality=PT' });
  assert.deepEqual(valuesOf(asked[0]?.identifier, 'ModalitiesInStudy'), ['PT']);
  assert.equal(asked[0]?.identifier['00080060'], undefined);
  assert.deepEqual(uids(results, 'StudyInstanceUID'), ['1.3']);
});

test('T-31 ModalitiesInStudy holds where both are sent', async () => {
  const { asked } = await run({ rows: ROWS }, { ask: 'Modality=MR&ModalitiesInStudy=MR' });
  assert.deepEqual(valuesOf(asked[0]?.identifier, 'ModalitiesInStudy'), ['MR']);
});

test("T-32 the viewer's includefield of a series attribute at study level neither fails nor is returned", async () => {
  const ask = 'limit=101&offset=0&fuzzymatching=true&includefield=00081030%2C00080060%2C00080090%2C00100030';
  const { results, asked, warnings } = await run({ rows: ROWS }, { ask });
  assert.equal(results.length, 3);
  assert.equal(asked[0]?.identifier['00080060'], undefined);
  assert.equal(results[0]?.['00080060'], undefined);
  assert.deepEqual(valuesOf(results[0], 'StudyDescription'), ['HEAD']);
  assert.deepEqual(warnings, [
    'The fuzzymatching parameter is not supported. Only literal matching has been performed.',
  ]);
});

test('Q-A2 series carry study attributes only where they are asked for', async () => {
  const plain = await run({ rows: ROWS }, { level: 'series', study: '1.1' });
  assert.equal(plain.results[0]?.['00100010'], undefined);
  const asked = await run({ rows: ROWS }, { level: 'series', study: '1.1', ask: 'includefield=PatientName,Rows' });
  assert.deepEqual(valuesOf(asked.results[0], 'PatientName'), [{ Alphabetic: 'DOE^JOHN' }]);
  assert.equal(asked.results[0]?.['00280010'], undefined);
});

test('Q-A4 includefield=all asks for the optional keys of the level', async () => {
  const { asked } = await run({ rows: ROWS }, { ask: 'includefield=all' });
  assert.deepEqual(asked[0]?.identifier[tagOf('SOPClassesInStudy') ?? ''], { vr: 'UI' });
  assert.deepEqual(asked[0]?.identifier[tagOf('ReferencedStudySequence') ?? ''], { vr: 'SQ' });
});

test('Q-A5 Q-P3 a private attribute comes back with its creator', async () => {
  const rows = [{ ...STUDIES[0], '00230010': { vr: 'LO', Value: ['Acme'] }, '00231001': { vr: 'LO', Value: ['7'] } }];
  const ask = '00230010=Acme&includefield=00231001';
  const { results } = await run({ rows: { STUDY: rows as Dataset[] } }, { ask });
  assert.deepEqual(results[0]?.['00230010'], { vr: 'LO', Value: ['Acme'] });
  assert.deepEqual(results[0]?.['00231001'], { vr: 'LO', Value: ['7'] });
});

test('Q-D8 what the PACS matched too loosely is dropped', async () => {
  const { results } = await run({ rows: ROWS, status: 0xff01, loose: true }, { ask: 'PatientName=doe*' });
  assert.deepEqual(uids(results, 'StudyInstanceUID').sort(), ['1.1', '1.2']);
});

test('Q-D8 rows stay, with a warning, where the PACS does not know the key', async () => {
  const options = { rows: ROWS, status: 0xff01, ignores: ['StudyDescription'] };
  const { results, warnings } = await run(options, { ask: 'StudyDescription=FOOT' });
  assert.equal(results.length, 3);
  assert.deepEqual(warnings, ['The PACS FAKE did not match StudyDescription: results may not fit it.']);
});

test('answers of another study than that in the path are dropped', async () => {
  const { results } = await run({ rows: ROWS, loose: true }, { level: 'series', study: '1.1' });
  assert.deepEqual(uids(results, 'SeriesInstanceUID'), ['1.1.2', '1.1.10']);
});

test('a study that the PACS gives twice is one result', async () => {
  const { results } = await run({ rows: { STUDY: [...STUDIES, ...STUDIES] } }, {});
  assert.equal(results.length, 3);
});

test('Q-D10 counts and modalities that the PACS lacks are counted', async () => {
  const ignores = [
    ...['ModalitiesInStudy', 'NumberOfStudyRelatedSeries'],
    ...['NumberOfStudyRelatedInstances', 'NumberOfSeriesRelatedInstances'],
  ];
  const { results } = await run({ rows: ROWS, ignores }, { ask: 'StudyInstanceUID=1.1' });
  assert.deepEqual(valuesOf(results[0], 'ModalitiesInStudy'), ['CT']);
  assert.deepEqual(valuesOf(results[0], 'NumberOfStudyRelatedSeries'), [2]);
  assert.deepEqual(valuesOf(results[0], 'NumberOfStudyRelatedInstances'), [4]);
});

test('Q-D10 only the studies of the page are counted', async () => {
  const { asked } = await run({ rows: ROWS, ignores: ['ModalitiesInStudy'] }, { ask: 'limit=1' });
  assert.deepEqual(
    asked.map(({ level }) => level),
    ['STUDY', 'SERIES'],
  );
});

test('Q-D11 ModalitiesInStudy that the PACS does not know is matched on what is counted', async () => {
  const { results } = await run({ rows: ROWS, ignores: ['ModalitiesInStudy'] }, { ask: 'ModalitiesInStudy=MR' });
  assert.deepEqual(uids(results, 'StudyInstanceUID'), ['1.2']);
  assert.deepEqual(valuesOf(results[0], 'ModalitiesInStudy'), ['MR']);
});

test('Q-D10 counting is bounded and says so', async () => {
  const limits = { ...LIMITS, maxFanOut: 2 };
  const { results, warnings } = await run({ rows: ROWS, ignores: ['ModalitiesInStudy'] }, {}, limits);
  assert.equal(results.length, 3);
  assert.deepEqual(warnings, ['Numbers that the PACS does not give have been left out of some results.']);
});

test('Q-D15 no more than maxMatches are read, and the C-FIND is ended', async () => {
  const { results, warnings, stopped } = await run({ rows: ROWS }, {}, { ...LIMITS, maxMatches: 2 });
  assert.equal(results.length, 2);
  assert.equal(stopped(), 1);
  assert.deepEqual(warnings, ['Only the first 2 matches have been considered.']);
});

test('Q-D15 exactly maxMatches matches are all there are', async () => {
  const { warnings, stopped } = await run({ rows: ROWS }, {}, { ...LIMITS, maxMatches: 3 });
  assert.deepEqual([warnings, stopped()], [[], 0]);
});

test('T-34 Q-M11 Q-M12 a date range and a time range are one interval', async () => {
  const { asked, results } = await run({ rows: ROWS }, { ask: 'StudyDate=20240103-20240105&StudyTime=1000-1000' });
  assert.deepEqual(asked[0]?.identifier['00080020'], { vr: 'DA', Value: ['20240103-20240105'] });
  assert.deepEqual(asked[0]?.identifier['00080030'], { vr: 'TM' });
  assert.deepEqual(uids(results, 'StudyInstanceUID'), ['1.2', '1.1']);
});

test('Q-M17 T-85 several values of one key are alternatives, each asked by itself', async () => {
  const { asked, results } = await run({ rows: ROWS }, { ask: 'ModalitiesInStudy=MR,PT' });
  assert.deepEqual(
    asked.map(({ identifier }) => valuesOf(identifier, 'ModalitiesInStudy')),
    [['MR'], ['PT']],
  );
  assert.deepEqual(uids(results, 'StudyInstanceUID'), ['1.3', '1.2']);
});

test('Q-M16 multiple value matching wants them all', async () => {
  const { asked, results, warnings } = await run(
    { rows: ROWS },
    { ask: 'ModalitiesInStudy=PT,CT&multiplevaluematching=true' },
  );
  assert.deepEqual(valuesOf(asked[0]?.identifier, 'ModalitiesInStudy'), ['PT']);
  assert.deepEqual(uids(results, 'StudyInstanceUID'), ['1.3']);
  assert.deepEqual(warnings, []);
});

test('Q-M15 empty value matching finds what has no value', async () => {
  const rows = [...STUDIES, dataset({ StudyInstanceUID: '1.4', PatientName: null })];
  const { results, asked } = await run(
    { rows: { STUDY: rows, SERIES: [] } },
    { ask: 'PatientName=%22%22&emptyvaluematching=true' },
  );
  assert.deepEqual(asked[0]?.identifier['00100010'], { vr: 'PN' });
  assert.deepEqual(uids(results, 'StudyInstanceUID'), ['1.4']);
});

test('T-33 Q-A3 /series joins the study attributes', async () => {
  const { results } = await run({ rows: ROWS }, { level: 'series', ask: 'Modality=MR' });
  assert.deepEqual(uids(results, 'SeriesInstanceUID'), ['1.2.2', '1.2.10']);
  assert.deepEqual(valuesOf(results[0], 'PatientName'), [{ Alphabetic: 'Doe^Jane' }]);
  assert.deepEqual(results[0]?.[tagOf('AccessionNumber') ?? ''], { vr: 'SH' });
});

test('T-33 Q-A3 /instances joins study and series attributes', async () => {
  const { results } = await run({ rows: ROWS }, { level: 'instance', ask: 'PatientID=P1.1&InstanceNumber=2' });
  assert.deepEqual(uids(results, 'SOPInstanceUID'), ['1.1.2.2', '1.1.10.2']);
  assert.deepEqual(valuesOf(results[0], 'StudyDate'), ['20240103']);
  assert.deepEqual(valuesOf(results[1], 'SeriesNumber'), [10]);
});

test("T-33 Q-A3 a study's instances carry their series' attributes and not the study's", async () => {
  const { results } = await run({ rows: ROWS }, { level: 'instance', study: '1.1' });
  assert.deepEqual(uids(results, 'SOPInstanceUID'), ['1.1.2.1', '1.1.2.2', '1.1.10.1', '1.1.10.2']);
  assert.deepEqual(valuesOf(results[0], 'Modality'), ['CT']);
  assert.equal(results[0]?.['00100010'], undefined);
});

test('T-38 Q-D5 a cascade never sends keys of a level above', async () => {
  const { asked } = await run({ rows: ROWS }, { level: 'instance', ask: 'PatientID=P1.1&Modality=CT' });
  assert.deepEqual([...new Set(asked.map(({ level }) => level))], ['STUDY', 'SERIES', 'IMAGE']);
  for (const { level, identifier } of asked) {
    if (level !== 'STUDY') assert.equal(identifier['00100020'], undefined);
    if (level === 'IMAGE') assert.equal(identifier['00080060'], undefined);
  }
});

test('Q-D4 a cascade that grows too wide is too large', async () => {
  await assert.rejects(run({ rows: ROWS }, { level: 'instance' }, { ...LIMITS, maxFanOut: 3 }), { kind: 'too-large' });
});

test('Q-D4 a whole page needs no more queries', async () => {
  const { results, warnings } = await run(
    { rows: ROWS },
    { level: 'series', ask: 'Modality=CT&limit=2' },
    { ...LIMITS, maxFanOut: 3 },
  );
  assert.equal(results.length, 2);
  assert.match(warnings.join(), /cut short/);
});

for (const [level, each, lacking] of [
  ['series', 2, 'NumberOfStudyRelatedSeries'],
  ['instance', 4, 'NumberOfStudyRelatedInstances'],
] as const) {
  test(`Q-P9 Q-D15 ${level}: studies beyond the page are counted by what the PACS says of them`, async () => {
    const { results, warnings, asked } = await run({ rows: ROWS }, { level, ask: 'limit=1&offset=1' });
    const whole = await run({ rows: ROWS }, { level });
    assert.deepEqual(results, whole.results.slice(1, 2));
    assert.deepEqual(warnings, [`There are ${3 * each - 2} additional results that can be requested`]);
    assert.deepEqual(
      asked
        .filter(({ level: one }) => one === 'SERIES')
        .map(({ identifier }) => valuesOf(identifier, 'StudyInstanceUID')),
      [['1.3']],
    );
  });

  test(`Q-P9 Q-D15 ${level}: where the PACS gives no number, or a key narrows, all are read`, async () => {
    for (const [ignores, ask, total] of [
      [[lacking], 'limit=1', 3 * each],
      [[], 'limit=1&Modality=CT', 2 * each],
    ] as const) {
      const { warnings, asked } = await run({ rows: ROWS, ignores: [...ignores] }, { level, ask });
      assert.deepEqual(warnings, [`There are ${total - 1} additional results that can be requested`]);
      const studies = asked
        .filter(({ level: one }) => one === 'SERIES')
        .map(({ identifier }) => identifier['0020000D']);
      assert.equal(new Set(studies.map((one) => one?.Value?.[0])).size, 3);
    }
  });

  test(`Q-P9 ${level}: studies beyond the page whose UID stands for several are read`, async () => {
    const [first] = STUDIES;
    const halved = dataset({ [lacking]: each / 2 });
    const twice = [
      { ...first, ...halved },
      { ...first, ...halved, ...dataset({ PatientID: 'OTHER' }) },
    ] as Dataset[];
    const rows = { ...ROWS, STUDY: [...twice, ...STUDIES.slice(1)] };
    // A key on patients would leave one of the two unseen.
    const hiding = { ...ROWS, STUDY: [...twice.slice(0, 1), ...STUDIES.slice(1)] };
    test('Q-A6 a study whose UID several patients share is one row, and a Warning says so', async () => {
      const [first] = STUDIES;
      const other = { ...first, ...dataset({ PatientID: 'OTHER' }) } as Dataset;
      const shared = { ...ROWS, STUDY: [first as Dataset, other, ...STUDIES.slice(1)] };
      const { results, warnings } = await run({ rows: shared }, { level: 'study', ask: '' });
      assert.equal(results.length, STUDIES.length);
      assert.deepEqual(warnings, ['A study whose UID several patients share is told once, with the first of them.']);
      const same = { ...ROWS, STUDY: [first as Dataset, first as Dataset, ...STUDIES.slice(1)] };
      assert.deepEqual((await run({ rows: same }, { level: 'study', ask: '' })).warnings, []);
    });

    for (const [options, ask] of [
      [{ rows }, 'limit=1'],
      [{ rows }, 'limit=1&StudyInstanceUID=1.1,1.2,1.3'],
      [{ rows: hiding }, 'limit=1&PatientID=P*'],
      [{ rows: hiding }, 'limit=1&StudyDate=20240101-20240131&StudyTime=0000-2359'],
    ] as const) {
      const { warnings } = await run(options, { level, ask });
      assert.deepEqual(warnings, [`There are ${3 * each - 1} additional results that can be requested`], ask);
    }
  });

  test(`Q-P9 ${level}: what remains is what can be requested, up to maxMatches`, async () => {
    const { warnings } = await run({ rows: ROWS }, { level, ask: 'limit=1' }, { ...LIMITS, maxMatches: 3 });
    assert.deepEqual(warnings.toSorted(), [
      'Only the first 3 matches have been considered.',
      'There are 2 additional results that can be requested',
    ]);
  });

  test(`Q-P8 ${level}: a PACS that counts more than it gives costs no row of the page`, async () => {
    const boasting = STUDIES.map((study) => ({ ...study, ...dataset({ [lacking]: 50 }) }));
    const { results } = await run({ rows: { ...ROWS, STUDY: boasting } }, { level, ask: `limit=${2 * each}` });
    assert.equal(results.length, 2 * each);
  });
}

const shown = ({ results }: { results: Dataset[] }) => results;

for (const request of [
  { level: 'series', ask: 'Modality=CT' },
  { level: 'instance', ask: 'PatientID=P1.1' },
  { level: 'instance', ask: 'InstanceNumber=2&includefield=StudyDescription' },
  { level: 'instance', study: '1.2' },
] as const) {
  test(`Q-D4 one relational query gives what the cascade gives: ${JSON.stringify(request)}`, async () => {
    const cascade = await run({ rows: ROWS }, request);
    const relational = await run({ rows: ROWS, relational: 'joined' }, request);
    assert.deepEqual(
      relational.asked.map((one) => one.relational),
      [true],
    );
    assert.ok(cascade.asked.length > 1 && cascade.asked.every((one) => !one.relational));
    assert.deepEqual(shown(relational), shown(cascade));
  });
}

test('Q-D6 where a relational answer lacks the upper levels, they are queried', async () => {
  const request = { level: 'series', ask: 'Modality=CT' } as const;
  const bare = await run({ rows: ROWS, relational: 'bare' }, request);
  assert.deepEqual(shown(bare), shown(await run({ rows: ROWS }, request)));
});

test('Q-D5 the hierarchical resources never send a relational query', async () => {
  for (const request of [
    {},
    { level: 'series', study: '1.1' },
    { level: 'instance', study: '1.1', series: '1.1.2' },
  ] as const) {
    const { asked } = await run({ rows: ROWS, relational: 'joined' }, request);
    assert.ok(asked.every((one) => !one.relational));
  }
});

test('Q-D10 instances of a series are counted where the PACS does not say how many', async () => {
  const options: FakeOptions = { rows: ROWS, ignores: ['NumberOfSeriesRelatedInstances'] };
  const { results, asked } = await run(options, { level: 'series', study: '1.1', ask: 'limit=1' });
  assert.deepEqual(valuesOf(results[0], 'NumberOfSeriesRelatedInstances'), [2]);
  assert.equal(asked.filter(({ level }) => level === 'IMAGE').length, 1);
});

test('Q-D10 studies of relational results are counted once each', async () => {
  const options: FakeOptions = { rows: ROWS, relational: 'joined', ignores: ['ModalitiesInStudy'] };
  const { asked, results } = await run(options, { level: 'instance', ask: 'PatientID=P1.1' });
  assert.deepEqual(valuesOf(results[0], 'ModalitiesInStudy'), ['CT']);
  assert.equal(asked.filter(({ level }) => level === 'SERIES').length, 1);
});
