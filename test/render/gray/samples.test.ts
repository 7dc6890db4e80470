// Stored values out of their cells and through the tables of shades, against the definition bit by bit (PS3.5 8.1.1).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { samplesOf } from '../../../src/render/gray/samples.ts';
import { throughPipeline } from '../../../src/render/gray/tones.ts';
import { windowStage } from '../../../src/render/gray/voi.ts';
import { Scratch } from '../../../src/render/scratch.ts';
import { pixelOf } from '../fixtures.ts';

const CELLS = 999;
/** Every bit of a cell is used by some of them, as by overlays in the bits that samples leave. */
const bytes = Buffer.from(Array.from({ length: CELLS * 4 + 8 }, (_, index) => (index * 40503) >>> 7));

/** The stored value of a cell: `bitsStored` bits from High Bit down. */
function storedIn(cell: Buffer, { bitsStored, highBit, signed }: PixelDescription): number {
  const whole = BigInt(`0x${Buffer.from(cell).reverse().toString('hex')}`);
  const value = BigInt.asUintN(bitsStored, whole >> BigInt(highBit + 1 - bitsStored));
  return Number(signed ? BigInt.asIntN(bitsStored, value) : value);
}

/** Allocated, stored and high bits. */
const LAYOUTS = [
  [8, 8, 7],
  [8, 5, 4],
  [8, 3, 6],
  [8, 1, 7],
  [16, 16, 15],
  [16, 12, 11],
  [16, 10, 13],
  [16, 4, 15],
  [16, 7, 6],
  [32, 32, 31],
  [32, 12, 11],
  [32, 20, 29],
  [32, 16, 16],
] as const;

for (const [bitsAllocated, bitsStored, highBit] of LAYOUTS) {
  test(`R-2 ${bitsStored} of ${bitsAllocated} bits up to bit ${highBit} are the value, wherever the cells lie`, () => {
    const scratch = new Scratch();
    const size = bitsAllocated / 8;
    for (const signed of [false, true]) {
      const pixel = { ...pixelOf({ rows: 1, columns: CELLS, bitsAllocated, bitsStored, signed }), highBit };
      for (const at of [0, 1, 2, 3]) {
        const data = bytes.subarray(at, at + CELLS * size);
        const expected = Array.from({ length: CELLS }, (_, n) =>
          storedIn(data.subarray(n * size, (n + 1) * size), pixel),
        );
        const { cells, extract } = samplesOf({ pixel, data });
        assert.deepEqual(Array.from(cells, extract), expected);
        const low = Math.min(...expected);
        const width = Math.max(1, Math.max(...expected) - low);
        const voi = windowStage({ center: low + width / 2, width, function: 'linear-exact' });
        const shown = Float64Array.from(expected);
        voi(shown);
        const shades = Array.from(shown, (y) => Math.floor(255 * Math.min(1, Math.max(0, y)) + 0.5));
        for (const kept of [{ scratch }, {}]) {
          const samples = samplesOf({ pixel, data, ...kept });
          const made = throughPipeline(samples, { padding: undefined, modality: undefined, voi, inverted: false });
          assert.deepEqual([...made], shades);
        }
      }
    }
  });
}
