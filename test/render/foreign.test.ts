// What we encode, decoded by DCMTK: bit for bit what went in.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readFileMeta, writeFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { JpegLossless, JpegLosslessSv1, JpegLsLossless, RleLossless } from '../../src/dimse/data/transfer-syntax.ts';
import type { PixelDescription } from '../../src/render/pixel.ts';
import { createRenderer } from '../../src/render/render.ts';
import { runToolOk } from '../support/peer.ts';
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
      const native = await writeFixture(dir, { pixel, frames });
      const { sopClassUid = '', sopInstanceUid = '' } = readFileMeta(await readFile(native));
      const chunks = [writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid })];
      for await (const chunk of renderer.transcode(native, transferSyntaxUid)) chunks.push(chunk);
      const [ours, theirs] = [join(dir, 'ours.dcm'), join(dir, 'theirs.dcm')];
      await writeFile(ours, Buffer.concat(chunks));
      await runToolOk(tool, [...(tool === 'dcmdjpeg' ? ['+cn'] : []), ours, theirs]);
      const file = await readFile(theirs);
      const meta = readFileMeta(file);
      const dataset = readDataset(file.subarray(meta.dataOffset), meta.transferSyntaxUid);
      const bytes = Buffer.from(dataset['7FE00010']?.InlineBinary ?? []);
      const planar = dataset['00280006']?.Value?.[0] === 1;
      const expected = Buffer.concat(frames);
      assert.deepEqual(planar ? byPixel(bytes, frames.length) : bytes.subarray(0, expected.length), expected);
    });
  }
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
