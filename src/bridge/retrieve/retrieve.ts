// Retrieval from one PACS: what is whole in the cache, else what a running retrieve brings anyway, else a new retrieve.

import { DicomError, type DicomErrorKind } from '../../dimse/errors.ts';
import type { Cache, FollowedFile, StoredFile } from '../cache/cache.ts';
import { wholes } from '../cache/growing-file.ts';
import { type Behind, behind } from '../pacs/behind.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { levelOf, type Resource } from '../resource.ts';
import { type Expectation, expectationOf } from './expectation.ts';
import type { Fetch } from './fetch/fetch.ts';
import { type Delivery, Flight, type OnPartial } from './flight.ts';
import { Freshness } from './freshness.ts';
import { HeadStart } from './head-start.ts';
import { type BringSeries, Prefetch } from './prefetch.ts';
import { type Described, WithoutBulkData } from './without-bulk-data.ts';

export type RetrievalOptions = {
  pacs: Pacs;
  cache: Cache;
  fetch: Fetch;
  /** Milliseconds for which a whole study or series is taken for whole without asking the PACS for its count. */
  checkAfter: number;
  /** Milliseconds that one instance waits for the retrieve of its series or study to bring it, before it is fetched alone. */
  overtakeAfter?: number;
  /** Of a series that is read in order, instance by instance, the rest is fetched; else nothing that is not asked for. */
  prefetch?: 'off' | 'series';
  log?: (line: string) => void;
};

export type RetrieveOptions = {
  signal: AbortSignal;
  /** Of an instance, where it is known: the PACS is not asked for it then. */
  sopClassUid?: string | undefined;
  /** Called at most once, before the first instance; else what is missing is an error. */
  onPartial?: OnPartial;
  /** Called before the first instance with all that there are, where they are in the cache. */
  onWhole?: (files: readonly StoredFile[]) => void;
};

/** What is known of an instance beforehand; of a prefetch, its standing. */
type FetchPlan = { sopClassUid?: string | undefined; prefetch?: Behind };

/** Longer than an instance of usual size takes, shorter than a viewer waits gladly. */
const OVERTAKE_AFTER = 100;

export class Retrieval {
  readonly #options: RetrievalOptions;
  readonly #flights = new Set<Flight>();
  /** Of those that were begun to prefetch: to be aborted when somebody waits for all that they bring. */
  readonly #raising = new WeakMap<Flight, AbortController>();
  readonly #headStart: HeadStart;
  readonly #freshness: Freshness;
  readonly #prefetch: Prefetch | undefined;
  readonly #withoutBulkData: WithoutBulkData;
  readonly #stop = new AbortController();

  constructor(options: RetrievalOptions) {
    this.#options = options;
    this.#headStart = new HeadStart(options.pacs);
    this.#freshness = new Freshness({ ...options, stop: this.#stop.signal });
    this.#withoutBulkData = new WithoutBulkData(options.pacs);
    // Where nothing is kept there is nothing to fetch ahead for.
    if (options.prefetch === 'series' && options.cache.keeps) {
      this.#prefetch = new Prefetch((series, how) => this.#bring(series, how), this.#stop.signal);
    }
  }

  /** Something was found in the PACS and may be retrieved next. */
  prepare(): void {
    this.#headStart.begin(this.#stop.signal);
  }

