// Grayscale, rule by rule (PS3.3 C.11): expected values are worked out by hand or by the standard's formula written again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { fixtureFolder, pixelOf } from '../fixtures.ts';
import { cs, ds, rendered, row16, sq, us, window } from '../pictures.ts';

const dir = fixtureFolder();

/** PS3.3 C.11.2.1.2.1, ymin 0, ymax 255, in the standard's own words. */
function linear(x: number, c: number, w: number): number {
  if (x <= c - 0.5 - (w - 1) / 2) return 0;
  if (x > c - 0.5 + (w - 1) / 2) return 255;
  return Math.round(((x - (c - 0.5)) / (w - 1) + 0.5) * 255);
}

test('R-29, T-74 LINEAR has the −0.5 and −1 of the standard', async () => {
  const values = [0, 99, 100, 101, 149, 150, 151, 199, 200, 201, 4095];
  const expected = values.map((x) => linear(x, 150, 100));
  assert.deepEqual(await rendered(dir, row16(values, window(150, 100))), expected);
  assert.deepEqual(expected.slice(0, 5), [0, 0, 0, 3, 126]);
});

test('R-29 LINEAR of width 1 is a threshold at c − 0.5', async () => {
  assert.deepEqual(await rendered(dir, row16([99, 100, 101], window(100, 1))), [0, 255, 255]);
});

test('R-30 LINEAR_EXACT has no such terms', async () => {
  const values = [0, 100, 125, 150, 175, 200, 201];
  const fixture = row16(values, window(150, 100, 'LINEAR_EXACT'));
  assert.deepEqual(await rendered(dir, fixture), [0, 0, 64, 128, 191, 255, 255]);
});

test('R-31 SIGMOID', async () => {
  const values = [0, 100, 125, 150, 175, 200, 1000];
  const expected = values.map((x) => Math.round(255 / (1 + Math.exp((-4 * (x - 150)) / 100))));
  assert.deepEqual(await rendered(dir, row16(values, window(150, 100, 'SIGMOID'))), expected);
  assert.equal(expected[3], 128);
});

test('R-32 without a window the frame spans black to white', async () => {
  assert.deepEqual(await rendered(dir, row16([1000, 1255, 1128])), [0, 255, 128]);
});

test('R-32 a frame of one value is neither an error nor white noise', async () => {
  const shades = await rendered(dir, row16([7, 7, 7]));
  assert.equal(new Set(shades).size, 1);
});

for (const [what, attributes] of [
  ['width 0', window(500, 0)],
  ['negative width', window(500, -10)],
  ['LINEAR width below 1', window(500, 0.5)],
  ['a center without width', { '00281050': ds(500) }],
] as const) {
  test(`R-34 a stored window with ${what} is ignored`, async () => {
    assert.deepEqual(await rendered(dir, row16([0, 255, 128], attributes)), [0, 255, 128]);
  });
}

test('R-34 the first valid of several windows is taken', async () => {
  const attributes = { '00281050': ds(10, 150), '00281051': ds(0, 100) };
  assert.deepEqual(
    await rendered(dir, row16([100, 149, 200], attributes)),
    [100, 149, 200].map((x) => linear(x, 150, 100)),
  );
});

test('R-28, T-73 the window applies after the rescale', async () => {
  const attributes = { ...window(40, 400), '00281052': ds(-1024), '00281053': ds(2) };
  const values = [400, 432, 500, 532, 700];
  assert.deepEqual(
    await rendered(dir, row16(values, attributes)),
    values.map((x) => linear(2 * x - 1024, 40, 400)),
  );
});

test('R-28 so does the window of a request, instead of the stored one', async () => {
  const attributes = { ...window(0, 10), '00281052': ds(-1000), '00281053': ds(1) };
  const options = { window: { center: 50, width: 100, function: 'linear' as const } };
  const values = [1000, 1049, 1100];
  assert.deepEqual(
    await rendered(dir, row16(values, attributes), 1, options),
    [0, 49, 100].map((x) => linear(x, 50, 100)),
  );
});

const POLARITY: [rule: string, photometric: string, shape: string | undefined, inverted: boolean][] = [
  ['MONOCHROME2', 'MONOCHROME2', undefined, false],
  ['MONOCHROME1', 'MONOCHROME1', undefined, true],
  ['R-35 MONOCHROME2 with IDENTITY', 'MONOCHROME2', 'IDENTITY', false],
  ['R-35 MONOCHROME2 with INVERSE', 'MONOCHROME2', 'INVERSE', true],
  ['R-35, T-69 MONOCHROME1 with INVERSE, once', 'MONOCHROME1', 'INVERSE', true],
];

for (const [rule, photometric, shape, inverted] of POLARITY) {
  test(`${rule}: ${inverted ? 'inverted' : 'not inverted'}`, async () => {
    const attributes = shape === undefined ? {} : { '20500020': cs(shape) };
    const shades = await rendered(dir, row16([0, 64, 255], attributes, { photometric }));
    assert.deepEqual(shades, inverted ? [255, 191, 0] : [0, 64, 255]);
  });
}

