// Associations to one PACS: at most N, truly reused, idle ones released, broken ones dropped. Who must wait does so in a fair
// queue, interactive before prefetch.

import { DicomError } from '../../dimse/errors.ts';
import type { Association, ProposedContext } from '../../dimse/index.ts';
import { contextKey, covered, proposalKey } from './coverage.ts';
import type { Lease, LeaseOptions, Standing } from './lease.ts';
import { Queue } from './queue.ts';

export type PoolOptions = {
  /**
   * Opens an association that proposes `contexts`; an error that `isFinal` is thrown without further tries. Each transport
   * connection that is tried is told of: `closed` settles when it is gone.
   */
  connect(
    contexts: readonly ProposedContext[],
    signal: AbortSignal,
    isFinal: (error: unknown) => boolean,
    onTransport: (closed: Promise<void>) => void,
  ): Promise<Association>;
  /** Names the peer in errors, as `AET@host:port`. */
  peer: string;
  /** Proposed on every new association where there is room, so that one association serves many kinds of request. */
  always?: readonly ProposedContext[];
  maxAssociations: number;
  maxWaiting: number;
  /** Milliseconds that an unused association is kept. */
  idle: number;
  /** Milliseconds, and leases, after which an association is not used again. */
  maxAge: number;
  maxRequests: number;
};

/** PS3.8 9.3.2.2: presentation context ids are the odd numbers below 256. */
export const MAX_CONTEXTS = 128;

/** Milliseconds for which no more associations are tried than a peer that was full had taken. */
const FULL_FOR = 60_000;

type Entry = {
  association: Association;
  /** Keys of all it can be used for. */
  covers: ReadonlySet<string>;
  /** All that was proposed, as one key. */
  proposal: string;
  openedAt: number;
  leases: number;
  idleTimer?: NodeJS.Timeout;
  /** Of who has it on loan; and whether that was told to give way. */
  standing: Standing;
  isRecalled: boolean;
};

type Waiter = Standing & {
  contexts: readonly ProposedContext[];
  keys: string[];
  exact: boolean;
  priority: 'interactive' | 'prefetch';
  /** Fires when the caller has gone. */
  signal: AbortSignal;
  settle(result: Lease | { error: unknown }): void;
};

