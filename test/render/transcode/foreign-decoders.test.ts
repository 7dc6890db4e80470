// What we encode, decoded by DCMTK, GDCM, OpenJPEG, ffmpeg and zlib: every frame bit for bit what went in.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { readFileMeta } from '../../../src/dimse/data/part10.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import {
  DeflatedFrame,
  EncapsulatedUncompressed,
  ExplicitLittle,
  HtJpeg2000Lossless,
  HtJpeg2000LosslessRpcl,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegLossless,
  JpegLosslessSv1,
  JpegLsLossless,
  JpegXlLossless,
  RleLossless,
} from '../../../src/dimse/data/transfer-syntax.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { runToolOk } from '../../support/peer.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';
import { transcodedFile } from './written.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const TOOLS: [tool: string, uid: string][] = [
  ['dcmdrle', RleLossless],
  ['dcmdjpeg', JpegLossless],
  ['dcmdjpeg', JpegLosslessSv1],
  ['dcmdjpls', JpegLsLossless],
];

const KINDS: Record<string, Partial<PixelDescription>> = {
  'unsigned 8, odd length': { rows: 7, columns: 5 },
  'unsigned 12 in 16': { bitsAllocated: 16, bitsStored: 12 },
  'signed 12 in 16': { bitsAllocated: 16, bitsStored: 12, signed: true },
  'unsigned 16': { bitsAllocated: 16, bitsStored: 16 },
  'signed 16': { bitsAllocated: 16, bitsStored: 16, signed: true },
  'signed 8': { signed: true },
  RGB: { samplesPerPixel: 3, photometric: 'RGB' },
};

for (const [tool, transferSyntaxUid] of TOOLS) {
  const deep = { 'unsigned 32': { bitsAllocated: 32, bitsStored: 32 } };
  for (const [kind, changes] of Object.entries(tool === 'dcmdrle' ? { ...KINDS, ...deep } : KINDS)) {
    test(`${tool} decodes our ${transferSyntaxUid} of ${kind} samples, two frames, bit for bit`, async () => {
      const pixel = pixelOf(changes);
      const frames = [samples(pixel, 1), samples(pixel, 2)];
      const { ours, theirs } = await transcoded(await writeFixture(dir, { pixel, frames }), transferSyntaxUid);
      await runToolOk(tool, [...(tool === 'dcmdjpeg' ? ['+cn'] : []), ours, theirs]);
      const expected = Buffer.concat(frames);
      assert.deepEqual(await pixelsOf(theirs, frames.length, expected.length), expected);
    });
  }
}

/** Our file in another transfer syntax, and a path for what a foreign tool makes of it. */
async function transcoded(source: string, transferSyntaxUid: string): Promise<{ ours: string; theirs: string }> {
  const ours = await transcodedFile(renderer, dir, source, transferSyntaxUid);
  return { ours, theirs: join(dir, 'theirs.dcm') };
}

/** The first `length` bytes of native pixel data, colour by pixel. */
async function pixelsOf(path: string, frames: number, length: number): Promise<Buffer> {
  const file = await readFile(path);
  const meta = readFileMeta(file);
  const dataset = readDataset(file.subarray(meta.dataOffset), meta.transferSyntaxUid);
  const bytes = Buffer.from(dataset['7FE00010']?.InlineBinary ?? []);
  const planar = dataset['00280006']?.Value?.[0] === 1;
  return (planar ? byPixel(bytes, frames) : bytes).subarray(0, length);
}

/** Colour by plane, frame after frame, to colour by pixel. */
function byPixel(bytes: Buffer, frames: number): Buffer {
  const length = Math.floor(bytes.length / frames);
  const pixels = length / 3;
  return Buffer.from(
    Uint8Array.from({ length: length * frames }, (_, at) => {
      const [frame, rest] = [Math.floor(at / length), at % length];
      return bytes[frame * length + (rest % 3) * pixels + Math.floor(rest / 3)] ?? 0;
    }),
  );
}

/** Lossless targets that each foreign decoder reads, by gdcmconv and, of bare JPEG 2000 codestreams, by OpenJPEG. */
const GDCM = [RleLossless, JpegLossless, JpegLosslessSv1, JpegLsLossless, Jpeg2000Lossless];
const OPENJPEG = [Jpeg2000Lossless, HtJpeg2000Lossless, HtJpeg2000LosslessRpcl];

for (const transferSyntaxUid of GDCM) {
  for (const [kind, changes] of Object.entries(KINDS)) {
    test(`gdcmconv decodes our ${transferSyntaxUid} of ${kind} samples bit for bit`, async () => {
      const pixel = pixelOf(changes);
      // It writes no Secondary Capture of several frames with a sign.
      const frames = pixel.signed ? [samples(pixel, 3)] : [samples(pixel, 3), samples(pixel, 8)];
      const { ours, theirs } = await transcoded(await writeFixture(dir, { pixel, frames }), transferSyntaxUid);
      await runToolOk('gdcmconv', ['--raw', ours, theirs]);
      const expected = Buffer.concat(frames);
      assert.deepEqual(await pixelsOf(theirs, frames.length, expected.length), expected);
    });
  }
}

/** Compressed sources: what a foreign decoder sees of them must not depend on what they were before. */
const SOURCES = [RleLossless, JpegLosslessSv1, JpegLsLossless, Jpeg2000Lossless, HtJpeg2000Lossless];

