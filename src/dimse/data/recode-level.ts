// Where a re-encoding stands: in which data set, item, sequence or run of fragments, and what it makes of odd lengths.

import type { VrContext } from './dictionary.ts';
import type { Encoding } from './element.ts';

/** (0028,0103), (0028,0100) and (0028,3002), which decide the VR of others where implicit VR leaves it open. */
export const CONTEXT: Record<number, keyof VrContext> = {
  2621699: 'pixelRepresentation',
  2621696: 'bitsAllocated',
  2633730: 'lutEntries',
};

/** A data set, item, sequence or run of fragments that is being passed on. */
export type Level = {
  kind: 'elements' | 'items' | 'fragments';
  tag: number;
  /** Where it ends in the source; -1 at its delimitation item. */
  end: number;
  from: Encoding;
  to: Encoding;
  /** The delimitation item that ends it in the target; undefined where its length says so. */
  closing: number | undefined;
  context: VrContext;
  /** Of fragments: the Basic Offset Table has passed. */
  hasTable?: boolean;
};

/**
 * What becomes of odd lengths (PS3.5 7.1.1 forbids them): `kept`; `padded`, where sequences with a length keep it unless
 * something in them is odd; `opened`, the same for what lies within such a sequence, where no length is kept.
 */
export type OddLengths = 'kept' | 'padded' | 'opened';