  /**
   * Every instance of the resource, open, as soon as it is whole, in memory or on disk: in order of arrival, the same order at every later
   * request. Throws 'not-found' when the PACS lacks it, before the first where that can be known when instances are missing.
   */
  retrieve(resource: Resource, options: RetrieveOptions): AsyncGenerator<StoredFile, void> {
    return wholes(this.#retrieve(resource, options));
  }

  /** As `retrieve`, but large instances are given while they still arrive, in front of others that are whole earlier. */
  follow(resource: Resource, options: RetrieveOptions): AsyncGenerator<FollowedFile, void> {
    return this.#retrieve(resource, options, options.signal);
  }

  /** What metadata are made of: as `retrieve`, or without bulk data where the PACS gives that and nothing else is here or under way. */
  async *describe(resource: Resource, options: RetrieveOptions): AsyncGenerator<Described, void> {
    if (this.#withoutBulkData.isFor(resource) && this.#find(resource) === undefined) {
      const stored = await this.#fromCache(resource, options.signal);
      if (stored !== undefined) {
        yield* handOut(stored);
        return;
      }
      const left = yield* this.#withoutBulkData.read(resource, options.signal);
      if (left !== undefined) {
        for (const one of left) yield* this.retrieve({ study: resource.study, ...one }, options);
        return;
      }
    }
    yield* this.retrieve(resource, options);
  }

  async *#retrieve(
    resource: Resource,
    options: RetrieveOptions,
    follow?: AbortSignal,
  ): AsyncGenerator<FollowedFile, void> {
    const { signal } = options;
    if (signal.aborted) throw new DicomError('cancelled', 'retrieve: the request was cancelled');
    const stored = await this.#fromCache(resource, signal);
    if (stored !== undefined) {
      options.onWhole?.(stored);
      yield* handOut(stored);
      return;
    }
    const noted = levelOf(resource) === 'instance' ? this.#prefetch?.begin(resource) : undefined;
    let found = false;
    try {
      for await (const file of this.#arriving(resource, options, follow)) {
        found = true;
        // What a prefetch that fails or gives way has not brought is fetched when it is asked for.
        noted?.fetched(this.#keptOpen(file)).catch(() => {});
        yield file;
      }
    } finally {
      noted?.over();
    }
    if (!found) throw this.#lacks(resource);
  }

  /** The whole of it, open once more. */
  #keptOpen(file: FollowedFile): StoredFile | Promise<StoredFile> {
    return file.size === undefined ? file.whole() : this.#options.cache.share(file);
  }

