// Mask subtraction beyond the mean of frames (PS3.3 C.7.6.10): time intervals, and masks moved both ways by parts of a pixel.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf } from '../fixtures.ts';
import { cs, sq, us, window } from '../pictures.ts';
import { rowsOf, shownUnder } from './states.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, ffmpeg: undefined });
after(() => renderer.close());

/** A window in which a difference of d is the shade d + 128. */
const DIFFERENCES: Dataset = { '00283110': sq(window(-0.5, 255, 'LINEAR_EXACT')) };
const mask = (operation: string, changes: Dataset): Dataset => ({
  '00286100': sq({ '00286101': cs(operation), ...changes }),
  ...DIFFERENCES,
});

/** Four frames of three pixels, each of one level and a step. */
const LEVELS = [10, 30, 70, 150];
const RUN = {
  pixel: pixelOf({ rows: 1, columns: 3 }),
  frames: LEVELS.map((level) => Uint8Array.of(level, level + 1, 0)),
};

async function row(frame: number, state: Dataset): Promise<number[]> {
  return rowsOf(await shownUnder(renderer, dir, RUN, state, { frame }))[0] ?? [];
}

test('R-37 a time interval difference takes off the frame before', async () => {
  assert.deepEqual(await row(3, mask('TID', {})), [128 + 40, 128 + 40, 128]);
  assert.deepEqual(await row(4, mask('TID', {})), [128 + 80, 128 + 80, 128]);
});

test('R-37 or as many before as TID Offset says, or after where it is negative', async () => {
  const offset = (value: number): Dataset => mask('TID', { '00286120': { vr: 'SS', Value: [value] } });
  assert.deepEqual(await row(4, offset(2)), [128 + 120, 128 + 120, 128]);
  assert.deepEqual(await row(2, offset(-1)), [128 - 40, 128 - 40, 128]);
});

test('R-37 a frame whose mask would be before the first is shown as it is', async () => {
  const plain = { '00283110': sq(window(127.5, 255, 'LINEAR_EXACT')) };
  assert.deepEqual(await row(1, { ...mask('TID', {}), ...plain }), [10, 11, 0]);
});

test('R-37 several ranges of frames may be applicable', async () => {
  const state = mask('AVG_SUB', { '00286110': us(1), '00286102': us(1, 1, 3, 4) });
  assert.deepEqual(await row(3, state), [128 + 60, 128 + 60, 128]);
  assert.deepEqual(await row(4, state), [255, 255, 128]);
  const plain = { '00283110': sq(window(127.5, 255, 'LINEAR_EXACT')) };
  assert.deepEqual(await row(2, { ...state, ...plain }), [30, 31, 0]);
});

/** 4 by 4: the mask has levels that follow neither rows nor columns alone, the contrast frame one level. */
const MASK = [
  [0, 40, 80, 20],
  [60, 100, 4, 44],
  [24, 8, 64, 96],
  [90, 52, 36, 12],
];
const MOVED = {
  pixel: pixelOf({ rows: 4, columns: 4 }),
  frames: [Uint8Array.from(MASK.flat()), new Uint8Array(16).fill(100)],
};

/** What of the mask lies at a place, between the pixels around it; outside of it its edge goes on. */
function between(y: number, x: number): number {
  const level = (r: number, c: number): number => MASK[Math.min(3, Math.max(0, r))]?.[Math.min(3, Math.max(0, c))] ?? 0;
  const share = (place: number, whole: number): number => Math.max(0, 1 - Math.abs(place - whole));
  let sum = 0;
  for (let r = -3; r < 7; r += 1) for (let c = -3; c < 7; c += 1) sum += level(r, c) * share(y, r) * share(x, c);
  return sum;
}

for (const [down, across] of [
  [0.5, 0],
  [0.25, 0.75],
  [-0.5, 1.5],
  [-1.25, -0.25],
  [2, -2],
] as const) {
  test(`R-37 a mask is moved by ${down} down and ${across} across, its edge going on`, async () => {
    const shift: Dataset[string] = { vr: 'FL', Value: [down, across] };
    const state = mask('AVG_SUB', { '00286110': us(1), '00286114': shift });
    const rows = rowsOf(await shownUnder(renderer, dir, MOVED, state, { frame: 2 }));
    for (const [y, line] of rows.entries()) {
      for (const [x, shade] of line.entries()) {
        const expected = 100 - between(y - down, x - across) + 128;
        assert.ok(Math.abs(shade - Math.min(255, expected)) <= 0.51, `${y}, ${x}: ${shade}, not ${expected}`);
      }
    }
  });
}
