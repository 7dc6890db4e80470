// Instances in another transfer syntax: pixels bit for bit, header attributes right, nothing half made.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../../src/dimse/data/part10.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import {
  Deflated,
  DeflatedFrame,
  EncapsulatedUncompressed,
  ExplicitBig,
  ExplicitLittle,
  HtJpeg2000Lossless,
  HtJpeg2000LosslessRpcl,
  ImplicitLittle,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegExtended,
  JpegLossless,
  JpegLosslessSv1,
  JpegLsLossless,
  JpegXlLossless,
  RleLossless,
} from '../../../src/dimse/data/transfer-syntax.ts';
import { BitJoiner } from '../../../src/render/frames/bit-joiner.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { encode, type Fixture, fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 2 });
after(() => renderer.close());

async function transcoded(path: string, target: string): Promise<{ dataset: Dataset; path: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of renderer.transcode(path, target)) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const meta = writeFileMeta({ sopClassUid: '1.2', sopInstanceUid: '1.2.3', transferSyntaxUid: target });
  const result = join(dir, `${target}-${Math.random()}.dcm`);
  await writeFile(result, Buffer.concat([meta, body]));
  return { dataset: readDataset(body, target), path: result };
}

const value = (dataset: Dataset, tag: string): unknown => dataset[tag]?.Value?.[0];

const KINDS: Record<string, Partial<PixelDescription>> = {
  'unsigned 8': {},
  'signed 12 in 16': { bitsAllocated: 16, bitsStored: 12, signed: true },
  'unsigned 12 in 16': { bitsAllocated: 16, bitsStored: 12 },
  RGB: { samplesPerPixel: 3, photometric: 'RGB' },
};

const TARGETS = [
  ExplicitLittle,
  ImplicitLittle,
  ExplicitBig,
  Deflated,
  EncapsulatedUncompressed,
  DeflatedFrame,
  RleLossless,
  JpegLossless,
  JpegLosslessSv1,
  JpegLsLossless,
  Jpeg2000Lossless,
  HtJpeg2000Lossless,
  HtJpeg2000LosslessRpcl,
  JpegXlLossless,
];

for (const source of [ExplicitLittle, RleLossless, JpegLsLossless]) {
  for (const target of TARGETS) {
    test(`${source} → ${target} keeps every pixel of every frame`, async () => {
      for (const [kind, changes] of Object.entries(KINDS)) {
        if (target === JpegXlLossless && kind.includes('12')) continue; // Its encoder wants 8 or 16 bits.
        const pixel = pixelOf(changes);
        const frames = [1, 2, 3].map((seed) => samples(pixel, seed));
        const { path } = await transcoded(
          await writeFixture(dir, { transferSyntaxUid: source, pixel, frames }),
          target,
        );
        for (const [index, frame] of frames.entries()) {
          assert.deepEqual(
            (await renderer.decode(path, index + 1)).bytes,
            Buffer.from(frame),
            `${kind}, frame ${index + 1}`,
          );
        }
      }
    });
  }
}

