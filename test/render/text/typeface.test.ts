// Text as paths: every script has its letters, without any font of the machine.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { type Place, Typeface } from '../../../src/render/text/typeface.ts';

const typeface = new Typeface();
const SIZE = 16;

/** Draws one line at the foot of a black square of 16 rows; rows of `#` and `.`. */
async function rows(text: string, columns = SIZE, place: Partial<Place> = {}): Promise<string[]> {
  const line = typeface.draw(text, { x: 0, y: 14, size: SIZE, fill: '#fff', ...place });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${columns}" height="${SIZE}">${line}</svg>`;
  const { data } = await sharp(Buffer.from(svg))
    .flatten({ background: '#000' })
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Array.from({ length: SIZE }, (_, row) =>
    Array.from(data.subarray(row * columns, (row + 1) * columns), (value) => (value > 127 ? '#' : '.')).join(''),
  );
}

test('a letter is drawn upright on its baseline, sharp at 16 pixels', async () => {
  const drawn = await rows('F', 8);
  assert.deepEqual(drawn.slice(4, 14), [
    '.######.',
    '.#......',
    '.#......',
    '.#......',
    '.#####..',
    '.#......',
    '.#......',
    '.#......',
    '.#......',
    '.#......',
  ]);
});

const SCRIPTS = {
  Latin: 'Ä',
  Cyrillic: 'Ж',
  Greek: 'Ω',
  Kanji: '山',
  Hangul: '홍',
  Kana: 'や',
  Thai: 'ก',
  Hebrew: 'ש',
};
for (const [script, letter] of Object.entries(SCRIPTS)) {
  test(`a ${script} letter is itself, not the box of a missing one`, async () => {
    const [drawn, missing] = [await rows(letter), await rows('\u{10FFFF}')];
    assert.ok(drawn.some((row) => row.includes('#')));
    assert.notDeepEqual(drawn, missing);
  });
}

test('ideographs are twice as wide as Latin letters', () => {
  assert.equal(typeface.width('ab', SIZE), 16);
  assert.equal(typeface.width('山田', SIZE), 32);
});

test('letters from right to left stand in the order they are read in', async () => {
  assert.deepEqual(
    await rows('אב', 16),
    (await rows('ב', 8)).map((row, index) => row + (first[index] ?? '')),
  );
});
const first = await rows('א', 8);
const at: Place = { x: 0, y: 14, size: SIZE, fill: '#fff' };

test('a line is set to the left, around or to the right of its place', async () => {
  const left = await rows('I', 8);
  assert.deepEqual(await rows('I', 8, { x: 8, anchor: 'end' }), left);
  assert.deepEqual(await rows('I', 8, { x: 4, anchor: 'middle' }), left);
});

test('text out of a data set is no markup', () => {
  assert.doesNotMatch(typeface.draw('"/><script>&', at), /script|&/);
});
