// What codecs do with broken codestreams, and that none of it reaches the caller: the truncated JPEG that decodes «ok»,
// the JPEG-LS that burns seconds, the J2K of length 0, sizes that lie, the instance that is poisoned for good.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  HtJpeg2000Lossless,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegLosslessSv1,
  JpegLsLossless,
  JpegXlLossless,
  RleLossless,
} from '../../src/dimse/data/transfer-syntax.ts';
import { bareJpeg2000, checkEnd, readJpeg2000Info, readJpegInfo } from '../../src/render/codec/codestream.ts';
import { decodeFrame } from '../../src/render/codec/decode.ts';
import { Codecs } from '../../src/render/codec/wasm.ts';
import { openImage } from '../../src/render/frames/image.ts';
import { createRenderer } from '../../src/render/render.ts';
import { encode, fixtureFolder, pixelOf, samples, writeFixture } from './fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, timeoutMs: 20_000 });
after(() => renderer.close());

const pixel = pixelOf({ rows: 64, columns: 64 });
const frame = samples(pixel);
const SYNTAXES: [name: string, uid: string][] = [
  ['JPEG', JpegBaseline],
  ['JPEG lossless', JpegLosslessSv1],
  ['JPEG-LS', JpegLsLossless],
  ['JPEG 2000', Jpeg2000Lossless],
  ['HTJ2K', HtJpeg2000Lossless],
  ['JPEG XL', JpegXlLossless],
  ['RLE', RleLossless],
];

const streams = new Map<string, Buffer>();
for (const [, uid] of SYNTAXES) streams.set(uid, Buffer.from(await encode(uid, pixel, frame)));
const streamOf = (uid: string): Buffer => streams.get(uid) ?? Buffer.alloc(0);

const write = (uid: string, codestream: Buffer, changes = {}): Promise<string> =>
  writeFixture(dir, { transferSyntaxUid: uid, pixel: { ...pixel, ...changes }, frames: [], codestreams: [codestream] });

for (const [name, uid] of SYNTAXES) {
  for (const share of [0, 0.02, 0.3, 0.6, 0.9]) {
    test(`${name} cut to ${share * 100} % is corrupt, not a picture`, async () => {
      const stream = streamOf(uid);
      const path = await write(uid, stream.subarray(0, Math.floor(stream.length * share)));
      await assert.rejects(renderer.decode(path, 1), { name: 'DicomError', kind: 'corrupt' });
    });
  }

  test(`${name}: after broken frames a whole one decodes`, async () => {
    const stream = streamOf(uid);
    for (let seed = 1; seed <= 5; seed += 1) {
      const broken = Buffer.from(stream);
      broken.fill(0xa5, Math.floor((stream.length * seed) / 7), Math.floor((stream.length * seed) / 7) + 9);
      await renderer.decode(await write(uid, broken), 1).catch(() => undefined);
    }
    const { bytes } = await renderer.decode(await write(uid, stream), 1);
    assert.equal(bytes.length, frame.length);
    if (uid !== JpegBaseline) assert.deepEqual(bytes, Buffer.from(frame));
  });
}

test('a codestream that is something else altogether is corrupt', async () => {
  for (const [, uid] of SYNTAXES) {
    const noise = Buffer.from(
      'The quick brown fox jumps over the lazy dog, again and again and again and again.'.repeat(3),
    );
    await assert.rejects(renderer.decode(await write(uid, noise), 1), { kind: 'corrupt' });
  }
});

/** The codestream with another size in its frame header. */
function resized(uid: string, rows: number, columns: number): Buffer {
  const stream = Buffer.from(streamOf(uid));
  if (uid === Jpeg2000Lossless || uid === HtJpeg2000Lossless) {
    stream.writeUInt32BE(columns, 8);
    stream.writeUInt32BE(rows, 12);
    return stream;
  }
  for (let at = 2; at < stream.length; at += 2 + stream.readUInt16BE(at + 2)) {
    if (![0xc0, 0xc3, 0xf7].includes(stream[at + 1] ?? 0)) continue;
    stream.writeUInt16BE(rows, at + 5);
    stream.writeUInt16BE(columns, at + 7);
    break;
  }
  return stream;
}

