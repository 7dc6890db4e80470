// Colour, rule by rule (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5, C.7.9).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { JpegBaseline, JpegLosslessSv1, RleLossless } from '../../../src/dimse/data/transfer-syntax.ts';
import { expandSegments } from '../../../src/render/colour/palette.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { encode, type Fixture, fixtureFolder, pixelOf } from '../fixtures.ts';
import { cs, rendered, window } from '../pictures.ts';

const dir = fixtureFolder();

function colour(frame: number[], changes: Partial<PixelDescription> = {}, attributes: Dataset = {}): Fixture {
  const pixel = pixelOf({ rows: 1, columns: frame.length / 3, samplesPerPixel: 3, photometric: 'RGB', ...changes });
  return { pixel, frames: [Uint8Array.from(frame)], attributes };
}

test('RGB is shown as it is', async () => {
  assert.deepEqual(await rendered(dir, colour([1, 2, 3, 250, 251, 252])), [1, 2, 3, 250, 251, 252]);
});

test('R-9 Planar Configuration 1 is all red, all green, all blue', async () => {
  assert.deepEqual(await rendered(dir, colour([1, 4, 2, 5, 3, 6], { planar: 1 })), [1, 2, 3, 4, 5, 6]);
});

test('R-9 RLE is by plane whatever Planar Configuration says', async () => {
  for (const planar of [0, 1] as const) {
    const fixture = { ...colour([1, 2, 3, 4, 5, 6], { planar }), transferSyntaxUid: RleLossless };
    assert.deepEqual(await rendered(dir, fixture), [1, 2, 3, 4, 5, 6]);
  }
});

test('RGB of 16 bits is scaled to 8', async () => {
  const pixel = pixelOf({
    rows: 1,
    columns: 1,
    samplesPerPixel: 3,
    photometric: 'RGB',
    bitsAllocated: 16,
    bitsStored: 12,
  });
  const frame = Buffer.from(Uint16Array.of(0, 4095, 2048).buffer);
  assert.deepEqual(await rendered(dir, { pixel, frames: [frame] }), [0, 255, 128]);
});

/** PS3.3 C.7.6.3.1.2: RGB to YBR_FULL, rounded. */
function toYbr([r = 0, g = 0, b = 0]: number[]): number[] {
  const ybr = [
    0.299 * r + 0.587 * g + 0.114 * b,
    -0.1687 * r - 0.3313 * g + 0.5 * b + 128,
    0.5 * r - 0.4187 * g - 0.0813 * b + 128,
  ];
  return ybr.map((value) => Math.min(255, Math.round(value)));
}

/** PS3.3 C.7.6.3.1.2: RGB to YBR_PARTIAL, rounded. */
function toPartial([r = 0, g = 0, b = 0]: number[]): number[] {
  return [
    0.2568 * r + 0.5041 * g + 0.0979 * b + 16,
    -0.1482 * r - 0.291 * g + 0.4392 * b + 128,
    0.4392 * r - 0.3678 * g - 0.0714 * b + 128,
  ].map(Math.round);
}

const COLOURS = [
  [0, 0, 0],
  [255, 255, 255],
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [200, 100, 50],
  [10, 180, 190],
];

function near(actual: number[], expected: number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (const [index, value] of actual.entries()) {
    assert.ok(
      Math.abs(value - (expected[index] ?? Number.NaN)) <= tolerance,
      `sample ${index}: ${value}, not ${expected[index]}`,
    );
  }
}

test('YBR_FULL', async () => {
  const fixture = colour(COLOURS.flatMap(toYbr), { photometric: 'YBR_FULL' });
  near(await rendered(dir, fixture), COLOURS.flat(), 2);
});

test('YBR_FULL_422 shares chroma between two pixels: Y1 Y2 CB CR', async () => {
  const [red, blue] = [toYbr([255, 0, 0]), toYbr([0, 0, 255])];
  const packed = [red, blue].flatMap(([y = 0, cb = 0, cr = 0]) => [y, y, cb, cr]);
  const pixel = pixelOf({ rows: 1, columns: 4, samplesPerPixel: 3, photometric: 'YBR_FULL_422' });
  const fixture = { pixel, frames: [Uint8Array.from(packed)] };
  near(await rendered(dir, fixture), [255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255], 2);
});

test('YBR_PARTIAL_422', async () => {
  const packed = COLOURS.map(toPartial).flatMap(([y = 0, cb = 0, cr = 0]) => [y, y, cb, cr]);
  const pixel = pixelOf({ rows: COLOURS.length, columns: 2, samplesPerPixel: 3, photometric: 'YBR_PARTIAL_422' });
  near(
    await rendered(dir, { pixel, frames: [Uint8Array.from(packed)] }),
    COLOURS.flatMap((rgb) => [...rgb, ...rgb]),
    3,
  );
});

