// Presentation states against DCMTK's own rendering of them (dcmp2pgm): at most one grey level apart. It doesn't cut out the
// displayed area and draws neither overlays nor graphics: those are held by tests with known answers.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { runToolOk } from '../../support/peer.ts';
import { type Fixture, fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';
import { cs, ds, sq, us, window } from '../pictures.ts';
import { displayedArea, lutItem, samplesIn, writeState } from './states.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const UIDS: Dataset = { '0020000D': { vr: 'UI', Value: ['1.2.3'] }, '0020000E': { vr: 'UI', Value: ['1.2.3.4'] } };
/** What DCMTK wants of a state before it reads it. */
const COMPLETE: Dataset = {
  '00080020': { vr: 'DA' },
  '00080030': { vr: 'TM' },
  '00080050': { vr: 'SH' },
  '00080070': { vr: 'LO', Value: ['TEST'] },
  '00080090': { vr: 'PN' },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Test' }] },
  '00100020': { vr: 'LO', Value: ['1'] },
  '00100030': { vr: 'DA' },
  '00100040': { vr: 'CS' },
  '00200010': { vr: 'SH' },
  '00200011': { vr: 'IS', Value: [1] },
  '00200013': { vr: 'IS', Value: [1] },
  '00700080': cs('TEST'),
  '00700081': { vr: 'LO' },
  '00700082': { vr: 'DA', Value: ['20200101'] },
  '00700083': { vr: 'TM', Value: ['1200'] },
  '00700084': { vr: 'PN' },
};

const SIGNED = pixelOf({ rows: 30, columns: 40, bitsAllocated: 16, bitsStored: 12, signed: true });
const BYTES = pixelOf({ rows: 30, columns: 40 });
const curve = Array.from({ length: 256 }, (_, index) => Math.round(255 * (index / 255) ** 2));

const CASES: [name: string, pixel: typeof SIGNED, image: Dataset, state: Dataset][] = [
  ['R-91 identity', SIGNED, window(10, 20), {}],
  [
    'R-91 rescale and window',
    SIGNED,
    {},
    {
      '00281052': ds(-100),
      '00281053': ds(1.5),
      '00281054': { vr: 'LO', Value: ['HU'] },
      '00283110': sq(window(200, 1500)),
    },
  ],
  ['R-92 INVERSE', SIGNED, {}, { '20500020': cs('INVERSE'), '00283110': sq(window(0, 3000)) }],
  ['R-91 MONOCHROME1', { ...BYTES, photometric: 'MONOCHROME1' }, {}, {}],
  ['R-93 VOI LUT', BYTES, {}, { '00283110': sq({ '00283010': sq(lutItem(curve)) }) }],
  ['R-36 Presentation LUT', BYTES, {}, { '20500020': { vr: 'CS' }, '20500010': sq(lutItem(curve)) }],
  [
    'R-20 Modality LUT',
    BYTES,
    {},
    { '00283000': sq({ ...lutItem(curve.toReversed()), '00283004': { vr: 'LO', Value: ['US'] } }) },
  ],
  ['R-72 rotation by 270 degrees and flip', SIGNED, {}, { '00700042': us(270), '00700041': cs('Y') }],
];

/** The samples of a binary PGM file of 8 bits. */
function pgm(bytes: Buffer): Buffer {
  const header = /^P5\s+(?:#.*\s+)*(\d+)\s+(\d+)\s+255\s/.exec(bytes.toString('latin1', 0, 200));
  return bytes.subarray(bytes.length - Number(header?.[1]) * Number(header?.[2]));
}

for (const [index, [name, pixel, attributes, state]] of CASES.entries()) {
  test(`${name}, as dcmp2pgm shows it`, async () => {
    const fixture: Fixture = { pixel, frames: [samples(pixel)], attributes: { ...UIDS, ...attributes } };
    const image = await writeFixture(dir, fixture);
    const path = await writeState(dir, image, { ...COMPLETE, ...displayedArea([1, 1], [40, 30]), ...state });
    const out = join(dir, `${index}.pgm`);
    await runToolOk('dcmp2pgm', ['-q', '-p', path, image, out]);
    const theirs = pgm(readFileSync(out));
    const { data: ours } = await samplesIn((await renderer.present(path, image, 1, { mediaType: 'image/png' })).bytes);
    assert.equal(ours.length, theirs.length);
    assert.ok(new Set(ours).size > 1);
    const worst = Math.max(...ours.map((sample, at) => Math.abs(sample - (theirs[at] ?? 0))));
    assert.ok(worst <= 1, `${worst} grey levels`);
  });
}
