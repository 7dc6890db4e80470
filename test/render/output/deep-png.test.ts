// PNG of 16 bits: a window shows more than 256 greys, and what is written on the picture touches nothing else.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import sharp from 'sharp';
import type { RenderOptions } from '../../../src/render/options.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const SIDE = 64;
const VALUES = Uint16Array.from({ length: SIDE * SIDE }, (_, at) => at);
const DEEP: RenderOptions = {
  mediaType: 'image/png',
  depth: 16,
  window: { center: 2048, width: 4096, function: 'linear' },
};

async function rendered(options: RenderOptions): Promise<{ samples: Uint16Array; depth: string | undefined }> {
  const path = await writeFixture(dir, {
    pixel: { rows: SIDE, columns: SIDE, bitsAllocated: 16, bitsStored: 12 },
    frames: [new Uint8Array(VALUES.buffer)],
    attributes: { '00100020': { vr: 'LO', Value: ['X'] } },
  });
  const { bytes } = await renderer.render(path, 1, options);
  const { depth } = await sharp(bytes).metadata();
  const data = await sharp(bytes).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer();
  return { samples: new Uint16Array(data.buffer, data.byteOffset, data.length / 2), depth };
}

test('each of 4096 values has its own grey, by the formula of the window', async () => {
  const { samples, depth } = await rendered(DEEP);
  assert.equal(depth, 'ushort');
  assert.deepEqual(
    [...samples],
    Array.from(VALUES, (x) => Math.round((x / 4095) * 65535)),
  );
});

test('an annotation leaves all other pixels as they are', async () => {
  const [plain, written] = [await rendered(DEEP), await rendered({ ...DEEP, annotation: ['patient'] })];
  const changed = [...plain.samples.keys()].filter((at) => plain.samples[at] !== written.samples[at]);
  assert.ok(changed.length > 0 && changed.every((at) => at < 24 * SIDE));
});
