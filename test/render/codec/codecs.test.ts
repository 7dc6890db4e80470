// Every transfer syntax with an encoder here, with every kind of sample it can hold: what goes in comes out.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import sharp from 'sharp';
import {
  Deflated,
  DeflatedFrame,
  EncapsulatedUncompressed,
  ExplicitBig,
  ExplicitLittle,
  HtJpeg2000,
  HtJpeg2000Lossless,
  HtJpeg2000LosslessRpcl,
  ImplicitLittle,
  Jpeg2000,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegExtended,
  JpegLossless,
  JpegLosslessSv1,
  JpegLsLossless,
  JpegLsNearLossless,
  JpegXl,
  JpegXlLossless,
  RleLossless,
} from '../../../src/dimse/data/transfer-syntax.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const KINDS: Record<string, Partial<PixelDescription>> = {
  'unsigned 8': {},
  'unsigned 8, odd': { rows: 7, columns: 5 },
  'unsigned 12 in 16': { bitsAllocated: 16, bitsStored: 12 },
  'unsigned 16': { bitsAllocated: 16, bitsStored: 16 },
  'signed 12 in 16': { bitsAllocated: 16, bitsStored: 12, signed: true },
  'signed 16': { bitsAllocated: 16, bitsStored: 16, signed: true },
  'signed 8': { signed: true },
  'signed 6 in 8': { bitsStored: 6, signed: true },
  'RGB 8': { samplesPerPixel: 3, photometric: 'RGB' },
  'palette 8': { photometric: 'PALETTE COLOR' },
  'RGB 16': { samplesPerPixel: 3, photometric: 'RGB', bitsAllocated: 16, bitsStored: 16 },
  'unsigned 32': { bitsAllocated: 32, bitsStored: 32 },
  float: { bitsAllocated: 32, bitsStored: 32, kind: 'float' },
  double: { bitsAllocated: 64, bitsStored: 64, kind: 'double' },
};

const UP_TO_16 = Object.keys(KINDS).slice(0, 11);
const NOT_DEEP_COLOUR = UP_TO_16.slice(0, 10);
const INTEGERS = Object.keys(KINDS).slice(0, 12);
const ALL = Object.keys(KINDS);

const LOSSLESS: [name: string, uid: string, kinds: string[]][] = [
  ['Implicit VR Little Endian', ImplicitLittle, ALL],
  ['Explicit VR Little Endian', ExplicitLittle, ALL],
  ['Explicit VR Big Endian', ExplicitBig, UP_TO_16],
  ['Deflated', Deflated, ALL],
  ['Encapsulated Uncompressed', EncapsulatedUncompressed, INTEGERS],
  ['Deflated Image Frame', DeflatedFrame, INTEGERS],
  ['RLE', RleLossless, INTEGERS],
  ['JPEG lossless', JpegLossless, UP_TO_16],
  ['JPEG lossless SV1', JpegLosslessSv1, UP_TO_16],
  ['JPEG-LS', JpegLsLossless, UP_TO_16],
  ['JPEG 2000 lossless', Jpeg2000Lossless, NOT_DEEP_COLOUR],
  ['JPEG 2000', Jpeg2000, NOT_DEEP_COLOUR],
  ['HTJ2K lossless', HtJpeg2000Lossless, NOT_DEEP_COLOUR],
  ['HTJ2K lossless RPCL', HtJpeg2000LosslessRpcl, NOT_DEEP_COLOUR],
  ['HTJ2K', HtJpeg2000, NOT_DEEP_COLOUR],
  ['JPEG XL lossless', JpegXlLossless, ['unsigned 8', 'unsigned 16', 'RGB 8']],
  ['JPEG XL', JpegXl, ['unsigned 8', 'RGB 8']],
];

