// Damage around the codestreams: fragments and offset tables, image modules that say something else than the frames, look-up
// tables, overlays, functional groups, presentation states. A picture or an error of a kind, never a hang, never a dead pool.

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import {
  ExplicitLittle,
  HtJpeg2000Lossless,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegLosslessSv1,
  JpegLsLossless,
  RleLossless,
} from '../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { createRenderer } from '../../src/render/render.ts';
import { below, randomFrom } from '../dimse/fuzz/mutation.ts';
import { type Fixture, fixtureFolder, pixelOf, samples, writeFixture } from './fixtures.ts';
import { cs, ds, sq, us } from './pictures.ts';
import { writeState } from './presentation/states.ts';

const RUNS = 60 * Number(process.env.FUZZ_FACTOR ?? 1);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
/** What a damaged instance may come to; a frame that its header does not count is not there. */
const EXPECTED = new Set(['picture', 'corrupt', 'not-acceptable', 'too-large', 'not-found']);
const PNG = { mediaType: 'image/png' } as const;

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 2, timeoutMs: 10_000, ffmpeg: undefined });
// Threads that are being started do not keep a process alive.
const alive = setInterval(() => {}, 1000);
after(() => {
  clearInterval(alive);
  return renderer.close();
});

type Random = (limit: number) => number;
function generator(seed: number): Random {
  const random = randomFrom(seed);
  return (limit) => below(random, limit);
}
const oneOf = <T>(random: Random, ...values: readonly T[]): T => values[random(values.length)] as T;

/** Numbers where code goes wrong: none, few, the ends of what fields hold. */
const EDGES = [0, 1, 2, 3, 7, 8, 12, 16, 17, 255, 256, 4096, 32767, 32768, 65535];
const edge = (random: Random): number => oneOf(random, ...EDGES, random(65536));
const list = (random: Random, most: number, make: (random: Random) => number): number[] =>
  Array.from({ length: random(most + 1) }, () => make(random));
const bytes = (random: Random, most: number): Uint8Array =>
  Uint8Array.from({ length: 2 * random(most / 2 + 1) }, () => oneOf(random, 0, 1, 2, 255, random(256)));
const real = (random: Random): number =>
  oneOf(random, 0, 1, -1, 0.5, 1e-30, -1e30, 65536, random(1000) - 500, random(65536));
const reals = (random: Random, most: number): Dataset[string] => ds(...list(random, most, real));
const words = (random: Random, most: number): Dataset[string] => us(...list(random, most, edge));
const table = (random: Random): Dataset[string] =>
  oneOf<Dataset[string]>(random, { vr: 'OW', InlineBinary: bytes(random, 600) }, words(random, 300));
const lut = (random: Random): Dataset => ({ '00283002': words(random, 3), '00283006': table(random) });

type Damage = (random: Random) => Dataset;

/** A sequence that may be empty, of items that `make` makes. */
const some = (random: Random, make: Damage): Dataset[string] =>
  sq(...Array.from({ length: random(3) }, () => make(random)));

/** PS3.3 C.7.6.3: what is said of the samples. */
const PIXELS: Damage = (random) =>
  oneOf<Dataset>(
    random,
    { '00280010': us(edge(random)) },
    { '00280011': us(edge(random)) },
    { '00280100': us(oneOf(random, 1, 8, 16, 24, 32, 64, edge(random))) },
    { '00280101': us(edge(random)) },
    { '00280102': us(edge(random)) },
    { '00280103': us(random(3)) },
    { '00280002': us(random(5)) },
    { '00280006': us(random(3)) },
    { '00280008': { vr: 'IS', Value: [oneOf(random, 0, 1, 3, 1000, 2147483647, -1)] } },
    {
      '00280004': cs(
        oneOf(
          random,
          'MONOCHROME1',
          'PALETTE COLOR',
          'RGB',
          'YBR_FULL',
          'YBR_FULL_422',
          'YBR_RCT',
          'YBR_PARTIAL_420',
          '',
        ),
      ),
    },
    { '00280120': words(random, 1), '00280121': words(random, 1) },
    { '00280030': reals(random, 3), '00280034': { vr: 'IS', Value: list(random, 3, edge) } },
  );

