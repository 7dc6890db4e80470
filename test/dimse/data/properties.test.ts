// What holds for any data set.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { fromJson, toJson } from '../../../src/dimse/data/json.ts';
import { isIncomplete, readDataset } from '../../../src/dimse/data/reader.ts';
import { Deflated, ExplicitBig, ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { fromXml, toXml } from '../../../src/dimse/data/xml.ts';
import { datasets } from './arbitrary.ts';
import { convertDataset } from './converted.ts';

const SEED = 20260101;
const RUNS = { numRuns: 120, seed: SEED };

/** The Dataset with the character set that writing adds. */
function withCharset(dataset: Dataset, written: Dataset): Dataset {
  const charset = written['00080005'];
  return charset ? { ...dataset, '00080005': charset } : dataset;
}

for (const syntax of [ExplicitLittle, ExplicitBig, Deflated]) {
  for (const sequences of ['defined', 'undefined'] as const) {
    test(`what is written in ${syntax} with ${sequences} lengths is what is read`, () => {
      fc.assert(
        fc.property(datasets, (dataset) => {
          const read = readDataset(writeDataset(dataset, syntax, { sequences }), syntax);
          assert.deepEqual(read, withCharset(dataset, read));
        }),
        RUNS,
      );
    });
  }
}

test('JSON gives back what it is given', () => {
  fc.assert(
    fc.property(datasets, (dataset) => {
      const read = fromJson(JSON.parse(toJson(dataset)));
      assert.deepEqual(read, withCharset(dataset, read));
    }),
    RUNS,
  );
});

test('XML gives back what it is given', () => {
  fc.assert(
    fc.property(datasets, (dataset) => {
      const read = fromXml(toXml(dataset));
      assert.deepEqual(read, withCharset(dataset, read));
    }),
    RUNS,
  );
});

test('re-encoding and reading is reading', async () => {
  await fc.assert(
    fc.asyncProperty(datasets, fc.constantFrom(ExplicitLittle, ExplicitBig, Deflated), async (dataset, syntax) => {
      const encoded = writeDataset(dataset, syntax);
      const converted = await convertDataset(encoded, syntax, ExplicitLittle);
      assert.deepEqual(readDataset(converted, ExplicitLittle), readDataset(encoded, syntax));
    }),
    RUNS,
  );
});

test('cut at any offset, a data set reads between its elements or is incomplete', () => {
  fc.assert(
    fc.property(datasets, fc.nat(), (dataset, cut) => {
      const encoded = writeDataset(dataset, ExplicitLittle);
      if (encoded.length === 0) return;
      try {
        readDataset(encoded.subarray(0, cut % encoded.length), ExplicitLittle);
      } catch (error) {
        assert.ok(isIncomplete(error), String(error));
      }
    }),
    RUNS,
  );
});
