// Uploaded pictures as native samples, and the description that goes with them (S-15, S-16).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { decodeRaster, isRaster } from '../../../src/http/upload/raster.ts';

const png = (bytes: Buffer | Uint16Array, channels: 1 | 3 | 4, space: string): Promise<Buffer> =>
  sharp(bytes, { raw: { width: 2, height: 1, channels } })
    .toColourspace(space)
    .png()
    .toBuffer();

/** Samples, photometric interpretation, planar configuration, rows, columns, bits allocated, stored, high. */
async function told(picture: Buffer, wanted?: number) {
  const { samples, description } = await decodeRaster(picture, wanted);
  const tags = ['00280002', '00280004', '00280006', '00280010', '00280011', '00280100', '00280101', '00280102'];
  return { bytes: [...samples], values: tags.map((tag) => description[tag]?.Value?.[0]), description };
}

test('S-15 a grey PNG has one sample a pixel', async () => {
  const { bytes, values, description } = await told(await png(Buffer.from([10, 20]), 1, 'b-w'));
  assert.deepEqual(bytes, [10, 20]);
  assert.deepEqual(values, [1, 'MONOCHROME2', undefined, 1, 2, 8, 8, 7]);
  assert.deepEqual([description['00280103']?.Value, description['00280008']], [[0], undefined]);
});

test('S-15 a grey PNG of 16 bits keeps them, little endian', async () => {
  const { bytes, values } = await told(await png(Uint16Array.of(0x1234, 0xff00), 1, 'grey16'));
  assert.deepEqual(bytes, [0x34, 0x12, 0x00, 0xff]);
  assert.deepEqual(values, [1, 'MONOCHROME2', undefined, 1, 2, 16, 16, 15]);
});

test('S-15 a PNG in colour is RGB by pixel, without its transparency', async () => {
  const { bytes, values } = await told(await png(Buffer.from([1, 2, 3, 128, 4, 5, 6, 255]), 4, 'srgb'));
  assert.deepEqual(bytes, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(values, [3, 'RGB', 0, 1, 2, 8, 8, 7]);
});

test('S-15 where the metadata want one sample a pixel, colours become grey; where they want three, grey becomes RGB', async () => {
  const grey = await told(await png(Buffer.from([9, 9, 9, 90, 90, 90]), 3, 'srgb'), 1);
  assert.deepEqual([grey.bytes, grey.values[0]], [[9, 90], 1]);
  const colour = await told(await png(Buffer.from([10, 20]), 1, 'b-w'), 3);
  assert.deepEqual([colour.bytes, colour.values[0]], [[10, 10, 10, 20, 20, 20], 3]);
});

test('S-15 only PNG and GIF are transformed', () => {
  assert.deepEqual(['image/png', 'image/gif', 'image/jpeg', 'image/bmp'].map(isRaster), [true, true, false, false]);
});