/** PS3.3 C.11.1, C.11.2, C.11.4, C.7.6.3.1.5, C.7.9. */
const TABLES: Damage = (random) =>
  oneOf<Dataset>(
    random,
    { '00283000': some(random, lut) },
    { '00283010': some(random, lut) },
    { '20500010': some(random, lut) },
    { '00281050': reals(random, 3), '00281051': reals(random, 3) },
    {
      '00281050': reals(random, 2),
      '00281051': reals(random, 2),
      '00281056': cs(oneOf(random, 'SIGMOID', 'LINEAR_EXACT', 'X')),
    },
    { '00281052': reals(random, 2), '00281053': reals(random, 2) },
    palette(random, '0028120'),
    palette(random, '0028122'),
    { ...palette(random, '0028120'), '00089205': cs(oneOf(random, 'MIXED', 'COLOR_RANGE')) },
  );

/** Plain tables, or segments (`0028122x`). */
function palette(random: Random, data: string): Dataset {
  const of = (channel: number): Dataset => ({
    [`0028110${channel}`]: oneOf(random, words(random, 3), us(256, 0, 8), us(0, 0, 16)),
    [`${data}${channel}`]: table(random),
  });
  return { '00280004': cs('PALETTE COLOR'), ...of(1), ...of(2), ...of(3) };
}

/** PS3.3 C.9.2, C.7.6.11. */
const CANVAS: Damage = (random) =>
  oneOf<Dataset>(
    random,
    {
      '60000010': us(edge(random)),
      '60000011': us(edge(random)),
      '60000015': { vr: 'IS', Value: list(random, 1, edge) },
      '60000040': cs('G'),
      '60000050': { vr: 'SS', Value: list(random, 2, (r) => edge(r) - 32768) },
      '60000051': us(edge(random)),
      '60000100': us(oneOf(random, 1, 8, 16, edge(random))),
      '60000102': us(edge(random)),
      '60003000': { vr: 'OW', InlineBinary: bytes(random, 64) },
    },
    {
      '00181600': { vr: 'CS', Value: [oneOf(random, 'RECTANGULAR', 'CIRCULAR', 'POLYGONAL', 'BITMAP')] },
      ...Object.fromEntries(
        ['00181602', '00181604', '00181606', '00181608', '00181610', '00181612', '00181620'].map((tag) => [
          tag,
          { vr: 'IS', Value: list(random, 5, (r) => edge(r) - 100) } satisfies Dataset[string],
        ]),
      ),
      '00181622': words(random, 1),
      '00181623': words(random, 1),
    },
  );

/** PS3.3 C.7.6.16: groups that are empty, doubled, or hold nonsense. */
const GROUPS: Damage = (random) => {
  const group = (inner: Random): Dataset =>
    oneOf<Dataset>(
      inner,
      {},
      { '00289132': some(inner, TABLES) },
      { '00289145': some(inner, TABLES) },
      { '00281230': some(inner, () => ({ '00281231': words(inner, 1), '00281232': words(inner, 1) })) },
      { '00189472': some(inner, CANVAS) },
      { '0062000A': some(inner, () => ({ '0062000B': words(inner, 2) })) },
      { '00289110': some(inner, () => ({ '00280030': reals(inner, 3) })) },
    );
  return { [oneOf(random, '52009229', '52009230')]: some(random, group) };
};

const ENCODED: [uid: string, pixel: Parameters<typeof pixelOf>[0]][] = [
  [ExplicitLittle, { bitsAllocated: 16, bitsStored: 12 }],
  [ExplicitLittle, { samplesPerPixel: 3, photometric: 'RGB' }],
  [RleLossless, { bitsAllocated: 16, bitsStored: 12 }],
  [JpegBaseline, { samplesPerPixel: 3, photometric: 'RGB' }],
  [JpegLosslessSv1, { bitsAllocated: 16, bitsStored: 16, signed: true }],
  [JpegLsLossless, {}],
  [Jpeg2000Lossless, {}],
  [HtJpeg2000Lossless, { samplesPerPixel: 3, photometric: 'RGB' }],
];

/** Two frames in one of the syntaxes. */
function fixtureOf(run: number, attributes: Dataset, layout: Fixture['layout'] = {}): Fixture {
  const [transferSyntaxUid = ExplicitLittle, changes = {}] = ENCODED[run % ENCODED.length] ?? [];
  const pixel = pixelOf(changes);
  return { transferSyntaxUid, pixel, frames: [samples(pixel, 1), samples(pixel, 2)], attributes, layout };
}

type Kinds = Map<string, number>;

