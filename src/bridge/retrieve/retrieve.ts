// Retrieval: what is whole in the cache, else what a running retrieve brings anyway, else a retrieve from the PACS that has it.

import { LRUCache } from 'lru-cache';
import { DicomError } from '../../dimse/errors.ts';
import type { Cache, StoredFile } from '../cache/cache.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { levelOf, type Resource } from '../resource.ts';
import { countInstances, expectationOf } from './expectation.ts';
import type { Fetch } from './fetch.ts';
import { Flight } from './flight.ts';

export type RetrievalOptions = {
  /** In the order they are asked; the first that has the resource is the one it comes from. */
  pacs: readonly Pacs[];
  cache: Cache;
  fetch: Fetch;
  /** Milliseconds for which a whole study or series is taken for whole without asking the PACS for its count. */
  checkAfter: number;
  log?: (line: string) => void;
};

/** Studies whose PACS is remembered. */
const REMEMBERED = 10_000;

/** Errors that say that a PACS could not be asked, not that it lacks something. */
const NO_ANSWER = ['timeout', 'unreachable', 'rejected', 'aborted', 'no-context', 'protocol', 'status', 'busy'];

export class Retrieval {
  readonly #options: RetrievalOptions;
  readonly #flights = new Set<Flight>();
  readonly #holders = new LRUCache<string, Pacs>({ max: REMEMBERED });

  constructor(options: RetrievalOptions) {
    this.#options = options;
  }

  /**
   * Every instance of the resource, open, as soon as it is complete on disk: in order of arrival, the same order at every later
   * request. Throws 'not-found' when no PACS has it, before the first where that can be known when instances are missing.
   */
  async *retrieve(resource: Resource, { signal }: { signal: AbortSignal }): AsyncGenerator<StoredFile, void> {
    if (signal.aborted) throw new DicomError('cancelled', 'retrieve: the request was cancelled');
    const stored = await this.#fromCache(resource, signal);
    if (stored !== undefined) {
      yield* handOut(stored);
      return;
    }
    let found = false;
    for await (const file of this.#join(resource).read(resource, signal)) {
      found = true;
      yield file;
    }
    if (!found) throw notFound(resource);
  }

  /** One instance. Nothing but that instance is fetched for it. */
  async open(resource: Resource, options: { signal: AbortSignal }): Promise<StoredFile> {
    if (levelOf(resource) !== 'instance') {
      throw new DicomError('malformed', 'open: not an instance', { field: 'resource' });
    }
    for await (const file of this.retrieve(resource, options)) return file;
    throw notFound(resource);
  }

  /** Gives up what runs; resolves when nothing runs any more. */
  async close(): Promise<void> {
    for (const flight of this.#flights) flight.abort();
    await this.idle();
  }

  /** Resolves when what runs now has ended. */
  async idle(): Promise<void> {
    await Promise.all([...this.#flights].map(({ ended }) => ended));
  }

  async #fromCache(resource: Resource, signal: AbortSignal): Promise<StoredFile[] | undefined> {
    const { cache, checkAfter } = this.#options;
    if (levelOf(resource) === 'instance') {
      const file = cache.open(resource);
      return file === undefined ? undefined : [file];
    }
    const whole = cache.openWhole(resource);
    if (whole === undefined) return undefined;
    if (Date.now() - whole.checkedAt < checkAfter) return whole.files;
    try {
      if (await this.#isStill(resource, whole.files, signal)) return whole.files;
    } catch (error) {
      for (const file of whole.files) file.release();
      throw error;
    }
    for (const file of whole.files) file.release();
    return undefined;
  }

  /** Asks the PACS whether it has as many instances as are here. A PACS that can't be asked doesn't take away what is here. */
  async #isStill(resource: Resource, files: StoredFile[], signal: AbortSignal): Promise<boolean> {
    const generation = this.#options.cache.generation(resource.study);
    for (const pacs of this.#candidates(resource)) {
      const count = await countInstances(pacs, resource, signal).catch((error: unknown) => {
        if (!isNoAnswer(error)) throw error;
        this.#options.log?.(`${pacs.name} could not be asked whether a cached resource is still whole`);
        return files.length;
      });
      if (count === undefined) continue;
      if (count !== files.length) break;
      this.#options.cache.setWhole(resource, files, generation);
      return true;
    }
    this.#options.cache.removeWhole(resource);
    return false;
  }

  /** The running retrieve that brings the resource, or a new one. */
  #join(resource: Resource): Flight {
    for (const flight of this.#flights) if (!flight.isOver && flight.holds(resource)) return flight;
    const flight = new Flight(resource, this.#options.cache, (deliver, signal) =>
      this.#fetch(resource, deliver, signal),
    );
    this.#flights.add(flight);
    void flight.ended.then(() => this.#flights.delete(flight));
    return flight;
  }

  async #fetch(resource: Resource, deliver: (file: StoredFile) => void, signal: AbortSignal): Promise<void> {
    const { fetch, cache, log } = this.#options;
    const generation = cache.generation(resource.study);
    let failure: unknown;
    for (const pacs of this.#candidates(resource)) {
      try {
        const expectation = await expectationOf(pacs, resource, signal);
        if (expectation === undefined) continue;
        this.#holders.set(resource.study, pacs);
        return await fetch(pacs, { resource, expectation, generation, deliver, signal });
      } catch (error) {
        if (this.#holders.get(resource.study) === pacs || !isNoAnswer(error)) throw error;
        log?.(`${pacs.name} could not be asked: ${error instanceof Error ? error.message : ''}`);
        failure ??= error;
      }
    }
    throw failure ?? notFound(resource);
  }

  /** The PACS known to have the study first. */
  #candidates({ study }: Resource): Pacs[] {
    const holder = this.#holders.get(study);
    const { pacs } = this.#options;
    return holder === undefined ? [...pacs] : [holder, ...pacs.filter((other) => other !== holder)];
  }
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

function isNoAnswer(error: unknown): boolean {
  return error instanceof DicomError && NO_ANSWER.includes(error.kind);
}

function notFound(resource: Resource): DicomError {
  return new DicomError('not-found', `no PACS has this ${levelOf(resource)}`, { field: levelOf(resource) });
}
