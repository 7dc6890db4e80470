// Memory that one frame of a thread leaves to the next: no picture may have anything of the one before it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { createRenderer } from '../../src/render/render.ts';
import { Scratch } from '../../src/render/scratch.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from './fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

test('memory is given again for the same use, and apart for another', () => {
  const scratch = new Scratch();
  const stored = scratch.take('stored', 100);
  assert.equal(scratch.take('stored', 60).buffer, stored.buffer);
  assert.notEqual(scratch.take('shown', 60).buffer, stored.buffer);
  assert.equal(scratch.take('stored', 200).length, 200);
});

test('more than is worth keeping is given anew each time', () => {
  const scratch = new Scratch();
  const large = 64 * 1024 * 1024;
  assert.notEqual(scratch.take('stored', large).buffer, scratch.take('stored', large).buffer);
});

/** A native 8-bit file of one shade under a wide window, too large to come with the head of its file. */
async function plain(rows: number, shade: number): Promise<string> {
  const pixel = pixelOf({ rows, columns: 301 });
  const frame = new Uint8Array(samples(pixel).length).fill(shade);
  return writeFixture(dir, { transferSyntaxUid: ExplicitLittle, pixel, frames: [frame] });
}

const WINDOW = { center: 128, width: 256, function: 'linear' } as const;

async function shadesOf(path: string): Promise<{ first: number; different: number; count: number }> {
  const { bytes } = await renderer.render(path, 1, { mediaType: 'image/png', window: WINDOW });
  const data = await sharp(bytes).extractChannel(0).raw().toBuffer();
  const first = data[0] ?? -1;
  return { first, different: data.filter((shade) => shade !== first).length, count: data.length };
}

test('a smaller frame after a larger one, and the larger again, are each their own', async () => {
  const [large, small] = [await plain(600, 200), await plain(400, 50)];
  for (const [path, shade, rows] of [
    [large, 200, 600],
    [small, 50, 400],
    [large, 200, 600],
  ] as const) {
    assert.deepEqual(await shadesOf(path), { first: shade, different: 0, count: rows * 301 });
  }
});

test('what is decoded to be given away does not lie in memory of the next frame', async () => {
  const [large, small] = [await plain(600, 200), await plain(400, 50)];
  await shadesOf(large);
  const { bytes } = await renderer.decode(large, 1);
  await shadesOf(small);
  assert.ok(bytes.every((value) => value === 200));
});