/** What comes of a use of the renderer. */
async function kindOf(use: Promise<unknown>): Promise<string> {
  return use.then(
    () => 'picture',
    (error: unknown) => (error instanceof DicomError ? error.kind : String(error)),
  );
}

async function counted(kinds: Kinds, what: string, use: Promise<unknown>): Promise<void> {
  const kind = await kindOf(use);
  const named = EXPECTED.has(kind) ? kind : `${what}: ${kind}`;
  kinds.set(named, (kinds.get(named) ?? 0) + 1);
}

async function drained(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of chunks);
}

/** Renders, decodes and transcodes the instance, so that each way into it is gone. */
async function used(path: string, run: number, kinds: Kinds): Promise<void> {
  const what = `run ${run} of seed ${SEED}`;
  const target = run % 2 === 0 ? ExplicitLittle : RleLossless;
  await Promise.all([
    counted(kinds, what, renderer.render(path, 1 + (run % 2), { ...PNG, viewport: { width: 20, height: 20 } })),
    counted(kinds, what, drained(renderer.transcode(path, target))),
  ]);
  await rm(path);
}

/** A sound instance is what it was before all of it. */
async function stillSound(kinds: Kinds, t: { diagnostic(text: string): void }): Promise<void> {
  t.diagnostic(JSON.stringify(Object.fromEntries(kinds)));
  assert.deepEqual(
    [...kinds.keys()].filter((kind) => !EXPECTED.has(kind)),
    [],
  );
  assert.ok((kinds.get('picture') ?? 0) > 0, 'nothing was left to be shown');
  for (const [run] of ENCODED.entries()) {
    const fixture = fixtureOf(run, {});
    if (fixture.transferSyntaxUid === JpegBaseline) continue;
    const { bytes } = await renderer.decode(await writeFixture(dir, fixture), 2);
    assert.deepEqual(bytes, Buffer.from(fixture.frames[1] ?? []), fixture.transferSyntaxUid);
  }
}

for (const [index, [name, damage]] of (
  [
    ['an image module that disagrees with its frames', PIXELS],
    ['damaged look-up tables, windows and palettes', TABLES],
    ['damaged overlays and shutters', CANVAS],
    ['damaged functional groups', GROUPS],
  ] as const
).entries()) {
  test(`${name}: ${RUNS} instances give pictures or a DicomError, and the pool lives`, async (t) => {
    const random = generator(SEED * 1000 + index);
    const kinds: Kinds = new Map();
    for (let run = 0; run < RUNS; run += 1) {
      const attributes = { ...damage(random), ...(random(2) === 0 && damage(random)) };
      await used(await writeFixture(dir, fixtureOf(run, attributes)), run, kinds);
    }
    await stillSound(kinds, t);
  });
}

const LAYOUTS: Fixture['layout'][] = [
  { table: 'basic' },
  { table: 'empty', fragmentsPerFrame: 3 },
  { table: 'extended', fragmentsPerFrame: 2 },
  { table: 'wrong' },
];

/** Damages item tags, lengths and offset tables, and cuts the file off: everything from the first item on but codestreams. */
function brokenItems(file: Buffer, random: Random): Buffer {
  const result = Buffer.from(file);
  const start = Math.max(0, result.indexOf('feff00e0', 0, 'hex'));
  const places: number[] = [];
  for (let at = start; at !== -1; at = result.indexOf('feff00e0', at + 1, 'hex')) places.push(at);
  for (let count = 1 + random(3); count > 0; count -= 1) {
    const at = oneOf(random, ...places);
    const length = oneOf(
      random,
      0,
      1,
      2,
      0x7fffffff,
      0xffffffff,
      0xfffffffe,
      random(512),
      result.readUInt32LE(at + 4) + 2,
    );
    if (random(4) === 0) result[at + random(4)] = random(256);
    else if (random(3) === 0) result.writeUInt32LE(oneOf(random, 0, 1, 0xffffffff, random(4096)), start + 8);
    else result.writeUInt32LE(length, at + 4);
  }
  const table = result.indexOf('e07f01004f56', 0, 'hex');
  if (table !== -1) result.writeBigUInt64LE(BigInt(random(2 ** 31)) << BigInt(random(33)), table + 12 + 8 * random(2));
  return random(3) === 0 ? result.subarray(0, start + random(result.length - start)) : result;
}

