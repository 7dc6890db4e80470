// What a PACS agreed to by SOP Class Extended Negotiation of C-FIND (PS3.4 C.5.1.1), for as long as that is believed.

import type { FindOption } from '../../dimse/index.ts';

/** Milliseconds after which a PACS is asked anew: it may have been updated. */
const BELIEVED_FOR = 3_600_000;

export class Agreements {
  readonly #known = new Map<FindOption, { agreed: boolean; until: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Undefined: not known, or no longer believed. */
  of(option: FindOption): boolean | undefined {
    const known = this.#known.get(option);
    return known === undefined || known.until <= this.#now() ? undefined : known.agreed;
  }

  /** What became of the options that an association offered. */
  learn(offered: readonly FindOption[], agreed: ReadonlySet<FindOption>): void {
    const until = this.#now() + BELIEVED_FOR;
    for (const option of offered) this.#known.set(option, { agreed: agreed.has(option), until });
  }
}
