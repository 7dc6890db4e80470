// Rules of searching that need no more than one question: what is sent, what is returned, what is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pacs } from '../../../src/bridge/pacs/pacs.ts';
import { type SearchRequest, search } from '../../../src/bridge/search/search.ts';
import { tagOf } from '../../../src/dimse/data/dictionary.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { dataset, fakePacs, valuesOf } from '../fake-pacs.ts';
import { collect } from '../fixtures.ts';

const STUDY = dataset({
  StudyInstanceUID: '1.1',
  StudyDate: '20240103',
  PatientName: { Alphabetic: 'DOE^JOHN' },
  ModalitiesInStudy: ['CT'],
  NumberOfStudyRelatedSeries: 1,
  NumberOfStudyRelatedInstances: 1,
  StudyDescription: 'HEAD',
  InstanceAvailability: 'NEARLINE',
});
const SERIES = dataset({
  StudyInstanceUID: '1.1',
  SeriesInstanceUID: '1.1.1',
  Modality: 'CT',
  NumberOfSeriesRelatedInstances: 1,
});
const IMAGE = dataset({
  StudyInstanceUID: '1.1',
  SeriesInstanceUID: '1.1.1',
  SOPInstanceUID: '1.1.1.1',
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
  AvailableTransferSyntaxUID: ['1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.1'],
});

const LIMITS = { maxResults: 100, maxMatches: 1000, maxFanOut: 50, pacsMs: 1000 };
const OPTIONS = { baseUrl: 'http://x', signal: new AbortController().signal, limits: LIMITS };

async function ask(pacs: Pacs) {
  return collect((await search(pacs, { level: 'study', parameters: [] }, OPTIONS)).results);
}

async function run(request: Partial<SearchRequest>, parameters: [string, string][] = []) {
  const { pacs, asked } = fakePacs({ rows: { STUDY: [STUDY], SERIES: [SERIES], IMAGE: [IMAGE] } });
  const found = await search(pacs, { level: 'study', parameters, ...request }, OPTIONS);
  return { results: await collect(found.results), warnings: found.warnings, asked };
}

test('Q-D1 only levels of the Study Root model are asked, patient attributes with the study', async () => {
  const { asked } = await run({ level: 'instance' }, [['PatientID', 'P*']]);
  assert.deepEqual([...new Set(asked.map(({ level }) => level))], ['STUDY', 'SERIES', 'IMAGE']);
  assert.deepEqual(valuesOf(asked[0]?.identifier, 'PatientID'), ['P*']);
});

test('Q-M2 a hyphen is a range in dates and times only', async () => {
  const { asked } = await run({}, [
    ['AccessionNumber', 'A-B'],
    ['StudyDate', '20240101-20240131'],
  ]);
  assert.deepEqual(valuesOf(asked[0]?.identifier, 'AccessionNumber'), ['A-B']);
  assert.deepEqual(valuesOf(asked[0]?.identifier, 'StudyDate'), ['20240101-20240131']);
});

test('Q-M4 a date-time with a negative offset is one value, not a range', async () => {
  const { asked } = await run({ level: 'instance', study: '1.1', series: '1.1.1' }, [
    ['AcquisitionDateTime', '20240101120000-0500'],
  ]);
  const sent = valuesOf(asked.at(-1)?.identifier, 'AcquisitionDateTime');
  assert.deepEqual(sent, ['20240101120000-0500']);
});

test('Q-A1 Q-M7 what a study search matches or includes at its level comes back, nothing of lower levels', async () => {
  const { results } = await run({}, [
    ['StudyDescription', ''],
    ['includefield', 'SeriesDescription,SOPClassUID'],
  ]);
  assert.deepEqual(valuesOf(results[0], 'StudyDescription'), ['HEAD']);
  for (const lower of ['SeriesDescription', 'SOPClassUID']) assert.ok(!((tagOf(lower) ?? '') in (results[0] ?? {})));
});

test('Q-A6 results carry the unique keys of the levels above', async () => {
  const [series] = (await run({ level: 'series', study: '1.1' })).results;
  assert.deepEqual(valuesOf(series, 'StudyInstanceUID'), ['1.1']);
  const [instance] = (await run({ level: 'instance', study: '1.1', series: '1.1.1' })).results;
  assert.deepEqual(valuesOf(instance, 'StudyInstanceUID'), ['1.1']);
  assert.deepEqual(valuesOf(instance, 'SeriesInstanceUID'), ['1.1.1']);
});

test('Q-A9 Instance Availability is what the PACS says unasked, and absent where it says nothing', async () => {
  const { pacs } = fakePacs({ rows: {} });
  const told = {
    ...pacs,
    async *find() {
      yield { identifier: STUDY, status: 0xff00 };
    },
  };
  const [study] = await ask(told);
  assert.deepEqual(valuesOf(study, 'InstanceAvailability'), ['NEARLINE']);
  const [silent] = (await run({})).results;
  assert.ok(!('00080056' in (silent ?? {})));
});

test('Q-A11 Available Transfer Syntax UID keeps the order of the PACS: the most preferred first', async () => {
  const [instance] = (await run({ level: 'instance', study: '1.1', series: '1.1.1' })).results;
  assert.deepEqual(valuesOf(instance, 'AvailableTransferSyntaxUID'), ['1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.1']);
});

test('Q-P15 Q-D19 Q-D21 keys of views and of repository queries are neither sent nor returned', async () => {
  const { asked, results } = await run({}, [
    ['QueryRetrieveView', 'CLASSIC'],
    ['MaximumNumberOfRecords', '5'],
    ['includefield', 'RecordKey,PriorRecordKey'],
  ]);
  for (const keyword of ['QueryRetrieveView', 'MaximumNumberOfRecords', 'RecordKey', 'PriorRecordKey']) {
    const tag = tagOf(keyword) ?? '';
    assert.ok(!(tag in (asked[0]?.identifier ?? {})) && !(tag in (results[0] ?? {})), keyword);
  }
});

test('Q-D23 values of an identifier are padded to even length: UIDs with NUL, text with a space', async () => {
  const { asked } = await run({}, [
    ['PatientID', 'ODD'],
    ['StudyInstanceUID', '1.1'],
  ]);
  const bytes = writeDataset(asked[0]?.identifier ?? {}, ImplicitLittle);
  assert.ok(bytes.includes(Buffer.from('ODD ')) && bytes.includes(Buffer.from('1.1\0')));
  assert.deepEqual(valuesOf(readDataset(bytes, ImplicitLittle), 'PatientID'), ['ODD']);
});

test('Q-P14 a time zone is told not to have been used, and not matched', async () => {
  const { warnings, asked } = await run({}, [['TimezoneOffsetFromUTC', '+0100']]);
  assert.match(warnings[0] ?? '', /^TimezoneOffsetFromUTC is not supported/);
  assert.ok(!('00080201' in (asked[0]?.identifier ?? {})));
});
