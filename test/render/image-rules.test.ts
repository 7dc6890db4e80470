// Rules of image attributes that show in the picture and have no module of their own (PS3.3 C.7.6, C.8).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import sharp from 'sharp';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { Jpeg2000Lossless } from '../../src/dimse/data/transfer-syntax.ts';
import type { RenderOptions } from '../../src/render/options.ts';
import { createRenderer } from '../../src/render/render.ts';
import { type Fixture, fixtureFolder, pixelOf, writeFixture } from './fixtures.ts';
import { cs, ds, rendered, row16, sq, us, window } from './pictures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const IDENTITY = window(128, 256);
const RGB = pixelOf({ rows: 1, columns: 3, samplesPerPixel: 3, photometric: 'RGB' });

/** The size and samples of an encoded picture. */
async function shown(fixture: Fixture, options: Partial<RenderOptions> = {}, frame = 1) {
  const path = await writeFixture(dir, fixture);
  const { bytes } = await renderer.render(path, frame, { mediaType: 'image/png', ...options });
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data, bytes };
}

test('R-1 without Number of Frames there is one', async () => {
  const fixture = row16([0, 255], IDENTITY);
  assert.deepEqual(await rendered(dir, fixture), [0, 255]);
  await assert.rejects(rendered(dir, fixture, 2), { kind: 'not-found' });
});

test('R-1 two samples a pixel are no image', async () => {
  await assert.rejects(rendered(dir, row16([0, 1], { '00280002': us(2) })), { kind: 'not-acceptable' });
});

test('R-6 a frame begins where the ones before it end: Rows × Columns × Samples × Bits Allocated', async () => {
  const frames = [1, 2, 3].map((n) => Buffer.from([n, n, n, n, n, n, n, n, n]));
  assert.deepEqual(await rendered(dir, { pixel: RGB, frames }, 3), Array(9).fill(3));
});

test('R-6 a frame of YBR_FULL_422 has two bytes a pixel', async () => {
  const pixel = pixelOf({ rows: 1, columns: 2, samplesPerPixel: 3, photometric: 'YBR_FULL_422' });
  const frames = [10, 200].map((y) => Buffer.from([y, y, 128, 128]));
  assert.deepEqual(await rendered(dir, { pixel, frames }, 2), Array(6).fill(200));
});

test('R-7 padding at the end of the pixel data, one byte or more, is no part of the picture', async () => {
  const pixel = pixelOf({ rows: 1, columns: 3 });
  assert.deepEqual(
    await rendered(dir, { pixel, frames: [Buffer.from([0, 128, 255, 77])], attributes: IDENTITY }),
    [0, 128, 255],
  );
  const padded = Buffer.from([0, 128, 255, ...Array(99).fill(77)]);
  assert.deepEqual(await rendered(dir, { pixel, frames: [padded], attributes: IDENTITY }), [0, 128, 255]);
});

for (const photometric of ['RGB', 'YBR_RCT']) {
  test(`R-15 a JPEG 2000 codestream with a component transformation is RGB once decoded, declared ${photometric}`, async () => {
    const pixel = pixelOf({ rows: 8, columns: 8, samplesPerPixel: 3, photometric: 'RGB' });
    const frame = Buffer.from(Array.from({ length: 192 }, (_, index) => [200, 100, 50][index % 3] ?? 0));
    const attributes = { '00280004': cs(photometric) };
    const fixture = { pixel, frames: [frame], attributes, transferSyntaxUid: Jpeg2000Lossless };
    assert.deepEqual((await rendered(dir, fixture)).slice(0, 3), [200, 100, 50]);
  });
}

test('R-15 one of YBR_FULL without a component transformation is converted by the renderer', async () => {
  const pixel = pixelOf({ rows: 8, columns: 8, samplesPerPixel: 3, photometric: 'YBR_FULL' });
  const frame = Buffer.from(Array.from({ length: 192 }, (_, index) => [100, 128, 228][index % 3] ?? 0));
  const fixture = { pixel, frames: [frame], transferSyntaxUid: Jpeg2000Lossless };
  assert.deepEqual((await rendered(dir, fixture)).slice(0, 3), [240, 29, 100]);
});

const DOSE: Dataset = {
  '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.481.2'] },
  '3004000E': ds(0.01),
};

test('R-26 the values of a dose are doses: a window is in its units', async () => {
  const options = { window: { center: 50, width: 100, function: 'linear-exact' as const } };
  assert.deepEqual(await rendered(dir, row16([0, 5000, 10000], DOSE), 1, options), [0, 128, 255]);
});

test('R-26 without a window a dose spans black to white as its stored values do', async () => {
  assert.deepEqual(await rendered(dir, row16([0, 5000, 10000], DOSE)), await rendered(dir, row16([0, 5000, 10000])));
});

test('R-26 each frame has the rescale of its own', async () => {
  const slope = (value: number): Dataset => ({ '00289145': sq({ '00281052': ds(0), '00281053': ds(value) }) });
  const one = row16([0, 100], { ...IDENTITY, '52009230': sq(slope(1), slope(2)), '52009229': sq({}) });
  const fixture = { ...one, frames: [...one.frames, ...one.frames] };
  assert.deepEqual(
    [await rendered(dir, fixture, 1), await rendered(dir, fixture, 2)],
    [
      [0, 100],
      [0, 200],
    ],
  );
});

test('R-39 Smallest and Largest Image Pixel Value are not believed', async () => {
  const attributes = { '00280106': us(0), '00280107': us(10) };
  assert.deepEqual(await rendered(dir, row16([1000, 1255], attributes)), [0, 255]);
});

