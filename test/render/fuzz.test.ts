// Damaged frames of every codec: an error or pixels, never a hang beyond the limit, never a dead pool. Seeded, so that a
// failure can be had again; FUZZ_RUNS is the number of frames for each codec, FUZZ_SEED the beginning.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  DeflatedFrame,
  HtJpeg2000Lossless,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegLosslessSv1,
  JpegLsLossless,
  JpegXlLossless,
  RleLossless,
} from '../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { createRenderer } from '../../src/render/render.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from './fixtures.ts';

/** An error of a WebAssembly codec costs a new instance of it: fewer of those unless asked for. */
const RUNS = { own: Number(process.env.FUZZ_RUNS ?? 2000), wasm: Number(process.env.FUZZ_RUNS ?? 200) };
const OWN = new Set<string>([RleLossless, DeflatedFrame]);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const LIMIT_MS = 5000;

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 2, timeoutMs: LIMIT_MS });
after(() => renderer.close());

/** A small generator of 32-bit numbers (mulberry32): the same numbers for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Flips, overwrites, cuts out or repeats a few bytes from `start` on; the last ones stay, so that the decoder is asked. */
function damaged(bytes: Buffer, start: number, random: (below: number) => number): Buffer {
  let result = Buffer.from(bytes);
  const end = result.length - 24;
  for (let count = 1 + random(6); count > 0; count -= 1) {
    const at = start + random(Math.max(1, end - start));
    const kind = random(5);
    if (kind === 0) result[at] = (result[at] ?? 0) ^ (1 << random(8));
    else if (kind === 1) result[at] = random(256);
    else if (kind === 2) result.fill(random(2) * 255, at, Math.min(end, at + random(16)));
    else if (kind === 3) result = Buffer.concat([result.subarray(0, at), result.subarray(at + random(8))]);
    else result = Buffer.concat([result.subarray(0, at), result.subarray(at - random(8)), result.subarray(at)]);
  }
  return result;
}

const CODECS: [name: string, uid: string, pixel: Parameters<typeof pixelOf>[0]][] = [
  ['RLE', RleLossless, { bitsAllocated: 16, bitsStored: 12 }],
  ['JPEG baseline', JpegBaseline, { samplesPerPixel: 3, photometric: 'RGB' }],
  ['JPEG lossless', JpegLosslessSv1, { bitsAllocated: 16, bitsStored: 16, signed: true }],
  ['JPEG-LS', JpegLsLossless, { bitsAllocated: 16, bitsStored: 12 }],
  ['JPEG 2000', Jpeg2000Lossless, { bitsAllocated: 16, bitsStored: 12 }],
  ['HTJ2K', HtJpeg2000Lossless, { samplesPerPixel: 3, photometric: 'RGB' }],
  ['JPEG XL', JpegXlLossless, {}],
  ['Deflated Image Frame', DeflatedFrame, {}],
];

for (const [index, [name, uid, changes]] of CODECS.entries()) {
  const runs = OWN.has(uid) ? RUNS.own : RUNS.wasm;
  test(`${name}: ${runs} damaged frames give pixels or a DicomError, and the pool lives`, async () => {
    const pixel = pixelOf({ rows: 16, columns: 16, ...changes });
    const whole = await writeFixture(dir, { transferSyntaxUid: uid, pixel, frames: [samples(pixel)] });
    const bytes = await readFile(whole);
    const start = bytes.lastIndexOf(Buffer.from('e07f10004f42', 'hex')) + 32;
    const random = generator(SEED * 1000 + index);
    const path = join(dir, `damaged-${index}.dcm`);
    let timeouts = 0;
    for (let run = 0; run < runs; run += 1) {
      await writeFile(path, damaged(bytes, start, random));
      try {
        await renderer.decode(path, 1);
      } catch (error) {
        assert.ok(error instanceof DicomError, `run ${run}: ${String(error)}`);
        if (error.kind === 'timeout') timeouts += 1;
        else assert.ok(['corrupt', 'not-acceptable', 'too-large'].includes(error.kind), `run ${run}: ${error.kind}`);
      }
    }
    assert.ok(timeouts <= runs / 50, `${timeouts} of ${runs} frames ran into the limit`);
    const { bytes: again } = await renderer.decode(whole, 1);
    assert.equal(again.length, samples(pixel).length);
  });
}