for (const [name, uid] of SYNTAXES.slice(0, 5)) {
  test(`${name}: a declared size of 65535 x 65535 is refused before the decoder sees it`, async () => {
    const image = await openImage(await write(uid, resized(uid, 65535, 65535)));
    const untouched = new Proxy(new Codecs(), {
      get: () => () => Promise.reject(new Error('The decoder was asked')),
    });
    await assert.rejects(decodeFrame(image, 1, untouched), { kind: 'corrupt', message: /65535x65535/ });
  });

  test(`${name}: a size of nothing is refused`, async () => {
    await assert.rejects(renderer.decode(await write(uid, resized(uid, 0, 0)), 1), { kind: 'corrupt' });
  });

  test(`R-8 ${name}: the codestream's size wins over Rows and Columns`, async () => {
    const path = await write(uid, streamOf(uid), { rows: 48, columns: 80 });
    const { bytes } = await renderer.decode(path, 1);
    assert.equal(bytes.length, 64 * 64);
  });

  test(`R-8 ${name}: but not when it is more than four times as large`, async () => {
    const path = await write(uid, streamOf(uid), { rows: 31, columns: 31 });
    await assert.rejects(renderer.decode(path, 1), { kind: 'corrupt', message: /64x64/ });
  });
}

test('R-8 a precision above Bits Allocated is kept, in a larger cell', async () => {
  const deep = pixelOf({ rows: 8, columns: 8, bitsAllocated: 16, bitsStored: 16 });
  const values = samples(deep);
  const stream = Buffer.from(await encode(JpegLsLossless, deep, values));
  const path = await write(JpegLsLossless, stream, { rows: 8, columns: 8 });
  assert.deepEqual((await renderer.decode(path, 1)).bytes, Buffer.from(values));
});

test('R-8 a single component under RGB is shown as grey', async () => {
  const path = await write(JpegLsLossless, streamOf(JpegLsLossless), { samplesPerPixel: 3, photometric: 'RGB' });
  const { bytes, photometricInterpretation } = await renderer.decode(path, 1);
  assert.deepEqual([bytes.length, photometricInterpretation], [64 * 64, 'MONOCHROME2']);
});

for (const padding of ['00', 'ff', '20', '2000', 'ffd9', '000000000000']) {
  test(`padding ${padding} after the end marker is no damage`, () => {
    checkEnd(Buffer.concat([streamOf(JpegLosslessSv1), Buffer.from(padding, 'hex')]));
  });
}

test('a codestream without an end marker near its end is cut short', () => {
  const stream = streamOf(JpegLosslessSv1);
  assert.throws(() => checkEnd(stream.subarray(0, -2)), { kind: 'corrupt', message: /end marker/ });
  assert.throws(() => checkEnd(Buffer.concat([stream, Buffer.alloc(16)])), { kind: 'corrupt' });
});

test('a JPEG 2000 file box around the codestream is taken off', async () => {
  const stream = streamOf(Jpeg2000Lossless);
  const boxed = Buffer.concat([
    Buffer.from('0000000c6a5020200d0a870a00000014667479706a703220000000006a703220', 'hex'),
    Buffer.from('000000006a703263', 'hex'),
    stream,
  ]);
  assert.deepEqual(bareJpeg2000(boxed), stream);
  assert.deepEqual((await renderer.decode(await write(Jpeg2000Lossless, boxed), 1)).bytes, Buffer.from(frame));
});

test('frame headers say size, components and precision', async () => {
  const wide = pixelOf({ rows: 10, columns: 20, bitsAllocated: 16, bitsStored: 12 });
  const jpeg = readJpegInfo(Buffer.from(await encode(JpegLosslessSv1, wide, samples(wide))));
  const j2k = readJpeg2000Info(Buffer.from(await encode(Jpeg2000Lossless, wide, samples(wide))));
  const facts = ({ rows, columns, components, precision }: typeof jpeg) => [rows, columns, components, precision];
  assert.deepEqual(
    [facts(jpeg), facts(j2k)],
    [
      [10, 20, 1, 12],
      [10, 20, 1, 12],
    ],
  );
});

const RLE_DAMAGE: [what: string, change: (stream: Buffer) => Buffer][] = [
  ['too few segments', (stream) => Buffer.concat([Buffer.from('00000000', 'hex'), stream.subarray(4)])],
  ['too many segments', (stream) => Buffer.concat([Buffer.from('10000000', 'hex'), stream.subarray(4)])],
  [
    'a segment within the header',
    (stream) => Buffer.concat([stream.subarray(0, 4), Buffer.alloc(4), stream.subarray(8)]),
  ],
  [
    'a segment beyond the end',
    (stream) => Buffer.concat([stream.subarray(0, 4), Buffer.from('ffffff7f', 'hex'), stream.subarray(8)]),
  ],
  ['no header', (stream) => stream.subarray(0, 63)],
];

for (const [what, change] of RLE_DAMAGE) {
  test(`R-11 RLE with ${what} is corrupt`, async () => {
    const path = await write(RleLossless, change(streamOf(RleLossless)));
    await assert.rejects(renderer.decode(path, 1), { kind: 'corrupt' });
  });
}
