// What rendering and decoding cost: `node bench/render.ts [rendered] [decode] [throughput]`. Pictures are made here; CPU time
// is that of all threads of the process, so that work handed to sharp and to workers counts.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../src/dimse/data/part10.ts';
import {
  ExplicitLittle,
  HtJpeg2000Lossless,
  Jpeg2000Lossless,
  JpegLosslessSv1,
  JpegLsLossless,
  RleLossless,
} from '../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../src/dimse/data/writer.ts';
import { readFrame } from '../src/render/frames/frames.ts';
import { openImage } from '../src/render/frames/image.ts';
import type { RenderOptions } from '../src/render/options.ts';
import { createRenderer, type Renderer } from '../src/render/render.ts';
import { bareDecoder } from './bare-codecs.ts';

const ROUNDS = 20;
/** Of what takes little: as many as a thread needs until it is warm. */
const MANY_ROUNDS = 200;
/** Of what takes long. */
const FEW_ROUNDS = 5;
/** Of one thread and of two, and the pictures in each. */
const TURNS = 11;
const JOBS = 24;
const dir = mkdtempSync(join(tmpdir(), 'bench-render-'));
const JPEG: RenderOptions = { mediaType: 'image/jpeg', quality: 90 };

/** A picture with structure and noise in its lowest bits, as a detector would give it. */
function picture(rows: number, columns: number, bits: number): Buffer {
  const unit = 2 ** (bits - 12);
  const cells = new Uint16Array(rows * columns);
  let noise = 1;
  for (let at = 0; at < cells.length; at += 1) {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    const [x, y] = [at % columns, Math.floor(at / columns)];
    const body = 1500 + 1200 * Math.sin((6 * x) / columns) * Math.cos((5 * y) / rows);
    cells[at] = Math.max(0, Math.min(2 ** bits - 1, unit * body + (noise >>> 28)));
  }
  return Buffer.from(cells.buffer);
}

const us = (value: number): Dataset[string] => ({ vr: 'US', Value: [value] });

function writeNative(rows: number, columns: number, bits = 12): string {
  const dataset: Dataset = {
    '00280002': us(1),
    '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
    '00280010': us(rows),
    '00280011': us(columns),
    '00280100': us(16),
    '00280101': us(bits),
    '00280102': us(bits - 1),
    '00280103': us(0),
    '00281050': { vr: 'DS', Value: [1500 * 2 ** (bits - 12)] },
    '00281051': { vr: 'DS', Value: [3000 * 2 ** (bits - 12)] },
    '7FE00010': { vr: 'OW', InlineBinary: picture(rows, columns, bits) },
  };
  return writeFile(`${columns}x${rows}`, ExplicitLittle, writeDataset(dataset, ExplicitLittle));
}

function writeFile(name: string, transferSyntaxUid: string, body: Buffer): string {
  const path = join(dir, `${name}-${transferSyntaxUid}.dcm`);
  const meta = writeFileMeta({ sopClassUid: '1.2.840.10008.5.1.4.1.1.7', sopInstanceUid: '2.25.1', transferSyntaxUid });
  writeFileSync(path, Buffer.concat([meta, body]));
  return path;
}

async function writeCompressed(renderer: Renderer, native: string, transferSyntaxUid: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of renderer.transcode(native, transferSyntaxUid)) chunks.push(chunk);
  return writeFile('2048', transferSyntaxUid, Buffer.concat(chunks));
}

/** Best CPU and wall time of a run in milliseconds, after three runs that nobody counts. */
async function measure(run: () => Promise<unknown>, rounds = ROUNDS): Promise<{ cpu: number; wall: number }> {
  for (let warm = 0; warm < 3; warm += 1) await run();
  let [cpu, wall] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < rounds; round += 1) {
    const [usage, start] = [process.cpuUsage(), performance.now()];
    await run();
    const { user, system } = process.cpuUsage(usage);
    cpu = Math.min(cpu, (user + system) / 1000);
    wall = Math.min(wall, performance.now() - start);
  }
  return { cpu, wall };
}

const report = (what: string, { cpu, wall }: { cpu: number; wall: number }, more = ''): void =>
  console.log(
    `${what.padEnd(44)} cpu ${cpu.toFixed(1).padStart(8)} ms   wall ${wall.toFixed(1).padStart(8)} ms   ${more}`,
  );