test('attributes that the pixel data do not change stay as they were', async () => {
  const attributes: Dataset = {
    '00080005': { vr: 'CS', Value: ['ISO_IR 100'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Größe^Zoë' }] },
    '00281050': { vr: 'DS', Value: ['0040.00'] },
    '00091010': { vr: 'UN', InlineBinary: Buffer.from([1, 2, 3, 4]) },
    '00081140': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.2.3'] } }, {}] },
    '00282110': { vr: 'CS', Value: ['01'] },
  };
  const path = await writeFixture(dir, {
    transferSyntaxUid: RleLossless,
    pixel: pixelOf(),
    frames: [samples(pixelOf())],
    attributes,
  });
  const { dataset } = await transcoded(path, ExplicitLittle);
  for (const [tag, attribute] of Object.entries(attributes)) {
    if (tag !== '00281050' && tag !== '00080005') assert.deepEqual(dataset[tag], attribute, tag);
  }
  assert.equal(value(dataset, '00281050'), 40);
});

test('colour becomes colour by pixel, and Photometric Interpretation says what the samples are', async () => {
  const pixel = pixelOf({ samplesPerPixel: 3, photometric: 'RGB', planar: 1 });
  const path = await writeFixture(dir, { transferSyntaxUid: RleLossless, pixel, frames: [samples(pixel)] });
  const facts = async (target: string) => {
    const { dataset } = await transcoded(path, target);
    return [value(dataset, '00280004'), value(dataset, '00280006')];
  };
  assert.deepEqual(await facts(ExplicitLittle), ['RGB', 0]);
  assert.deepEqual(await facts(Jpeg2000Lossless), ['YBR_RCT', 0]);
  assert.deepEqual(await facts(JpegLsLossless), ['RGB', 0]);
});

test('lossy JPEG in YBR_FULL_422 becomes RGB', async () => {
  const pixel = pixelOf({ rows: 16, columns: 16, samplesPerPixel: 3, photometric: 'RGB' });
  const stored = { ...pixel, photometric: 'YBR_FULL_422' };
  const attributes = { '00280004': { vr: 'CS' as const, Value: [stored.photometric] } };
  const path = await writeFixture(dir, {
    transferSyntaxUid: JpegBaseline,
    pixel,
    frames: [samples(pixel)],
    attributes,
  });
  const { dataset } = await transcoded(path, ExplicitLittle);
  assert.equal(value(dataset, '00280004'), 'RGB');
});

test('E-7 what JPEG 2000 stores as YBR_RCT is RGB in a native format, which has no such thing', async () => {
  const pixel = pixelOf({ rows: 16, columns: 16, samplesPerPixel: 3, photometric: 'RGB' });
  const attributes = { '00280004': { vr: 'CS' as const, Value: ['YBR_RCT'] } };
  const frames = [samples(pixel)];
  const path = await writeFixture(dir, { transferSyntaxUid: Jpeg2000Lossless, pixel, frames, attributes });
  const { dataset } = await transcoded(path, ExplicitLittle);
  assert.equal(value(dataset, '00280004'), 'RGB');
  assert.deepEqual(Buffer.from(dataset['7FE00010']?.InlineBinary ?? []), Buffer.from(frames[0] ?? []));
});

test('native YBR_FULL_422 is compressed as YBR_FULL', async () => {
  const pixel = pixelOf({ rows: 2, columns: 2, samplesPerPixel: 3, photometric: 'YBR_FULL_422' });
  const fixture: Fixture = { pixel, frames: [Uint8Array.from([1, 2, 100, 200, 3, 4, 110, 210])] };
  const { dataset, path } = await transcoded(await writeFixture(dir, fixture), RleLossless);
  assert.equal(value(dataset, '00280004'), 'YBR_FULL');
  const expected = [1, 100, 200, 2, 100, 200, 3, 110, 210, 4, 110, 210];
  assert.deepEqual([...(await renderer.decode(path, 1)).bytes], expected);
});

test('E-5 tables of old offsets are gone', async () => {
  const fixture: Fixture = {
    transferSyntaxUid: JpegLsLossless,
    frames: [samples(pixelOf())],
    layout: { table: 'extended' },
  };
  const { dataset } = await transcoded(await writeFixture(dir, fixture), RleLossless);
  assert.deepEqual([dataset['7FE00001'], dataset['7FE00002']], [undefined, undefined]);
});

test('attributes after the pixel data are kept, signatures over the old pixel data are not', async () => {
  const tail: Dataset = {
    '7FE11010': { vr: 'LO', Value: ['kept'] },
    FFFAFFFA: { vr: 'SQ', Value: [{ '04000005': { vr: 'US', Value: [1] } }] },
  };
  for (const transferSyntaxUid of [RleLossless, ExplicitLittle]) {
    const path = await writeFixture(dir, { transferSyntaxUid, pixel: pixelOf(), frames: [samples(pixelOf())], tail });
    const { dataset } = await transcoded(path, JpegLsLossless);
    assert.deepEqual([value(dataset, '7FE11010'), dataset.FFFAFFFA], ['kept', undefined]);
  }
});

test('W-B4 one-bit frames are joined without padding', async () => {
  const pixel = pixelOf({ rows: 3, columns: 3, bitsAllocated: 1, bitsStored: 1 });
  const frames = [0b101010101, 0b110011001, 0b111000111].map((bits) => Uint8Array.of(bits & 0xff, bits >> 8));
  const path = await writeFixture(dir, { transferSyntaxUid: RleLossless, pixel, frames });
  const { dataset } = await transcoded(path, ExplicitLittle);
  const expected = 0b101010101 | (0b110011001 << 9) | (0b111000111 << 18);
  assert.equal(Buffer.from(dataset['7FE00010']?.InlineBinary ?? []).readUInt32LE(0), expected);
});

test('joined bits are those of the frames, whatever their number', () => {
  for (let bits = 1; bits <= 17; bits += 1) {
    const frames = Array.from({ length: 9 }, (_, n) => Array.from({ length: bits }, (_, bit) => (n * 7 + bit * 3) & 1));
    const joiner = new BitJoiner(bits);
    const packed = frames.map((frame) => {
      const bytes = new Uint8Array(Math.ceil(bits / 8));
      for (const [bit, on] of frame.entries()) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (on << (bit & 7));
      return joiner.add(bytes);
    });
    const joined = Buffer.concat([...packed, joiner.end()]);
    const all = frames.flat();
    assert.equal(joined.length, Math.ceil(all.length / 8));
    assert.deepEqual(
      all.map((_, bit) => ((joined[bit >> 3] ?? 0) >> (bit & 7)) & 1),
      all,
    );
  }
});

const IMPOSSIBLE: [what: string, fixture: Fixture, target: string][] = [
  ['an unknown transfer syntax', { frames: [samples(pixelOf())] }, '1.2.3'],
  ['a syntax without encoder', { frames: [samples(pixelOf())] }, '1.2.840.10008.1.2.4.102'],
  ['a lossy syntax without encoder', { frames: [samples(pixelOf())] }, JpegExtended],
  [
    '32 bits in JPEG-LS',
    { pixel: { bitsAllocated: 32, bitsStored: 32 }, frames: [samples(pixelOf({ bitsAllocated: 32, bitsStored: 32 }))] },
    JpegLsLossless,
  ],
  [
    'E-9 floats, which are native only, in RLE',
    {
      pixel: { bitsAllocated: 32, kind: 'float' },
      frames: [samples(pixelOf({ bitsAllocated: 32, bitsStored: 32, kind: 'float' }))],
    },
    RleLossless,
  ],
];

for (const [what, fixture, target] of IMPOSSIBLE) {
  test(`${what} is not acceptable before the first chunk`, async () => {
    const chunks = renderer.transcode(await writeFixture(dir, fixture), target)[Symbol.asyncIterator]();
    await assert.rejects(chunks.next(), { name: 'DicomError', kind: 'not-acceptable' });
  });
}

test('a broken first frame is an error before the first chunk', async () => {
  const path = await writeFixture(dir, {
    transferSyntaxUid: JpegLsLossless,
    frames: [],
    codestreams: [Buffer.alloc(100)],
  });
  const chunks = renderer.transcode(path, ExplicitLittle)[Symbol.asyncIterator]();
  await assert.rejects(chunks.next(), { kind: 'corrupt' });
});

test('a broken later frame breaks the stream off', async () => {
  const good = samples(pixelOf());
  const codestreams = [await encode(JpegLsLossless, pixelOf(), good), Buffer.alloc(100)];
  const path = await writeFixture(dir, { transferSyntaxUid: JpegLsLossless, frames: [], codestreams });
  await assert.rejects(transcoded(path, ExplicitLittle), { kind: 'corrupt' });
});

test('frames of different sizes cannot become one native value', async () => {
  const [one, two] = [pixelOf(), pixelOf({ rows: 6 })];
  const codestreams = [
    await encode(JpegLsLossless, one, samples(one)),
    await encode(JpegLsLossless, two, samples(two)),
  ];
  const path = await writeFixture(dir, { transferSyntaxUid: JpegLsLossless, frames: [], codestreams });
  await assert.rejects(transcoded(path, ExplicitLittle), { kind: 'corrupt', message: /differ/ });
});

test('a consumer that stops early leaves nothing running', async () => {
  const frames = Array.from({ length: 50 }, (_, seed) => samples(pixelOf(), seed));
  const path = await writeFixture(dir, { transferSyntaxUid: RleLossless, frames });
  const chunks = renderer.transcode(path, ExplicitLittle)[Symbol.asyncIterator]();
  await chunks.next();
  await chunks.return?.();
  assert.deepEqual(await chunks.next(), { done: true, value: undefined });
});

test('the signal of a request stops it', async () => {
  const frames = Array.from({ length: 20 }, (_, seed) => samples(pixelOf(), seed));
  const path = await writeFixture(dir, { transferSyntaxUid: RleLossless, frames });
  const leaving = new AbortController();
  await assert.rejects(
    async () => {
      for await (const _ of renderer.transcode(path, ExplicitLittle, leaving.signal)) leaving.abort();
    },
    { kind: 'cancelled' },
  );
});
