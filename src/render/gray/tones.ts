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

/** In place of a shade: the page is not made yet. The only number below 0. */
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
    const table = most > 255 ? new Int32Array(length) : samples.scratch?.lookUp.table(length);
    this.shades = (table ?? new Int16Array(length)).fill(NOT_MADE);
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

/** To look first which pages occur would take longer than the lookup: a page is made when a cell meets it. */
function lookUp({ cells, usedBits, scratch }: Samples, table: ShadeTable, result: Shades): void {
  const used = 2 ** usedBits - 1;
  if (scratch && result instanceof Uint8Array) {
    scratch.lookUp.shades(cells, used, (cell) => table.make(cell), result);
    return;
  }
  const { shades } = table;
  for (let index = 0; index < result.length; index += 1) {
    const cell = (cells[index] ?? 0) & used;
    if (shades[cell] === NOT_MADE) table.make(cell);
    result[index] = shades[cell] ?? 0;
  }
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