/** Pictures a second, of as many as keep its threads busy for a while. */
async function rate(renderer: Renderer, path: string): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: JOBS }, () => renderer.render(path, 1, JPEG)));
  return (1000 * JOBS) / (performance.now() - start);
}

async function rendered(renderer: Renderer): Promise<void> {
  const sizes: [rows: number, columns: number, bits: number][] = [
    [512, 512, 12],
    [2048, 2048, 12],
    [5120, 4096, 16],
  ];
  for (const [rows, columns, bits] of sizes) {
    const path = writeNative(rows, columns, bits);
    report(
      `rendered JPEG ${columns}x${rows} ${bits} bit`,
      await measure(() => renderer.render(path, 1, JPEG), rows > 512 ? ROUNDS : MANY_ROUNDS),
    );
  }
}

async function decode(renderer: Renderer): Promise<void> {
  const native = writeNative(2048, 2048);
  const bytes = 2048 * 2048 * 2;
  for (const [name, uid] of [
    ['native', ExplicitLittle],
    ['RLE', RleLossless],
    ['JPEG lossless', JpegLosslessSv1],
    ['JPEG-LS', JpegLsLossless],
    ['JPEG 2000', Jpeg2000Lossless],
    ['HTJ2K', HtJpeg2000Lossless],
  ] as const) {
    const path = uid === ExplicitLittle ? native : await writeCompressed(renderer, native, uid);
    const full = await measure(() => renderer.decode(path, 1), FEW_ROUNDS);
    report(`decode ${name} 2048x2048`, full, `${(bytes / full.wall / 1000).toFixed(0)} MB/s`);
    await besideBare(`bare ${name} 2048x2048`, path, full.cpu);
    const options: RenderOptions = { ...JPEG, viewport: { width: 128, height: 128 }, thumbnail: true };
    const small = await measure(() => renderer.render(path, 1, options), FEW_ROUNDS);
    report(`thumbnail ${name} 2048x2048`, small, `${(full.cpu / small.cpu).toFixed(1)} x cheaper than decoding`);
  }
}

/** What the codec alone takes for the same frame, without file, thread and checks. */
async function besideBare(name: string, path: string, cpu: number): Promise<void> {
  const image = await openImage(path);
  const [bare, codestream] = [await bareDecoder(image.transferSyntaxUid), await readFrame(image, 1)];
  if (!bare) return;
  const alone = await measure(async () => bare(codestream, image.pixel), FEW_ROUNDS);
  report(name, alone, `decoding takes ${(cpu / alone.cpu).toFixed(2)} x its CPU time`);
}

/** By turns, since the speed of shared cores changes from one minute to the next. */
async function twoThreads(): Promise<void> {
  const path = writeNative(2048, 2048);
  const [one, two] = [createRenderer({ threads: 1 }), createRenderer({ threads: 2 })];
  const turns: { one: number; two: number; ratio: number }[] = [];
  for (let turn = -1; turn < TURNS; turn += 1) {
    const [alone, both] = [await rate(one, path), await rate(two, path)];
    if (turn >= 0) turns.push({ one: alone, two: both, ratio: both / alone });
  }
  await Promise.all([one.close(), two.close()]);
  turns.sort((a, b) => a.ratio - b.ratio);
  const [least, middle, most] = [turns.at(0), turns.at(TURNS >> 1), turns.at(-1)];
  console.log(
    `throughput 2048x2048: two threads ${middle?.ratio.toFixed(2)} x one (${least?.ratio.toFixed(2)} to ${most?.ratio.toFixed(2)} ` +
      `in ${TURNS} turns), ${middle?.one.toFixed(1)}/s and ${middle?.two.toFixed(1)}/s`,
  );
}

const FIGURES: Record<string, (renderer: Renderer) => Promise<void>> = { rendered, decode, throughput: twoThreads };

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in FIGURES));
if (unknown !== undefined) throw new Error(`no figure ${unknown}: there are ${Object.keys(FIGURES).join(', ')}`);
const renderer = createRenderer({ threads: 1, timeoutMs: 120_000 });
try {
  for (const [name, figure] of Object.entries(FIGURES))
    if (asked.length === 0 || asked.includes(name)) await figure(renderer);
} finally {
  await renderer.close();
  rmSync(dir, { recursive: true, force: true });
}
