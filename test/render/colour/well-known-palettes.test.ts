// The palettes that have a UID (PS3.6 B.1), beside those that Color Palette instances of the corpus hold.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readPalette } from '../../../src/render/colour/palette.ts';
import { wellKnownPalette } from '../../../src/render/colour/well-known-palettes.ts';
import { readAttributes } from '../../../src/render/frames/image.ts';
import { corpusTest } from '../../support/corpus.ts';

const INSTANCES = [
  ['1.2.840.10008.1.5.2', 'cpal_ele_nopix__palettes-pet__b40122bd.dcm'],
  ['1.2.840.10008.1.5.5', 'cpal_ele_nopix__palettes-spring__1503eac7.dcm'],
  ['1.2.840.10008.1.5.7', 'cpal_ele_nopix__palettes-fall__d36a0a49.dcm'],
  ['1.2.840.10008.1.5.8', 'cpal_ele_nopix__palettes-winter__3044bed8.dcm'],
] as const;

corpusTest('R-58 a palette by its UID is that of its Color Palette instance, entry by entry', async (dir) => {
  for (const [uid, file] of INSTANCES) {
    const attributes = await readAttributes(join(dir, file));
    assert.deepEqual(attributes['00080018']?.Value, [uid]);
    const theirs = readPalette(attributes, false);
    const ours = wellKnownPalette(uid);
    assert.ok(ours && theirs, file);
    for (const [channel, { entries }] of theirs.entries()) {
      assert.deepEqual([...Array.from(ours[channel]?.entries ?? [])], [...Array.from(entries)], `${file}, ${channel}`);
    }
  }
});
