// Viewport semantics (W-Q3, W-Q4) and what the encoded pictures are.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { Jpeg2000Lossless } from '../../../src/dimse/data/transfer-syntax.ts';
import type { RenderOptions, Viewport } from '../../../src/render/options.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';
import { window } from '../pictures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const IDENTITY = window(128, 256);
const gray = pixelOf({ rows: 4, columns: 6 });
/** Every pixel says where it is: 10 × row + column. */
const frame = Uint8Array.from({ length: 24 }, (_, at) => 10 * Math.floor(at / 6) + (at % 6));
const path = await writeFixture(dir, { pixel: gray, frames: [frame], attributes: IDENTITY });
const rgb = pixelOf({ rows: 40, columns: 60, samplesPerPixel: 3, photometric: 'RGB' });
const colour = await writeFixture(dir, { pixel: rgb, frames: [samples(rgb)] });

type Raw = { width: number; height: number; rows: number[][] };

async function shown(options: Partial<RenderOptions>): Promise<Raw> {
  const { bytes } = await renderer.render(path, 1, { mediaType: 'image/png', ...options });
  const { data, info } = await sharp(bytes).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  const rows = Array.from({ length: info.height }, (_, y) => [...data.subarray(y * info.width, (y + 1) * info.width)]);
  return { width: info.width, height: info.height, rows };
}

const region = (x: number, y: number, width?: number, height?: number): Viewport['region'] => ({
  x,
  y,
  ...(width !== undefined && { width }),
  ...(height !== undefined && { height }),
});

test('W-Q4 without a viewport the picture has the size of its matrix', async () => {
  const { width, height, rows } = await shown({});
  assert.deepEqual([width, height, rows.flat()], [6, 4, [...frame]]);
});

const CROPS: [name: string, region: Viewport['region'], rows: number[][]][] = [
  [
    'a region',
    region(1, 2, 3, 2),
    [
      [21, 22, 23],
      [31, 32, 33],
    ],
  ],
  [
    'defaults to the right and bottom edge',
    region(4, 2),
    [
      [24, 25],
      [34, 35],
    ],
  ],
  ['beyond the edge is cut there', region(4, 3, 100, 100), [[34, 35]]],
  ['negative width mirrors left and right', region(0, 0, -3, 1), [[2, 1, 0]]],
  ['negative height mirrors top and bottom', region(0, 0, 1, -3), [[20], [10], [0]]],
  [
    'both negative turn it round',
    region(0, 0, -2, -2),
    [
      [11, 10],
      [1, 0],
    ],
  ],
];

for (const [name, crop, rows] of CROPS) {
  test(`W-Q3, T-27 crop: ${name}`, async () => {
    const viewport = { width: rows[0]?.length ?? 0, height: rows.length, ...(crop && { region: crop }) };
    assert.deepEqual((await shown({ viewport })).rows, rows);
  });
}

const SIZES: [name: string, viewport: Viewport, size: [number, number]][] = [
  ['a wide viewport is filled in height', { width: 100, height: 8 }, [12, 8]],
  ['a tall viewport is filled in width', { width: 3, height: 100 }, [3, 2]],
  ['a larger viewport enlarges', { width: 600, height: 600 }, [600, 400]],
  [
    'the region keeps its own aspect ratio',
    { width: 90, height: 90, region: { x: 0, y: 0, width: 2, height: 4 } },
    [45, 90],
  ],
  ['no side vanishes', { width: 1, height: 1 }, [1, 1]],
];

for (const [name, viewport, size] of SIZES) {
  test(`W-Q4, T-26 scale: ${name}`, async () => {
    const { width, height } = await shown({ viewport });
    assert.deepEqual([width, height], size);
  });
}

test('W-Q3 a region outside the picture is malformed', async () => {
  const viewport = { width: 8, height: 8, region: { x: 6, y: 0, width: 2, height: 2 } };
  await assert.rejects(renderer.render(path, 1, { mediaType: 'image/png', viewport }), {
    kind: 'malformed',
    field: 'viewport',
  });
});

test('W-N1 a JPEG is baseline, and of one component for a grey picture', async () => {
  const { bytes, mediaType } = await renderer.render(path, 1, { mediaType: 'image/jpeg' });
  const start = bytes.indexOf(Buffer.from('ffc0', 'hex'));
  assert.deepEqual([mediaType, start > 0, bytes[start + 4], bytes[start + 9]], ['image/jpeg', true, 8, 1]);
});

