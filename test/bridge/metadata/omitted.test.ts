import assert from 'node:assert/strict';
import { test } from 'node:test';
import { referOmitted } from '../../../src/bridge/metadata/omitted.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';

const bits = (value: number): Dataset => ({ '00280100': { vr: 'US', Value: [value] } });
const integers: Dataset = { '00280103': { vr: 'US', Value: [0] } };

const CASES: [what: string, Dataset, expected: [tag: string, vr: string][]][] = [
  ['pixels of 16 bits', { ...bits(16), ...integers }, [['7FE00010', 'OW']]],
  ['pixels of 8 bits', { ...bits(8), ...integers }, [['7FE00010', 'OB']]],
  ['integers of 32 bits', { ...bits(32), ...integers }, [['7FE00010', 'OW']]],
  ['floating point pixels', bits(32), [['7FE00008', 'OF']]],
  ['double floating point pixels', bits(64), [['7FE00009', 'OD']]],
  ['a document', { '00420012': { vr: 'LO', Value: ['application/pdf'] } }, [['00420011', 'OB']]],
  [
    'overlays',
    { '60000100': { vr: 'US', Value: [1] }, '60020100': { vr: 'US', Value: [1] } },
    [
      ['60003000', 'OW'],
      ['60023000', 'OW'],
    ],
  ],
  ['what has none', { '00080060': { vr: 'CS', Value: ['SR'] } }, []],
];

for (const [what, given, expected] of CASES) {
  test(`W-D9 ${what}: what was left out is referred to`, () => {
    const dataset = { ...given };
    referOmitted(dataset, 'root/');
    const added = Object.entries(dataset).filter(([tag]) => !(tag in given));
    assert.deepEqual(
      added.map(([tag, attribute]) => [tag, attribute.vr, attribute.BulkDataURI]),
      expected.map(([tag, vr]) => [tag, vr, `root/${tag}`]),
    );
  });
}

test('W-D9 samples of waveforms are referred to within their items', () => {
  const item = (value: number): Dataset => ({ '54001004': { vr: 'US', Value: [value] } });
  const items = [item(16), item(8)];
  referOmitted({ '54000100': { vr: 'SQ', Value: items } }, 'root/');
  assert.deepEqual(
    items.map((one) => one['54001010']),
    [
      { vr: 'OW', BulkDataURI: 'root/54000100/0/54001010' },
      { vr: 'OB', BulkDataURI: 'root/54000100/1/54001010' },
    ],
  );
});

test('W-D9 what came all the same is left as it is', () => {
  const dataset: Dataset = { ...bits(16), ...integers, '7FE00010': { vr: 'OW', BulkDataURI: 'kept' } };
  referOmitted(dataset, 'root/');
  assert.equal(dataset['7FE00010']?.BulkDataURI, 'kept');
});
