// Damaged frames of every codec: an error or pixels, never a hang beyond the limit, never a dead pool. Seeded, so that a
// failure can be had again; FUZZ_RUNS is the number of frames for each codec, FUZZ_SEED the beginning.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
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
import { encode, fixtureFolder, pixelOf, samples, writeFixture } from './fixtures.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 2000);
/** Damaged frames that share a file. */
const FRAMES = 500;
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const LIMIT_MS = 5000;
/** An end marker is looked for in so many bytes. */
const TAIL = 16;
/** What a damaged frame may come to. */
const EXPECTED = new Set<string>(['pixels', 'corrupt', 'not-acceptable', 'too-large', 'timeout']);

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

/** Flips, overwrites, cuts out or repeats a few bytes; the last ones stay, so that the decoder is asked. */
function damaged(bytes: Buffer, random: (below: number) => number): Buffer {
  let result = Buffer.from(bytes);
  const end = result.length - TAIL;
  for (let count = 1 + random(6); count > 0; count -= 1) {
    const at = random(Math.max(1, end));
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

type Kinds = Map<string, number>;

/** Decodes every frame of a file, two at a time, and counts what comes of it; a sound one must be what it was before. */
async function decodeAll(path: string, frames: number, sound: Buffer, kinds: Kinds): Promise<void> {
  let next = 1;
  const lane = async (): Promise<void> => {
    for (let frame = next++; frame <= frames; frame = next++) {
      const kind = await renderer.decode(path, frame).then(
        ({ bytes }) => (isSound(frame) && !bytes.equals(sound) ? 'other pixels of a sound frame' : 'pixels'),
        (error: unknown) =>
          error instanceof DicomError && !isSound(frame) ? error.kind : `${frame}: ${String(error)}`,
      );
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  };
  await Promise.all([lane(), lane()]);
}

/** One in so many is left whole, to see that those before it did the decoder no harm. */
const isSound = (frame: number): boolean => frame % 20 === 0;

for (const [index, [name, uid, changes]] of CODECS.entries()) {
  test(`${name}: ${RUNS} damaged frames give pixels or a DicomError, and the pool lives`, async (t) => {
    const pixel = pixelOf({ rows: 16, columns: 16, ...changes });
    const whole = Buffer.from(await encode(uid, pixel, samples(pixel)));
    const write = (codestreams: Buffer[]): Promise<string> =>
      writeFixture(dir, { transferSyntaxUid: uid, pixel, frames: [], codestreams });
    const { bytes: sound } = await renderer.decode(await write([whole]), 1);
    const random = generator(SEED * 1000 + index);
    const kinds: Kinds = new Map();
    for (let done = 0; done < RUNS; done += FRAMES * 0.95) {
      const codestreams = Array.from({ length: FRAMES }, (_, at) => (isSound(at + 1) ? whole : damaged(whole, random)));
      const path = await write(codestreams);
      await decodeAll(path, FRAMES, sound, kinds);
      await rm(path);
    }
    t.diagnostic(JSON.stringify(Object.fromEntries(kinds)));
    assert.deepEqual(
      [...kinds.keys()].filter((kind) => !EXPECTED.has(kind)),
      [],
    );
    assert.ok((kinds.get('timeout') ?? 0) <= RUNS / 50, `${kinds.get('timeout')} of ${RUNS} frames ran into the limit`);
    assert.ok((kinds.get('corrupt') ?? 0) > RUNS / 10, 'hardly a frame was damaged');
  });
}