const EXTRACTION: [rule: string, changes: Parameters<typeof pixelOf>[0], cells: number[], expected: number[]][] = [
  ['E-8 R-3 bits above Bits Stored are masked off', { bitsStored: 8 }, [0xf000, 0xa0ff, 0x5080], [0, 255, 128]],
  [
    'E-8 R-3 samples below High Bit are shifted down',
    { bitsStored: 8, highBit: 15 },
    [0x00ff, 0xff00, 0x80ff],
    [0, 255, 128],
  ],
  [
    'R-3 the sign is that of the highest stored bit',
    { bitsStored: 8, signed: true },
    [0x80, 0x7f, 0xff00],
    [0, 255, 128],
  ],
  ['R-3 signed 16 bits', { signed: true }, [-128, 127, 0], [0, 255, 128]],
];

for (const [rule, changes, cells, expected] of EXTRACTION) {
  test(rule, async () => {
    assert.deepEqual(await rendered(dir, row16(cells, {}, changes)), expected);
  });
}

test('R-38 padding is black and outside the range of the frame', async () => {
  const attributes = { '00280120': us(5000) };
  assert.deepEqual(await rendered(dir, row16([5000, 100, 355], attributes)), [0, 0, 255]);
});

test('R-38 both ends of the padding range are padding', async () => {
  const attributes = { '00280120': us(5000), '00280121': us(4000) };
  assert.deepEqual(await rendered(dir, row16([5000, 4500, 4000, 0, 255], attributes)), [0, 0, 0, 0, 255]);
});

test('R-38 padding is black in MONOCHROME1 too', async () => {
  const attributes = { '00280120': us(5000) };
  const shades = await rendered(dir, row16([5000, 0, 255], attributes, { photometric: 'MONOCHROME1' }));
  assert.deepEqual(shades, [0, 255, 0]);
});

test('R-38 a padding value of the other sign than the samples is still found', async () => {
  const attributes: Dataset = { '00280120': us(63536) };
  const shades = await rendered(dir, row16([-2000, 0, 255], attributes, { signed: true }));
  assert.deepEqual(shades, [0, 0, 255]);
});

const lut = (first: number, bits: number, entries: number[], count = entries.length): Dataset => ({
  '00283002': { vr: 'US', Value: [count, first & 0xffff, bits] },
  '00283006': { vr: 'OW', InlineBinary: Buffer.from(Uint16Array.from(entries).buffer) },
});

test('R-20, R-22 a Modality LUT maps, clamps at both ends, and replaces the rescale', async () => {
  const attributes = {
    '00283000': sq(lut(10, 16, [100, 200, 300])),
    '00281052': ds(-5000),
    '00281053': ds(9),
    ...window(200.5, 201, 'LINEAR'),
  };
  const values = [0, 10, 11, 12, 99];
  assert.deepEqual(
    await rendered(dir, row16(values, attributes)),
    [100, 100, 200, 300, 300].map((x) => linear(x, 200.5, 201)),
  );
});

test('T-72 the first mapped value of a Modality LUT is signed as the samples are', async () => {
  const attributes = { '00283000': sq(lut(-1, 16, [0, 128, 255])), ...window(128, 256) };
  assert.deepEqual(await rendered(dir, row16([-1, 0, 1], attributes, { signed: true })), [0, 128, 255]);
});

test('R-21, T-71 a descriptor of 0 entries means 65536', async () => {
  const entries = Array.from({ length: 65536 }, (_, index) => 65535 - index);
  const attributes = { '00283000': sq(lut(0, 16, entries, 0)), ...window(32768, 65536) };
  assert.deepEqual(await rendered(dir, row16([0, 65535, 32768], attributes)), [255, 0, 127]);
});

test('R-23 eight-bit entries may lie two to a word', async () => {
  const item: Dataset = {
    '00283002': { vr: 'US', Value: [4, 0, 8] },
    '00283006': { vr: 'OW', InlineBinary: Buffer.from([10, 20, 30, 40]) },
  };
  const attributes = { '00283000': sq(item), ...window(128, 256) };
  assert.deepEqual(await rendered(dir, row16([0, 1, 2, 3], attributes)), [10, 20, 30, 40]);
});

test('R-23 or one to a word', async () => {
  const attributes = { '00283000': sq(lut(0, 8, [10, 20, 30, 40])), ...window(128, 256) };
  assert.deepEqual(await rendered(dir, row16([0, 1, 2, 3], attributes)), [10, 20, 30, 40]);
});

test('R-25 a Modality LUT of an angiogram with LOG relationship is not for display', async () => {
  const attributes = {
    '00080060': cs('XA'),
    '00281040': cs('LOG'),
    '00283000': sq(lut(0, 16, [255, 0])),
    ...window(128, 256),
  };
  assert.deepEqual(await rendered(dir, row16([0, 1, 255], attributes)), [0, 1, 255]);
});