export class Pool {
  readonly #options: PoolOptions;
  readonly #idle: Entry[] = [];
  readonly #lent = new Set<Entry>();
  readonly #queue = new Queue<Waiter>();
  /** Places taken by associations that are being opened or released. */
  #opening = 0;
  #closing = 0;
  /** Of what was released, aborted or given up, the transports that are not closed yet: the peer still counts them. */
  readonly #ending = new Set<Promise<void>>();
  #closed = false;
  /** How many the peer took when it was full, and until when that is believed. */
  #full = { size: 0, until: 0 };
  #wasEmptied: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Associations that exist now: on loan, idle, being opened or released, or still to be closed. */
  get size(): number {
    return this.#idle.length + this.#lent.size + this.#opening + this.#closing + this.#ending.size;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Throws 'busy' when too many wait, 'cancelled' by the signal, and what `connect` throws. */
  lease(contexts: readonly ProposedContext[], options: LeaseOptions): Promise<Lease> {
    const { signal, raised } = options;
    if (this.#closed || signal.aborted) return Promise.reject(this.#cancelled());
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#queue.remove(waiter);
        waiter.settle({ error: this.#cancelled() });
      };
      const onRaised = () => {
        this.#queue.raise(waiter);
        this.#serve();
      };
      const waiter = waiterOf(contexts, options, (result) => {
        signal.removeEventListener('abort', onAbort);
        raised?.removeEventListener('abort', onRaised);
        if ('error' in result) reject(result.error);
        else resolve(result);
      });
      signal.addEventListener('abort', onAbort, { once: true });
      raised?.addEventListener('abort', onRaised, { once: true });
      this.#queue.add(waiter);
      this.#serve();
      this.#limitWaiting();
    });
  }

  /** Who would have to wait longest is refused: not always who came last. */
  #limitWaiting(): void {
    const { maxWaiting, peer } = this.#options;
    if (this.#queue.length <= maxWaiting) return;
    const error = new DicomError('busy', `${peer}: ${maxWaiting} requests wait already`, { peer });
    this.#queue.removeLast()?.settle({ error });
  }

  /** Releases what is idle, aborts what is on loan, refuses who waits; resolves when nothing is opened or released any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#queue.removeAll()) waiter.settle({ error: this.#cancelled() });
    for (const entry of this.#idle.splice(0)) this.#retire(entry);
    for (const entry of this.#lent) entry.association.abort();
    this.#lent.clear();
    this.#ending.clear();
    if (this.size > 0) await new Promise<void>((resolve) => (this.#wasEmptied = resolve));
  }

  get #limit(): number {
    const { maxAssociations } = this.#options;
    return Date.now() < this.#full.until ? Math.min(this.#full.size, maxAssociations) : maxAssociations;
  }

  /** Gives every waiter, in turn, what can be given now: an idle association, a new one, or the place of an unsuitable one. */
  #serve(): void {
    if (this.#closed && this.size === 0) this.#wasEmptied?.();
    let promised = this.#closing + this.#ending.size;
    for (const waiter of this.#queue.all()) {
      const entry = this.#takeIdle(waiter);
      if (entry !== undefined) {
        this.#queue.remove(waiter);
        waiter.settle(this.#lend(entry, waiter, true));
      } else if (this.size < this.#limit) {
        this.#queue.remove(waiter);
        void this.#open(waiter);
      } else if (promised > 0) {
        promised -= 1;
      } else {
        const oldest = this.#idle.shift();
        if (oldest === undefined) {
          this.#recall();
          return;
        }
        this.#retire(oldest);
      }
    }
  }

  /** As many prefetches as there are interactive requests that nothing can be given to are told to give way. */
  #recall(): void {
    const waiting = this.#queue.interactive;
    let leaving = [...this.#lent].filter(({ isRecalled }) => isRecalled).length;
    for (const entry of this.#lent) {
      if (leaving >= waiting) return;
      const { onWanted, raised } = entry.standing;
      if (onWanted === undefined || raised?.aborted || entry.isRecalled) continue;
      entry.isRecalled = true;
      leaving += 1;
      onWanted();
    }
  }

  #takeIdle(waiter: Waiter): Entry | undefined {
    for (let at = this.#idle.length - 1; at >= 0; at -= 1) {
      const entry = this.#idle[at];
      if (entry === undefined || !entry.association.isOpen || !this.#suits(entry, waiter)) continue;
      this.#idle.splice(at, 1);
      clearTimeout(entry.idleTimer);
      return entry;
    }
    return undefined;
  }

  #suits(entry: Entry, waiter: Waiter): boolean {
    if (waiter.exact) return entry.proposal === proposalKey(this.#proposal(waiter));
    return waiter.keys.every((key) => entry.covers.has(key));
  }

  async #open(waiter: Waiter): Promise<void> {
    this.#opening += 1;
    const proposed = this.#proposal(waiter);
    let isFull = false;
    const isFinal = (error: unknown) => (isFull = this.size > 1 && isLimit(error));
    const transports: Promise<void>[] = [];
    const onTransport = (closed: Promise<void>) => transports.push(closed);
    try {
      const association = await this.#options.connect(proposed, waiter.signal, isFinal, onTransport);
      this.#opening -= 1;
      const covers = covered(proposed, association.contexts);
      const proposal = proposalKey(proposed);
      const unused = { leases: 0, standing: {}, isRecalled: false };
      const entry: Entry = { association, covers, proposal, openedAt: Date.now(), ...unused };
      void association.closed.then(() => this.#lost(entry));
      if (this.#closed) this.#retire(entry);
      else if (waiter.signal.aborted) this.#keep(entry);
      else waiter.settle(this.#lend(entry, waiter, false));
    } catch (error) {
      this.#opening -= 1;
      if (!isFull || this.#closed || waiter.signal.aborted) {
        waiter.settle({ error });
      } else {
        // The others that exist make room in time: who waits for them need not fail.
        this.#full = { size: Math.max(1, this.size), until: Date.now() + FULL_FOR };
        this.#queue.putBack(waiter);
      }
      for (const closed of transports) this.#awaitEnd(closed);
    }
    this.#serve();
  }

  /** A SOP class has one extended negotiation on an association: that of who asks goes before what is always proposed. */
  #proposal({ contexts }: Waiter): ProposedContext[] {
    const wanted = new Set(contexts.map(({ abstractSyntax }) => abstractSyntax));
    const extra = (this.#options.always ?? []).filter(({ abstractSyntax }) => !wanted.has(abstractSyntax));
    return [...contexts, ...extra.slice(0, Math.max(0, MAX_CONTEXTS - contexts.length))];
  }

  #lend(entry: Entry, standing: Standing, reused: boolean): Lease {
    entry.leases += 1;
    entry.standing = standing;
    entry.isRecalled = false;
    this.#lent.add(entry);
    const giveBack = (whole: boolean) => {
      if (!this.#lent.delete(entry)) return;
      if (!whole) entry.association.abort();
      if (entry.association.isOpen) this.#keep(entry);
      else this.#awaitEnd(entry.association.closed);
      this.#serve();
    };
    return {
      association: entry.association,
      reused,
      release: () => giveBack(true),
      drop: () => giveBack(false),
    };
  }

  #keep(entry: Entry): void {
    const { idle, maxAge, maxRequests } = this.#options;
    if (this.#closed || entry.leases >= maxRequests || Date.now() - entry.openedAt >= maxAge) {
      this.#retire(entry);
      return;
    }
    this.#idle.push(entry);
    entry.idleTimer = setTimeout(() => {
      const at = this.#idle.indexOf(entry);
      if (at >= 0) this.#idle.splice(at, 1);
      if (at >= 0) this.#retire(entry);
    }, idle);
    entry.idleTimer.unref();
  }

  /** Releases an association; one whose peer does not answer in time is aborted. */
  #retire(entry: Entry): void {
    clearTimeout(entry.idleTimer);
    this.#closing += 1;
    const after = () => {
      this.#closing -= 1;
      this.#awaitEnd(entry.association.closed);
      this.#serve();
    };
    entry.association.release().then(after, () => {
      entry.association.abort();
      after();
    });
  }

  /** Its place is free when its transport is closed: by the peer, or by ARTIM (PS3.8 9.1.5). */
  #awaitEnd(closed: Promise<void>): void {
    if (this.#closed) return;
    this.#ending.add(closed);
    void closed.then(() => {
      if (this.#ending.delete(closed)) this.#serve();
    });
  }

  /** The peer has closed an association, idle or on loan. */
  #lost(entry: Entry): void {
    clearTimeout(entry.idleTimer);
    const at = this.#idle.indexOf(entry);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    this.#serve();
  }

  #cancelled(): DicomError {
    const why = this.#closed ? 'the gateway is closing' : 'the request was cancelled';
    return new DicomError('cancelled', `waiting for an association with ${this.#options.peer}: ${why}`, {
      peer: this.#options.peer,
    });
  }
}

function waiterOf(
  contexts: readonly ProposedContext[],
  { signal, exact = false, priority = 'interactive', onWanted, raised }: LeaseOptions,
  settle: Waiter['settle'],
): Waiter {
  const standing = { priority: raised?.aborted ? 'interactive' : priority, onWanted, raised };
  return { contexts, keys: contexts.map(contextKey), exact, ...standing, signal, settle };
}

/** Rejected as one too many: transient, or congestion or a local limit (PS3.8 9.3.4, source 3, reasons 1 and 2). */
function isLimit(error: unknown): boolean {
  if (!(error instanceof DicomError) || error.rejection === undefined) return false;
  const { result, source, reason } = error.rejection;
  return result === 2 || (source === 3 && (reason === 1 || reason === 2));
}