for (const photometric of ['HSV', 'NONSENSE']) {
  test(`Photometric Interpretation ${photometric} is not acceptable, by name`, async () => {
    await assert.rejects(rendered(dir, colour([1, 2, 3], { photometric })), {
      kind: 'not-acceptable',
      field: 'PhotometricInterpretation',
    });
  });
}

/** One palette for the three colours: red from `entries`, green and blue shifted by one and two entries. */
function palette(first: number, bits: number, entries: number[], size: 1 | 2 = 2, count = entries.length): Dataset {
  const table = (shift: number): Uint8Array => {
    const turned = [...entries.slice(shift), ...entries.slice(0, shift)];
    return size === 2 ? new Uint8Array(Uint16Array.from(turned).buffer) : Uint8Array.from(turned);
  };
  const descriptor = { vr: 'US' as const, Value: [count, first & 0xffff, bits] };
  return {
    '00281101': descriptor,
    '00281102': descriptor,
    '00281103': descriptor,
    '00281201': { vr: 'OW', InlineBinary: table(0) },
    '00281202': { vr: 'OW', InlineBinary: table(1) },
    '00281203': { vr: 'OW', InlineBinary: table(2) },
  };
}

function indexed(frame: number[], attributes: Dataset, changes: Partial<PixelDescription> = {}): Fixture {
  const pixel = pixelOf({ rows: 1, columns: frame.length, photometric: 'PALETTE COLOR', ...changes });
  return { pixel, frames: [Uint8Array.from(frame, (value) => value & 0xff)], attributes };
}

test('R-51 sixteen-bit palette entries keep their high byte', async () => {
  const fixture = indexed([0, 1], palette(0, 16, [0x1000, 0x2000, 0xff00]));
  assert.deepEqual(await rendered(dir, fixture), [0x10, 0x20, 0xff, 0x20, 0xff, 0x10]);
});

test('R-51 entries that never exceed 255 are eight-bit ones, whatever the descriptor says', async () => {
  assert.deepEqual(await rendered(dir, indexed([0], palette(0, 16, [16, 32, 255]))), [16, 32, 255]);
});

test('R-52 eight-bit entries lie two to a word', async () => {
  assert.deepEqual(await rendered(dir, indexed([1], palette(0, 8, [10, 20, 30, 40], 1))), [20, 30, 40]);
});

test('R-50, R-53 indices count from the first mapped value and are clamped at both ends', async () => {
  const fixture = indexed([0, 5, 6, 200], palette(5, 16, [0x1000, 0x2000, 0x3000]));
  const [low, high] = [
    [0x10, 0x20, 0x30],
    [0x30, 0x10, 0x20],
  ];
  assert.deepEqual(await rendered(dir, fixture), [low, low, [0x20, 0x30, 0x10], high].flat());
});

test('R-50, T-72 the first mapped value is signed for signed samples', async () => {
  const fixture = indexed([-1, 0], palette(-1, 16, [0x1000, 0x2000, 0x3000]), { signed: true });
  assert.deepEqual(await rendered(dir, fixture), [0x10, 0x20, 0x30, 0x20, 0x30, 0x10]);
});

test('R-50, T-71 a palette of 0 entries has 65536', async () => {
  const entries = Array.from({ length: 65536 }, (_, index) => index);
  const pixel = pixelOf({ rows: 1, columns: 1, photometric: 'PALETTE COLOR', bitsAllocated: 16, bitsStored: 16 });
  const frame = Buffer.from(Uint16Array.of(0x4300).buffer);
  const shades = await rendered(dir, { pixel, frames: [frame], attributes: palette(0, 16, entries, 2, 0) });
  assert.deepEqual(shades, [0x43, 0x43, 0x43]);
});

test('a palette image without its palette is corrupt', async () => {
  await assert.rejects(rendered(dir, indexed([0], {})), { kind: 'corrupt' });
});

test('R-57 a supplemental palette colours the values from its first one on, and leaves the others to the window', async () => {
  const pixel = pixelOf({ rows: 1, columns: 4 });
  const attributes = { ...palette(200, 16, [0x1000, 0x2000, 0xff00]), '00089205': cs('COLOR'), ...window(128, 256) };
  const frames = [Uint8Array.from([10, 199, 200, 201])];
  const shades = await rendered(dir, { pixel, frames, attributes });
  assert.deepEqual(shades, [10, 10, 10, 199, 199, 199, 0x10, 0x20, 0xff, 0x20, 0xff, 0x10]);
  const gray = await rendered(dir, { pixel, frames, attributes: { ...attributes, '00089205': cs('MONOCHROME') } });
  assert.deepEqual(gray, [10, 199, 200, 201]);
});

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);

