// Display shutters (PS3.3 C.7.6.11, C.7.6.15) on a picture of 6 by 4 whose pixels say where they are.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf } from '../fixtures.ts';
import { cs, rendered, sq, us, window } from '../pictures.ts';
import { numbered, rowsOf, shownUnder } from '../presentation/states.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const IS = (...values: number[]): Dataset[string] => ({ vr: 'IS', Value: values });
const shape = (...names: string[]): Dataset => ({ '00181600': { vr: 'CS', Value: names } });
const RECTANGLE: Dataset = {
  ...shape('RECTANGULAR'),
  '00181602': IS(2),
  '00181604': IS(4),
  '00181606': IS(2),
  '00181608': IS(3),
};
const IDENTITY = window(128, 256);

/** Where a shutter leaves the picture to be seen: an x for what is covered. */
async function seen(attributes: Dataset): Promise<string> {
  const shades = await rendered(dir, numbered({ ...IDENTITY, ...attributes, '00181622': us(0xffff) }));
  return [0, 1, 2, 3]
    .map((row) =>
      shades
        .slice(6 * row, 6 * row + 6)
        .map((shade) => (shade === 255 ? 'x' : '.'))
        .join(''),
    )
    .join(' ');
}

test('R-84 a rectangle, its edges among what is seen', async () => {
  assert.equal(await seen(RECTANGLE), 'xxxxxx x...xx x...xx xxxxxx');
});

test('R-84 a circle: center row before column, the radius in pixels along a row', async () => {
  const circle = { ...shape('CIRCULAR'), '00181610': IS(2, 3), '00181612': IS(1) };
  assert.equal(await seen(circle), 'xx.xxx x...xx xx.xxx xxxxxx');
});

test('R-84 a circle is round on the display: of pixels twice as high it covers half as many rows', async () => {
  const circle = { ...shape('CIRCULAR'), '00181610': IS(2, 3), '00181612': IS(2), '00280034': IS(2, 1) };
  assert.equal(await seen(circle), 'xx.xxx .....x xx.xxx xxxxxx');
});

test('R-84 a polygon: vertices row before column, its edges among what is seen', async () => {
  const polygon = { ...shape('POLYGONAL'), '00181620': IS(1, 1, 1, 4, 4, 1) };
  assert.equal(await seen(polygon), '....xx ...xxx ..xxxx .xxxxx');
});

test('R-84 of several shapes only what is inside all of them is seen', async () => {
  const both = { ...RECTANGLE, ...shape('RECTANGULAR', 'CIRCULAR'), '00181610': IS(2, 3), '00181612': IS(1) };
  assert.equal(await seen(both), 'xxxxxx x...xx xx.xxx xxxxxx');
});

test('R-84 the overlay of a bitmap shutter covers where it has ones', async () => {
  const bitmap: Dataset = {
    ...shape('BITMAP'),
    '00181623': us(0x6000),
    '60000010': us(4),
    '60000011': us(6),
    '60000040': cs('G'),
    '60000050': { vr: 'SS', Value: [1, 1] },
    '60000100': us(1),
    '60000102': us(0),
    '60003000': { vr: 'OW', InlineBinary: Buffer.from([0b11000001, 0b00000000, 0b10000000, 0]) },
  };
  assert.equal(await seen(bitmap), 'x.....' + ' xx....' + ' ......' + ' .....x');
});

test('R-84 what is covered has the Shutter Presentation Value, or is black', async () => {
  assert.equal((await rendered(dir, numbered({ ...IDENTITY, ...RECTANGLE, '00181622': us(0x8080) })))[0], 128);
  assert.equal((await rendered(dir, numbered({ ...window(0, 2), ...RECTANGLE })))[23], 0);
});

test('R-84 a colour of CIELab makes a grey picture RGB', async () => {
  const colour = us(
    Math.round((54.29 / 100) * 65535),
    Math.round((80.81 + 128) * 257),
    Math.round((69.89 + 128) * 257),
  );
  const shades = await rendered(dir, numbered({ ...IDENTITY, ...RECTANGLE, '00181624': colour }));
  assert.equal(shades.length, 72);
  assert.ok((shades[0] ?? 0) > 252 && (shades[1] ?? 255) < 5);
  assert.deepEqual(shades.slice(21, 24), [11, 11, 11]);
});

test('R-101 the Frame Display Shutter of a frame', async () => {
  const numbers = numbered();
  const attributes = { ...IDENTITY, '52009230': sq({ '00189472': sq(RECTANGLE) }, {}), '52009229': sq({}) };
  const fixture = { ...numbers, frames: [...numbers.frames, ...numbers.frames], attributes };
  assert.deepEqual((await rendered(dir, fixture, 1)).slice(0, 8), [0, 0, 0, 0, 0, 0, 0, 11]);
  assert.deepEqual((await rendered(dir, fixture, 2)).slice(0, 3), [0, 1, 2]);
});

test("R-85 the image's own shutter is ignored under a presentation state", async () => {
  const shown = await shownUnder(renderer, dir, numbered(RECTANGLE), {});
  assert.deepEqual(rowsOf(shown)[0], [0, 1, 2, 3, 4, 5]);
});

test("R-84 the state's own is not", async () => {
  const shown = await shownUnder(renderer, dir, numbered(), { ...RECTANGLE, '00181622': us(0xffff) });
  assert.deepEqual(rowsOf(shown)[1], [255, 11, 12, 13, 255, 255]);
});

test('R-84 a shutter is cut to what is seen of a larger picture in colour', async () => {
  const pixel = pixelOf({ rows: 1, columns: 3, samplesPerPixel: 3, photometric: 'RGB' });
  const attributes = {
    ...shape('RECTANGULAR'),
    '00181602': IS(2),
    '00181604': IS(2),
    '00181606': IS(1),
    '00181608': IS(1),
  };
  const shades = await rendered(dir, { pixel, frames: [Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 0])], attributes });
  assert.deepEqual(shades, [0, 0, 0, 4, 5, 6, 0, 0, 0]);
});
