// Graphic and text annotations (PS3.3 C.10.5): where they are drawn, by the bounds and samples of what is drawn on black.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf } from '../fixtures.ts';
import { cs, sq, us } from '../pictures.ts';
import { displayedArea, fl, imageItem, type Shown, shownUnder } from './states.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const BLACK = { pixel: pixelOf({ rows: 100, columns: 200 }), frames: [new Uint8Array(20000)] };
const IS = (value: number): Dataset[string] => ({ vr: 'IS', Value: [value] });
const layers = (...items: Dataset[]): Dataset => ({ '00700060': sq(...items) });
const layer = (name: string, order: number, changes: Dataset = {}): Dataset => ({
  '00700002': cs(name),
  '00700062': IS(order),
  ...changes,
});

function graphic(type: string, data: number[], changes: Dataset = {}): Dataset {
  return {
    '00700005': cs('PIXEL'),
    '00700020': us(2),
    '00700021': us(data.length / 2),
    '00700022': fl(...data),
    '00700023': cs(type),
    '00700024': cs('N'),
    ...changes,
  };
}

const annotation = (objects: Dataset[], changes: Dataset = {}): Dataset => ({
  '00700002': cs('ONE'),
  '00700009': sq(...objects),
  ...changes,
});

async function shown(
  items: Dataset[],
  state: Dataset = {},
  options: Parameters<typeof shownUnder>[4] = {},
): Promise<Shown> {
  const all = { ...layers(layer('ONE', 1)), '00700001': sq(...items), ...state };
  return shownUnder(renderer, dir, BLACK, all, options);
}

/** The smallest rectangle around everything that is at least half as bright as white. */
function bounds({ width, height, channels, data }: Shown): {
  left: number;
  top: number;
  right: number;
  bottom: number;
} {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if ((data[(y * width + x) * channels] ?? 0) < 128) continue;
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  }
  return { left, top, right, bottom };
}

const at = ({ width, channels, data }: Shown, x: number, y: number): number => data[(y * width + x) * channels] ?? -1;

test('R-86 POLYLINE: points from the top left corner of the first pixel', async () => {
  const picture = await shown([annotation([graphic('POLYLINE', [10, 20.5, 50, 20.5])])]);
  assert.deepEqual(bounds(picture), { left: 10, top: 20, right: 49, bottom: 20 });
});

test('R-86 a closed and filled POLYLINE', async () => {
  const square = [10, 10, 30, 10, 30, 20, 10, 20, 10, 10];
  const picture = await shown([annotation([graphic('POLYLINE', square, { '00700024': cs('Y') })])]);
  assert.equal(at(picture, 20, 15), 255);
  assert.equal(at(picture, 40, 15), 0);
  assert.equal(at(await shown([annotation([graphic('POLYLINE', square)])]), 20, 15), 0);
});

test('R-86 POINT', async () => {
  const { left, top, right, bottom } = bounds(await shown([annotation([graphic('POINT', [100, 50])])]));
  assert.ok(left >= 97 && right <= 102 && top >= 47 && bottom <= 52 && right > left);
});

test('R-86 CIRCLE: its center and a point on it', async () => {
  const picture = await shown([annotation([graphic('CIRCLE', [60.5, 50.5, 80.5, 50.5])])]);
  assert.deepEqual(bounds(picture), { left: 40, top: 30, right: 80, bottom: 70 });
  // On the diagonal it is round, too: 20 / √2.
  assert.ok(at(picture, 74, 64) > 100);
  assert.equal(at(picture, 60, 50), 0);
});

test('R-86 ELLIPSE: the ends of the major and then of the minor axis', async () => {
  const picture = await shown([annotation([graphic('ELLIPSE', [20.5, 50.5, 80.5, 50.5, 50.5, 40.5, 50.5, 60.5])])]);
  assert.deepEqual(bounds(picture), { left: 20, top: 40, right: 80, bottom: 60 });
});

test('R-86 a filled ELLIPSE', async () => {
  const picture = await shown([
    annotation([graphic('ELLIPSE', [20, 50, 80, 50, 50, 40, 50, 60], { '00700024': cs('Y') })]),
  ]);
  assert.equal(at(picture, 50, 50), 255);
  assert.equal(at(picture, 22, 42), 0);
});

test('R-86 INTERPOLATED: a curve through its points', async () => {
  const picture = await shown([annotation([graphic('INTERPOLATED', [10.5, 50.5, 50.5, 20.5, 90.5, 50.5])])]);
  assert.ok(at(picture, 50, 20) > 100);
  // Rounder than straight lines would be.
  assert.equal(
    at(await shown([annotation([graphic('POLYLINE', [10.5, 50.5, 50.5, 20.5, 90.5, 50.5])])]), 30, 35) > 100,
    true,
  );
  assert.equal(at(picture, 30, 35), 0);
});

test('R-86 graphics turn with the picture', async () => {
  const spatial = { '00700042': us(90), '00700041': cs('N') };
  const picture = await shown([annotation([graphic('POLYLINE', [10, 20.5, 50, 20.5])])], spatial);
  assert.deepEqual([picture.width, picture.height], [100, 200]);
  assert.deepEqual(bounds(picture), { left: 79, top: 10, right: 79, bottom: 49 });
});

test('R-86 and follow the displayed area and the viewport', async () => {
  const item = annotation([graphic('POLYLINE', [10, 21, 50, 21])]);
  const picture = await shown([item], displayedArea([11, 1], [60, 50]), { viewport: { width: 100, height: 100 } });
  assert.deepEqual([picture.width, picture.height], [100, 100]);
  const { left, right, top, bottom } = bounds(picture);
  assert.deepEqual([left, right], [0, 79]);
  assert.ok(top >= 41 && bottom <= 42);
});

