// Instances that a PACS lists and cannot send: to find that out takes many small retrieves, which are not made at every request.

import { LRUCache } from 'lru-cache';
import type { Listed } from '../expectation.ts';

/** Where an instance is lost, and in which state of its study: when something is stored to it, it is tried again. */
export type Place = { pacs: string; study: string; generation: number };

type Lost = { error: unknown; place: Place; series: string; instance: string };

/** Instances that are remembered. */
const REMEMBERED = 10_000;

export class LostInstances {
  readonly #errors: LRUCache<string, Lost>;

  /** Remembers for `ms`. */
  constructor(ms: number) {
    this.#errors = new LRUCache({ max: REMEMBERED, ttl: Math.max(1, ms) });
  }

  /** What a retrieve of it failed with. */
  of(place: Place, instance: string): { error: unknown } | undefined {
    return this.#errors.get(keyOf(place, instance));
  }

  add(place: Place, { series, instance }: Listed, error: unknown): void {
    this.#errors.set(keyOf(place, instance), { error, place, series, instance });
  }

  /** All that are known to be lost of a study, or of one series of it. */
  in({ pacs, study, generation }: Place, series?: string): Listed[] {
    const isThere = ({ place }: Lost) =>
      place.pacs === pacs && place.study === study && place.generation === generation;
    return [...this.#errors.values()].filter((one) => isThere(one) && (series === undefined || one.series === series));
  }
}

function keyOf({ pacs, study, generation }: Place, instance: string): string {
  return [pacs, study, generation, instance].join('\n');
}
