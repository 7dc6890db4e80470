// PALETTE COLOR look-up tables (PS3.3 C.7.6.3.1.5, C.7.9), plain and segmented.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { numbersOf, textOf } from '../attributes.ts';
import { type LookupTable, tableOf, wordBytes } from '../gray/voi.ts';
import { wellKnownPalette } from './well-known-palettes.ts';

/** Red, green and blue tables with entries of 0…255. */
export type Palette = readonly [LookupTable, LookupTable, LookupTable];

/** Descriptor, data and segmented data of red, green and blue. */
const TABLES = [
  [
    Tag.RedPaletteColorLookupTableDescriptor,
    Tag.RedPaletteColorLookupTableData,
    Tag.SegmentedRedPaletteColorLookupTableData,
  ],
  [
    Tag.GreenPaletteColorLookupTableDescriptor,
    Tag.GreenPaletteColorLookupTableData,
    Tag.SegmentedGreenPaletteColorLookupTableData,
  ],
  [
    Tag.BluePaletteColorLookupTableDescriptor,
    Tag.BluePaletteColorLookupTableData,
    Tag.SegmentedBluePaletteColorLookupTableData,
  ],
] as const;

/** The palette of a data set, by its tables or by its UID; undefined where there is none, or it is unusable. */
export function readPalette(dataset: Dataset, signed: boolean): Palette | undefined {
  const tables = TABLES.map(([descriptor, data, segmented]) => {
    return tableOf(dataset, descriptor, data, signed) ?? segmentedTable(dataset, descriptor, segmented, signed);
  });
  const deepest = Math.max(...tables.map((table) => (table ? maximum(table.entries) : 0)));
  const [red, green, blue] = tables.map((table) => table && toBytes(table, deepest));
  if (red && green && blue) return [red, green, blue];
  return wellKnownPalette(textOf(dataset, Tag.PaletteColorLookupTableUID) ?? '');
}

/** Sixteen-bit entries keep their high byte; producers that declare 16 bits and store 0…255 are told by the maximum. */
function toBytes(table: LookupTable, deepest: number): LookupTable {
  const wide = table.bits > 8 && deepest > 255;
  return {
    first: table.first,
    bits: 8,
    entries: Uint8Array.from(table.entries, (entry) => (wide ? entry >> 8 : entry)),
  };
}

function maximum(entries: ArrayLike<number>): number {
  let result = 0;
  for (let index = 0; index < entries.length; index += 1) result = Math.max(result, entries[index] ?? 0);
  return result;
}

function segmentedTable(dataset: Dataset, descriptor: string, tag: string, signed: boolean): LookupTable | undefined {
  const [count, firstMapped, bits] = numbersOf(dataset, descriptor);
  const bytes = wordBytes(dataset, tag);
  if (count === undefined || firstMapped === undefined || bits === undefined || !bytes) return undefined;
  const first = signed ? ((firstMapped & 0xffff) << 16) >> 16 : firstMapped & 0xffff;
  const entries = expandSegments(bytes, (bits & 0xff) <= 8 ? 1 : 2, count & 0xffff || 65536);
  return entries && { first, bits: bits & 0xff, entries };
}

const DISCRETE = 0;
const LINEAR = 1;
const INDIRECT = 2;

/**
 * Expands segments (PS3.3 C.7.9.2) to `length` entries. `size` is the bytes of a table's number; the offset of an
 * indirect segment is four bytes, counted from the start of the table. Undefined where the segments are broken.
 */
export function expandSegments(bytes: Uint8Array, size: 1 | 2, length: number): Uint16Array | undefined {
  const entries = new Uint16Array(length);
  const read = (at: number): number => (size === 1 ? (bytes[at] ?? 0) : (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
  let filled = 0;

  function expand(from: number, segments: number, nested: boolean): boolean {
    let at = from;
    for (let done = 0; done < segments && filled < length && at + 2 * size <= bytes.length; done += 1) {
      const opcode = read(at);
      const count = read(at + size);
      at += 2 * size;
      if (opcode === DISCRETE) {
        for (let index = 0; index < count && filled < length; index += 1, filled += 1)
          entries[filled] = read(at + index * size);
        at += count * size;
      } else if (opcode === LINEAR && filled > 0) {
        interpolate(count, read(at));
        at += size;
      } else if (opcode === INDIRECT && !nested) {
        const offset =
          (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
        if (!expand(offset >>> 0, count, true)) return false;
        at += 4;
      } else return false;
    }
    return true;
  }

  function interpolate(count: number, end: number): void {
    const start = entries[filled - 1] ?? 0;
    for (let index = 1; index <= count && filled < length; index += 1, filled += 1) {
      entries[filled] = Math.round(start + ((end - start) * index) / count);
    }
  }

  return expand(0, Number.POSITIVE_INFINITY, false) && filled === length ? entries : undefined;
}