test('R-86 DISPLAY counts in fractions of what is shown, whichever way the picture is turned', async () => {
  const line = graphic('POLYLINE', [0.25, 0.505, 0.75, 0.505], { '00700005': cs('DISPLAY') });
  for (const degrees of [0, 180]) {
    const picture = await shown([annotation([line])], { '00700042': us(degrees), '00700041': cs('Y') });
    assert.deepEqual(bounds(picture), { left: 50, top: 50, right: 149, bottom: 50 });
  }
});

test('U-18 a region is cut out of the picture with its annotations, in both units', async () => {
  const across = graphic('POLYLINE', [0.25, 0.505, 0.75, 0.505], { '00700005': cs('DISPLAY') });
  const down = graphic('POLYLINE', [120.5, 10, 120.5, 90]);
  const part = { xmin: 0.5, ymin: 0.25, xmax: 1, ymax: 0.75 };
  const cut = await shown([annotation([across])], {}, { part });
  assert.deepEqual([cut.width, cut.height, bounds(cut)], [100, 50, { left: 0, top: 25, right: 49, bottom: 25 }]);
  assert.deepEqual(bounds(await shown([annotation([down])], {}, { part })), {
    left: 20,
    top: 0,
    right: 20,
    bottom: 49,
  });
});

test('R-86 an annotation of other images is not drawn', async () => {
  const item = annotation([graphic('POINT', [50, 50])], { '00081140': sq(imageItem('1.2.3.4.5')) });
  assert.equal(
    (await shown([item])).data.every((sample) => sample === 0),
    true,
  );
});

test('R-86 the layer of the highest order lies on top, each in its colour', async () => {
  const box = (name: string): Dataset =>
    annotation([graphic('POLYLINE', [10, 10, 90, 10, 90, 90, 10, 90, 10, 10], { '00700024': cs('Y') })], {
      '00700002': cs(name),
    });
  const state = layers(layer('HIGH', 2, { '00700066': us(0x8080) }), layer('LOW', 1, { '00700066': us(0xffff) }));
  assert.equal(at(await shown([box('HIGH'), box('LOW')], state), 50, 50), 128);
});

test('R-86 a colour makes the picture RGB', async () => {
  const red = us(Math.round((54.29 / 100) * 65535), Math.round((80.81 + 128) * 257), Math.round((69.89 + 128) * 257));
  const picture = await shown(
    [annotation([graphic('POLYLINE', [10, 20.5, 50, 20.5])])],
    layers(layer('ONE', 1, { '00700401': red })),
  );
  assert.equal(picture.channels, 3);
  const [r = 0, g = 255] = picture.data.subarray((20 * 200 + 20) * 3);
  assert.ok(r > 250 && g < 6);
});

const text = (words: string, changes: Dataset): Dataset => ({ '00700006': { vr: 'ST', Value: [words] }, ...changes });
const BOX: Dataset = { '00700003': cs('PIXEL'), '00700010': fl(40, 30), '00700011': fl(160, 70) };
const texts = (...items: Dataset[]): Dataset => ({ '00700002': cs('ONE'), '00700008': sq(...items) });

for (const [justification, edge] of [
  ['LEFT', 'left'],
  ['RIGHT', 'right'],
] as const) {
  test(`R-86 text stands in its box, ${justification}`, async () => {
    const picture = await shown([texts(text('HI', { ...BOX, '00700012': cs(justification) }))]);
    const found = bounds(picture);
    assert.ok(found.top >= 28 && found.bottom <= 72, JSON.stringify(found));
    assert.ok(found.left >= 38 && found.right <= 162, JSON.stringify(found));
    assert.ok(Math.abs(found[edge] - (edge === 'left' ? 40 : 160)) < 8, JSON.stringify(found));
  });
}

test('R-86 lines of text stand below each other', async () => {
  const one = bounds(await shown([texts(text('HI', BOX))]));
  const two = bounds(await shown([texts(text('HI\r\nHI', { ...BOX, '00700011': fl(160, 71) }))]));
  assert.ok(two.bottom > two.top + 18 && one.bottom > one.top);
});

test('R-86 text without a box stands beside its anchor', async () => {
  const anchor = { '00700004': cs('PIXEL'), '00700014': fl(100, 50), '00700015': cs('Y') };
  const { left, top, bottom } = bounds(await shown([texts(text('HI', anchor))]));
  assert.ok(left >= 100 && left < 112 && top > 38 && bottom < 62);
});

test('R-86 a visible anchor is joined to the box', async () => {
  const anchor = { '00700004': cs('PIXEL'), '00700014': fl(10.5, 50.5), '00700015': cs('Y') };
  assert.equal(bounds(await shown([texts(text('HI', { ...BOX, ...anchor }))])).left, 10);
  const hidden = { ...anchor, '00700015': cs('N') };
  assert.ok(bounds(await shown([texts(text('HI', { ...BOX, ...hidden }))])).left > 30);
});

test('R-86 text is upright in a picture that is turned', async () => {
  const item = texts(text('HHHHHH', { '00700003': cs('DISPLAY'), '00700010': fl(0.1, 0.4), '00700011': fl(0.9, 0.6) }));
  const { left, right, top, bottom } = bounds(await shown([item], { '00700042': us(90), '00700041': cs('N') }));
  assert.ok(right - left > bottom - top);
});
