// What we encode, decoded by DCMTK, GDCM and OpenJPEG: bit for bit what went in; and no complaint of the standard's checkers.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readFileMeta, writeFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import {
  ExplicitLittle,
  HtJpeg2000Lossless,
  HtJpeg2000LosslessRpcl,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegLossless,
  JpegLosslessSv1,
  JpegLsLossless,
  RleLossless,
} from '../../src/dimse/data/transfer-syntax.ts';
import type { PixelDescription } from '../../src/render/frames/pixel.ts';
import { createRenderer } from '../../src/render/render.ts';
import { transcodedUid } from '../../src/render/transcode/lossy.ts';
import { runTool, runToolOk } from '../support/peer.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from './fixtures.ts';

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
  'signed 16': { bitsAllocated: 16, bitsStored: 16, signed: true },
  RGB: { samplesPerPixel: 3, photometric: 'RGB' },
};

for (const [tool, transferSyntaxUid] of TOOLS) {
  for (const [kind, changes] of Object.entries(KINDS)) {
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
async function transcoded(native: string, transferSyntaxUid: string): Promise<{ ours: string; theirs: string }> {
  const { sopClassUid = '', sopInstanceUid = '' } = readFileMeta(await readFile(native));
  const uid = transcodedUid(sopInstanceUid, transferSyntaxUid);
  const chunks = [writeFileMeta({ sopClassUid, sopInstanceUid: uid, transferSyntaxUid })];
  for await (const chunk of renderer.transcode(native, transferSyntaxUid)) chunks.push(chunk);
  const [ours, theirs] = [join(dir, 'ours.dcm'), join(dir, 'theirs.dcm')];
  await writeFile(ours, Buffer.concat(chunks));
  return { ours, theirs };
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
      const frame = samples(pixel, 3);
      const { ours, theirs } = await transcoded(await writeFixture(dir, { pixel, frames: [frame] }), transferSyntaxUid);
      await runToolOk('gdcmconv', ['--raw', ours, theirs]);
      assert.deepEqual(await pixelsOf(theirs, 1, frame.length), Buffer.from(frame));
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

for (const transferSyntaxUid of OPENJPEG) {
  for (const [kind, changes] of Object.entries(KINDS)) {
    test(`opj_decompress decodes our ${transferSyntaxUid} of ${kind} samples bit for bit`, async () => {
      const pixel = pixelOf(changes);
      const frame = samples(pixel, 4);
      const { bytes } = await renderer.encode(
        await writeFixture(dir, { pixel, frames: [frame] }),
        1,
        transferSyntaxUid,
      );
      const [codestream, raw] = [join(dir, 'frame.j2k'), join(dir, 'frame.rawl')];
      await writeFile(codestream, bytes);
      await runToolOk('opj_decompress', ['-i', codestream, '-o', raw]);
      const decoded = await readFile(raw);
      const colours = pixel.samplesPerPixel === 3 ? byPixel(decoded, 1) : decoded;
      // It writes no sign above the bits of a sample.
      assert.deepEqual(unsigned(colours, pixel), unsigned(Buffer.from(frame), pixel));
    });
  }
}

/** Samples without the bits above Bits Stored. */
function unsigned(bytes: Buffer, { bitsAllocated, bitsStored }: PixelDescription): Buffer {
  const above = bitsAllocated === 16 ? 0xff >> (16 - bitsStored) : 0xff;
  return Buffer.from(bytes.map((byte, at) => (at % 2 === 1 ? byte & above : byte)));
}

/** Debian's dciodvfy is older than HTJ2K. */
const TARGETS = [...GDCM, JpegBaseline];

/** The lines of a checker that speak of errors. */
const complaintsOf = (output: string): string[] => output.split('\n').filter((line) => /error/i.test(line));

for (const transferSyntaxUid of TARGETS) {
  test(`dciodvfy and dcmftest find no error in our ${transferSyntaxUid} that the source does not have`, async () => {
    for (const changes of [{}, { samplesPerPixel: 3, photometric: 'RGB' }]) {
      const pixel = pixelOf(changes);
      const source = await writeFixture(dir, { pixel, frames: [samples(pixel, 5)] });
      const { ours } = await transcoded(source, transferSyntaxUid);
      const before = complaintsOf((await runTool('dciodvfy', [source])).output);
      const after = complaintsOf((await runTool('dciodvfy', [ours])).output);
      assert.deepEqual(
        after.filter((line) => !before.includes(line)),
        [],
      );
      assert.match(await runToolOk('dcmftest', [ours]), /^yes:/);
    }
  });
}
