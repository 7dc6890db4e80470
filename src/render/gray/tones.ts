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
/** Cells for each entry of the table up to which they are looked through first. */
const WORTH_LOOKING = 4;

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
  if (usedBits <= 16) {
    lookUp(samples, pipeline, shadesOf(Math.max(PAGE, 2 ** usedBits), depth), result);
    return result;
  }
  for (let from = 0; from < cells.length; from += CHUNK) {
    shade(cells.subarray(from, from + CHUNK), samples, pipeline, result.subarray(from, from + CHUNK));
  }
  return result;
}

function shadesOf(length: number, depth: 8 | 16): Shades {
  return depth === 16 ? new Uint16Array(length) : new Uint8Array(length);
}

/** An image has few of the values that its bits allow: only the pages of `table` that occur are shaded. */
function lookUp(samples: Samples, pipeline: Pipeline, table: Shades, result: Shades): void {
  const { cells, usedBits } = samples;
  const used = 2 ** usedBits - 1;
  const occurs = new Uint8Array(table.length / PAGE);
  // To look which do costs a pass over the cells: where they are many, more than to shade the whole table.
  if (cells.length > WORTH_LOOKING * table.length) occurs.fill(1);
  else for (let index = 0; index < cells.length; index += 1) occurs[((cells[index] ?? 0) & used) >> 8] = 1;
  for (const page of occurs.keys()) {
    if (occurs[page] === 0) continue;
    const from = page * PAGE;
    const levels = Uint32Array.from({ length: PAGE }, (_, at) => from + at);
    shade(levels, samples, pipeline, table.subarray(from, from + PAGE));
  }
  if (!(cells instanceof Uint16Array && result instanceof Uint8Array && lookUpWords(cells, table, used, result))) {
    for (let index = 0; index < result.length; index += 1) result[index] = table[(cells[index] ?? 0) & used] ?? 0;
  }
}

/** Whether the lowest byte of a word comes first in memory, as it does wherever Node runs but on s390x. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The same for four cells at a time, which takes half the time; false where they don't lie at whole words. */
function lookUpWords(cells: Uint16Array, table: Shades, used: number, result: Uint8Array<ArrayBuffer>): boolean {
  if (!LITTLE_ENDIAN || cells.byteOffset % 4 !== 0 || result.length % 4 !== 0) return false;
  const pairs = new Uint32Array(cells.buffer, cells.byteOffset, cells.length >> 1);
  const words = new Uint32Array(result.buffer, result.byteOffset, result.length >> 2);
  for (let index = 0; index < words.length; index += 1) {
    const first = pairs[2 * index] ?? 0;
    const second = pairs[2 * index + 1] ?? 0;
    words[index] =
      (table[first & used] ?? 0) |
      ((table[(first >>> 16) & used] ?? 0) << 8) |
      ((table[second & used] ?? 0) << 16) |
      ((table[(second >>> 16) & used] ?? 0) << 24);
  }
  return true;
}

/** Padding and values that are no numbers are black whatever the polarity. */
function shade(cells: ArrayLike<number>, { unpack }: Samples, pipeline: Pipeline, shades: Shades): void {
  const { padding, modality, voi, presentation, inverted } = pipeline;
  const values = new Float64Array(cells.length);
  unpack(cells, values);
  if (padding) blank(values, padding);
  modality?.(values);
  voi(values);
  presentation?.(values);
  const most = shades instanceof Uint16Array ? 65535 : 255;
  const [black, white] = inverted ? [most, -most] : [0, most];
  for (let index = 0; index < shades.length; index += 1) {
    const y = values[index] ?? 0;
    shades[index] = Number.isNaN(y) ? 0 : black + white * y + 0.5;
  }
}

/** Makes no numbers of the values within the interval. */
export function blank(values: Float64Array, { low, high }: Interval): void {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    if (value >= low && value <= high) values[index] = Number.NaN;
  }
}
