// A state with everything at once, against a reference that follows PS3.4 N.2 pixel by pixel: mask → Modality LUT and VOI →
// Presentation LUT Shape → shutter → overlay → rotation, then flip → displayed area.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { type Fixture, fixtureFolder, pixelOf } from '../fixtures.ts';
import { cs, ds, sq, us, window } from '../pictures.ts';
import { displayedArea, rowsOf, shownUnder } from './states.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, ffmpeg: undefined });
after(() => renderer.close());

const [ROWS, COLUMNS] = [9, 13];
const IS = (...values: number[]): Dataset[string] => ({ vr: 'IS', Value: values });

/** Of the contrast frame, and of the two mask frames, whose mean is a whole number. */
const stored = (frame: number, x: number, y: number): number =>
  frame === 1 ? 400 + 37 * x - 21 * y : 100 + 4 * x + 2 * y * frame;

const IMAGE: Fixture = {
  pixel: pixelOf({ rows: ROWS, columns: COLUMNS, bitsAllocated: 16, bitsStored: 12 }),
  frames: [1, 2, 4].map((frame) => {
    const values = Array.from({ length: ROWS * COLUMNS }, (_, at) =>
      stored(frame, at % COLUMNS, Math.floor(at / COLUMNS)),
    );
    return new Uint8Array(Uint16Array.from(values).buffer);
  }),
  // Nothing of this holds under a state.
  attributes: { ...window(7, 3), '00281052': ds(-5000), '00281053': ds(9), '00181600': cs('CIRCULAR') },
};

/** Ones in a row of two and one below them, at row 3 and column 5 of the image. */
const OVERLAY: Dataset = {
  '60000010': us(2),
  '60000011': us(2),
  '60000040': cs('G'),
  '60000050': { vr: 'SS', Value: [3, 5] },
  '60000100': us(1),
  '60000102': us(0),
  '60003000': { vr: 'OW', InlineBinary: Uint8Array.of(0b0111, 0) },
  '60001001': cs('ONE'),
  '00700060': sq({ '00700002': cs('ONE'), '00700062': IS(1), '00700066': us(0x8080) }),
};
const isOverlaid = (x: number, y: number): boolean => (y === 2 && (x === 4 || x === 5)) || (y === 3 && x === 4);

const [LEFT, RIGHT, UPPER, LOWER] = [1, 12, 1, 9];
const SHUTTER: Dataset = {
  '00181600': cs('RECTANGULAR'),
  '00181602': IS(LEFT),
  '00181604': IS(RIGHT),
  '00181606': IS(UPPER),
  '00181608': IS(LOWER),
  '00181622': us(0x4040),
};
/** The columns and rows of a rectangular shutter are those from 1 that are still seen. */
const isSeen = (x: number, y: number): boolean => x + 1 >= LEFT && x + 1 <= RIGHT && y + 1 >= UPPER && y + 1 <= LOWER;

const [CENTER, WIDTH] = [600, 900];
const STATE: Dataset = {
  ...OVERLAY,
  ...SHUTTER,
  ...displayedArea([2, 1], [13, 8]),
  '00281052': ds(10),
  '00281053': ds(2),
  '00281054': { vr: 'LO', Value: ['US'] },
  '00283110': sq(window(CENTER, WIDTH, 'LINEAR_EXACT')),
  '00286100': sq({ '00286101': cs('AVG_SUB'), '00286110': us(2, 3) }),
  '20500020': cs('INVERSE'),
  '00700042': us(90),
  '00700041': cs('Y'),
};

/** The shade of a pixel of the image, 0…255. */
function shade(x: number, y: number): number {
  if (isOverlaid(x, y)) return 0x80;
  if (!isSeen(x, y)) return 0x40;
  const modality = (value: number): number => 2 * value + 10;
  const difference = modality(stored(1, x, y)) - (modality(stored(2, x, y)) + modality(stored(4, x, y))) / 2;
  const share = Math.min(1, Math.max(0, (difference - CENTER) / WIDTH + 0.5));
  return 255 * (1 - share);
}

test('R-37, R-84, R-83, R-72, R-73, R-92 all of a state at once', async () => {
  const rows = rowsOf(await shownUnder(renderer, dir, IMAGE, STATE));
  // Columns 2 to 13 and rows 1 to 8 of the image: turned clockwise 8 wide and 12 high.
  assert.deepEqual([rows.length, rows[0]?.length], [12, 8]);
  const levels = new Set<number>();
  for (const [down, row] of rows.entries()) {
    for (const [across, level] of row.entries()) {
      const mirrored = 7 - across;
      // Clockwise: what was at the bottom left comes to the top left.
      const [x, y] = [1 + down, 7 - mirrored];
      const expected = shade(x, y);
      assert.ok(Math.abs(level - expected) <= 0.51, `pixel ${x}, ${y}: ${level} for ${expected}`);
      levels.add(level);
    }
  }
  assert.ok(levels.size > 40, `${levels.size} levels`);
});
