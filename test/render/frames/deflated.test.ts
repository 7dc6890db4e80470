// Deflated data sets, which are held in memory whole: their samples lie at any place of it, and stay as they are.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Deflated, ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';
import { cs, rendered } from '../pictures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, ffmpeg: undefined });
after(() => renderer.close());

const DEEP = [
  { bitsAllocated: 16, bitsStored: 12 },
  { bitsAllocated: 32, bitsStored: 32 },
  { bitsAllocated: 32, bitsStored: 32, kind: 'float' },
  { bitsAllocated: 64, bitsStored: 64, kind: 'double' },
] as const;

for (const pixel of DEEP) {
  const { bitsAllocated, kind = 'integer' } = { kind: undefined, ...pixel };
  test(`R-2 ${kind} samples of ${bitsAllocated} bits are shown as they are, whatever stands before them`, async () => {
    const frames = [samples(pixelOf(pixel), 1)];
    const expected = await rendered(dir, { pixel, frames, transferSyntaxUid: ExplicitLittle });
    for (const comment of ['', 'AB', 'ABCD', 'ABCDEF']) {
      const attributes = { '00204000': { vr: 'LT' as const, Value: [comment] } };
      assert.deepEqual(await rendered(dir, { pixel, frames, attributes, transferSyntaxUid: Deflated }), expected);
    }
  });
}

test('what is drawn on a picture is not in the samples that are read after it', async () => {
  const pixel = pixelOf({ samplesPerPixel: 3, photometric: 'RGB' });
  const frame = samples(pixel, 1);
  const attributes = { '00181600': cs('RECTANGULAR'), '00181602': { vr: 'IS' as const, Value: [9] } };
  const path = await writeFixture(dir, { pixel, frames: [frame], attributes, transferSyntaxUid: Deflated });
  await renderer.render(path, 1, { mediaType: 'image/png' });
  assert.deepEqual((await renderer.decode(path, 1)).bytes, Buffer.from(frame));
});
