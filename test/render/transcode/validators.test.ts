// What we transcode, judged by dciodvfy and dcmftest: sources without an error, in every syntax that there is an encoder for,
// become instances without one in every target.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Attribute, Dataset } from '../../../src/dimse/data/dataset.ts';
import {
  DeflatedFrame,
  EncapsulatedUncompressed,
  ExplicitLittle,
  HtJpeg2000,
  HtJpeg2000Lossless,
  HtJpeg2000LosslessRpcl,
  ImplicitLittle,
  Jpeg2000,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegExtended,
  JpegLossless,
  JpegLosslessSv1,
  JpegLsLossless,
  JpegLsNearLossless,
  JpegXlLossless,
  RleLossless,
} from '../../../src/dimse/data/transfer-syntax.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { runTool, runToolOk } from '../../support/peer.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';
import { transcodedFile } from './written.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, ffmpeg: undefined });
after(() => renderer.close());

/** Targets: every syntax that there is an encoder for, and the native ones. */
const TARGETS = [
  ...[RleLossless, JpegLossless, JpegLosslessSv1, JpegLsLossless, JpegBaseline],
  ...[Jpeg2000Lossless, HtJpeg2000Lossless, HtJpeg2000LosslessRpcl, JpegXlLossless],
  ...[EncapsulatedUncompressed, DeflatedFrame, ExplicitLittle, ImplicitLittle],
];
/** Sources: every decoder. */
const LOSSLESS = [
  ...[ExplicitLittle, RleLossless, JpegLosslessSv1, JpegLsLossless, Jpeg2000Lossless, HtJpeg2000Lossless],
  ...[JpegXlLossless, EncapsulatedUncompressed, DeflatedFrame],
];
const LOSSY = [JpegBaseline, JpegExtended, JpegLsNearLossless, Jpeg2000, HtJpeg2000];
/** Debian's dciodvfy is older than these: it is told of one that it knows, since it looks at the attributes alone. */
const YOUNG = new Set<string>([
  ...[HtJpeg2000Lossless, HtJpeg2000LosslessRpcl, HtJpeg2000, JpegXlLossless],
  ...[EncapsulatedUncompressed, DeflatedFrame],
]);

const text = (vr: Attribute['vr'], ...values: string[]): Attribute => ({ vr, Value: values });

/** What Secondary Capture Image Storage (PS3.3 A.8.1) requires beside the pixels. */
const REQUIRED: Dataset = {
  '00080005': text('CS', 'ISO_IR 192'),
  '00080008': text('CS', 'ORIGINAL', 'PRIMARY'),
  '00080020': text('DA', '20240102'),
  '00080023': text('DA', '20240102'),
  '00080030': text('TM', '101112'),
  '00080033': text('TM', '101112'),
  '00080050': { vr: 'SH' },
  '00080060': text('CS', 'OT'),
  '00080064': text('CS', 'WSD'),
  '00080090': { vr: 'PN' },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane' }] },
  '00100020': text('LO', '1'),
  '00100030': { vr: 'DA' },
  '00100040': { vr: 'CS' },
  '0020000D': text('UI', '1.2.840.99999.1'),
  '0020000E': text('UI', '1.2.840.99999.2'),
  '00200010': text('SH', '1'),
  '00200011': text('IS', '1'),
  '00200013': text('IS', '1'),
  '00200020': { vr: 'CS' },
  '00200060': { vr: 'CS' },
};
const LOST: Dataset = {
  '00282110': text('CS', '01'),
  '00282112': { vr: 'DS', Value: [3] },
  '00282114': text('CS', 'ISO_15444_1'),
};

const errorsOf = (output: string): string[] => output.split('\n').filter((line) => /^error/i.test(line));

