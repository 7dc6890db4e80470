// Spatial transformation and displayed area (PS3.3 C.10.4, C.10.6; PS3.18 8.3.5.1.6) on a picture whose pixels say where they
// are: 10 × row + column, 4 rows of 6.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder } from '../fixtures.ts';
import { cs, us } from '../pictures.ts';
import { displayedArea, fl, numbered, rowsOf, shownUnder } from './states.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const spatial = (degrees: number, flip: 'Y' | 'N'): Dataset => ({ '00700042': us(degrees), '00700041': cs(flip) });
const shown = (state: Dataset, viewport?: { width: number; height: number }) =>
  shownUnder(renderer, dir, numbered(), state, viewport ? { viewport } : {});

const ORIENTATIONS: [degrees: number, flip: 'Y' | 'N', first: number[], last: number][] = [
  [0, 'N', [0, 1, 2, 3, 4, 5], 35],
  [90, 'N', [30, 20, 10, 0], 5],
  [180, 'N', [35, 34, 33, 32, 31, 30], 0],
  [270, 'N', [5, 15, 25, 35], 30],
  [0, 'Y', [5, 4, 3, 2, 1, 0], 30],
  [90, 'Y', [0, 10, 20, 30], 35],
  [180, 'Y', [30, 31, 32, 33, 34, 35], 5],
  [270, 'Y', [35, 25, 15, 5], 0],
];

for (const [degrees, flip, first, last] of ORIENTATIONS) {
  test(`R-72, T-70 rotated by ${degrees} degrees clockwise, then ${flip === 'Y' ? '' : 'not '}flipped`, async () => {
    const rows = rowsOf(await shown(spatial(degrees, flip)));
    assert.deepEqual([rows[0], rows.at(-1)?.at(-1)], [first, last]);
  });
}

for (const [degrees, flip] of ORIENTATIONS) {
  test(`U-17, U-18 a region is cut out of what is shown, turned by ${degrees} degrees and flipped ${flip}`, async () => {
    const state = { ...displayedArea([2, 1], [5, 4]), ...spatial(degrees, flip) };
    const part = { xmin: 0.25, ymin: 0.5, xmax: 0.5, ymax: 1 };
    const cut = await shownUnder(renderer, dir, numbered(), state, { part });
    const expected = rowsOf(await shown(state))
      .slice(2)
      .map((row) => row.slice(1, 2));
    assert.deepEqual(rowsOf(cut), expected);
  });
}

test('U-18 the region is cut out before it is sized', async () => {
  const options = { part: { xmin: 0, ymin: 0, xmax: 0.5, ymax: 0.25 }, viewport: { width: 30, height: 30 } };
  const { width, height } = await shownUnder(renderer, dir, numbered(), {}, options);
  assert.deepEqual([width, height], [30, 10], '3 columns and 1 row');
});

test('U-15 a region smaller than a pixel is that pixel', async () => {
  const part = { xmin: 0.51, ymin: 0.51, xmax: 0.52, ymax: 0.52 };
  assert.deepEqual(rowsOf(await shownUnder(renderer, dir, numbered(), {}, { part })), [[23]]);
});

test('R-73 the displayed area is cut out; its corners are counted from 1', async () => {
  assert.deepEqual(rowsOf(await shown(displayedArea([2, 2], [4, 3]))), [
    [11, 12, 13],
    [21, 22, 23],
  ]);
});

test('R-73 what of the area lies outside the image is black', async () => {
  assert.deepEqual(rowsOf(await shown(displayedArea([0, 4], [2, 5]))), [
    [0, 30, 31],
    [0, 0, 0],
  ]);
});

test('R-74 the corners are those of the image before it is turned', async () => {
  const state = { ...displayedArea([2, 2], [4, 3]), ...spatial(90, 'N') };
  assert.deepEqual(rowsOf(await shown(state)), [
    [21, 11],
    [22, 12],
    [23, 13],
  ]);
});

test('R-74 written as they appear after turning, they name the same area', async () => {
  const state = { ...displayedArea([2, 3], [4, 2]), ...spatial(90, 'N') };
  assert.deepEqual(rowsOf(await shown(state)), [
    [21, 11],
    [22, 12],
    [23, 13],
  ]);
});

for (const mode of ['SCALE TO FIT', 'TRUE SIZE']) {
  test(`W-Q12 ${mode} fits the area into the viewport`, async () => {
    const state = displayedArea([1, 1], [4, 2], { '00700100': cs(mode) });
    const { width, height } = await shown(state, { width: 100, height: 100 });
    assert.deepEqual([width, height], [100, 50]);
  });
}

test('W-Q12, R-73 Presentation Pixel Spacing shapes it', async () => {
  const state = displayedArea([1, 1], [4, 2], { '00700101': { vr: 'DS', Value: [1, 0.5] } });
  const { width, height } = await shown(state, { width: 100, height: 200 });
  assert.deepEqual([width, height], [100, 100]);
});

test('W-Q12 turned by 90 degrees the shape of the pixels turns too', async () => {
  const state = {
    ...displayedArea([1, 1], [4, 2], { '00700101': { vr: 'DS', Value: [1, 0.5] } }),
    ...spatial(90, 'N'),
  };
  const { width, height } = await shown(state, { width: 50, height: 500 });
  assert.deepEqual([width, height], [50, 50]);
});

test('W-Q12 MAGNIFY enlarges without regard to the viewport', async () => {
  const state = displayedArea([1, 1], [4, 2], { '00700100': cs('MAGNIFY'), '00700103': fl(10) });
  const { width, height } = await shown(state);
  assert.deepEqual([width, height], [40, 20]);
});

for (const [degrees, flip, topLeft] of [
  [0, 'N', 0],
  [0, 'Y', 5],
  [90, 'N', 30],
  [90, 'Y', 0],
  [180, 'N', 35],
  [270, 'N', 5],
  [270, 'Y', 35],
] as const) {
  test(`W-Q12 MAGNIFY shows as much as the viewport holds, from the top left (${degrees}, ${flip})`, async () => {
    const magnify = displayedArea([1, 1], [6, 4], { '00700100': cs('MAGNIFY'), '00700103': fl(10) });
    const picture = await shown({ ...magnify, ...spatial(degrees, flip) }, { width: 10, height: 10 });
    assert.deepEqual([picture.width, picture.height, rowsOf(picture)[5]?.[5]], [10, 10, topLeft]);
  });
}

test('R-73 an area or a magnification beyond measure is refused', async () => {
  for (const state of [
    displayedArea([-1_000_000, 1], [6, 4]),
    displayedArea([1, 1], [6, 4], { '00700100': cs('MAGNIFY'), '00700103': fl(1e9) }),
  ]) {
    await assert.rejects(shown(state), (error) => error instanceof DicomError && error.kind === 'too-large');
  }
});
