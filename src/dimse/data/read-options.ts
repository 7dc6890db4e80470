// What a reader of data sets is asked, and what it answers.

import type { Dataset } from './dataset.ts';
import type { Vr } from './vr.ts';

/** One value that could be given by reference. Offsets count from the first data set byte (inflated, if deflated). */
export type BulkElement = {
  /** 'tag' or 'tag/item/tag', items counted from 0. */
  path: string;
  tag: string;
  vr: Vr;
  /** Where the value field begins; for encapsulated pixel data the first item, which is the Basic Offset Table. */
  offset: number;
  /** Bytes of the value field; -1 for encapsulated pixel data. */
  length: number;
  /** Where the value field ends; for encapsulated pixel data where the Sequence Delimitation Item begins. */
  end: number;
};

export type ReadOptions = {
  /** Stop before the first top-level element whose tag is this one or greater. */
  until?: string;
  /** Called for values whose VR may have a BulkDataURI (PS3.18 F.2.2); a URI takes the place of the value. */
  bulk?: (element: BulkElement) => string | undefined;
  /** Sequences within sequences that are followed, 32 by default; deeper ones are `too-large`. */
  maxDepth?: number;
  /** Specific Character Set of what encloses this data set: in force until the data set has its own. */
  charset?: readonly string[];
  /**
   * Text exactly as encoded: padding kept, DS and IS as text, UN left alone. With it `writeDataset` gives the same value
   * fields again. Without it text is trimmed and DS and IS are numbers where a number says the same.
   */
  keepText?: boolean;
};

export type StoppedAt = { tag: string; vr: Vr; length: number; valueOffset: number };
export type ReadResult = { dataset: Dataset; end: number; stopped?: StoppedAt };
