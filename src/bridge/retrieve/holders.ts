// Retrieval where there are several PACS: from the one that is known to hold the study, else from the first that says it has it;
// what that one lacks, or can't be asked for, from the others.

import { LRUCache } from 'lru-cache';
import { DicomError } from '../../dimse/errors.ts';
import type { Cache, FollowedFile, StoredFile } from '../cache/cache.ts';
import { wholes } from '../cache/growing-file.ts';
import { inTime } from '../pacs/in-time.ts';
import { isNoAnswer } from '../pacs/no-answer.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { levelOf, type Resource } from '../resource.ts';
import { findStudy } from './expectation.ts';
import type { Retrieval, RetrieveOptions } from './retrieve.ts';
import type { Described } from './without-bulk-data.ts';

export type Holder = { pacs: Pacs; retrieval: Retrieval };

export type HoldersOptions = {
  all: readonly Holder[];
  cache: Cache;
  /** Milliseconds that a PACS has to say whether it has a study. */
  pacsMs: number;
  log?: (line: string) => void;
};

/** Studies whose PACS is remembered. */
const REMEMBERED = 10_000;

export class Holders {
  readonly #options: HoldersOptions;
  readonly #known = new LRUCache<string, Holder>({ max: REMEMBERED });

  constructor(options: HoldersOptions) {
    this.#options = options;
  }

  /** A search has found the study there. Where it has been retrieved from says more. */
  learn(study: string, name: string): void {
    const holder = this.#options.all.find(({ pacs }) => pacs.name === name);
    holder?.retrieval.prepare();
    if (holder !== undefined && !this.#known.has(study)) this.#known.set(study, holder);
  }

  /** As Retrieval, from one PACS for one call. Throws 'not-found' only where every PACS has said that it lacks the resource. */
  retrieve(resource: Resource, options: RetrieveOptions): AsyncGenerator<StoredFile, void> {
    return wholes(this.#from(resource, options, (retrieval) => retrieval.retrieve(resource, options)));
  }

  follow(resource: Resource, options: RetrieveOptions): AsyncGenerator<FollowedFile, void> {
    return this.#from(resource, options, (retrieval) => retrieval.follow(resource, options));
  }

  describe(resource: Resource, options: RetrieveOptions): AsyncGenerator<Described, void> {
    return this.#from(resource, options, (retrieval) => retrieval.describe(resource, options));
  }

  async *#from<Item>(
    resource: Resource,
    { signal }: RetrieveOptions,
    ask: (retrieval: Retrieval) => AsyncIterable<Item>,
  ): AsyncGenerator<Item, void> {
    const left = new Set(this.#options.all);
    let failure: unknown;
    const note = (error: unknown) => {
      failure ??= error;
    };
    while (left.size > 0) {
      const holder = this.#remembered(resource.study, left) ?? (await this.#ask(resource.study, left, signal, note));
      if (holder === undefined) break;
      left.delete(holder);
      let hasBegun = false;
      try {
        for await (const file of ask(holder.retrieval)) {
          hasBegun = true;
          this.#known.set(resource.study, holder);
          yield file;
        }
        return;
      } catch (error) {
        if (hasBegun || !mayBeElsewhere(error)) throw error;
        if (isNoAnswer(error)) note(error);
      }
    }
    const level = levelOf(resource);
    throw failure ?? new DicomError('not-found', `no PACS has this ${level}`, { field: level });
  }

  #remembered(study: string, among: ReadonlySet<Holder>): Holder | undefined {
    const known = this.#known.get(study);
    const name = known?.pacs.name ?? this.#options.cache.sourceOf(study);
    return [...among].find(({ pacs }) => pacs.name === name);
  }

  /** The first that says it has the study; who can't be asked is noted. */
  async #ask(
    study: string,
    among: ReadonlySet<Holder>,
    signal: AbortSignal,
    note: (error: unknown) => void,
  ): Promise<Holder | undefined> {
    const found = new AbortController();
    const deadline = { ms: this.#options.pacsMs, signal: AbortSignal.any([signal, found.signal]) };
    const answers = [...among].map(async (holder) => {
      const match = await inTime(holder.pacs, deadline, (inner) => findStudy(holder.pacs, study, inner));
      if (match === undefined) throw new DicomError('not-found', `${holder.pacs.name} has no such study`);
      return holder;
    });
    try {
      return await Promise.any(answers);
    } catch (error) {
      const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
      for (const one of errors) this.#sort(one, note);
      return undefined;
    } finally {
      found.abort();
    }
  }

  #sort(error: unknown, note: (error: unknown) => void): void {
    if (!mayBeElsewhere(error)) throw error;
    if (!isNoAnswer(error)) return;
    this.#options.log?.(`a PACS could not be asked for a study: ${error instanceof Error ? error.message : ''}`);
    note(error);
  }
}

function mayBeElsewhere(error: unknown): boolean {
  return isNoAnswer(error) || (error instanceof DicomError && error.kind === 'not-found');
}
