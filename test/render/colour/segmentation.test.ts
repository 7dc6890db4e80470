// Segmentations and palettes by UID: what a frame's values mean as colours.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { readPalette } from '../../../src/render/colour/palette.ts';
import { wellKnownPalette } from '../../../src/render/colour/well-known-palettes.ts';
import { readAttributes } from '../../../src/render/frames/image.ts';
import { corpusTest } from '../../support/corpus.ts';
import { type Fixture, fixtureFolder, pixelOf } from '../fixtures.ts';
import { cs, rendered, sq, us, window } from '../pictures.ts';

const dir = fixtureFolder();

// L* 54.29, a* 80.81, b* 69.89 is sRGB red at D50; L* 100 white.
const RED = us(Math.round((54.29 / 100) * 65535), Math.round((80.81 + 128) * 257), Math.round((69.89 + 128) * 257));
const GREY = us(Math.round((53.585 / 100) * 65535), 0x8080, 0x8080);

const segment = (number: number, colour?: Dataset[string]): Dataset => ({
  '00620004': us(number),
  ...(colour && { '0062000D': colour }),
});
const shows = (number: number): Dataset => ({ '0062000A': sq({ '0062000B': us(number) }) });

function segmentation(type: string, frames: number[][], changes: Dataset, bits = 8): Fixture {
  return {
    pixel: pixelOf({ rows: 1, columns: 4, bitsAllocated: bits, bitsStored: bits }),
    frames: frames.map((frame) => Buffer.from(frame)),
    attributes: {
      '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.66.4'] },
      '00620001': cs(type),
      '00620002': sq(segment(1, RED), segment(2, GREY)),
      ...changes,
    },
  };
}

/** Pixels as r, g, b; a colour within 3 of red is RED. */
function pixels(shades: number[]): string[] {
  return Array.from({ length: shades.length / 3 }, (_, index) => {
    const [r = 0, g = 0, b = 0] = shades.slice(3 * index);
    return r > 251 && g < 4 && b < 4 ? 'RED' : `${r} ${g} ${b}`;
  });
}

test('R-103 a BINARY frame is its segment in its Recommended Display CIELab Value on black', async () => {
  const fixture = segmentation(
    'BINARY',
    [[0b01101001]],
    { '52009230': sq(shows(1), shows(2)), '00280008': { vr: 'IS', Value: [2] } },
    1,
  );
  assert.deepEqual(pixels(await rendered(dir, fixture, 1)), ['RED', '0 0 0', '0 0 0', 'RED']);
  assert.deepEqual(pixels(await rendered(dir, fixture, 2)), ['0 0 0', '128 128 128', '128 128 128', '0 0 0']);
});

test('R-103 a segment without a colour is white', async () => {
  const fixture = segmentation('BINARY', [[0b0001, 0]], { '00620002': sq(segment(1)), '52009229': sq(shows(1)) }, 1);
  assert.deepEqual(pixels(await rendered(dir, fixture)), ['255 255 255', '0 0 0', '0 0 0', '0 0 0']);
});

test('R-103 a FRACTIONAL frame is as bright as its values are of the largest', async () => {
  const changes = { '52009229': sq(shows(2)), '0062000E': us(100) };
  const fixture = segmentation('FRACTIONAL', [[0, 50, 100, 25]], changes);
  assert.deepEqual(pixels(await rendered(dir, fixture)), ['0 0 0', '64 64 64', '128 128 128', '32 32 32']);
});

test('R-103 a label map has each segment in its colour, and the background black', async () => {
  const fixture = segmentation('LABELMAP', [[0, 1, 2, 9]], {
    '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.66.7'] },
  });
  assert.deepEqual(pixels(await rendered(dir, fixture)), ['0 0 0', 'RED', '128 128 128', '0 0 0']);
});

test('R-103 segments of a label map without colours are told apart', async () => {
  const segments = sq(segment(1), segment(2), segment(3));
  const shades = pixels(await rendered(dir, segmentation('LABELMAP', [[0, 1, 2, 3]], { '00620002': segments })));
  assert.equal(new Set(shades).size, 4);
});

test('R-56 the alpha palette of an image is ignored', async () => {
  const table = (level: number): Dataset[string] => ({ vr: 'OW', InlineBinary: Buffer.from([0, level]) });
  const attributes: Dataset = {
    '00281101': us(2, 0, 8),
    '00281102': us(2, 0, 8),
    '00281103': us(2, 0, 8),
    '00281104': us(2, 0, 8),
    '00281201': table(10),
    '00281202': table(20),
    '00281203': table(30),
    '00281204': table(0),
  };
  const pixel = pixelOf({ rows: 1, columns: 2, photometric: 'PALETTE COLOR' });
  assert.deepEqual(await rendered(dir, { pixel, frames: [Buffer.from([0, 1])], attributes }), [0, 0, 0, 10, 20, 30]);
});

test('R-58 an image may name a palette by its UID', async () => {
  const pixel = pixelOf({ rows: 1, columns: 2, photometric: 'PALETTE COLOR' });
  const attributes: Dataset = { '00281199': { vr: 'UI', Value: ['1.2.840.10008.1.5.1'] } };
  assert.deepEqual(
    await rendered(dir, { pixel, frames: [Buffer.from([64, 255])], attributes }),
    [128, 0, 0, 255, 255, 255],
  );
});

corpusTest('R-58 the palettes are those that DICOM gives out as files', async (corpus) => {
  for (const file of ['fall__d36a0a49', 'pet__b40122bd', 'spring__1503eac7', 'winter__3044bed8']) {
    const attributes = await readAttributes(`${corpus}/cpal_ele_nopix__palettes-${file}.dcm`);
    const known = wellKnownPalette(String(attributes['00281199']?.Value?.[0]));
    const stored = readPalette(attributes, false);
    assert.ok(known && stored, file);
    assert.deepEqual(
      known.map(({ entries }) => [...Array.from(entries)]),
      stored.map(({ entries }) => [...Array.from(entries)]),
      file,
    );
  }
});

test('R-12 a parametric map spans black to white over what its frame holds, or is windowed in its own values, exactly', async () => {
  const pixel = pixelOf({ rows: 1, columns: 3, bitsAllocated: 64, bitsStored: 64, kind: 'double' });
  const frames = [Buffer.from(Float64Array.of(-0.25, 0, 0.25).buffer)];
  const sop: Dataset = { '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.30'] } };
  assert.deepEqual(await rendered(dir, { pixel, frames, attributes: sop }), [0, 128, 255]);
  const voi = { '52009229': sq({ '00289132': sq(window(0.25, 0.5)) }) };
  assert.deepEqual(await rendered(dir, { pixel, frames, attributes: { ...sop, ...voi } }), [0, 0, 128]);
});
