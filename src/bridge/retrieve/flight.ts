// One retrieve for everybody: many readers follow the files of one running retrieve, each at its own pace and each the part it
// asked for, a large file also while it grows. The retrieve lives while somebody reads it.

import { DicomError } from '../../dimse/errors.ts';
import { Bell } from '../cache/bell.ts';
import type { Cache, FollowedFile, Growing, GrowingFile, StoredFile } from '../cache/cache.ts';
import { belongsTo, type InstanceUids } from '../cache/membership.ts';
import type { Resource } from '../resource.ts';
import type { Listed } from './expectation.ts';
import { resumed } from './resumed.ts';

/** Where a fetch hands over each instance, as soon as it is whole, and says that it was the last. */
export type Delivery = {
  /** Told before the first: these can't be had. */
  lacks(lost: readonly Listed[]): void;
  /** Told of a large instance before it is whole. */
  arriving(growing: Growing): void;
  deliver(file: StoredFile): void;
  /** All are there, or all but those: that is the failure of who was not told of them. */
  complete(failure?: unknown): void;
};

/** Fetches what the flight is for. Resolves when all is in the cache. */
export type Fetch = (delivery: Delivery, signal: AbortSignal) => Promise<void>;

/** What is fetched, and from which PACS (AE title) into which cache. */
export type FlightPlan = { resource: Resource; cache: Cache; source: string };

/**
 * `at` is the place of the next file it looks at; `isTold`: it knows that its part lacks some; `followed` are the keys of those
 * that it was given while they grew.
 */
type Reader = { at: number; isTold: boolean; followed: Set<string> };

export type ReadOptions = {
  signal: AbortSignal;
  onPartial?: OnPartial | undefined;
  /** Large files are given while they still grow, in front of others; this ends waiting for the rest of one. */
  follow?: AbortSignal | undefined;
};

/** Told, before the first instance, how many can't be had: reading then ends without them in place of an error. */
export type OnPartial = (missing: number) => void;

export class Flight {
  readonly #plan: FlightPlan;
  /** Resolves when the fetch has ended, however; never rejects. */
  readonly ended: Promise<void>;
  readonly #generation: number;
  readonly #files: StoredFile[] = [];
  readonly #seen = new Set<string>();
  /** Large ones that are under way, by key. */
  readonly #growing = new Map<string, Growing>();
  readonly #controller = new AbortController();
  readonly #change = new Bell();
  readonly #readers = new Set<Reader>();
  /** Places of files that the disk did not take. */
  readonly #unstored = new Set<number>();
  /** All have been delivered; and nothing is under way any more. */
  #completedAt: number | undefined;
  #hasEnded = false;
  #lost: readonly Listed[] = [];
  /** For want of the lost ones. */
  #shortfall: unknown;
  /** A file was let go: who joined now would not get all. */
  #hasGap = false;
  #error: unknown;

  constructor(plan: FlightPlan, fetch: Fetch) {
    this.#plan = plan;
    this.#generation = this.#currentGeneration();
    this.ended = this.#run(fetch);
  }

  /** Nobody can join any more: it was given up, or has failed, or something was stored to its study since it began. */
  get isOver(): boolean {
    const isOutdated = this.#currentGeneration() !== this.#generation;
    return isOutdated || this.#hasGap || this.#controller.signal.aborted || this.#error !== undefined;
  }

  /** Milliseconds since the last instance came; undefined while some are still to come. */
  get completeFor(): number | undefined {
    return this.#completedAt === undefined ? undefined : Date.now() - this.#completedAt;
  }

  /** Whether this is the resource, not one that holds it. */
  isFor({ study, series, instance }: Resource): boolean {
    const own = this.#plan.resource;
    return own.study === study && own.series === series && own.instance === instance;
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
  read(part: Resource, options: ReadOptions): AsyncGenerator<FollowedFile, void> {
    const reader = { at: 0, isTold: false, followed: new Set<string>() };
    this.#readers.add(reader);
    return this.#read(reader, part, options);
  }

  /** Gives the fetch up, whoever reads: they get its error. */
  abort(): void {
    this.#controller.abort();
  }

  #currentGeneration(): number {
    const { cache, source, resource } = this.#plan;
    return cache.generation(source, resource.study);
  }