for (const source of SOURCES) {
  for (const target of [...GDCM, ExplicitLittle]) {
    test(`gdcmconv finds in our ${target}, made of ${source}, the samples bit for bit`, async () => {
      for (const kind of ['signed 12 in 16', 'RGB']) {
        const pixel = pixelOf(KINDS[kind]);
        const frame = samples(pixel, 6);
        const stored = await writeFixture(dir, { transferSyntaxUid: source, pixel, frames: [frame] });
        const { ours, theirs } = await transcoded(stored, target);
        await runToolOk('gdcmconv', ['--raw', ours, theirs]);
        assert.deepEqual(await pixelsOf(theirs, 1, frame.length), Buffer.from(frame), kind);
      }
    });
  }
}

test('dcmdjpeg decodes our JPEG Baseline to what we decode it to, within one level', async () => {
  const pixel = pixelOf({ rows: 32, columns: 32 });
  const { ours, theirs } = await transcoded(
    await writeFixture(dir, { pixel, frames: [samples(pixel, 7)] }),
    JpegBaseline,
  );
  await runToolOk('dcmdjpeg', [ours, theirs]);
  const { bytes } = await renderer.decode(ours, 1);
  const foreign = await pixelsOf(theirs, 1, bytes.length);
  assert.ok(bytes.every((value, at) => Math.abs(value - (foreign[at] ?? Number.NaN)) <= 1));
});

/** The fragments of our file, one a frame. */
async function codestreamsOf(source: string, transferSyntaxUid: string): Promise<Buffer[]> {
  const file = await readFile(await transcodedFile(renderer, dir, source, transferSyntaxUid));
  let at = file.indexOf('e07f10004f420000ffffffff', 0, 'hex') + 12;
  const items: Buffer[] = [];
  for (; file.readUInt32LE(at) === 0xe000fffe; at += 8 + file.readUInt32LE(at + 4)) {
    items.push(file.subarray(at + 8, at + 8 + file.readUInt32LE(at + 4)));
  }
  const [table, ...frames] = items;
  assert.equal(table?.length, 0);
  return frames;
}

for (const transferSyntaxUid of OPENJPEG) {
  for (const [kind, changes] of Object.entries(KINDS)) {
    test(`opj_decompress decodes our ${transferSyntaxUid} of ${kind} samples, two frames, bit for bit`, async () => {
      const pixel = pixelOf(changes);
      const frames = [samples(pixel, 4), samples(pixel, 9)];
      const codestreams = await codestreamsOf(await writeFixture(dir, { pixel, frames }), transferSyntaxUid);
      assert.equal(codestreams.length, frames.length);
      for (const [n, frame] of frames.entries()) {
        const [codestream, raw] = [join(dir, 'frame.j2k'), join(dir, 'frame.rawl')];
        await writeFile(codestream, codestreams[n] ?? '');
        await runToolOk('opj_decompress', ['-i', codestream, '-o', raw]);
        const decoded = await readFile(raw);
        const colours = pixel.samplesPerPixel === 3 ? byPixel(decoded, 1) : decoded;
        // It writes no sign above the bits of a sample.
        assert.deepEqual(unsigned(colours, pixel), unsigned(Buffer.from(frame), pixel));
      }
    });
  }
}

for (const [kind, format] of [
  ['unsigned 8, odd length', 'gray'],
  ['unsigned 16', 'gray16le'],
  ['RGB', 'rgb24'],
] as const) {
  test(`ffmpeg decodes our JPEG XL of ${kind} samples, two frames, bit for bit`, async () => {
    const pixel = pixelOf(KINDS[kind]);
    const frames = [samples(pixel, 10), samples(pixel, 11)];
    const codestreams = await codestreamsOf(await writeFixture(dir, { pixel, frames }), JpegXlLossless);
    for (const [n, frame] of frames.entries()) {
      const [codestream, raw] = [join(dir, 'frame.jxl'), join(dir, 'frame.raw')];
      await writeFile(codestream, codestreams[n] ?? '');
      const output = ['-f', 'rawvideo', '-pix_fmt', format, raw];
      await runToolOk('ffmpeg', ['-v', 'error', '-y', '-i', codestream, ...output]);
      assert.deepEqual(await readFile(raw), Buffer.from(frame));
    }
  });
}

for (const [kind, changes] of Object.entries(KINDS)) {
  test(`our Encapsulated Uncompressed and Deflated Image Frame of ${kind} samples are as they were, and inflated so`, async () => {
    const pixel = pixelOf(changes);
    const frames = [samples(pixel, 12), samples(pixel, 13)].map((frame) => Buffer.from(frame));
    const source = await writeFixture(dir, { pixel, frames });
    const plain = await codestreamsOf(source, EncapsulatedUncompressed);
    assert.deepEqual(
      plain.map((frame, n) => frame.subarray(0, frames[n]?.length)),
      frames,
    );
    assert.deepEqual(
      (await codestreamsOf(source, DeflatedFrame)).map((frame) => inflateRawSync(frame)),
      frames,
    );
  });
}

/** Samples without the bits above Bits Stored. */
function unsigned(bytes: Buffer, { bitsAllocated, bitsStored }: PixelDescription): Buffer {
  const above = bitsAllocated === 16 ? 0xff >> (16 - bitsStored) : 0xff;
  return Buffer.from(bytes.map((byte, at) => (at % 2 === 1 ? byte & above : byte)));
}
