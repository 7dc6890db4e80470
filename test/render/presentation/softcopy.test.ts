// What a presentation state does to grey levels and colours (PS3.4 N.2), rule by rule.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf } from '../fixtures.ts';
import { cs, ds, row16, sq, us, window } from '../pictures.ts';
import { COLOUR, imageItem, lutItem, PSEUDO_COLOUR, rowsOf, shownUnder } from './states.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

/** Bits Stored 8: the whole range is the range of the display. */
const EIGHT = { bitsStored: 8 };
const softcopyVoi = (...items: Dataset[]): Dataset => ({ '00283110': sq(...items) });

async function row(
  values: number[],
  state: Dataset,
  attributes: Dataset = {},
  changes: Parameters<typeof row16>[2] = EIGHT,
): Promise<number[]> {
  return rowsOf(await shownUnder(renderer, dir, row16(values, attributes, changes), state))[0] ?? [];
}

test("R-91, T-68 the image's own window is not used: without a VOI the whole range is shown", async () => {
  assert.deepEqual(await row([0, 64, 128, 255], {}, window(64, 2)), [0, 64, 128, 255]);
});

test("R-91 nor is the image's own rescale, nor its Presentation LUT", async () => {
  const own = { '00281052': ds(-100), '00281053': ds(3), '20500020': cs('INVERSE') };
  assert.deepEqual(await row([0, 64, 255], {}, own), [0, 64, 255]);
});

test('R-91 the Modality LUT of the state comes in its place', async () => {
  const state = { '00281052': ds(-100), '00281053': ds(2), ...softcopyVoi(window(128, 256)) };
  assert.deepEqual(await row([50, 100, 150], state), [0, 100, 200]);
});

test('R-91, R-33 identity over n bits is the window 2^(n−1), 2^n', async () => {
  const values = [0, 1, 1000, 2048, 4095];
  const identity = await row(values, {}, {}, { bitsStored: 12 });
  assert.deepEqual(identity, await row(values, softcopyVoi(window(2048, 4096)), {}, { bitsStored: 12 }));
  assert.deepEqual(
    identity,
    values.map((value) => Math.round((value / 4095) * 255)),
  );
});

test('R-91, R-33 identity of signed samples goes from the least to the greatest that they can be', async () => {
  const values = [-2048, -1024, 0, 2047];
  assert.deepEqual(
    await row(values, {}, {}, { bitsStored: 12, signed: true }),
    values.map((value) => Math.round(((value + 2048) / 4095) * 255)),
  );
});

test('R-96 a grey picture under a Color state has its own window', async () => {
  const shown = await shownUnder(
    renderer,
    dir,
    row16([0, 64, 128], window(64.5, 129), EIGHT),
    {},
    { sopClassUid: COLOUR },
  );
  assert.deepEqual(rowsOf(shown)[0], [0, 128, 255]);
});

test('R-91, R-92 MONOCHROME1 does not invert: the Presentation LUT Shape alone decides', async () => {
  const changes = { ...EIGHT, photometric: 'MONOCHROME1' };
  assert.deepEqual(await row([0, 64, 255], {}, {}, changes), [0, 64, 255]);
  assert.deepEqual(await row([0, 64, 255], { '20500020': cs('INVERSE') }, {}, changes), [255, 191, 0]);
});

test('R-92, T-69 INVERSE on a picture that is INVERSE itself inverts once', async () => {
  assert.deepEqual(
    await row([0, 64, 255], { '20500020': cs('INVERSE') }, { '20500020': cs('INVERSE') }),
    [255, 191, 0],
  );
});

test('R-36 a Presentation LUT is as long as the range that comes out of the VOI', async () => {
  const state = { '20500020': { vr: 'CS' as const }, '20500010': sq(lutItem([10, 20, 250])) };
  assert.deepEqual(await row([0, 128, 255], state), [10, 20, 250]);
});

test("R-36 so is the Presentation LUT of an image without a state's", async () => {
  const { rendered } = await import('../pictures.ts');
  const attributes = { ...window(128, 256), '20500010': sq(lutItem([10, 20, 250])) };
  assert.deepEqual(await rendered(dir, row16([0, 128, 255], attributes)), [10, 20, 250]);
  // What lies beyond the window is at the ends of the table.
  const narrow = { ...attributes, ...window(128, 21) };
  assert.deepEqual(await rendered(dir, row16([0, 117, 128, 139, 300], narrow)), [10, 10, 20, 250, 250]);
});

test('R-93 the VOI of a state holds for the frames that its item names', async () => {
  const two = row16([0, 100, 200], {}, EIGHT);
  const fixture = {
    ...two,
    frames: [...two.frames, ...two.frames],
    attributes: { '00080018': { vr: 'UI' as const, Value: ['1.2.9'] } },
  };
  const state = softcopyVoi(
    { '00081140': sq(imageItem('1.2.9', 2)), ...window(100, 1) },
    { '00081140': sq(imageItem('1.2.9', 1)), ...window(200, 1) },
  );
  const shown = async (frame: number): Promise<number[] | undefined> =>
    rowsOf(await shownUnder(renderer, dir, fixture, state, { frame }))[0];
  assert.deepEqual(
    [await shown(1), await shown(2)],
    [
      [0, 0, 255],
      [0, 255, 255],
    ],
  );
});