  async *#read(
    reader: Reader,
    part: Resource,
    { signal, onPartial, follow }: ReadOptions,
  ): AsyncGenerator<FollowedFile, void> {
    try {
      for (;;) {
        if (signal.aborted) throw new DicomError('cancelled', 'retrieve: the request was cancelled');
        const next = this.#next(reader, part) ?? (follow && this.#followed(reader, part, follow));
        if (next !== undefined) {
          this.#tell(reader, part, onPartial);
          yield next;
        } else if (this.#error !== undefined) {
          throw this.#error;
        } else if (this.#completedAt !== undefined) {
          if (this.#shortfall !== undefined && !reader.isTold && this.#lostOf(part) > 0) throw this.#shortfall;
          return;
        } else {
          await this.#change.wait({ signal });
        }
      }
    } finally {
      this.#readers.delete(reader);
      this.#settle();
    }
  }

  /** The next file of the part that the reader has not been given yet, open. */
  #next(reader: Reader, part: Resource): StoredFile | undefined {
    let shared: StoredFile | undefined;
    while (shared === undefined) {
      const file = this.#files[reader.at];
      if (file === undefined) break;
      if (belongsTo(file, part) && !reader.followed.has(keyOf(file))) shared = this.#plan.cache.share(file);
      reader.at += 1;
    }
    if (this.#unstored.size > 0) this.#letGo();
    return shared;
  }

  /** One of the part that grows. */
  #followed(reader: Reader, part: Resource, signal: AbortSignal): FollowedFile | undefined {
    for (const [key, growing] of this.#growing) {
      if (!growing.isReadable() || !belongsTo(growing, part) || reader.followed.has(key)) continue;
      reader.followed.add(key);
      return this.#openGrowing(growing, signal);
    }
    return undefined;
  }

  #openGrowing(growing: Growing, signal: AbortSignal): GrowingFile {
    return resumed(growing.open(signal), () => this.#another(growing, signal));
  }

  /** The same instance by a further attempt, as soon as it comes; undefined when this retrieve brings it no more. */
  async #another(failed: Growing, signal: AbortSignal): Promise<FollowedFile | undefined> {
    const key = keyOf(failed);
    for (;;) {
      const growing = this.#growing.get(key);
      if (growing !== undefined && growing.path !== failed.path && growing.isReadable()) {
        return this.#openGrowing(growing, signal);
      }
      const file = this.#files.find((one) => keyOf(one) === key);
      if (file !== undefined) return this.#plan.cache.share(file);
      if (signal.aborted || this.#completedAt !== undefined) return undefined;
      await this.#change.wait({ signal });
    }
  }

  #tell(reader: Reader, part: Resource, onPartial: OnPartial | undefined): void {
    const missing = reader.isTold || onPartial === undefined ? 0 : this.#lostOf(part);
    if (missing === 0) return;
    reader.isTold = true;
    onPartial?.(missing);
  }

  #lostOf({ series, instance }: Resource): number {
    const ofPart = this.#lost.filter(
      (one) => (series === undefined || one.series === series) && (instance === undefined || one.instance === instance),
    );
    return ofPart.length;
  }

  async #run(fetch: Fetch): Promise<void> {
    const delivery: Delivery = {
      arriving: (growing) => this.#grow(growing),
      deliver: (file: StoredFile) => this.#deliver(file),
      lacks: (lost: readonly Listed[]) => {
        this.#lost = lost;
      },
      complete: (failure?: unknown) => {
        this.#shortfall = failure;
        this.#completedAt ??= Date.now();
        this.#change.ring();
      },
    };
    try {
      await fetch(delivery, this.#controller.signal);
    } catch (error) {
      if (this.#completedAt === undefined) this.#error = error;
    }
    this.#completedAt ??= Date.now();
    this.#hasEnded = true;
    this.#change.ring();
    this.#settle();
  }

  #grow(growing: Growing): void {
    const key = keyOf(growing);
    if (this.#seen.has(key) || this.#growing.has(key) || !belongsTo(growing, this.#plan.resource)) return;
    this.#growing.set(key, growing);
    void growing.ended.then(() => this.#growing.delete(key));
    this.#change.ring();
  }

  #deliver(file: StoredFile): void {
    const key = keyOf(file);
    if (this.#seen.has(key) || !belongsTo(file, this.#plan.resource)) {
      file.release();
      return;
    }
    this.#seen.add(key);
    const at = this.#files.push(file) - 1;
    file.stored.catch(() => {
      this.#unstored.add(at);
      this.#letGo();
    });
    // The peer is answered first: it gets the next one ready while the readers are served.
    setImmediate(() => this.#change.ring());
  }

  /** What the disk did not take stays in memory until every reader has come past it, and no longer. */
  #letGo(): void {
    const passed = Math.min(...[...this.#readers].map(({ at }) => at));
    for (const at of this.#unstored) {
      if (at >= passed) continue;
      this.#hasGap = true;
      this.#unstored.delete(at);
      this.#files[at]?.release();
    }
  }

  /** With the last reader gone the fetch is given up; when it has ended, its files are let go. */
  #settle(): void {
    if (this.#readers.size > 0) {
      if (this.#unstored.size > 0) this.#letGo();
    } else if (this.#hasEnded) {
      for (const file of this.#files) file.release();
    } else if (this.#completedAt === undefined) {
      this.#controller.abort();
    }
  }
}

function keyOf({ seriesInstanceUid, sopInstanceUid }: InstanceUids): string {
  return `${seriesInstanceUid}/${sopInstanceUid}`;
}
