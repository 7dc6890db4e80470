// annotation=patient,technique (PS3.18 8.3.5.1.1): drawn where it was asked for, and nowhere else.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import sharp from 'sharp';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import type { RenderOptions } from '../../../src/render/options.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const SIDE = 256;
const MID = 100;
const NAME: Dataset = { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^John' }] } };
const TECHNIQUE: Dataset = { '00080060': { vr: 'CS', Value: ['CT'] }, '00180060': { vr: 'DS', Value: [120] } };
const WINDOW = { center: 128, width: 256, function: 'linear' } as const;

/** Rows of a flat grey picture in which something was drawn. */
async function touched(attributes: Dataset, options: Partial<RenderOptions>, side = SIDE): Promise<Set<number>> {
  const path = await writeFixture(dir, {
    pixel: { rows: SIDE, columns: SIDE },
    frames: [new Uint8Array(SIDE * SIDE).fill(MID)],
    attributes: {
      '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
      ...attributes,
    },
  });
  const wanted: RenderOptions = { mediaType: 'image/png', window: WINDOW, ...options };
  const { bytes } = await renderer.render(path, 1, wanted);
  const { data, info } = await sharp(bytes).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  assert.equal(info.channels, 1);
  assert.equal(info.width, side);
  return new Set([...data.keys()].filter((at) => data[at] !== MID).map((at) => Math.floor(at / side)));
}

test('W-Q1 without the parameter nothing is drawn', async () => {
  assert.equal((await touched({ ...NAME, ...TECHNIQUE }, {})).size, 0);
});

test('W-Q1 the patient stands at the top, the rest of the picture keeps its values', async () => {
  const rows = await touched({ ...NAME, ...TECHNIQUE }, { annotation: ['patient'] });
  assert.ok(rows.size > 8 && Math.max(...rows) < 24, [...rows].join());
});

test('W-Q1 technique stands at the bottom and names no patient', async () => {
  const rows = await touched({ ...NAME, ...TECHNIQUE }, { annotation: ['technique'] });
  assert.ok(rows.size > 8 && Math.min(...rows) > SIDE - 44, [...rows].join());
  assert.equal((await touched(NAME, { annotation: ['technique'] })).size, 0);
});

test('W-Q10 letters are drawn after the viewport, in their own size', async () => {
  const options = { annotation: ['patient'], viewport: { width: 2 * SIDE, height: 2 * SIDE } } as const;
  const rows = await touched(NAME, options, 2 * SIDE);
  assert.ok(rows.size > 8 && Math.max(...rows) < 24, [...rows].join());
});

test('a name in three scripts is drawn in each of them', async () => {
  const one = await touchedCells({ Alphabetic: 'Yamada^Tarou' });
  const three = await touchedCells({ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' });
  assert.ok(three > 1.5 * one, `${one}, ${three}`);
});

async function touchedCells(name: Record<string, string>): Promise<number> {
  const path = await writeFixture(dir, {
    pixel: { rows: SIDE, columns: 2 * SIDE },
    frames: [new Uint8Array(2 * SIDE * SIDE).fill(MID)],
    attributes: { '00080005': { vr: 'CS', Value: ['ISO_IR 192'] }, '00100010': { vr: 'PN', Value: [name] } },
  });
  const { bytes } = await renderer.render(path, 1, { mediaType: 'image/png', window: WINDOW, annotation: ['patient'] });
  const data = await sharp(bytes).toColourspace('b-w').raw().toBuffer();
  return data.filter((value) => value !== MID).length;
}

test('every page of an animation is written on', async () => {
  const flat = new Uint8Array(SIDE * SIDE).fill(MID);
  const path = await writeFixture(dir, { pixel: { rows: SIDE, columns: SIDE }, frames: [flat, flat] });
  const { bytes } = await renderer.animate(path, { mediaType: 'image/gif', window: WINDOW, annotation: ['technique'] });
  const pages = await Promise.all([0, 1].map((page) => sharp(bytes, { page }).removeAlpha().raw().toBuffer()));
  for (const page of pages) assert.ok(new Set(page).size > 1);
  assert.notDeepEqual(pages[0], pages[1]);
});

test('a line that is too long is set smaller, and does not leave the picture', async () => {
  const name: Dataset = { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'A'.repeat(64) }] } };
  const rows = await touched(name, { annotation: ['patient'] });
  assert.ok(rows.size > 0 && Math.max(...rows) < 24);
});