test('R-54, R-55 segmented palettes: discrete, linear, indirect', () => {
  const discrete = [0, 2, 100, 200];
  const line = [1, 4, 600];
  const indirect = [2, 2, 0, 0];
  const expected = [100, 200, 300, 400, 500, 600, 100, 200, 300, 400, 500, 600];
  assert.deepEqual([...(expandSegments(words(...discrete, ...line, ...indirect), 2, 12) ?? [])], expected);
});

test('R-55 eight-bit segments have offsets of four bytes', () => {
  const bytes = Uint8Array.from([0, 2, 10, 20, 1, 2, 40, 2, 1, 4, 0, 0, 0]);
  assert.deepEqual([...(expandSegments(bytes, 1, 6) ?? [])], [10, 20, 30, 40, 40, 40]);
});

const BROKEN: [what: string, segments: number[]][] = [
  ['begin with a linear segment', [1, 4, 600]],
  ['give too few entries', [0, 2, 1, 2]],
  ['point at another indirect segment', [0, 2, 1, 2, 2, 1, 8, 0]],
  ['have an unknown opcode', [0, 1, 5, 9, 1, 1]],
];

for (const [what, segments] of BROKEN) {
  test(`R-55 segments that ${what} are refused`, () => {
    assert.equal(expandSegments(words(...segments), 2, 12), undefined);
  });
}

test('R-54 a segmented palette colours an image', async () => {
  const descriptor = { vr: 'US' as const, Value: [3, 0, 16] };
  const table = { vr: 'OW' as const, InlineBinary: words(0, 1, 0, 1, 2, 0x8000) };
  const attributes: Dataset = {
    '00281101': descriptor,
    '00281102': descriptor,
    '00281103': descriptor,
    '00281221': table,
    '00281222': table,
    '00281223': table,
  };
  assert.deepEqual(await rendered(dir, indexed([0, 1, 2], attributes)), [0, 0, 0, 64, 64, 64, 128, 128, 128]);
});

/** A JPEG of one colour; the encoder makes YCbCr of it unless the process is lossless. */
async function jpegOf(uid: string, rgb: number[]): Promise<Buffer> {
  const pixel = pixelOf({ rows: 16, columns: 16, samplesPerPixel: 3, photometric: 'RGB' });
  const frame = Uint8Array.from({ length: 16 * 16 * 3 }, (_, index) => rgb[index % 3] ?? 0);
  return Buffer.from(await encode(uid, pixel, frame));
}

async function firstPixel(codestream: Uint8Array, photometric: string): Promise<number[]> {
  const pixel = pixelOf({ rows: 16, columns: 16, samplesPerPixel: 3, photometric });
  const fixture = { transferSyntaxUid: JpegBaseline, pixel, frames: [], codestreams: [codestream] };
  return (await rendered(dir, fixture)).slice(0, 3);
}

/** The codestream without its APPn segments, so that nothing in it says what its colours are. */
function unmarked(jpeg: Buffer): Buffer {
  let at = 2;
  while (jpeg[at] === 0xff && ((jpeg[at + 1] ?? 0) & 0xf0) === 0xe0) at += 2 + jpeg.readUInt16BE(at + 2);
  return Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(at)]);
}

const JFIF = Buffer.from('ffe000104a46494600010100000100010000', 'hex');

test('R-14 YCbCr under YBR_FULL_422 is converted', async () => {
  near(await firstPixel(await jpegOf(JpegBaseline, [200, 40, 90]), 'YBR_FULL_422'), [200, 40, 90], 4);
});

test('R-14, T-75 components under RGB in a stream without marks are not converted', async () => {
  const stream = unmarked(await jpegOf(JpegBaseline, [200, 40, 90]));
  near(await firstPixel(stream, 'RGB'), toYbr([200, 40, 90]), 4);
});

test('R-14 a JFIF marker promises YCbCr, also under RGB', async () => {
  const stream = unmarked(await jpegOf(JpegBaseline, [200, 40, 90]));
  const marked = Buffer.concat([stream.subarray(0, 2), JFIF, stream.subarray(2)]);
  near(await firstPixel(marked, 'RGB'), [200, 40, 90], 4);
});

test('lossless JPEG in YBR_FULL is kept as it is and converted to show it', async () => {
  const pixel = pixelOf({ rows: 1, columns: COLOURS.length, samplesPerPixel: 3, photometric: 'YBR_FULL' });
  const fixture = { transferSyntaxUid: JpegLosslessSv1, pixel, frames: [Uint8Array.from(COLOURS.flatMap(toYbr))] };
  near(await rendered(dir, fixture), COLOURS.flat(), 2);
});
