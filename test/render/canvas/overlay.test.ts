// Overlay planes (PS3.3 C.9), shown where a presentation state activates them.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import sharp from 'sharp';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { OVERLAY_GROUPS } from '../../../src/render/canvas/overlay.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { corpusTest } from '../../support/corpus.ts';
import { runToolOk } from '../../support/peer.ts';
import { type Fixture, fixtureFolder } from '../fixtures.ts';
import { cs, rendered, row16, sq, us, window } from '../pictures.ts';
import { numbered, rowsOf, shownUnder, writeState } from '../presentation/states.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

/** Packs rows of ones and zeros, lowest bit first. */
function packed(text: string): Buffer {
  const bits = [...text.replace(/\s/g, '')].map(Number);
  const bytes = Buffer.alloc(2 * Math.ceil(bits.length / 16));
  for (const [index, bit] of bits.entries()) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (bit << (index & 7));
  return bytes;
}

const IS = (value: number): Dataset[string] => ({ vr: 'IS', Value: [value] });
const SS = (...values: number[]): Dataset[string] => ({ vr: 'SS', Value: values });

function overlay(rows: number, columns: number, bits: string, changes: Dataset = {}, group = '6000'): Dataset {
  const plane: Dataset = {
    '0010': us(rows),
    '0011': us(columns),
    '0040': cs('G'),
    '0050': SS(1, 1),
    '0100': us(1),
    '0102': us(0),
  };
  const all: Dataset = { ...plane, '3000': { vr: 'OW', InlineBinary: packed(bits) }, ...changes };
  return Object.fromEntries(Object.entries(all).map(([element, attribute]) => [group + element, attribute]));
}

const layer = (changes: Dataset = {}): Dataset => ({
  '00700060': sq({ '00700002': cs('ONE'), '00700062': IS(1), ...changes }),
});
const ACTIVE: Dataset = { ...layer(), '60001001': cs('ONE') };

async function rows(fixture: Fixture, state: Dataset, frame = 1): Promise<number[][]> {
  return rowsOf(await shownUnder(renderer, dir, fixture, state, { frame }));
}

test('R-80 an overlay lies at its origin, row before column, in the colour of its layer', async () => {
  const image = numbered(overlay(2, 3, '101 010', { '0050': SS(2, 4) }));
  assert.deepEqual(await rows(image, ACTIVE), [
    [0, 1, 2, 3, 4, 5],
    [10, 11, 12, 255, 14, 255],
    [20, 21, 22, 23, 255, 25],
    [30, 31, 32, 33, 34, 35],
  ]);
});

test('R-80 an origin of zero or less, and a plane that reaches beyond the image', async () => {
  const image = numbered(overlay(2, 8, '11111111 11111111', { '0050': SS(0, -1) }));
  assert.deepEqual(await rows(image, ACTIVE), [
    [255, 255, 255, 255, 255, 255],
    [10, 11, 12, 13, 14, 15],
    [20, 21, 22, 23, 24, 25],
    [30, 31, 32, 33, 34, 35],
  ]);
});

test('R-80 there may be overlays in the even groups up to 601E, and in no others', () => {
  const groups = ['00', '02', '04', '06', '08', '0A', '0C', '0E', '10', '12', '14', '16', '18', '1A', '1C', '1E'];
  assert.deepEqual(
    OVERLAY_GROUPS,
    groups.map((group) => `60${group}`),
  );
});

test('R-80 an overlay of the last group is shown', async () => {
  const image = numbered(overlay(1, 2, '01', {}, '601E'));
  assert.deepEqual((await rows(image, { ...layer(), '601E1001': cs('ONE') }))[0], [0, 255, 2, 3, 4, 5]);
});

test('R-81 frames behind the last plane have none, whatever the data goes on with', async () => {
  const image = cine(overlay(1, 2, '01 10 11', { '0015': IS(2), '0051': us(1) }));
  assert.deepEqual([await rows(image, ACTIVE, 2), await rows(image, ACTIVE, 3)], [[[255, 2]], [[3, 3]]]);
});

test('R-80 an overlay without an origin begins at the first pixel', async () => {
  const image = numbered(overlay(1, 2, '11', { '0050': { vr: 'SS' } }));
  assert.deepEqual((await rows(image, ACTIVE))[0], [255, 255, 2, 3, 4, 5]);
});

/** Three frames of one row, each with its number in every pixel. */
const cine = (attributes: Dataset): Fixture => ({
  ...row16([0, 0], attributes, { bitsStored: 8 }),
  frames: [1, 2, 3].map((n) => Buffer.from(Uint16Array.of(n, n).buffer)),
});

test('R-81 the planes of a multi-frame overlay follow each other bit by bit, from the Image Frame Origin on', async () => {
  const image = cine(overlay(1, 2, '01 10', { '0015': IS(2), '0051': us(2) }));
  assert.deepEqual(
    [await rows(image, ACTIVE, 1), await rows(image, ACTIVE, 2), await rows(image, ACTIVE, 3)],
    [[[1, 1]], [[2, 255]], [[255, 3]]],
  );
});

test('R-81 a plane without a number of frames lies on every frame', async () => {
  const image = cine(overlay(1, 2, '01'));
  assert.deepEqual([await rows(image, ACTIVE, 1), await rows(image, ACTIVE, 3)], [[[1, 255]], [[3, 255]]]);
});

