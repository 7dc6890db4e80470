// The grayscale transformations of PS3.4 N.2.1 in their order, folded into one table wherever the samples are 16 bits or less.

import type { Samples } from './samples.ts';
import type { Stage } from './voi.ts';

/** What happens to stored values on their way to the screen; `voi` and `presentation` end in 0…1. */
export type Pipeline = {
  padding: Interval | undefined;
  modality: Stage | undefined;
  voi: Stage;
  presentation?: Stage | undefined;
  inverted: boolean;
};

/** Values from `low` to `high`, both included. */
export type Interval = { low: number; high: number };

/** Values that go through the pipeline at once. */
export const CHUNK = 65536;
/** Of those that are looked up: as many as differ in their low 8 bits. */
const PAGE = 256;

/** Shades of a picture: 0…255, or 0…65535. */
export type Shades = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/**
 * The shade of each cell, in 8 or 16 bits. Cells of up to 16 bits go through the pipeline once each and are then looked up; others
 * go through it one by one.
 */
export function throughPipeline(samples: Samples, pipeline: Pipeline): Uint8Array<ArrayBuffer>;
export function throughPipeline(samples: Samples, pipeline: Pipeline, depth: 8 | 16): Shades;
export function throughPipeline(samples: Samples, pipeline: Pipeline, depth: 8 | 16 = 8): Shades {
  const { cells, usedBits, scratch } = samples;
  const result = depth === 8 && scratch ? scratch.take('shown', cells.length) : shadesOf(cells.length, depth);
  const most = 2 ** depth - 1;
  if (usedBits <= 16) {
    lookUp(samples, new ShadeTable(samples, pipeline, most), result);
    return result;
  }
  const values = new Float64Array(Math.min(CHUNK, cells.length));
  for (let from = 0; from < cells.length; from += CHUNK) {
    const chunk = cells.subarray(from, from + CHUNK);
    shade(chunk, samples, pipeline, most, values.subarray(0, chunk.length), result.subarray(from, from + CHUNK));
  }
  return result;
}

function shadesOf(length: number, depth: 8 | 16): Shades {
  return depth === 16 ? new Uint16Array(length) : new Uint8Array(length);
}

/** In place of a shade: the page is not made yet. The only number below 0, so that one shows among many joined by OR. */
const NOT_MADE = -1;

/** Shades by cell, made page by page: a frame has few of the values that its bits allow. */
class ShadeTable {
  readonly shades: Int16Array | Int32Array;
  readonly #samples: Samples;
  readonly #pipeline: Pipeline;
  readonly #most: number;
  readonly #page = new Uint32Array(PAGE);
  readonly #values = new Float64Array(PAGE);

  constructor(samples: Samples, pipeline: Pipeline, most: number) {
    const length = Math.max(PAGE, 2 ** samples.usedBits);
    this.shades = (most > 255 ? new Int32Array(length) : new Int16Array(length)).fill(NOT_MADE);
    this.#samples = samples;
    this.#pipeline = pipeline;
    this.#most = most;
  }

  /** Makes the page of a cell, unless it is made. */
  make(cell: number): void {
    if (this.shades[cell] !== NOT_MADE) return;
    const from = cell - (cell % PAGE);
    for (let at = 0; at < PAGE; at += 1) this.#page[at] = from + at;
    const shades = this.shades.subarray(from, from + PAGE);
    shade(this.#page, this.#samples, this.#pipeline, this.#most, this.#values, shades);
  }
}

/** Cells that are looked up before it is asked whether all their pages were made; a multiple of four. */
const RUN = 1024;

/** To look first which pages occur would take longer than the lookup: a run that meets one not made is done again. */
function lookUp({ cells, usedBits }: Samples, table: ShadeTable, result: Shades): void {
  const used = 2 ** usedBits - 1;
  const run = byFours(cells, used, table.shades, result) ?? byOnes(cells, used, table.shades, result);
  for (let from = 0; from < result.length; from += RUN) {
    const to = Math.min(result.length, from + RUN);
    if (run(from, to)) continue;
    for (let index = from; index < to; index += 1) table.make((cells[index] ?? 0) & used);
    run(from, to);
  }
}

/** Looks up the cells from one place to another, and says whether all had a shade. */
type LookUp = (from: number, to: number) => boolean;

function byOnes(cells: ArrayLike<number>, used: number, shades: Int16Array | Int32Array, result: Shades): LookUp {
  return (from, to) => {
    let joined = 0;
    for (let index = from; index < to; index += 1) {
      const shade = shades[(cells[index] ?? 0) & used] ?? 0;
      joined |= shade;
      result[index] = shade;
    }
    return joined >= 0;
  };
}

/** Whether the lowest byte of a word comes first in memory, as it does wherever Node runs but on s390x. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The same for four cells at a time, which takes half the time; undefined where they don't lie at whole words. */
function byFours(
  cells: ArrayLike<number>,
  used: number,
  shades: Int16Array | Int32Array,
  result: Shades,
): LookUp | undefined {
  if (!LITTLE_ENDIAN || !(cells instanceof Uint16Array && result instanceof Uint8Array)) return undefined;
  if (cells.byteOffset % 4 !== 0 || result.byteOffset % 4 !== 0 || result.length % 4 !== 0) return undefined;
  const pairs = new Uint32Array(cells.buffer, cells.byteOffset, cells.length >> 1);
  const words = new Uint32Array(result.buffer, result.byteOffset, result.length >> 2);
  return (from, to) => {
    let joined = 0;
    for (let index = from >> 2; index < to >> 2; index += 1) {
      const left = pairs[2 * index] ?? 0;
      const right = pairs[2 * index + 1] ?? 0;
      const a = shades[left & used] ?? 0;
      const b = shades[(left >>> 16) & used] ?? 0;
      const c = shades[right & used] ?? 0;
      const d = shades[(right >>> 16) & used] ?? 0;
      joined |= a | b | c | d;
      words[index] = a | (b << 8) | (c << 16) | (d << 24);
    }
    return joined >= 0;
  };
}

/** Padding and values that are no numbers are black whatever the polarity; `values` is room for as many numbers as cells. */
function shade(
  cells: ArrayLike<number>,
  { unpack }: Samples,
  { padding, modality, voi, presentation, inverted }: Pipeline,
  most: number,
  values: Float64Array,
  shades: Shades | Int16Array | Int32Array,
): void {
  unpack(cells, values);
  if (padding) blank(values, padding);
  modality?.(values);
  voi(values);
  presentation?.(values);
  const [black, white] = inverted ? [most, -most] : [0, most];
  for (let index = 0; index < shades.length; index += 1) {
    const y = values[index] ?? 0;
    shades[index] = Number.isNaN(y) ? 0 : black + white * Math.min(1, Math.max(0, y)) + 0.5;
  }
}

/** Makes no numbers of the values within the interval. */
export function blank(values: Float64Array, { low, high }: Interval): void {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    if (value >= low && value <= high) values[index] = Number.NaN;
  }
}