test('R-27 a VOI LUT is used where there is no window', async () => {
  const attributes = { '00283010': sq(lut(100, 8, [0, 255, 51])) };
  assert.deepEqual(await rendered(dir, row16([99, 100, 101, 102, 500], attributes)), [0, 0, 255, 51, 51]);
});

test('R-27 a window is preferred to a VOI LUT, but not in projection radiography', async () => {
  const attributes = { '00283010': sq(lut(0, 8, [7, 9])), ...window(128, 256) };
  assert.deepEqual(await rendered(dir, row16([0, 255], attributes)), [0, 255]);
  assert.deepEqual(await rendered(dir, row16([0, 255], { ...attributes, '00080060': cs('DX') })), [7, 9]);
});

test('R-27 the first mapped value of a VOI LUT is signed when the rescale gives negative values', async () => {
  const attributes = { '00281052': ds(-1024), '00281053': ds(1), '00283010': sq(lut(-24, 8, [11, 22, 33])) };
  assert.deepEqual(await rendered(dir, row16([1000, 1001, 1002], attributes)), [11, 22, 33]);
});

const frameGroups = (center: number): Dataset => ({ '00289132': sq(window(center, 256)) });
const values = (slope: number): Dataset => ({ '00289145': sq({ '00281052': ds(0), '00281053': ds(slope) }) });

test('R-100 per-frame groups come before shared ones, these before the data set', async () => {
  const two = row16([0, 200], {
    ...window(1000, 256),
    '52009229': sq({ ...frameGroups(628), ...values(1) }),
    '52009230': sq(frameGroups(128), {}),
  });
  const fixture = { ...two, frames: [...two.frames, ...two.frames] };
  assert.deepEqual(await rendered(dir, fixture, 1), [0, 200]);
  assert.deepEqual(await rendered(dir, fixture, 2), [0, 0]);
});

test('R-24 so does the Pixel Value Transformation', async () => {
  const two = row16([0, 100], {
    ...window(128, 256),
    '52009229': sq(values(2)),
    '52009230': sq({}, values(1)),
  });
  const fixture = { ...two, frames: [...two.frames, ...two.frames] };
  assert.deepEqual(await rendered(dir, fixture, 1), [0, 200]);
  assert.deepEqual(await rendered(dir, fixture, 2), [0, 100]);
});

test('R-12 float samples go through the VOI as they are; what is no number is background', async () => {
  const pixel = pixelOf({ rows: 1, columns: 6, bitsAllocated: 32, bitsStored: 32, kind: 'float' });
  const frame = Buffer.from(Float32Array.of(-0.5, 0, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 0.25).buffer);
  const shades = await rendered(dir, { pixel, frames: [frame] });
  assert.deepEqual(shades, [0, 128, 255, 0, 0, 191]);
});

test('R-2 samples of 32 bits keep their order over the whole range', async () => {
  const pixel = pixelOf({ rows: 1, columns: 3, bitsAllocated: 32, bitsStored: 32 });
  const frame = Buffer.from(Uint32Array.of(0, 0xffffffff, 0x80000000).buffer);
  assert.deepEqual(await rendered(dir, { pixel, frames: [frame] }), [0, 255, 128]);
});

test('R-2 samples of one bit are black and white', async () => {
  const pixel = pixelOf({ rows: 1, columns: 4, bitsAllocated: 1, bitsStored: 1 });
  assert.deepEqual(await rendered(dir, { pixel, frames: [Buffer.from([0b0110, 0])] }), [0, 255, 255, 0]);
});

test('R-38 without a window values finer than 1 are spread exactly, from the least to the greatest', async () => {
  const fine = { '00281052': ds(3), '00281053': ds(0.001) };
  assert.deepEqual(await rendered(dir, row16([100, 110, 120, 140], fine)), [0, 64, 128, 255]);
  const pixel = pixelOf({ rows: 1, columns: 3, bitsAllocated: 32, bitsStored: 32, kind: 'float' });
  const frame = Buffer.from(Float32Array.of(10, 10.25, 11).buffer);
  assert.deepEqual(await rendered(dir, { pixel, frames: [frame] }), [0, 64, 255]);
});

test('a window whose width means nothing is passed over, by the rule of its function', async () => {
  const two = (name: string, width: number): Dataset => ({
    '00281050': ds(0, 100),
    '00281051': ds(width, 200),
    '00281056': cs(name),
  });
  const exact = [0, 128, 255];
  assert.deepEqual(await rendered(dir, row16([0, 100, 200], two('LINEAR_EXACT', 0))), exact);
  assert.deepEqual(await rendered(dir, row16([0, 100, 200], two('SIGMOID', -5))), [
    Math.round(255 / (1 + Math.exp(2))),
    128,
    Math.round(255 / (1 + Math.exp(-2))),
  ]);
  // LINEAR: 0.5 means nothing either, of the others it does.
  assert.deepEqual(await rendered(dir, row16([0, 100, 200], two('LINEAR_EXACT', 0.5))), [128, 255, 255]);
  assert.deepEqual(await rendered(dir, row16([0, 99, 200], two('LINEAR', 0.5))), [0, 127, 255]);
});
