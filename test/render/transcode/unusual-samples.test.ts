// Samples that most codecs have no place for: 32 bits, floats, single bits. Every syntax that has one keeps them whole.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  Deflated,
  DeflatedFrame,
  EncapsulatedUncompressed,
  ExplicitBig,
  ExplicitLittle,
  ImplicitLittle,
  RleLossless,
} from '../../../src/dimse/data/transfer-syntax.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';
import { transcodedFile } from './written.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, ffmpeg: undefined });
after(() => renderer.close());

const NATIVE = [ExplicitLittle, ImplicitLittle, ExplicitBig, Deflated];
const UNUSUAL: [kind: string, pixel: Partial<PixelDescription>, targets: readonly string[]][] = [
  ['32 bits', { bitsAllocated: 32, bitsStored: 32 }, [...NATIVE, RleLossless, EncapsulatedUncompressed, DeflatedFrame]],
  [
    '32 bits with a sign',
    { bitsAllocated: 32, bitsStored: 32, signed: true },
    [...NATIVE, RleLossless, EncapsulatedUncompressed, DeflatedFrame],
  ],
  ['float', { bitsAllocated: 32, bitsStored: 32, kind: 'float' }, NATIVE],
  ['double', { bitsAllocated: 64, bitsStored: 64, kind: 'double' }, NATIVE],
];

for (const [kind, pixel, targets] of UNUSUAL) {
  test(`samples of ${kind} keep every bit in each of ${targets.length} syntaxes, and on the way back`, async () => {
    const frames = [1, 2].map((seed) => Buffer.from(samples(pixelOf(pixel), seed)));
    const source = await writeFixture(dir, { pixel, frames });
    for (const target of targets) {
      const path = await transcodedFile(renderer, dir, source, target);
      const back = await transcodedFile(renderer, dir, path, ExplicitLittle);
      for (const file of [path, back]) {
        for (const [index, frame] of frames.entries())
          assert.deepEqual((await renderer.decode(file, index + 1)).bytes, frame, target);
      }
    }
  });
}

test('one-bit frames keep every bit in each syntax that has a place for them, and on the way back', async () => {
  const pixel = { rows: 5, columns: 7, bitsAllocated: 1, bitsStored: 1 };
  // 35 bits a frame: the second one begins within a byte.
  const bits = Buffer.from([
    0b10110101, 0b01101001, 0b11001010, 0b00110110, 0b10101101, 0b01101011, 0b11100100, 0b1001110, 5,
  ]);
  const source = await writeFixture(dir, {
    pixel,
    frames: [bits],
    attributes: { '00280008': { vr: 'IS', Value: [2] } },
  });
  const expected = [(await renderer.decode(source, 1)).bytes, (await renderer.decode(source, 2)).bytes];
  assert.notDeepEqual(expected[0], expected[1]);
  assert.equal(expected[1]?.[0], ((bits[4] ?? 0) >> 3) | (((bits[5] ?? 0) << 5) & 0xff));
  for (const target of [ImplicitLittle, ExplicitBig, Deflated, EncapsulatedUncompressed, DeflatedFrame]) {
    const path = await transcodedFile(renderer, dir, source, target);
    const back = await transcodedFile(renderer, dir, path, ExplicitLittle);
    for (const file of [path, back]) {
      for (const [index, frame] of expected.entries())
        assert.deepEqual((await renderer.decode(file, index + 1)).bytes, frame, target);
    }
  }
});
