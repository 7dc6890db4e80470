// JPEG 2000 Part 2 (PS3.5 8.2.4, A.4.4): what is coded as in Part 1 is decoded, what needs more is refused by name.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Jpeg2000Lossless } from '../../../src/dimse/data/transfer-syntax.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { encode, type Fixture, fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, ffmpeg: undefined });
after(() => renderer.close());

const PART_2 = ['1.2.840.10008.1.2.4.92', '1.2.840.10008.1.2.4.93'];
const RGB = pixelOf({ samplesPerPixel: 3, photometric: 'RGB' });

async function codestreamOf(pixel = RGB, seed = 0): Promise<Buffer> {
  return Buffer.from(await encode(Jpeg2000Lossless, pixel, samples(pixel, seed)));
}

const fileOf = (transferSyntaxUid: string, codestream: Buffer, more: Partial<Fixture> = {}): Promise<string> =>
  writeFixture(dir, { transferSyntaxUid, pixel: RGB, frames: [], codestreams: [codestream], ...more });

/** Capabilities of Part 2, whatever of them is used (Rsiz, ISO 15444-2 A.2.1). */
function extended(codestream: Buffer): Buffer {
  codestream.writeUInt16BE(0x8000, 6);
  return codestream;
}

/** With a marker segment before the first tile. */
function withMarker(codestream: Buffer, marker: number): Buffer {
  const segment = Buffer.alloc(14);
  segment.writeUInt16BE(marker, 0);
  segment.writeUInt16BE(12, 2);
  const tile = codestream.indexOf('ff90', 0, 'hex');
  return Buffer.concat([codestream.subarray(0, tile), segment, codestream.subarray(tile)]);
}

for (const uid of PART_2) {
  test(`${uid}: frames of one codestream each that use nothing of Part 2 come out to the last bit`, async () => {
    const pixel = pixelOf({ bitsAllocated: 16, bitsStored: 12, signed: true });
    for (const described of [pixel, RGB]) {
      const codestreams = [extended(await codestreamOf(described, 1)), extended(await codestreamOf(described, 2))];
      const path = await writeFixture(dir, { transferSyntaxUid: uid, pixel: described, frames: [], codestreams });
      for (const n of [1, 2]) {
        assert.deepEqual((await renderer.decode(path, n)).bytes, Buffer.from(samples(described, n)));
      }
    }
  });
}

const [LOSSLESS = ''] = PART_2;

for (const [name, marker] of [
  ['MCT', 0xff74],
  ['MCC', 0xff75],
  ['MCO', 0xff77],
] as const) {
  test(`a transformation that the codestream defines itself (${name}) is not acceptable, and named`, async () => {
    const path = await fileOf(LOSSLESS, withMarker(extended(await codestreamOf()), marker));
    await assert.rejects(renderer.decode(path, 1), { kind: 'not-acceptable', message: /component transformation/ });
  });
}

for (const marker of [0xff70, 0xff71, 0xff72, 0xff73, 0xff76, 0xff78, 0xff79]) {
  const name = marker.toString(16).toUpperCase();
  test(`what else changes samples (marker ${name}) is not acceptable, and named: the decoder would read over it`, async () => {
    const path = await fileOf(LOSSLESS, withMarker(extended(await codestreamOf()), marker));
    await assert.rejects(renderer.decode(path, 1), { kind: 'not-acceptable', message: new RegExp(name) });
  });
}

test('so is a transformation that the coding style announces', async () => {
  const codestream = extended(await codestreamOf());
  const style = codestream.indexOf('ff52', 0, 'hex');
  codestream[style + 8] = 2;
  const path = await fileOf(LOSSLESS, codestream);
  await assert.rejects(renderer.decode(path, 1), { kind: 'not-acceptable', message: /component transformation/ });
});

test('frames as components of one codestream are not acceptable, and no colours', async () => {
  const grey = pixelOf();
  const path = await fileOf(LOSSLESS, extended(await codestreamOf()), { pixel: grey });
  await assert.rejects(renderer.decode(path, 1), { kind: 'not-acceptable', message: /Frames as components/ });
  const attributes = { '00280008': { vr: 'IS' as const, Value: [3] } };
  const three = await fileOf(LOSSLESS, extended(await codestreamOf()), { pixel: grey, attributes });
  await assert.rejects(renderer.decode(three, 2), { kind: 'not-acceptable', message: /one JPEG 2000 codestream each/ });
});
