// Mutated data sets: read, printed, written again and re-encoded, or refused with a DicomError; no growth.

import { test } from 'node:test';
import fc from 'fast-check';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { fromJson, toJson } from '../../../src/dimse/data/json.ts';
import { readFileMeta } from '../../../src/dimse/data/part10.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { Deflated, ExplicitBig, ExplicitLittle, ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { toXml } from '../../../src/dimse/data/xml.ts';
import { datasets } from '../data/arbitrary.ts';
import { convertDataset } from '../data/converted.ts';
import { mutated, oneOf, randomFrom } from './mutation.ts';
import { RUNS, SEED, tolerated, toleratedError, withoutGrowth } from './runs.ts';

type Encoded = { syntax: string; bytes: Buffer };

/** Data sets in each syntax, with code extensions declared. */
function encoded(syntaxes: readonly string[], count: number): Encoded[] {
  const charset: Dataset = { '00080005': { vr: 'CS', Value: ['ISO 2022 IR 6', 'ISO 2022 IR 87'] } };
  return fc.sample(datasets, { numRuns: count, seed: 20260101 }).flatMap((dataset, index) => {
    const sequences = index % 2 === 0 ? 'defined' : 'undefined';
    return syntaxes.map((syntax) => {
      return { syntax, bytes: writeDataset({ ...charset, ...dataset }, syntax, { sequences }) };
    });
  });
}

test(`${RUNS.dataSets} mutated data sets`, async () => {
  const originals = encoded([ExplicitLittle, ImplicitLittle, ExplicitBig], 100);
  await withoutGrowth(RUNS.dataSets, (run) => {
    const seed = SEED + run;
    const random = randomFrom(seed);
    const { syntax, bytes: original } = oneOf(random, originals);
    const bytes = mutated(original, random);
    tolerated(seed, () => void readFileMeta(bytes));
    tolerated(seed, () => {
      const dataset = readDataset(bytes, syntax);
      // Every one is read; the rest of the way costs far more than reading.
      if (run % 4 === 0) toXml(dataset);
      if (run % 4 === 1) fromJson(JSON.parse(toJson(dataset)));
      if (run % 4 === 2) writeDataset(dataset, ExplicitLittle);
    });
  });
});

test(`${RUNS.reencodings} mutated data sets, re-encoded`, async () => {
  const originals = encoded([ExplicitLittle, ImplicitLittle, ExplicitBig, Deflated], 50);
  await withoutGrowth(RUNS.reencodings, async (run) => {
    const seed = SEED + run;
    const random = randomFrom(seed);
    const { syntax, bytes } = oneOf(random, originals);
    try {
      await convertDataset(mutated(bytes, random), syntax, ExplicitLittle, { evenLengths: run % 3 === 0 });
    } catch (error) {
      toleratedError(seed, error);
    }
  });
});
