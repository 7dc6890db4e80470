// One retrieve for everybody: many readers follow the files of one running retrieve, each at its own pace and each the part it
// asked for. The retrieve lives while somebody reads it.

import { DicomError } from '../../dimse/errors.ts';
import type { Cache, StoredFile } from '../cache/cache.ts';
import { belongsTo } from '../cache/membership.ts';
import type { Resource } from '../resource.ts';

/** Fetches what the flight is for; hands each instance over as soon as it is whole in the cache. */
export type Fetch = (deliver: (file: StoredFile) => void, signal: AbortSignal) => Promise<void>;

/** What is fetched, and from which PACS (AE title) into which cache. */
export type FlightPlan = { resource: Resource; cache: Cache; source: string };

export class Flight {
  readonly #plan: FlightPlan;
  /** Resolves when the fetch has ended, however; never rejects. */
  readonly ended: Promise<void>;
  readonly #generation: number;
  readonly #files: StoredFile[] = [];
  readonly #seen = new Set<string>();
  readonly #controller = new AbortController();
  readonly #wakers = new Set<() => void>();
  #readers = 0;
  #done = false;
  #error: unknown;

  constructor(plan: FlightPlan, fetch: Fetch) {
    this.#plan = plan;
    this.#generation = this.#currentGeneration();
    this.ended = this.#run(fetch);
  }

  /** Nobody can join any more: it was given up, or has failed, or something was stored to its study since it began. */
  get isOver(): boolean {
    const isOutdated = this.#currentGeneration() !== this.#generation;
    return isOutdated || this.#controller.signal.aborted || this.#error !== undefined;
  }

  /** Whether `part` is this resource or in it. */
  holds(part: Resource): boolean {
    const { study, series, instance } = this.#plan.resource;
    return (
      part.study === study &&
      (series === undefined || part.series === series) &&
      (instance === undefined || part.instance === instance)
    );
  }

  /**
   * The instances of `part`, each open for the reader, as they arrive. Reading counts from this call, so that the result must
   * be iterated or returned. Throws what ended the fetch, or 'cancelled' at the signal.
   */
  read(part: Resource, signal: AbortSignal): AsyncGenerator<StoredFile, void> {
    this.#readers += 1;
    return this.#follow(part, signal);
  }

  /** Gives the fetch up, whoever reads: they get its error. */
  abort(): void {
    this.#controller.abort();
  }

  #currentGeneration(): number {
    const { cache, source, resource } = this.#plan;
    return cache.generation(source, resource.study);
  }

  async *#follow(part: Resource, signal: AbortSignal): AsyncGenerator<StoredFile, void> {
    try {
      for (let at = 0; ; ) {
        if (signal.aborted) throw new DicomError('cancelled', 'retrieve: the request was cancelled');
        const file = this.#files[at];
        if (file !== undefined) {
          at += 1;
          if (belongsTo(file, part)) yield this.#plan.cache.share(file);
        } else if (!this.#done) {
          await this.#change(signal);
        } else if (this.#error !== undefined) {
          throw this.#error;
        } else {
          return;
        }
      }
    } finally {
      this.#readers -= 1;
      this.#settle();
    }
  }

  async #run(fetch: Fetch): Promise<void> {
    try {
      await fetch((file) => this.#deliver(file), this.#controller.signal);
    } catch (error) {
      this.#error = error;
    }
    this.#done = true;
    this.#wake();
    this.#settle();
  }

  #deliver(file: StoredFile): void {
    const key = `${file.seriesInstanceUid}/${file.sopInstanceUid}`;
    if (this.#seen.has(key) || !belongsTo(file, this.#plan.resource)) {
      file.release();
      return;
    }
    this.#seen.add(key);
    this.#files.push(file);
    this.#wake();
  }

  /** With the last reader gone the fetch is given up, or, where it had ended, its files are let go. */
  #settle(): void {
    if (this.#readers > 0) return;
    if (!this.#done) this.#controller.abort();
    else for (const file of this.#files) file.release();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakers.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}
