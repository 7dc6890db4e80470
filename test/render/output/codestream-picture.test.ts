// Pictures as JPEG 2000, HTJ2K and JPEG XL, opened by OpenJPEG and by ffmpeg: sample for sample those of the PNG.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { HtJpeg2000Lossless } from '../../../src/dimse/data/transfer-syntax.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import type { RenderedMediaType, RenderOptions } from '../../../src/render/options.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { runToolOk } from '../../support/peer.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';
import { window } from '../pictures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, ffmpeg: undefined });
after(() => renderer.close());

const GREY = pixelOf({ rows: 40, columns: 50 });
const RGB = pixelOf({ rows: 40, columns: 50, samplesPerPixel: 3, photometric: 'RGB' });

async function picture(
  pixel: PixelDescription,
  mediaType: RenderedMediaType,
  options: Partial<RenderOptions> = {},
): Promise<Buffer> {
  const path = await writeFixture(dir, { pixel, frames: [samples(pixel)], attributes: window(120, 200) });
  return (await renderer.render(path, 1, { mediaType, ...options })).bytes;
}

/** The samples of the same picture as image/png. */
async function shownAs(pixel: PixelDescription): Promise<Buffer> {
  const png = sharp(await picture(pixel, 'image/png'));
  return (pixel === GREY ? png.toColourspace('b-w') : png).raw().toBuffer();
}

/** The samples of a Portable Greymap or Pixmap. */
function samplesOf(pnm: Buffer): Buffer {
  const header = /^P[56]\s+(?:#.*\s+)?\d+\s+\d+\s+255\s/.exec(pnm.toString('latin1', 0, 128))?.[0] ?? '';
  assert.notEqual(header, '');
  return pnm.subarray(header.length);
}

async function foreign(bytes: Buffer, name: string, colour: boolean): Promise<Buffer> {
  const [from, to] = [join(dir, name), join(dir, `${name}.${colour ? 'ppm' : 'pgm'}`)];
  writeFileSync(from, bytes);
  if (name.endsWith('jp2')) await runToolOk('opj_decompress', ['-i', from, '-o', to]);
  else await runToolOk('ffmpeg', ['-v', 'error', '-y', '-i', from, to]);
  return samplesOf(readFileSync(to));
}

for (const [what, pixel] of [
  ['grey', GREY],
  ['RGB', RGB],
] as const) {
  for (const type of ['jp2', 'jxl'] as const) {
    test(`Table 8.7.4-1 a ${what} picture as image/${type} is that of image/png to a foreign decoder`, async () => {
      const bytes = await picture(pixel, `image/${type}`);
      const expected = await shownAs(pixel);
      assert.deepEqual(await foreign(bytes, `picture.${type}`, pixel === RGB), expected);
    });
  }

  test(`Table 8.7.4-1 a ${what} picture as image/jph is HTJ2K in its boxes`, async () => {
    const bytes = await picture(pixel, 'image/jph');
    assert.equal(bytes.toString('latin1', 20, 24), 'jph ');
    const codestream = bytes.subarray(bytes.indexOf('jp2c') + 4);
    const again = await writeFixture(dir, {
      transferSyntaxUid: HtJpeg2000Lossless,
      pixel,
      frames: [],
      codestreams: [codestream],
    });
    const expected = await shownAs(pixel);
    assert.deepEqual((await renderer.decode(again, 1)).bytes, expected);
  });
}

test('W-Q3 a viewport holds for image/jp2, down to a few pixels', async () => {
  for (const [viewport, size] of [
    [{ width: 20, height: 100 }, 20 * 16],
    [{ width: 3, height: 3 }, 3 * 2],
  ] as const) {
    const bytes = await picture(GREY, 'image/jp2', { viewport });
    assert.equal((await foreign(bytes, 'small.jp2', false)).length, size);
  }
});

test('W-Q9 image/jp2 carries the profile that its colours are in', async () => {
  for (const iccProfile of ['srgb', 'adobergb'] as const) {
    const bytes = await picture(RGB, 'image/jp2', { iccProfile });
    const png = await picture(RGB, 'image/png', { iccProfile });
    const { icc } = await sharp(png).metadata();
    assert.ok(icc);
    const colour = bytes.indexOf('colr') + 4;
    assert.deepEqual([...bytes.subarray(colour, colour + 3)], [2, 0, 0]);
    assert.deepEqual(bytes.subarray(colour + 3, colour + 3 + icc.length), icc);
    const expected = await sharp(png).keepIccProfile().raw().toBuffer();
    const codestream = bytes.subarray(bytes.indexOf('jp2c') + 4);
    assert.deepEqual(await foreign(unprofiled(codestream), 'profiled.jp2', true), expected);
  }
});

/** A codestream that no reader converts the colours of. */
function unprofiled(codestream: Buffer): Buffer {
  const head = Buffer.from(
    '0000000c6a5020200d0a870a00000014667479706a703220000000006a7032200000002d6a703268' +
      '000000166968647200000028000000320003070700000000000f636f6c7201000000000010',
    'hex',
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(codestream.length + 8);
  return Buffer.concat([head, length, Buffer.from('jp2c'), codestream]);
}
