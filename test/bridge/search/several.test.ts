// Search of several PACS at once: one list, and a word on those that did not answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pacs } from '../../../src/bridge/pacs/pacs.ts';
import { search } from '../../../src/bridge/search/search.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { dataset, type FakeOptions, fakePacs, valuesOf } from '../fake-pacs.ts';

const LIMITS = { maxResults: 100, maxMatches: 1000, maxFanOut: 50, pacsMs: 50 };

const study = (StudyInstanceUID: string, StudyDate: string): Dataset =>
  dataset({
    ...{ StudyInstanceUID, StudyDate, StudyTime: '120000', ModalitiesInStudy: 'CT' },
    ...{ NumberOfStudyRelatedSeries: 1, NumberOfStudyRelatedInstances: 1 },
  });

const NORTH: FakeOptions = { name: 'NORTH', rows: { STUDY: [study('1.1', '20240101'), study('1.3', '20240103')] } };
const SOUTH: FakeOptions = { name: 'SOUTH', rows: { STUDY: [study('1.2', '20240102'), study('1.3', '20240103')] } };
const fail = new DicomError('unreachable', 'SOUTH@127.0.0.1:104: connection refused', { peer: 'SOUTH' });

async function run(all: FakeOptions[], parameters: [string, string][] = [], signal = new AbortController().signal) {
  const pacs = all.map((options) => fakePacs(options).pacs);
  const found = await search(pacs, { level: 'study', parameters }, { baseUrl: 'http://x', signal, limits: LIMITS });
  const uids: unknown[] = [];
  for await (const result of found.results) uids.push(valuesOf(result, 'StudyInstanceUID')?.[0]);
  return { uids, warnings: found.warnings };
}

test('Q-P10 the results of several PACS are one list in one order, each once', async () => {
  assert.deepEqual(await run([NORTH, SOUTH]), { uids: ['1.3', '1.2', '1.1'], warnings: [] });
});

test('Q-P9 pages and what remains are of the whole list', async () => {
  const { uids, warnings } = await run(
    [NORTH, SOUTH],
    [
      ['limit', '1'],
      ['offset', '1'],
    ],
  );
  assert.deepEqual(uids, ['1.2']);
  assert.deepEqual(warnings, ['There are 1 additional results that can be requested']);
});

for (const [level, unique] of [
  ['series', 'SeriesInstanceUID'],
  ['instance', 'SOPInstanceUID'],
] as const) {
  test(`Q-P9 Q-P10 ${level}: a study that two PACS have parts of is one, each part once, and what remains is exact`, async () => {
    const part = (number: number): Dataset =>
      dataset({
        ...{ StudyInstanceUID: '1.3', SeriesInstanceUID: level === 'series' ? `1.3.${number}` : '1.3.1' },
        ...{ SOPInstanceUID: `1.3.1.${number}`, SeriesNumber: number, InstanceNumber: number },
        ...{ NumberOfSeriesRelatedInstances: 1, Modality: 'CT' },
      });
    const holding = (name: string, numbers: number[]): Pacs => {
      const parts = numbers.map(part);
      const rows = { STUDY: [study('1.3', '20240103')], SERIES: level === 'series' ? parts : [part(1)], IMAGE: parts };
      return fakePacs({ name, rows }).pacs;
    };
    const all = [holding('NORTH', [1, 4]), holding('SOUTH', [1, 2, 3])];
    const options = { baseUrl: 'http://x', signal: new AbortController().signal, limits: LIMITS };
    const page: [string, string][] = [
      ['limit', '2'],
      ['offset', '1'],
    ];
    const found = await search(all, { level, parameters: page }, options);
    const uids: unknown[] = [];
    for await (const result of found.results) uids.push(valuesOf(result, unique)?.[0]);
    const prefix = level === 'series' ? '1.3' : '1.3.1';
    assert.deepEqual(uids, [`${prefix}.2`, `${prefix}.3`]);
    assert.deepEqual(found.warnings, ['There are 1 additional results that can be requested']);
  });
}

test('a PACS that fails is named in a warning', async () => {
  const { uids, warnings } = await run([NORTH, { ...SOUTH, fail }]);
  assert.deepEqual(uids, ['1.3', '1.1']);
  assert.deepEqual(warnings, ['A PACS has not been searched: SOUTH@127.0.0.1:104: connection refused']);
});

test('a PACS that stays silent does not keep the others waiting', async () => {
  const { uids, warnings } = await run([NORTH, { ...SOUTH, silent: true }]);
  assert.deepEqual(uids, ['1.3', '1.1']);
  assert.deepEqual(warnings, ['A PACS has not been searched: C-FIND to SOUTH: no answer in time']);
});

test('a PACS that fails while its rows are counted costs the numbers of its rows, not the search', async () => {
  const uncounted = dataset({ StudyInstanceUID: '1.2', StudyDate: '20240102' });
  const { pacs } = fakePacs({ name: 'SOUTH', rows: { STUDY: [uncounted] } });
  const broken = fakePacs({ name: 'SOUTH', rows: {}, fail }).pacs;
  const failing: Pacs = {
    ...pacs,
    find: (level, ...rest) => (level === 'STUDY' ? pacs : broken).find(level, ...rest),
  };
  const all = [fakePacs(NORTH).pacs, failing];
  const signal = new AbortController().signal;
  const options = { baseUrl: 'http://x', signal, limits: LIMITS };
  const found = await search(all, { level: 'study', parameters: [] }, options);
  const uids: unknown[] = [];
  for await (const result of found.results) uids.push(valuesOf(result, 'StudyInstanceUID')?.[0]);
  assert.deepEqual(uids, ['1.3', '1.2', '1.1']);
  assert.match(found.warnings.join(), /^Numbers have been left out of some results: SOUTH/);
});

test('where all fail, the search fails', async () => {
  await assert.rejects(
    run([
      { ...NORTH, fail },
      { ...SOUTH, fail },
    ]),
    (error) => error === fail,
  );
});

test('a client that goes away is no failure of a PACS', async () => {
  const control = new AbortController();
  setImmediate(() => control.abort());
  await assert.rejects(run([NORTH, { ...SOUTH, silent: true }], [], control.signal), { kind: 'cancelled' });
});
