// What the process that is killed writes, so that what is left of it can be looked at.

import type { Made } from '../fixtures.ts';

/** Instances of one study, which are declared whole together. */
export const TOGETHER = 4;
/** Bytes of the cache: eviction runs all the time. */
export const MAX_BYTES = 4_000_000;
export const KINDS = ['metadata', 'thumbnail'] as const;

/** The instance number `at`; some are large enough to be followed while they come. */
export function madeAt(at: number): Made {
  const study = `1.${Math.floor(at / TOGETHER)}`;
  return { study, series: `${study}.1`, instance: `${study}.1.${at}`, bytes: at % 9 === 8 ? 2_500_000 : 100_000 + at };
}

export function documentOf({ instance }: Made, kind: string): Buffer {
  return Buffer.from(`${kind} of ${instance} `.repeat(500));
}