test('R-40 Real World Value Mapping is not part of the display', async () => {
  const mapping = sq({ '00409225': { vr: 'FD', Value: [7] }, '00409224': { vr: 'FD', Value: [-3] } });
  assert.deepEqual(await rendered(dir, row16([0, 255], { ...IDENTITY, '00409096': mapping })), [0, 255]);
});

for (const mediaType of ['image/png', 'image/jpeg'] as const) {
  test(`R-41 ${mediaType} of a grey image has one channel of 8 bits`, async () => {
    const { bytes } = await shown({ pixel: pixelOf(), frames: [new Uint8Array(192)] }, { mediaType });
    const { channels, depth, space } = await sharp(bytes).metadata();
    assert.deepEqual([channels, depth, space], [1, 'uchar', 'b-w']);
  });
}

test('R-61 true colour has no VOI: a window is ignored', async () => {
  const fixture = {
    pixel: RGB,
    frames: [Buffer.from([1, 2, 3, 50, 60, 70, 200, 210, 220])],
    attributes: window(10, 2),
  };
  const options = { window: { center: 100, width: 2, function: 'linear' as const } };
  assert.deepEqual(await rendered(dir, fixture, 1, options), [1, 2, 3, 50, 60, 70, 200, 210, 220]);
});

/** Pixels twice as high as wide, 10 rows of 10. */
const square = (attributes: Dataset): Fixture => ({
  pixel: pixelOf({ rows: 10, columns: 10 }),
  frames: [new Uint8Array(100)],
  attributes: { ...IDENTITY, ...attributes },
});
const ratio = (vertical: number, horizontal: number): Dataset => ({
  '00280034': { vr: 'IS', Value: [vertical, horizontal] },
});
const viewport = { width: 100, height: 100 };

test('R-70 without a viewport a picture has its matrix, whatever the shape of its pixels', async () => {
  const { width, height } = await shown(square(ratio(2, 1)));
  assert.deepEqual([width, height], [10, 10]);
});

for (const [what, attributes, size] of [
  ['Pixel Aspect Ratio', ratio(2, 1), [50, 100]],
  ['Pixel Spacing', { '00280030': ds(1, 2) }, [100, 50]],
  ['Imager Pixel Spacing', { '00181164': ds(2, 1) }, [50, 100]],
  ['Nominal Scanned Pixel Spacing', { '00182010': ds(1, 4) }, [100, 25]],
  ['Pixel Spacing and not the ratio where both are there', { '00280030': ds(1, 1), ...ratio(2, 1) }, [100, 100]],
  [
    'R-101 Pixel Measures',
    { '52009229': sq({ '00289110': sq({ '00280030': ds(1, 2) }) }), '52009230': sq({}) },
    [100, 50],
  ],
  ['no ratio of 0', ratio(0, 1), [100, 100]],
] as const) {
  test(`R-70 in a viewport it has the shape of the display: ${what}`, async () => {
    const { width, height } = await shown(square(attributes), { viewport });
    assert.deepEqual([width, height], size);
  });
}

test('R-70, W-Q4 the region is counted in pixels, the viewport in displayed shape', async () => {
  const region = { x: 0, y: 0, width: 10, height: 5 };
  const { width, height } = await shown(square(ratio(2, 1)), { viewport: { ...viewport, region } });
  assert.deepEqual([width, height], [100, 100]);
});

test('R-71 colours are interpolated, not the indices of a palette', async () => {
  // 0 is black, 255 red, and everything between them green.
  const table = (ends: number, middle: number): Buffer =>
    Buffer.from(Array.from({ length: 256 }, (_, index) => (index === 255 ? ends : index === 0 ? 0 : middle)));
  const attributes: Dataset = {
    '00281101': us(256, 0, 8),
    '00281102': us(256, 0, 8),
    '00281103': us(256, 0, 8),
    '00281201': { vr: 'OW', InlineBinary: table(255, 0) },
    '00281202': { vr: 'OW', InlineBinary: table(0, 255) },
    '00281203': { vr: 'OW', InlineBinary: table(0, 0) },
  };
  const pixel = pixelOf({ rows: 1, columns: 2, photometric: 'PALETTE COLOR' });
  const { data } = await shown(
    { pixel, frames: [Buffer.from([0, 255])], attributes },
    { viewport: { width: 64, height: 32 } },
  );
  assert.ok(data.some((_, index) => index % 3 === 0 && (data[index] ?? 0) > 100));
  assert.ok(data.every((value, index) => index % 3 !== 1 || value === 0));
});

test('R-71 the window is applied before interpolation', async () => {
  const fixture = {
    pixel: pixelOf({ rows: 1, columns: 2 }),
    frames: [Buffer.from([0, 255])],
    attributes: window(128, 1),
  };
  const { data } = await shown(fixture, { viewport: { width: 64, height: 32 } });
  assert.ok(data.some((value) => value > 60 && value < 190));
});

test('R-102 frames beyond the per-frame items have what is shared', async () => {
  const voi = (center: number): Dataset => ({ '00289132': sq(window(center, 256)) });
  const one = row16([0, 100], { '52009229': sq(voi(128)), '52009230': sq(voi(228)) });
  const fixture = { ...one, frames: [...one.frames, ...one.frames] };
  assert.deepEqual(
    [await rendered(dir, fixture, 1), await rendered(dir, fixture, 2)],
    [
      [0, 0],
      [0, 100],
    ],
  );
});

test('R-104 each frame of a whole slide image is a tile, rendered by itself', async () => {
  const frames = [10, 20].map((level) => Buffer.alloc(9, level));
  const attributes: Dataset = {
    '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.77.1.6'] },
    '00480006': { vr: 'UL', Value: [100_000] },
    '00480007': { vr: 'UL', Value: [100_000] },
  };
  const { width, height, data } = await shown({ pixel: RGB, frames, attributes }, {}, 2);
  assert.deepEqual([width, height, data[0]], [3, 1, 20]);
});
