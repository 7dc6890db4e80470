// VOI windows (PS3.3 C.11.2.1.2, C.11.2.1.3) and look-up tables (C.11.1.1, C.11.2.1.1).

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { numbersOf } from '../attributes.ts';
import type { Window } from '../options.ts';

/**
 * One step of a rendering pipeline, done to many values at once and in place. What is no number stays none, which is how
 * background passes through.
 */
export type Stage = (values: Float64Array) => void;

/** Rescale Slope and Intercept (PS3.3 C.11.1.1.2). */
export function rescaleStage(slope: number, intercept: number): Stage {
  return (values) => {
    for (let index = 0; index < values.length; index += 1) values[index] = slope * (values[index] ?? 0) + intercept;
  };
}

/** A window onto 0…1, by the standard's formulas with ymin 0 and ymax 1. */
export function windowStage({ center: c, width: w, function: name }: Window): Stage {
  if (name === 'sigmoid') return sigmoidStage(c, w);
  return name === 'linear' ? linearStage(c - 0.5, w - 1) : linearStage(c, w);
}

/**
 * `((x − c) / w + 0.5)` between its ends: with c − 0.5 and w − 1 this is LINEAR (C.11.2.1.2.1), with c and w LINEAR_EXACT
 * (C.11.2.1.3.2). A width of 0 is a threshold.
 */
function linearStage(c: number, w: number): Stage {
  const low = c - w / 2;
  const high = c + w / 2;
  return (values) => {
    for (let index = 0; index < values.length; index += 1) {
      const x = values[index] ?? 0;
      values[index] = x <= low ? 0 : x > high ? 1 : (x - c) / w + 0.5;
    }
  };
}

/** PS3.3 C.11.2.1.3.1. */
function sigmoidStage(c: number, w: number): Stage {
  return (values) => {
    for (let index = 0; index < values.length; index += 1) {
      values[index] = 1 / (1 + Math.exp((-4 * ((values[index] ?? 0) - c)) / w));
    }
  };
}

/** A look-up table whose entries are divided by `divisor`: 1 for a Modality LUT, the largest entry for a VOI LUT. */
export function tableStage(table: LookupTable, divisor: number): Stage {
  return (values) => {
    for (let index = 0; index < values.length; index += 1) {
      const x = values[index] ?? 0;
      if (!Number.isNaN(x)) values[index] = lookUp(table, x) / divisor;
    }
  };
}

/** The window that shows everything from `min` to `max` (PS3.3 C.11.2.1.2.1, note 4). */
export function fullWindow(min: number, max: number): Window {
  return { center: (min + max + 1) / 2, width: max - min + 1, function: 'linear' };
}

/** Whether a window means anything: a width below 1 (linear) or not above 0 does not. */
export function isValidWindow({ center, width, function: name }: Window): boolean {
  return Number.isFinite(center) && (name === 'linear' ? width >= 1 : width > 0);
}

/** A table of a Modality or VOI LUT item, or a palette: entries, what index they begin at, and their bits. */
export type LookupTable = { first: number; bits: number; entries: ArrayLike<number> };

/** The entry for a value; values beyond either end get the entry there (PS3.3 C.11.1.1.1). */
export function lookUp({ first, entries }: LookupTable, x: number): number {
  const index = Math.min(entries.length - 1, Math.max(0, Math.trunc(x - first)));
  return entries[index] ?? 0;
}

/** The LUT of a Modality or VOI LUT Sequence item; undefined where it is unusable. */
export function readLookupTable(item: Dataset, signed: boolean): LookupTable | undefined {
  return tableOf(item, Tag.LUTDescriptor, Tag.LUTData, signed);
}

/**
 * A table by its descriptor and data. The first value is the number of entries, 0 meaning 65536, and like the third
 * always unsigned; the second is signed as the values are that the table is applied to, whatever VR it came with.
 */
export function tableOf(
  item: Dataset,
  descriptorTag: string,
  dataTag: string,
  signed: boolean,
): LookupTable | undefined {
  const [count, firstMapped, bits] = numbersOf(item, descriptorTag);
  if (count === undefined || firstMapped === undefined || bits === undefined) return undefined;
  const length = count & 0xffff || 65536;
  const first = signed ? ((firstMapped & 0xffff) << 16) >> 16 : firstMapped & 0xffff;
  const entries = entriesOf(item, dataTag, length, bits & 0xff);
  return entries && { first, bits: bits & 0xff, entries };
}

/** Eight-bit entries in words lie two to a word, low byte first; some encoders store one to a word, told by the length. */
function entriesOf(item: Dataset, tag: string, length: number, bits: number): ArrayLike<number> | undefined {
  const bytes = wordBytes(item, tag);
  if (!bytes || bytes.length === 0) return undefined;
  if (bits <= 8 && bytes.length < 2 * length) return bytes.subarray(0, length);
  const words = new Uint16Array(Math.min(length, bytes.length >> 1));
  for (let index = 0; index < words.length; index += 1) {
    words[index] = (bytes[2 * index] ?? 0) | ((bytes[2 * index + 1] ?? 0) << 8);
  }
  return words;
}

/** The bytes of 16-bit data, little endian, from OW bytes or US and SS numbers. */
export function wordBytes(item: Dataset, tag: string): Uint8Array | undefined {
  const attribute = item[tag];
  if (attribute?.InlineBinary) return attribute.InlineBinary;
  if (!attribute?.Value) return undefined;
  return new Uint8Array(Uint16Array.from(numbersOf(item, tag), (value) => value & 0xffff).buffer);
}