  /**
   * One instance does not wait for long behind the others of its study, nor share what they fail with: then it is fetched alone, on
   * another association.
   */
  async *#arriving(
    resource: Resource,
    options: RetrieveOptions,
    follow?: AbortSignal,
  ): AsyncGenerator<FollowedFile, void> {
    const { signal, sopClassUid, onPartial } = options;
    const flight = this.#join(resource, sopClassUid);
    if (levelOf(resource) !== 'instance' || flight.isFor(resource)) {
      this.#raising.get(flight)?.abort();
      yield* flight.read(resource, { signal, onPartial, follow });
      return;
    }
    const patience = AbortSignal.timeout(this.#options.overtakeAfter ?? OVERTAKE_AFTER);
    let isGiven = false;
    try {
      for await (const file of flight.read(resource, { signal: AbortSignal.any([signal, patience]), follow })) {
        isGiven = true;
        yield file;
        // It comes to its end although nobody else may read this flight any more.
        if (file.size === undefined) (await file.whole()).release();
        return;
      }
    } catch (error) {
      const isLate = patience.aborted && isCancelled(error);
      if (signal.aborted || this.#stop.signal.aborted || isGiven || (!isLate && !isOfOthers(error))) throw error;
    }
    const alone =
      [...this.#flights].find((one) => !one.isOver && one.isFor(resource)) ?? this.#start(resource, { sopClassUid });
    yield* alone.read(resource, { signal, follow });
  }

  #bring(series: Resource, { signal, onWanted }: Parameters<BringSeries>[1]): AsyncIterable<FollowedFile> {
    const flight = this.#find(series) ?? this.#startPrefetch(series, onWanted);
    return flight.read(series, { signal });
  }

  #startPrefetch(series: Resource, onWanted: () => void): Flight {
    const raising = new AbortController();
    const flight = this.#start(series, { prefetch: { onWanted, raised: raising.signal } });
    this.#raising.set(flight, raising);
    return flight;
  }

  /** Gives up what runs; resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const flight of this.#flights) flight.abort();
    await this.idle();
  }

  /** Resolves when what runs now has ended. */
  async idle(): Promise<void> {
    await Promise.all([...this.#flights].map(({ ended }) => ended));
  }

  #fromCache(resource: Resource, signal: AbortSignal): Promise<StoredFile[] | undefined> | StoredFile[] | undefined {
    if (levelOf(resource) !== 'instance') return this.#freshness.open(resource, signal);
    const { cache, pacs } = this.#options;
    const file = cache.open(pacs.name, resource);
    return file === undefined ? undefined : [file];
  }

  /** The running retrieve that brings the resource, or a new one. */
  #join(resource: Resource, sopClassUid?: string): Flight {
    return this.#find(resource) ?? this.#start(resource, { sopClassUid });
  }

  #find(resource: Resource): Flight | undefined {
    const { checkAfter } = this.#options;
    return [...this.#flights].find((flight) => {
      const isRecent = (flight.completeFor ?? -1) < checkAfter;
      return isRecent && !flight.isOver && flight.holds(resource);
    });
  }

  #start(resource: Resource, plan: FetchPlan): Flight {
    const { cache, pacs } = this.#options;
    const flight = new Flight({ resource, cache, source: pacs.name }, (delivery, signal) =>
      this.#fetch(resource, plan, delivery, signal),
    );
    this.#flights.add(flight);
    void flight.ended.then(() => this.#flights.delete(flight));
    return flight;
  }

  async #fetch(
    resource: Resource,
    { sopClassUid, prefetch }: FetchPlan,
    delivery: Delivery,
    signal: AbortSignal,
  ): Promise<void> {
    const { fetch, cache } = this.#options;
    const isPrefetch = prefetch !== undefined;
    const pacs = isPrefetch ? behind(this.#options.pacs, prefetch) : this.#options.pacs;
    const generation = cache.generation(pacs.name, resource.study);
    const expectation =
      sopClassUid === undefined ? await this.#expect(pacs, resource, signal) : knownClass(sopClassUid);
    await this.#headStart.next(expectation.sopClassUids);
    await fetch(pacs, { resource, expectation, generation, signal, isPrefetch, ...delivery });
  }

  async #expect(pacs: Pacs, resource: Resource, signal: AbortSignal): Promise<Expectation> {
    const asked = expectationOf(pacs, resource, signal);
    // A prefetch takes no association ahead.
    if (pacs === this.#options.pacs) this.#headStart.begin(signal);
    const expectation = await asked;
    if (expectation === undefined) throw this.#lacks(resource);
    return expectation;
  }

  #lacks(resource: Resource): DicomError {
    const level = levelOf(resource);
    return new DicomError('not-found', `${this.#options.pacs.name} has no such ${level}`, { field: level });
  }
}

/** One instance; whether the PACS has it still is asked only if it does not come. */
function knownClass(sopClassUid: string): Expectation {
  return { sopClassUids: [sopClassUid], count: 1 };
}

function isCancelled(error: unknown): boolean {
  return error instanceof DicomError && error.kind === 'cancelled';
}

/** What a retrieve of several can fail with where one of them comes alone: the PACS is there, and has not said that it lacks it. */
const OF_OTHERS: readonly DicomErrorKind[] = ['aborted', 'corrupt', 'no-context', 'protocol', 'status', 'timeout'];

function isOfOthers(error: unknown): boolean {
  return error instanceof DicomError && OF_OTHERS.includes(error.kind);
}

/** Each file in turn; those that nobody took are let go. */
function* handOut(files: readonly StoredFile[]): Generator<StoredFile, void> {
  let next = 0;
  try {
    for (; next < files.length; ) {
      const file = files[next];
      next += 1;
      if (file !== undefined) yield file;
    }
  } finally {
    for (const file of files.slice(next)) file.release();
  }
}
