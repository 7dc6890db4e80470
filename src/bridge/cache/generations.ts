// How often something was stored to a study of a PACS: what was asked of the PACS before is not to be kept as what it has now.

import { LRUCache } from 'lru-cache';

/** Studies that are counted apart; a retrieve runs for far less time than it takes to store to so many. */
const STUDIES = 10_000;

export class Generations {
  readonly #byStudy = new LRUCache<string, number>({ max: STUDIES });
  #last = 0;

  of(source: string, study: string): number {
    return this.#byStudy.get(keyOf(source, study)) ?? 0;
  }

  /** Whoever holds an earlier generation of this study can see that it is over. */
  next(source: string, study: string): void {
    this.#last += 1;
    this.#byStudy.set(keyOf(source, study), this.#last);
  }
}

function keyOf(source: string, study: string): string {
  return `${study}\n${source}`;
}