test('R-93 a VOI LUT of a state is used', async () => {
  const state = softcopyVoi({ '00283010': sq(lutItem([0, 255, 51], 100)) });
  assert.deepEqual(await row([99, 101, 102], state), [0, 255, 51]);
});

/** Three frames of one row: two masks and a contrast frame. */
const angiogram = {
  ...row16([10, 20, 30], {}, EIGHT),
  frames: [
    [10, 20, 30],
    [20, 40, 50],
    [100, 30, 40],
  ].map((values) => Buffer.from(Uint16Array.from(values).buffer)),
};
const maskItem = (changes: Dataset = {}): Dataset => ({
  '00286100': sq({ '00286101': cs('AVG_SUB'), '00286110': us(1, 2), ...changes }),
  ...softcopyVoi(window(0, 100, 'LINEAR_EXACT')),
});

test('R-37 the mean of the mask frames is subtracted before the VOI', async () => {
  const shown = await shownUnder(renderer, dir, angiogram, maskItem(), { frame: 3 });
  // 100 − 15, 30 − 30, 40 − 40 in a window from −50 to 50.
  assert.deepEqual(rowsOf(shown)[0], [255, 128, 128]);
});

test('R-37 after the Modality LUT', async () => {
  const state = { ...maskItem({ '00286110': us(1) }), '00281052': ds(7), '00281053': ds(0.5) };
  const shown = await shownUnder(renderer, dir, angiogram, state, { frame: 3 });
  assert.deepEqual(
    rowsOf(shown)[0],
    [45, 5, 5].map((x) => Math.round((x / 100 + 0.5) * 255)),
  );
});

test('R-37 a mask is moved by its sub-pixel shift', async () => {
  const state = maskItem({ '00286110': us(1), '00286114': { vr: 'FL', Value: [0, 0.5] } });
  const shown = await shownUnder(renderer, dir, angiogram, state, { frame: 3 });
  assert.deepEqual(
    rowsOf(shown)[0],
    [90, 15, 15].map((x) => Math.min(255, Math.round((x / 100 + 0.5) * 255))),
  );
});

test('R-37 frames out of the applicable range are shown as they are', async () => {
  const state = { ...maskItem({ '00286102': us(3, 3) }), ...softcopyVoi(window(128, 256)) };
  assert.deepEqual(rowsOf(await shownUnder(renderer, dir, angiogram, state, { frame: 2 }))[0], [20, 40, 50]);
});

test('R-37 without a state the mask of an image is not subtracted', async () => {
  const { rendered } = await import('../pictures.ts');
  const fixture = {
    ...angiogram,
    attributes: { '00286100': sq({ '00286101': cs('AVG_SUB'), '00286110': us(1) }), ...window(128, 256) },
  };
  assert.deepEqual(await rendered(dir, fixture, 3), [100, 30, 40]);
});

test('R-96 a Pseudo-Color state leads the output of the VOI through its palette', async () => {
  const palette = (tag: string, entries: number[]): Dataset => ({
    [`0028110${tag}`]: us(entries.length, 0, 8),
    [`0028120${tag}`]: { vr: 'OW', InlineBinary: Buffer.from(entries) },
  });
  const state = { ...palette('1', [1, 2, 3, 4]), ...palette('2', [10, 20, 30, 40]), ...palette('3', [9, 8, 7, 6]) };
  const shown = await shownUnder(renderer, dir, row16([0, 85, 170, 255], {}, EIGHT), state, {
    sopClassUid: PSEUDO_COLOUR,
  });
  assert.deepEqual([...shown.data], [1, 10, 9, 2, 20, 8, 3, 30, 7, 4, 40, 6]);
});

test('R-58, R-96 a palette may be named by its UID: Hot Iron', async () => {
  const state: Dataset = { '00281199': { vr: 'UI', Value: ['1.2.840.10008.1.5.1'] } };
  const shown = await shownUnder(renderer, dir, row16([0, 64, 128, 255], {}, EIGHT), state, {
    sopClassUid: PSEUDO_COLOUR,
  });
  assert.deepEqual([...shown.data], [0, 0, 0, 128, 0, 0, 255, 0, 0, 255, 255, 255]);
});

test('R-96 a Color state keeps the colours of its image', async () => {
  const pixel = pixelOf({ rows: 1, columns: 2, samplesPerPixel: 3, photometric: 'RGB' });
  const frame = Buffer.from([1, 2, 3, 200, 100, 50]);
  const shown = await shownUnder(renderer, dir, { pixel, frames: [frame] }, {}, { sopClassUid: COLOUR });
  assert.deepEqual([...shown.data], [...frame]);
});
