// How often something was stored to a study: what was asked of the PACS before is not to be kept as what it has now.

import { LRUCache } from 'lru-cache';

/** Studies that are counted apart; a retrieve runs for far less time than it takes to store to so many. */
const STUDIES = 10_000;

export class Generations {
  readonly #byStudy = new LRUCache<string, number>({ max: STUDIES });
  #last = 0;

  of(study: string): number {
    return this.#byStudy.get(study) ?? 0;
  }

  /** Whoever holds an earlier generation of this study can see that it is over. */
  next(study: string): void {
    this.#last += 1;
    this.#byStudy.set(study, this.#last);
  }
}