for (const [name, transferSyntaxUid, kinds] of LOSSLESS) {
  for (const kind of kinds) {
    test(`${name}: ${kind} samples come back bit for bit`, async () => {
      const pixel = pixelOf(KINDS[kind]);
      const frames = [samples(pixel, 1), samples(pixel, 2)];
      const path = await writeFixture(dir, { transferSyntaxUid, pixel, frames });
      for (const [index, frame] of frames.entries()) {
        const { bytes } = await renderer.decode(path, index + 1);
        assert.deepEqual(bytes, Buffer.from(frame));
      }
    });
  }
}

const LOSSY: [name: string, uid: string, kind: string, tolerance: number][] = [
  ['JPEG baseline', JpegBaseline, 'unsigned 8', 12],
  ['JPEG baseline', JpegBaseline, 'RGB 8', 24],
  ['JPEG extended', JpegExtended, 'unsigned 8', 12],
  ['JPEG-LS near-lossless', JpegLsNearLossless, 'unsigned 8', 2],
  ['JPEG-LS near-lossless', JpegLsNearLossless, 'unsigned 12 in 16', 2],
  ['JPEG-LS near-lossless', JpegLsNearLossless, 'RGB 8', 2],
];

for (const [name, transferSyntaxUid, kind, tolerance] of LOSSY) {
  test(`${name}: ${kind} samples come back within ${tolerance}`, async () => {
    const pixel = pixelOf({ rows: 64, columns: 48, ...KINDS[kind] });
    const frame = samples(pixel);
    const path = await writeFixture(dir, { transferSyntaxUid, pixel, frames: [frame] });
    const { bytes } = await renderer.decode(path, 1);
    assert.equal(bytes.length, frame.length);
    const step = pixel.bitsAllocated / 8;
    let worst = 0;
    for (let at = 0; at < frame.length; at += step) {
      worst = Math.max(worst, Math.abs(bytes.readUIntLE(at, step) - Buffer.from(frame).readUIntLE(at, step)));
    }
    assert.ok(worst <= tolerance, `largest difference ${worst}`);
  });
}

test('a JPEG frame of RGB samples stays RGB, whatever library defaults would make of it (T-75)', async () => {
  const pixel = pixelOf({ rows: 16, columns: 16, samplesPerPixel: 3, photometric: 'RGB' });
  const frame = Buffer.alloc(16 * 16 * 3);
  for (let at = 0; at < frame.length; at += 3) frame[at] = 200;
  const path = await writeFixture(dir, { transferSyntaxUid: JpegLosslessSv1, pixel, frames: [frame] });
  const { bytes, photometricInterpretation } = await renderer.decode(path, 1);
  assert.deepEqual([photometricInterpretation, bytes.subarray(0, 3)], ['RGB', Buffer.from([200, 0, 0])]);
});

test('a transfer syntax without a decoder is not acceptable, by name', async () => {
  const uid = '1.2.840.10008.1.2.4.102';
  const path = await writeFixture(dir, { transferSyntaxUid: uid, frames: [], codestreams: [Buffer.alloc(64)] });
  await assert.rejects(renderer.decode(path, 1), {
    name: 'DicomError',
    kind: 'not-acceptable',
    message: new RegExp(uid),
  });
});

for (const [name, transferSyntaxUid] of [
  ['.53, spectral selection', '1.2.840.10008.1.2.4.53'],
  ['.55, full progression', '1.2.840.10008.1.2.4.55'],
] as const) {
  test(`JPEG ${name}: a progressive codestream comes out as another decoder has it, within one level`, async () => {
    const pixel = pixelOf({ rows: 32, columns: 32 });
    const raw = { width: 32, height: 32, channels: 1 } as const;
    const codestream = await sharp(samples(pixel), { raw }).toColourspace('b-w').jpeg({ progressive: true }).toBuffer();
    const expected = await sharp(codestream).extractChannel(0).raw().toBuffer();
    const path = await writeFixture(dir, { transferSyntaxUid, pixel, frames: [], codestreams: [codestream] });
    const { bytes } = await renderer.decode(path, 1);
    assert.equal(bytes.length, expected.length);
    assert.ok(bytes.every((value, at) => Math.abs(value - (expected[at] ?? Number.NaN)) <= 1));
  });
}