test('a JPEG of a colour picture has three components', async () => {
  const { bytes } = await renderer.render(colour, 1, { mediaType: 'image/jpeg' });
  assert.equal((await sharp(bytes).metadata()).channels, 3);
});

test('W-Q2 a lower quality makes a smaller JPEG', async () => {
  const size = async (quality: number) =>
    (await renderer.render(colour, 1, { mediaType: 'image/jpeg', quality })).bytes.length;
  const sizes = [await size(10), await size(60), await size(100)];
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(sizes).size, 3);
});

for (const [mediaType, format] of [
  ['image/png', 'png'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
] as const) {
  test(`T-22 ${mediaType} is made in grey and colour`, async () => {
    for (const file of [path, colour]) {
      const { bytes } = await renderer.render(file, 1, { mediaType });
      assert.equal((await sharp(bytes).metadata()).format, format);
    }
  });
}

test('a GIF of a grey picture has its exact greys', async () => {
  const { bytes } = await renderer.render(path, 1, { mediaType: 'image/gif' });
  const data = await sharp(bytes).toColourspace('b-w').extractChannel(0).raw().toBuffer();
  assert.deepEqual([...data], [...frame]);
});

for (const mediaType of ['image/jpeg', 'image/png'] as const) {
  test(`W-Q9 ${mediaType} carries the profile that is asked for, and none unasked`, async () => {
    for (const file of [path, colour]) {
      const named = await renderer.render(file, 1, { mediaType, iccProfile: 'srgb' });
      const plain = await renderer.render(file, 1, { mediaType });
      assert.match((await sharp(named.bytes).metadata()).icc?.toString('latin1') ?? '', /acsp/);
      assert.equal((await sharp(plain.bytes).metadata()).icc, undefined);
    }
  });
}

const moving = await writeFixture(dir, {
  pixel: gray,
  frames: [0, 1, 2].map((n) => frame.map((value) => value + 80 * n)),
  attributes: { ...IDENTITY, '00181063': { vr: 'DS', Value: [40] } },
});

for (const mediaType of ['image/gif', 'image/webp'] as const) {
  test(`R-105 a multi-frame image is one animated ${mediaType} at its own speed`, async () => {
    const { bytes } = await renderer.animate(moving, { mediaType });
    const { pages, delay, width, pageHeight } = await sharp(bytes, { animated: true }).metadata();
    assert.deepEqual([pages, delay, width, pageHeight], [3, [40, 40, 40], 6, 4]);
  });
}

test('the pages of an animation are the frames', async () => {
  const { bytes } = await renderer.animate(moving, { mediaType: 'image/gif' });
  const last = await sharp(bytes, { page: 2 }).toColourspace('b-w').extractChannel(0).raw().toBuffer();
  assert.deepEqual([...last], [...frame.map((value) => value + 160)]);
});

test('R-105 the Frame Time Vector gives each frame its own time', async () => {
  const attributes = { '00181065': { vr: 'DS' as const, Value: [0, 30, 70] } };
  const file = await writeFixture(dir, { pixel: gray, frames: [frame, frame.toReversed(), frame], attributes });
  const { bytes } = await renderer.animate(file, { mediaType: 'image/gif' });
  assert.deepEqual((await sharp(bytes, { animated: true }).metadata()).delay, [30, 70, 70]);
});

test('an animation that cannot be held in memory is refused', async () => {
  const viewport = { width: 8000, height: 8000 };
  await assert.rejects(renderer.animate(moving, { mediaType: 'image/gif', viewport }), { kind: 'too-large' });
});

test('a thumbnail of JPEG 2000 is decoded at a lower resolution and looks the same', async () => {
  const large = pixelOf({ rows: 512, columns: 768 });
  const smooth = Uint8Array.from({ length: 512 * 768 }, (_, at) => ((at % 768) + Math.floor(at / 768)) >> 3);
  const file = await writeFixture(dir, { transferSyntaxUid: Jpeg2000Lossless, pixel: large, frames: [smooth] });
  const viewport = { width: 96, height: 96 };
  const picture = async (thumbnail: boolean) => {
    const { bytes } = await renderer.render(file, 1, { mediaType: 'image/png', viewport, thumbnail });
    return sharp(bytes).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  };
  const [small, full] = [await picture(true), await picture(false)];
  assert.deepEqual([small.info.width, small.info.height], [96, 64]);
  const worst = Math.max(...small.data.map((value, index) => Math.abs(value - (full.data[index] ?? 0))));
  assert.ok(worst <= 6, `differs by ${worst}`);
});
