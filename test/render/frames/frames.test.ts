// Where frames lie: offset tables, fragments without tables, native samples, and what is refused.

import assert from 'node:assert/strict';
import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  Deflated,
  ExplicitBig,
  ExplicitLittle,
  Jpeg2000Lossless,
  JpegLosslessSv1,
  JpegLsLossless,
  RleLossless,
} from '../../../src/dimse/data/transfer-syntax.ts';
import { readFrame } from '../../../src/render/frames/frames.ts';
import { openImage } from '../../../src/render/frames/image.ts';
import { encode, fixtureFolder, type Layout, pixelOf, samples, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const pixel = pixelOf({ rows: 24, columns: 32 });
const frames = [0, 1, 2, 3].map((seed) => samples(pixel, seed));

const LAYOUTS: [rule: string, uid: string, layout: Layout][] = [
  ['R-10 Basic Offset Table', JpegLsLossless, { table: 'basic' }],
  ['R-10 Basic Offset Table, frames of several fragments', RleLossless, { table: 'basic', fragmentsPerFrame: 3 }],
  ['E-5 R-10 Extended Offset Table', JpegLsLossless, { table: 'extended' }],
  ['R-10 empty table, one fragment a frame', RleLossless, { table: 'empty' }],
  ['R-10 empty table, JPEG frames told by FFD8', JpegLosslessSv1, { table: 'empty', fragmentsPerFrame: 3 }],
  ['R-10 empty table, JPEG 2000 frames told by FF4F', Jpeg2000Lossless, { table: 'empty', fragmentsPerFrame: 2 }],
  ['R-10 a table that points between items is passed over', JpegLsLossless, { table: 'wrong' }],
  [
    'E-6 a table that points between items, several fragments',
    JpegLsLossless,
    { table: 'wrong', fragmentsPerFrame: 2 },
  ],
  ['the Sequence Delimitation Item is missing', JpegLsLossless, { table: 'empty', undelimited: true }],
  ['the Sequence Delimitation Item is missing behind a table', JpegLsLossless, { table: 'basic', undelimited: true }],
];

for (const [rule, transferSyntaxUid, layout] of LAYOUTS) {
  test(`${rule}: each frame is its own codestream`, async () => {
    const path = await writeFixture(dir, { transferSyntaxUid, pixel, frames, layout });
    const image = await openImage(path);
    assert.equal(image.numberOfFrames, 4);
    for (const n of [3, 1, 4, 2]) {
      const expected = Buffer.from(await encode(transferSyntaxUid, pixel, frames[n - 1] ?? new Uint8Array()));
      const padded = Buffer.concat([expected, Buffer.alloc(expected.length % 2)]);
      assert.deepEqual(await readFrame(image, n), padded);
    }
  });
}

test('R-10 a single frame takes all fragments', async () => {
  const [first] = frames;
  assert.ok(first);
  const layout: Layout = { table: 'empty', fragmentsPerFrame: 5 };
  const image = await openImage(
    await writeFixture(dir, { transferSyntaxUid: RleLossless, pixel, frames: [first], layout }),
  );
  const expected = Buffer.from(await encode(RleLossless, pixel, first));
  assert.deepEqual((await readFrame(image, 1)).subarray(0, expected.length), expected);
});

test('R-10 RLE fragments that nothing tells apart are corrupt', async () => {
  const layout: Layout = { table: 'empty', fragmentsPerFrame: 2 };
  const image = await openImage(await writeFixture(dir, { transferSyntaxUid: RleLossless, pixel, frames, layout }));
  await assert.rejects(readFrame(image, 1), { kind: 'corrupt', field: 'NumberOfFrames' });
});

for (const n of [0, -1, 5, 1.5, Number.NaN]) {
  test(`frame ${n} of 4 is not found`, async () => {
    const image = await openImage(await writeFixture(dir, { pixel, frames }));
    await assert.rejects(readFrame(image, n), { kind: 'not-found', field: 'NumberOfFrames' });
  });
}

for (const [name, uid] of [
  ['big endian', ExplicitBig],
  ['deflated', Deflated],
  ['little endian', ExplicitLittle],
] as const) {
  test(`native ${name} 16-bit frames come in little endian`, async () => {
    const wide = pixelOf({ rows: 5, columns: 3, bitsAllocated: 16, bitsStored: 12 });
    const stored = [samples(wide, 1), samples(wide, 2)];
    const image = await openImage(await writeFixture(dir, { transferSyntaxUid: uid, pixel: wide, frames: stored }));
    assert.deepEqual(await readFrame(image, 2), Buffer.from(stored[1] ?? []));
  });
}

test('R-4, T-76 one-bit frames follow each other without byte alignment', async () => {
  const bits = pixelOf({ rows: 3, columns: 3, bitsAllocated: 1, bitsStored: 1 });
  // 27 bits: 101010101 110011001 111000111, each frame's first pixel in the lowest free bit.
  const text = ['101010101', '110011001', '111000111'];
  const packed = Buffer.alloc(4);
  for (const [index, bit] of [...text.join('')].entries()) {
    packed[index >> 3] = (packed[index >> 3] ?? 0) | (Number(bit) << (index & 7));
  }
  const attributes = { '00280008': { vr: 'IS' as const, Value: [3] } };
  const image = await openImage(await writeFixture(dir, { pixel: bits, frames: [packed], attributes }));
  for (const [index, expected] of text.entries()) {
    const frame = await readFrame(image, index + 1);
    const unpacked = Array.from({ length: 16 }, (_, bit) => ((frame[bit >> 3] ?? 0) >> (bit & 7)) & 1).join('');
    assert.equal(unpacked, expected.padEnd(16, '0'));
  }
});

test('R-5 eight-bit samples in big endian OW words are swapped back', async () => {
  const small = pixelOf({ rows: 2, columns: 2 });
  const path = await writeFixture(dir, {
    transferSyntaxUid: ExplicitBig,
    pixel: small,
    frames: [Buffer.from([2, 1, 4, 3])],
  });
  const file = await readFile(path);
  const at = file.lastIndexOf(Buffer.from('7fe000104f42', 'hex'));
  file.write('OW', at + 4, 'latin1');
  await writeFile(path, file);
  assert.deepEqual(await readFrame(await openImage(path), 1), Buffer.from([1, 2, 3, 4]));
});

test('a file cut within its native pixel data still gives the frames before the cut', async () => {
  const path = await writeFixture(dir, { pixel, frames });
  const { length } = await readFile(path);
  await truncate(path, length - (frames[0]?.length ?? 0) - 1);
  const image = await openImage(path);
  assert.deepEqual(await readFrame(image, 2), Buffer.from(frames[1] ?? []));
  await assert.rejects(readFrame(image, 3), { kind: 'corrupt', field: 'PixelData' });
});

test('a frame at the far end of a 3 GB file is read without the rest', async () => {
  const large = pixelOf({ rows: 2000, columns: 2000, bitsAllocated: 16, bitsStored: 16 });
  const attributes = { '00280008': { vr: 'IS' as const, Value: [400] } };
  const path = await writeFixture(dir, { pixel: large, frames: [Buffer.alloc(2)], attributes });
  const head = await readFile(path);
  const length = 400 * 8_000_000;
  head.writeUInt32LE(length, head.length - 6);
  const file = await open(path, 'w');
  await file.write(head, 0, head.length, 0);
  await file.truncate(head.length - 2 + length);
  await file.write(Buffer.from([0x12, 0x34]), 0, 2, head.length - 2 + 399 * 8_000_000);
  await file.close();
  const frame = await readFrame(await openImage(path), 400);
  assert.deepEqual([frame.length, frame.subarray(0, 4)], [8_000_000, Buffer.from([0x12, 0x34, 0, 0])]);
});

test('a header longer than the first read is read to its end', async () => {
  const attributes = { '00091010': { vr: 'OB' as const, InlineBinary: Buffer.alloc(300_000, 1) } };
  const image = await openImage(await writeFixture(dir, { pixel, frames, attributes }));
  assert.deepEqual(await readFrame(image, 4), Buffer.from(frames[3] ?? []));
});

test('a header that fills the first read to the byte is not taken for the whole data set', async () => {
  const filler = (length: number) => ({
    '00080018': { vr: 'UI' as const, Value: ['2.25.1'] },
    '00091010': { vr: 'OB' as const, InlineBinary: Buffer.alloc(length, 1) },
  });
  const empty = await openImage(await writeFixture(dir, { pixel, frames, attributes: filler(2) }));
  const length = 64 * 1024 - empty.header.length + 2;
  const image = await openImage(await writeFixture(dir, { pixel, frames, attributes: filler(length) }));
  assert.equal(image.header.length, 64 * 1024);
  assert.deepEqual(await readFrame(image, 1), Buffer.from(frames[0] ?? []));
});

test('an instance without pixel data is no image', async () => {
  const path = await writeFixture(dir, { pixel, frames });
  const file = await readFile(path);
  await writeFile(path, file.subarray(0, file.lastIndexOf(Buffer.from('e07f1000', 'hex'))));
  await assert.rejects(openImage(path), { kind: 'not-acceptable' });
});

const REFUSED: [what: string, tag: string, value: number, kind: string][] = [
  ['no rows', '00280010', 0, 'corrupt'],
  ['2 samples a pixel', '00280002', 2, 'not-acceptable'],
  ['13 bits allocated', '00280100', 13, 'not-acceptable'],
];

for (const [what, tag, value, kind] of REFUSED) {
  test(`an image with ${what} is refused as ${kind}`, async () => {
    const attributes = { [tag]: { vr: 'US' as const, Value: [value] } };
    await assert.rejects(openImage(await writeFixture(dir, { pixel, frames, attributes })), { kind });
  });
}

test('a frame beyond the limit is refused before anything is allocated', async () => {
  const attributes = {
    '00280010': { vr: 'US' as const, Value: [65535] },
    '00280011': { vr: 'US' as const, Value: [65535] },
  };
  await assert.rejects(openImage(await writeFixture(dir, { pixel, frames, attributes })), { kind: 'too-large' });
});

test('a file that went away is not found', async () => {
  await assert.rejects(openImage(`${dir}/gone.dcm`), { kind: 'not-found' });
});
