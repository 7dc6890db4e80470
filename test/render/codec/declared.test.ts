// Frames that are given alone: what reads them has Photometric Interpretation and Planar Configuration of the metadata.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  ExplicitLittle,
  Jpeg2000,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegLosslessSv1,
  RleLossless,
} from '../../../src/dimse/data/transfer-syntax.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { encode, fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, ffmpeg: undefined });
after(() => renderer.close());

const RGB = pixelOf({ rows: 16, columns: 16, samplesPerPixel: 3, photometric: 'RGB' });
const SMOOTH = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => {
  const [x, y] = [Math.floor(at / 3) % 16, Math.floor(at / 48)];
  return [90 + 4 * x, 200 - 3 * y, 60 + 2 * (x + y)][at % 3] ?? 0;
});

/** Y, CB and CR of red, green and blue, by PS3.3 C.7.6.3.1.2 in its four decimals. */
function ybr(at: number): [number, number, number] {
  const [r, g, b] = [SMOOTH[3 * at] ?? 0, SMOOTH[3 * at + 1] ?? 0, SMOOTH[3 * at + 2] ?? 0];
  return [
    0.299 * r + 0.587 * g + 0.114 * b,
    -0.1687 * r - 0.3313 * g + 0.5 * b + 128,
    0.5 * r - 0.4187 * g - 0.0813 * b + 128,
  ];
}

function near(actual: number | undefined, expected: number, what: string): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) <= 4, `${what}: ${actual} for ${expected}`);
}

/** A file whose codestream is of RGB samples, and whose header says something else. */
async function stored(uid: string, header: Partial<PixelDescription>): Promise<string> {
  const codestreams = [await encode(uid, RGB, SMOOTH)];
  return writeFixture(dir, { transferSyntaxUid: uid, pixel: { ...RGB, ...header }, frames: [], codestreams });
}

test('a JPEG that is declared YBR_FULL_422 is given as Y1 Y2 CB CR (R-6)', async () => {
  const path = await stored(JpegBaseline, { photometric: 'YBR_FULL_422' });
  const { bytes, photometricInterpretation } = await renderer.declared(path, 1);
  assert.equal(photometricInterpretation, 'YBR_FULL_422');
  assert.equal(bytes.length, 16 * 16 * 2);
  for (let at = 0; at < 16 * 16; at += 2) {
    const [first, second] = [ybr(at), ybr(at + 1)];
    near(bytes[2 * at], first[0], `Y of pixel ${at}`);
    near(bytes[2 * at + 1], second[0], `Y of pixel ${at + 1}`);
    near(bytes[2 * at + 2], (first[1] + second[1]) / 2, `CB of pixel ${at}`);
    near(bytes[2 * at + 3], (first[2] + second[2]) / 2, `CR of pixel ${at}`);
  }
});

test('a JPEG that is declared YBR_FULL is given as YBR_FULL', async () => {
  const { bytes } = await renderer.declared(await stored(JpegBaseline, { photometric: 'YBR_FULL' }), 1);
  assert.equal(bytes.length, 16 * 16 * 3);
  for (let at = 0; at < 16 * 16; at += 1) {
    for (const [component, expected] of ybr(at).entries()) near(bytes[3 * at + component], expected, `pixel ${at}`);
  }
});

for (const [uid, photometric] of [
  [Jpeg2000Lossless, 'YBR_RCT'],
  [Jpeg2000, 'YBR_ICT'],
  [JpegLosslessSv1, 'RGB'],
] as const) {
  test(`what is declared ${photometric} is given as RGB by pixel (R-15)`, async () => {
    const { bytes, photometricInterpretation } = await renderer.declared(await stored(uid, { photometric }), 1);
    assert.equal(photometricInterpretation, 'RGB');
    assert.deepEqual(bytes, Buffer.from(SMOOTH));
  });
}

test('a JPEG that is declared YBR_FULL_422 in odd columns keeps its chroma for each pixel', async () => {
  const pixel = pixelOf({ rows: 4, columns: 5, samplesPerPixel: 3, photometric: 'RGB' });
  const codestreams = [await encode(JpegBaseline, pixel, samples(pixel))];
  const header = { ...pixel, photometric: 'YBR_FULL_422' };
  const path = await writeFixture(dir, { transferSyntaxUid: JpegBaseline, pixel: header, frames: [], codestreams });
  const { bytes, photometricInterpretation } = await renderer.declared(path, 1);
  assert.deepEqual([bytes.length, photometricInterpretation], [60, 'YBR_FULL']);
});

for (const bits of [8, 16]) {
  test(`Planar Configuration 1 holds for what is decoded, of ${bits} bits (R-9)`, async () => {
    const pixel = pixelOf({
      rows: 3,
      columns: 4,
      samplesPerPixel: 3,
      photometric: 'RGB',
      bitsAllocated: bits,
      bitsStored: bits,
    });
    const native = Buffer.from(samples(pixel));
    const size = bits / 8;
    const planes = [0, 1, 2].flatMap((plane) =>
      Array.from({ length: 12 }, (_, at) => native.subarray((3 * at + plane) * size, (3 * at + plane + 1) * size)),
    );
    const codestreams = [await encode(RleLossless, pixel, native)];
    const header = { ...pixel, planar: 1 as const };
    const path = await writeFixture(dir, { transferSyntaxUid: RleLossless, pixel: header, frames: [], codestreams });
    assert.deepEqual((await renderer.declared(path, 1)).bytes, Buffer.concat(planes));
  });
}

test('grey is what it is', async () => {
  const pixel = pixelOf();
  const path = await writeFixture(dir, { transferSyntaxUid: ExplicitLittle, pixel, frames: [samples(pixel)] });
  assert.deepEqual((await renderer.declared(path, 1)).bytes, Buffer.from(samples(pixel)));
});