/** Transcodes a file to every target but those that have no place for it, and gives what the checkers complain of. */
async function judged(source: string, targets: readonly string[]): Promise<string[]> {
  const made: string[] = [];
  const complaints: string[] = [];
  for (const target of targets) {
    const called = YOUNG.has(target) ? Jpeg2000Lossless : target;
    const file = await transcodedFile(renderer, dir, source, target, called);
    made.push(file);
    const { output } = await runTool('dciodvfy', [file]);
    assert.match(output, /^SCImage$/m, `${target}: dciodvfy has not judged it`);
    complaints.push(...errorsOf(output).map((error) => `${target}: ${error}`));
  }
  const answers = (await runToolOk('dcmftest', made)).trim().split('\n');
  assert.equal(answers.length, targets.length);
  return [...complaints, ...answers.filter((answer) => !answer.startsWith('yes:'))];
}

const GREY: Partial<PixelDescription> = {};
const RGB: Partial<PixelDescription> = { samplesPerPixel: 3, photometric: 'RGB' };
const DEEP: Partial<PixelDescription> = { bitsAllocated: 16, bitsStored: 12 };

async function sourceOf(uid: string, pixel: Partial<PixelDescription>, more: Dataset = {}): Promise<string> {
  const frames = [samples(pixelOf(pixel))];
  return writeFixture(dir, { transferSyntaxUid: uid, pixel, frames, attributes: { ...REQUIRED, ...more } });
}

for (const [index, uid] of [...LOSSLESS, ...LOSSY].entries()) {
  test(`dciodvfy and dcmftest find no error in what becomes of ${uid}`, async () => {
    const kinds = [GREY, RGB];
    // Half of the targets from each: all of them are in neighbouring rows.
    for (const [kind, pixel] of kinds.entries()) {
      const source = await sourceOf(uid, pixel, LOSSY.includes(uid) ? LOST : {});
      if (!YOUNG.has(uid)) assert.deepEqual(errorsOf((await runTool('dciodvfy', [source])).output), []);
      const targets = TARGETS.filter((_, at) => (at + index + kind) % 2 === 0);
      assert.deepEqual(await judged(source, targets), [], pixel.photometric ?? 'grey');
    }
  });
}

test('dciodvfy and dcmftest find no error in 12 bits, with a sign or from white to black', async () => {
  const targets = TARGETS.filter((uid) => uid !== JpegBaseline && uid !== JpegXlLossless);
  const signed = await sourceOf(JpegLsLossless, { ...DEEP, signed: true });
  assert.deepEqual(await judged(signed, targets), []);
  const inverse = await sourceOf(ExplicitLittle, { ...DEEP, photometric: 'MONOCHROME1' });
  assert.deepEqual(await judged(inverse, targets), []);
});

const table: Attribute = { vr: 'OW', InlineBinary: new Uint8Array(512).map((_, at) => at >> 1) };
const descriptor: Attribute = { vr: 'US', Value: [256, 0, 16] };
const PALETTE: Dataset = {
  ...{ '00281101': descriptor, '00281102': descriptor, '00281103': descriptor },
  ...{ '00281201': table, '00281202': table, '00281203': table },
};

test('dciodvfy and dcmftest find no error in palettes, of which JPEG Baseline makes colours', async () => {
  const palette = await sourceOf(RleLossless, { photometric: 'PALETTE COLOR' }, PALETTE);
  assert.deepEqual(await judged(palette, TARGETS), []);
});

test('dciodvfy and dcmftest find no error in YCbCr', async () => {
  const full = await sourceOf(JpegLosslessSv1, { samplesPerPixel: 3, photometric: 'YBR_FULL' });
  assert.deepEqual(await judged(full, TARGETS), []);
  const packed = await writeFixture(dir, {
    pixel: { samplesPerPixel: 3, photometric: 'YBR_FULL_422' },
    frames: [samples(pixelOf({ samplesPerPixel: 3 })).subarray(0, 16 * 12 * 2)],
    attributes: REQUIRED,
  });
  // Where it is native dciodvfy takes three bytes a pixel for granted.
  const targets = TARGETS.filter((uid) => uid !== ExplicitLittle && uid !== ImplicitLittle);
  assert.deepEqual(await judged(packed, targets), []);
});
