// The association of the next C-GET, opened while it is still asked what to get: to open one takes longer than to ask.

import type { Pacs } from '../pacs/pacs.ts';
import { classRounds, contextOf, StudyRootGet, storageContexts } from './contexts.ts';

/** CT: what is most met, until a retrieve has shown what is met here (PS3.4 B.5). */
const FIRST_GUESS = ['1.2.840.10008.5.1.4.1.1.2'];

/** Met beside images of any class, and cheap to propose: structured reports, key objects, presentation states, documents. */
const BESIDE = ['88.11', '88.22', '88.33', '88.59', '88.67', '11.1', '104.1'].map(
  (suffix) => `1.2.840.10008.5.1.4.1.1.${suffix}`,
);

export class HeadStart {
  readonly #pacs: Pacs;
  /** Proposed by the one that is opened next. */
  #sopClassUids = withBeside(FIRST_GUESS);
  /** Until when the pool keeps what was opened, or used, last. */
  #warmUntil = 0;
  #opening: Promise<void> | undefined;
  #isOfUse: boolean;

  constructor(pacs: Pacs) {
    this.#pacs = pacs;
    // The only association is needed for asking.
    this.#isOfUse = pacs.config.retrieve !== 'move' && pacs.config.maxAssociations > 1;
  }

  /** Opens one for the SOP classes that were retrieved last, unless the pool has one. What fails here fails again where it matters. */
  begin(signal: AbortSignal): void {
    if (!this.#isOfUse || Date.now() < this.#warmUntil) return;
    this.#warmUntil = Date.now() + this.#pacs.config.idle;
    this.#opening = this.#open(signal).catch(() => {});
  }

  /** A C-GET of these SOP classes is next. Resolves when it need not open an association that is being opened already. */
  async next(sopClassUids: readonly string[]): Promise<void> {
    const opening = this.#opening;
    const suits = sopClassUids.every((uid) => this.#sopClassUids.includes(uid));
    this.#sopClassUids = withBeside(sopClassUids);
    this.#warmUntil = Date.now() + this.#pacs.config.idle;
    if (suits) await opening;
  }

  async #open(signal: AbortSignal): Promise<void> {
    const contexts = [...contextOf(StudyRootGet), ...storageContexts(this.#sopClassUids)];
    const lease = await this.#pacs.lease(contexts, { signal });
    this.#isOfUse = lease.association.contexts.some(({ abstractSyntax }) => abstractSyntax === StudyRootGet);
    lease.release();
  }
}

function withBeside(sopClassUids: readonly string[]): string[] {
  return classRounds([...new Set([...sopClassUids, ...BESIDE])])[0] ?? [];
}
