// JPEG Baseline on demand: close to what went in, and an instance that says what was done to it (PS3.3 C.7.6.1.1.5).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import sharp from 'sharp';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { JpegBaseline, JpegLosslessSv1 } from '../../../src/dimse/data/transfer-syntax.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { transcodedUid } from '../../../src/render/transcode/lossy.ts';
import { type Fixture, fixtureFolder, pixelOf, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const RGB: Partial<PixelDescription> = { samplesPerPixel: 3, photometric: 'RGB' };

/** A smooth slope, which loses little. */
function slope(changes: Partial<PixelDescription>): Uint8Array {
  const { rows, columns, samplesPerPixel } = pixelOf(changes);
  return Uint8Array.from(
    { length: rows * columns * samplesPerPixel },
    (_, at) => 40 + Math.floor(at / samplesPerPixel),
  );
}

async function lossy(fixture: Fixture): Promise<{ source: string; dataset: Dataset; body: Buffer }> {
  const source = await writeFixture(dir, fixture);
  const chunks: Buffer[] = [];
  for await (const chunk of renderer.transcode(source, JpegBaseline)) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return { source, dataset: readDataset(body, JpegBaseline), body };
}

const values = (dataset: Dataset, tag: string): unknown => dataset[tag]?.Value;

for (const [kind, changes, photometric] of [
  ['grey', {}, 'MONOCHROME2'],
  ['RGB', RGB, 'YBR_FULL_422'],
] as const) {
  test(`W-D13 ${kind} compressed with loss is a derived instance with another UID, and says so`, async () => {
    const { dataset } = await lossy({ pixel: changes, frames: [slope(changes), slope(changes)] });
    assert.deepEqual(values(dataset, '00280004'), [photometric]);
    assert.deepEqual(values(dataset, '00282110'), ['01']);
    assert.deepEqual(values(dataset, '00282114'), ['ISO_10918_1']);
    assert.equal((values(dataset, '00080008') as string[])[0], 'DERIVED');
    const [source] = values(dataset, '00082112') as Dataset[];
    const original = String(source?.['00081155']?.Value?.[0]);
    assert.deepEqual(values(dataset, '00080018'), [transcodedUid(original, JpegBaseline)]);
    assert.notEqual(transcodedUid(original, JpegBaseline), original);
  });
}

test('W-D13 the ratio is that of all frames together', async () => {
  const { dataset, body } = await lossy({ pixel: RGB, frames: [slope(RGB), slope(RGB), slope(RGB)] });
  const fragments = dataset['7FE00010']?.InlineBinary?.length ?? 0;
  assert.ok(fragments > 0 && fragments < body.length);
  const items = 4 * 8; // an empty offset table and three fragments, whose padding is at most a byte each
  const ratio = Number((values(dataset, '00282112') as unknown[])[0]);
  const native = 3 * 16 * 12 * 3;
  assert.ok(
    ratio >= native / (fragments - items) - 0.01 && ratio <= native / (fragments - items - 3) + 0.01,
    String(ratio),
  );
});

test('W-D13 earlier compressions stay listed', async () => {
  const attributes: Dataset = {
    '00282110': { vr: 'CS', Value: ['01'] },
    '00282112': { vr: 'DS', Value: ['10.5'] },
    '00282114': { vr: 'CS', Value: ['ISO_15444_1'] },
  };
  const { dataset } = await lossy({ frames: [slope({})], attributes });
  assert.deepEqual(values(dataset, '00282114'), ['ISO_15444_1', 'ISO_10918_1']);
  assert.equal((values(dataset, '00282112') as unknown[]).length, 2);
});

test('what comes back is close to what went in', async () => {
  for (const changes of [{}, RGB]) {
    const frame = slope(changes);
    const source = await writeFixture(dir, { pixel: changes, frames: [frame] });
    const { bytes } = await renderer.encode(source, 1, JpegBaseline);
    const again = await writeFixture(dir, {
      pixel: { ...changes, ...(changes === RGB && { photometric: 'YBR_FULL_422' }) },
      frames: [],
      codestreams: [bytes],
      transferSyntaxUid: JpegBaseline,
    });
    const { bytes: decoded } = await renderer.decode(again, 1);
    assert.equal(decoded.length, frame.length);
    assert.ok(frame.every((value, at) => Math.abs(value - (decoded[at] ?? 0)) <= 6));
  }
});

/** A palette that leads each index to a colour that can be worked out. */
const colourOf = (index: number): number[] => [index, 255 - index, Math.floor(index / 2) + 60];
const descriptor: Dataset[string] = { vr: 'US', Value: [256, 0, 16] };
const table = (channel: number): Dataset[string] => {
  const entries = Uint16Array.from({ length: 256 }, (_, index) => (colourOf(index)[channel] ?? 0) * 257);
  return { vr: 'OW', InlineBinary: new Uint8Array(entries.buffer) };
};
const PALETTE: Dataset = {
  '00281101': descriptor,
  '00281102': descriptor,
  '00281103': descriptor,
  '00281201': table(0),
  '00281202': table(1),
  '00281203': table(2),
};

/** Y, CB and CR back to what PS3.3 C.7.6.3.1.2 makes them of. */
const rgbOf = ([y = 0, cb = 0, cr = 0]: number[]): number[] => [
  y + 1.402 * (cr - 128),
  y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
  y + 1.772 * (cb - 128),
];
const YBR = Uint8Array.from({ length: 16 * 12 * 3 }, (_, at) => [60 + Math.floor(at / 3 / 2), 120, 140][at % 3] ?? 0);
const PACKED = Uint8Array.from({ length: 16 * 12 * 2 }, (_, at) => [80, 90, 120, 140][at % 4] ?? 0);
const INDICES = Uint8Array.from({ length: 16 * 12 }, (_, at) => 30 + at);

const COLOURS: [name: string, pixel: Partial<PixelDescription>, frame: Uint8Array, at: (pixel: number) => number[]][] =
  [
    ['a palette', { photometric: 'PALETTE COLOR' }, INDICES, (at) => colourOf(INDICES[at] ?? 0)],
    ['YBR_FULL', { ...RGB, photometric: 'YBR_FULL' }, YBR, (at) => rgbOf([...YBR.subarray(3 * at, 3 * at + 3)])],
    ['YBR_FULL_422', { ...RGB, photometric: 'YBR_FULL_422' }, PACKED, (at) => rgbOf([80 + 10 * (at % 2), 120, 140])],
  ];
for (const [name, pixel, frame, expected] of COLOURS) {
  test(`R-13 ${name} becomes YBR_FULL_422 with its colours, and nothing says that it was otherwise`, async () => {
    const attributes = name === 'a palette' ? PALETTE : {};
    const { dataset, body } = await lossy({ pixel, frames: [frame], attributes });
    assert.deepEqual(values(dataset, '00280004'), ['YBR_FULL_422']);
    assert.deepEqual(values(dataset, '00280002'), [3]);
    assert.deepEqual(values(dataset, '00280006'), [0]);
    for (const tag of Object.keys(PALETTE)) assert.equal(dataset[tag], undefined, tag);
    const start = body.indexOf('ffd8ff', 0, 'hex');
    const jpeg = body.subarray(start, body.indexOf('ffd9', start, 'hex') + 2);
    const decoded = await sharp(jpeg).raw().toBuffer();
    for (let at = 0; at < 16 * 12; at += 1) {
      for (const [channel, level] of expected(at).entries()) {
        const got = decoded[3 * at + channel] ?? 0;
        assert.ok(Math.abs(got - level) <= 8, `pixel ${at}, channel ${channel}: ${got} for ${level}`);
      }
    }
  });
}

test('a lossless target keeps its UID and adds nothing', async () => {
  assert.equal(transcodedUid('1.2.3', JpegLosslessSv1), '1.2.3');
});

const REFUSED: Record<string, Partial<PixelDescription>> = {
  '12 bits': { bitsAllocated: 16, bitsStored: 12 },
  'signed samples': { signed: true },
  'a palette': { photometric: 'PALETTE COLOR' },
};
for (const [what, changes] of Object.entries(REFUSED)) {
  test(`${what} have no place in JPEG Baseline: not acceptable`, async () => {
    const length = slope(changes).length * ((changes.bitsAllocated ?? 8) / 8);
    const source = await writeFixture(dir, { pixel: changes, frames: [new Uint8Array(length)] });
    await assert.rejects(renderer.encode(source, 1, JpegBaseline), { kind: 'not-acceptable' });
  });
}
