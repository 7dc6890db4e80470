// What holds for any data set and for any bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { fromJson, toJson } from '../../../src/dimse/data/json.ts';
import { readFileMeta } from '../../../src/dimse/data/part10.ts';
import { isIncomplete, readDataset } from '../../../src/dimse/data/reader.ts';
import { convertDataset } from '../../../src/dimse/data/reencode.ts';
import { Deflated, ExplicitBig, ExplicitLittle, ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { fromXml, toXml } from '../../../src/dimse/data/xml.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { datasets } from './arbitrary.ts';

/** Tests of mutated data sets to run; more take longer. */
const FUZZ_RUNS = Number(process.env.FUZZ_RUNS ?? 20_000);
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

/** mulberry32: the same numbers from the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function mutated(original: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(original);
  for (let change = 0; change <= random() * 4; change++) {
    const at = Math.floor(random() * bytes.length);
    const kind = random();
    if (kind < 0.5) bytes[at] = Math.floor(random() * 256);
    else if (kind < 0.7) bytes[at] = kind < 0.6 ? 0xff : 0;
    else if (kind < 0.9) bytes.copyWithin(at, Math.floor(random() * bytes.length));
    else return bytes.subarray(0, at);
  }
  return bytes;
}

/** Throws what is no DicomError. */
function onlyDicomErrors(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
  }
}

test(`${FUZZ_RUNS} mutated data sets are read, written and printed, or refused with a DicomError`, () => {
  const random = randomNumbers(SEED);
  const syntaxes = [ExplicitLittle, ImplicitLittle, ExplicitBig, ExplicitLittle];
  const originals = fc.sample(datasets, { numRuns: 200, seed: SEED }).map((dataset) => {
    const charset: Dataset = { '00080005': { vr: 'CS', Value: ['ISO 2022 IR 6', 'ISO 2022 IR 87'] } };
    return { ...charset, ...dataset };
  });
  for (let run = 0; run < FUZZ_RUNS; run++) {
    const syntax = syntaxes[run % syntaxes.length] ?? ExplicitLittle;
    const dataset = originals[run % originals.length] ?? {};
    const bytes = mutated(
      writeDataset(dataset, syntax, { sequences: run % 2 === 0 ? 'defined' : 'undefined' }),
      random,
    );
    onlyDicomErrors(() => {
      const read = readDataset(bytes, syntax);
      toXml(read);
      fromJson(JSON.parse(toJson(read)));
      writeDataset(read, ExplicitLittle);
    });
    onlyDicomErrors(() => readFileMeta(bytes));
  }
});

test('mutated data sets are re-encoded, or refused with a DicomError', async () => {
  const random = randomNumbers(SEED);
  const originals = fc.sample(datasets, { numRuns: 100, seed: SEED });
  for (let run = 0; run < FUZZ_RUNS / 10; run++) {
    const from = [ExplicitLittle, ImplicitLittle, ExplicitBig, Deflated][run % 4] ?? ExplicitLittle;
    const bytes = mutated(writeDataset(originals[run % originals.length] ?? {}, from), random);
    await convertDataset(bytes, from, ExplicitLittle, { evenLengths: run % 3 === 0 }).catch((error) => {
      if (!(error instanceof DicomError)) throw error;
    });
  }
});