const EMBEDDED: Dataset = {
  '60000010': us(1),
  '60000011': us(3),
  '60000050': SS(1, 1),
  '60000100': us(16),
  '60000102': us(12),
};

test('R-82 bits of an overlay in unused bits are no part of the samples', async () => {
  const cells = [0x1000, 0x0080, 0x10ff];
  assert.deepEqual(
    await rendered(dir, row16(cells, { ...EMBEDDED, ...window(128, 256) }, { bitsStored: 12 })),
    [0, 128, 255],
  );
});

test('R-82 activated, they are shown', async () => {
  const image = row16([0x1000, 0x0080, 0x1fff], EMBEDDED, { bitsStored: 12 });
  assert.deepEqual(await rows(image, ACTIVE), [[255, 8, 255]]);
});

test('R-82 bits beyond those of a cell are no overlay', async () => {
  const image = row16([1, 1], { ...EMBEDDED, '60000011': us(2), '60000102': us(16) }, { bitsStored: 12 });
  assert.deepEqual(await rows(image, ACTIVE), [[0, 0]]);
  const wrapped = row16([1, 1], { ...EMBEDDED, '60000011': us(2), '60000102': us(32) }, { bitsStored: 12 });
  assert.deepEqual(await rows(wrapped, ACTIVE), [[0, 0]]);
});

test('R-82 bits that samples use are no overlay', async () => {
  const image = row16([0, 0xfff], { ...EMBEDDED, '60000011': us(2), '60000102': us(11) }, { bitsStored: 12 });
  assert.deepEqual(await rows(image, ACTIVE), [[0, 255]]);
});

test('R-83 an overlay is not shown without a presentation state', async () => {
  const image = { ...numbered(overlay(1, 2, '11')) };
  assert.deepEqual(
    (await rendered(dir, { ...image, attributes: { ...image.attributes, ...window(128, 256) } })).slice(0, 2),
    [0, 1],
  );
});

test('R-95 nor with one that does not activate it, or whose layer is not there', async () => {
  const image = numbered(overlay(1, 2, '11'));
  assert.deepEqual((await rows(image, layer()))[0], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual((await rows(image, { ...layer(), '60001001': cs('TWO') }))[0], [0, 1, 2, 3, 4, 5]);
});

test('R-83 it is shown in the grey of its layer', async () => {
  const state = { ...layer({ '00700066': us(0x8080) }), '60001001': cs('ONE') };
  assert.deepEqual((await rows(numbered(overlay(1, 1, '1')), state))[0]?.[0], 128);
});

test('R-83 or in its colour, which makes a grey picture RGB: CIELab of pure red', async () => {
  // L* 54.29, a* 80.81, b* 69.89 is sRGB red at D50.
  const lab = us(Math.round((54.29 / 100) * 65535), Math.round((80.81 + 128) * 257), Math.round((69.89 + 128) * 257));
  const state = { ...layer({ '00700401': lab }), '60001001': cs('ONE') };
  const { channels, data } = await shownUnder(renderer, dir, numbered(overlay(1, 1, '1')), state);
  assert.equal(channels, 3);
  const [red = 0, green = 0, blue = 0, ...next] = data;
  assert.ok(red > 252 && green < 5 && blue < 5, `${red} ${green} ${blue}`);
  assert.deepEqual(next.slice(0, 3), [1, 1, 1]);
});

test('R-80 an overlay of the state itself lies on the image that has none', async () => {
  const state = { ...ACTIVE, ...overlay(1, 2, '01') };
  assert.deepEqual((await rows(numbered(), state))[0], [0, 255, 2, 3, 4, 5]);
});

test('R-80 an overlay whose data is too short is not shown', async () => {
  // 16 bits, of 24 and of 17; of 16 they are enough.
  for (const [down, across, first] of [
    [4, 6, 0],
    [1, 17, 0],
    [1, 16, 255],
  ] as const) {
    const image = numbered(overlay(down, across, '11'));
    assert.equal((await rows(image, ACTIVE))[0]?.[0], first, `${down} by ${across}`);
  }
});

corpusTest('R-80, R-82 overlays of corpus files are where dcm2pnm shows them', async (corpus) => {
  for (const [name, groups] of [
    ['sc_ele_mono2_512x512-12b__resources-ovly-p01__654df077.dcm', ['6000', '6002', '6004', '6006']],
    ['mr_ele_mono2_484x484-12b__MR-SIEMENS-DICOM-WithOverlays__094faf56.dcm', ['6000']],
  ] as const) {
    const path = `${corpus}/${name}`;
    for (const [index, group] of groups.entries()) {
      // Everything black but the overlay.
      const state = await writeState(dir, path, {
        ...layer(),
        [`${group}1001`]: cs('ONE'),
        '00283110': sq(window(1e6, 2)),
      });
      const { bytes } = await renderer.present(state, path, 1, { mediaType: 'image/png' });
      const out = `${dir}/overlay.png`;
      await runToolOk('dcm2pnm', ['-q', '+on', '+O', String(index + 1), '+Omr', '+Ww', '1000000', '2', path, out]);
      const [ours, theirs] = await Promise.all(
        [bytes, out].map((one) => sharp(one).extractChannel(0).raw().toBuffer()),
      );
      assert.ok(ours?.includes(255), group);
      assert.ok(ours && theirs && ours.equals(theirs), `${name} ${group}`);
    }
  }
});