test(`damaged fragments and offset tables: ${RUNS} instances give pictures or a DicomError, and the pool lives`, async (t) => {
  const random = generator(SEED * 1000 + 50);
  const kinds: Kinds = new Map();
  for (let run = 0; run < RUNS; run += 1) {
    const path = await writeFixture(dir, fixtureOf(2 + (run % 6), {}, LAYOUTS[run % 4]));
    const broken = join(dir, `broken-${run}.dcm`);
    await writeFile(broken, brokenItems(await readFile(path), random));
    await rm(path);
    await used(broken, run, kinds);
  }
  await stillSound(kinds, t);
});

/** Areas that are small, or too large: what lies between them is right and takes long. */
const corner = (random: Random): number => oneOf(random, -9000, -100, 0, 1, 5, 20, 100, 9000);

/** PS3.3 C.10, C.11: what a state is made of. */
const STATE: Damage = (random) => {
  const points = (): Dataset[string] => ({ vr: 'FL', Value: list(random, 12, real) });
  const corners = (): Dataset[string] => ({ vr: 'SL', Value: list(random, 2, corner) });
  const graphic = (): Dataset => ({
    '00700005': cs(oneOf(random, 'PIXEL', 'DISPLAY', 'X')),
    '00700020': us(2),
    '00700021': us(edge(random)),
    '00700022': points(),
    '00700023': cs(oneOf(random, 'POINT', 'POLYLINE', 'INTERPOLATED', 'CIRCLE', 'ELLIPSE', 'X')),
    '00700024': cs(oneOf(random, 'Y', 'N')),
  });
  const text = (): Dataset => ({
    '00700003': cs('PIXEL'),
    '00700004': cs('DISPLAY'),
    '00700006': { vr: 'ST', Value: [oneOf(random, '', '<&>', 'a\r\nb', 'x'.repeat(200))] },
    '00700010': points(),
    '00700011': points(),
    '00700012': cs(oneOf(random, 'LEFT', 'CENTER', 'X')),
    '00700014': points(),
    '00700015': cs(oneOf(random, 'Y', 'N')),
  });
  const annotation = (): Dataset => ({
    '00700002': cs('L'),
    '00700008': some(random, text),
    '00700009': some(random, graphic),
  });
  return oneOf<Dataset>(
    random,
    {
      '0070005A': some(random, () => ({
        '00700052': corners(),
        '00700053': corners(),
        '00700100': cs(oneOf(random, 'MAGNIFY', 'TRUE SIZE', 'SCALE TO FIT')),
        '00700103': fl(real(random)),
        '00700101': reals(random, 3),
      })),
    },
    { '00700042': us(edge(random)), '00700041': cs(oneOf(random, 'Y', 'N', 'X')) },
    {
      '00700001': some(random, annotation),
      '00700060': some(random, () => ({ '00700002': cs('L'), '00700062': { vr: 'IS', Value: [1] } })),
    },
    { '00283110': some(random, TABLES) },
    {
      '00286100': some(random, () => ({
        '00286101': cs(oneOf(random, 'AVG_SUB', 'TID', 'X')),
        '00286102': words(random, 3),
        '00286110': words(random, 3),
        '00286114': { vr: 'FL', Value: list(random, 3, real) },
      })),
    },
    {
      ...CANVAS(random),
      '60001001': cs('L'),
      '00700060': sq({ '00700002': cs('L'), '00700062': { vr: 'IS', Value: [1] } }),
    },
    TABLES(random),
  );
};
const fl = (value: number): Dataset[string] => ({ vr: 'FL', Value: [value] });

test(`damaged presentation states: ${RUNS} of them give pictures or a DicomError, and the pool lives`, async (t) => {
  const random = generator(SEED * 1000 + 60);
  const kinds: Kinds = new Map();
  const images = await Promise.all([0, 1].map((run) => writeFixture(dir, fixtureOf(run, {}))));
  for (let run = 0; run < RUNS; run += 1) {
    const image = images[run % 2] ?? '';
    const state = await writeState(dir, image, { ...STATE(random), ...STATE(random) });
    const viewport = random(2) === 0 ? { viewport: { width: 24, height: 24 } } : {};
    await counted(
      kinds,
      `run ${run} of seed ${SEED}`,
      renderer.present(state, image, 1 + random(2), { ...PNG, ...viewport }),
    );
    await rm(state);
  }
  await stillSound(kinds, t);
});
