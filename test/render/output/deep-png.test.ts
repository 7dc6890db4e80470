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

for (const depth of [8, 16] as const) {
  test(`letters of ${depth} bits cover what lies under them as far as they are opaque`, async () => {
    const on = async (level: number): Promise<number[]> => {
      const frame = new Uint8Array(SIDE * SIDE).fill(level);
      const attributes = { '00100020': { vr: 'LO' as const, Value: ['X'] } };
      const path = await writeFixture(dir, { pixel: { rows: SIDE, columns: SIDE }, frames: [frame], attributes });
      const window = { center: 127.5, width: 255, function: 'linear-exact' } as const;
      const { bytes } = await renderer.render(path, 1, {
        mediaType: 'image/png',
        ...(depth === 16 && { depth }),
        window,
        annotation: ['patient'],
      });
      const space = depth === 16 ? 'grey16' : 'b-w';
      const data = await sharp(bytes)
        .toColourspace(space)
        .raw({ depth: depth === 16 ? 'ushort' : 'uchar' })
        .toBuffer();
      return [...(depth === 16 ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data)];
    };
    const [black, grey, white] = [await on(0), await on(51), await on(255)];
    const most = 2 ** depth - 1;
    assert.equal(Math.max(...black), most, 'a letter is white');
    assert.ok(Math.min(...white) < most / 4, 'and has a dark edge');
    for (const [at, level] of grey.entries()) {
      const expected = (black[at] ?? 0) + ((white[at] ?? 0) - (black[at] ?? 0)) * (51 / 255);
      assert.ok(Math.abs(level - expected) <= 1, `${at}: ${level}, not ${expected}`);
    }
  });
}
