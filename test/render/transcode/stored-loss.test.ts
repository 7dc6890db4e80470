// What an instance says of its codestreams once they are gone (PS3.3 C.7.6.1.1.5).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Attribute, Dataset } from '../../../src/dimse/data/dataset.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import {
  ExplicitLittle,
  Jpeg2000,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegLsLossless,
  JpegLsNearLossless,
  RleLossless,
} from '../../../src/dimse/data/transfer-syntax.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { encode, fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const LOSS = ['00282110', '00282112', '00282114'];
const text = (vr: 'CS' | 'DS', ...Value: string[]): Attribute => ({ vr, Value });

type Made = { codestreams: Uint8Array[]; said: (unknown[] | undefined)[]; uids: unknown[] };

/** Two frames stored in `stored`, whose codestreams `by` made, and what they say once they are in `target`. */
async function transcoded(stored: string, by: string, attributes: Dataset, target = ExplicitLittle): Promise<Made> {
  const pixel = pixelOf({});
  const codestreams = [await encode(by, pixel, samples(pixel, 1)), await encode(by, pixel, samples(pixel, 2))];
  const source = await writeFixture(dir, { transferSyntaxUid: stored, pixel, frames: [], codestreams, attributes });
  const chunks: Buffer[] = [];
  for await (const chunk of renderer.transcode(source, target)) chunks.push(chunk);
  const dataset = readDataset(Buffer.concat(chunks), target);
  return { codestreams, said: LOSS.map((tag) => dataset[tag]?.Value), uids: dataset['00080018']?.Value ?? [] };
}

/** Samples over the bytes of fragments, which are of even length. */
function ratioOf(codestreams: readonly Uint8Array[]): string {
  const { rows, columns } = pixelOf({});
  const encoded = codestreams.reduce((sum, { length }) => sum + length + (length % 2), 0);
  return ((codestreams.length * rows * columns) / encoded).toFixed(2);
}

for (const target of [ExplicitLittle, RleLossless]) {
  test(`W-D13 JPEG that becomes ${target} says that it had lost something, how much, and by what`, async () => {
    const { codestreams, said } = await transcoded(JpegBaseline, JpegBaseline, {}, target);
    assert.deepEqual(said, [['01'], [Number(ratioOf(codestreams))], ['ISO_10918_1']]);
  });
}

test('W-D13 decoded it is the same instance: its pixels are those that every reader sees', async () => {
  const uid = '1.2.826.0.1.3680043.2.1143.7';
  const { uids } = await transcoded(JpegBaseline, JpegBaseline, { '00080018': { vr: 'UI', Value: [uid] } });
  assert.deepEqual(uids, [uid]);
});

test('W-D13 what an instance tells of its history stays as it is', async () => {
  const told = {
    '00282110': text('CS', '01'),
    '00282112': text('DS', '4', '10'),
    '00282114': text('CS', 'ISO_15444_1', 'ISO_10918_1'),
  };
  const { said } = await transcoded(JpegBaseline, JpegBaseline, told);
  assert.deepEqual(said, [['01'], [4, 10], ['ISO_15444_1', 'ISO_10918_1']]);
});

for (const [name, by] of [
  [Jpeg2000, Jpeg2000Lossless],
  [JpegLsNearLossless, JpegLsLossless],
] as const) {
  test(`W-D13 ${name} with reversible codestreams claims no loss, unless it told of one itself`, async () => {
    assert.deepEqual((await transcoded(name, by, {})).said, [undefined, undefined, undefined]);
    const told = await transcoded(name, by, { '00282110': text('CS', '01'), '00282112': text('DS', '50') });
    assert.equal(told.said[0]?.[0], '01');
    assert.equal(told.said[2]?.length, 1);
  });
}

test('W-D13 a JPEG-LS codestream with NEAR above 0 has lost something', async () => {
  const { said } = await transcoded(JpegLsNearLossless, JpegLsNearLossless, {});
  assert.deepEqual([said[0], said[2]], [['01'], ['ISO_14495_1']]);
});
