// Freshness: whether what is whole in the cache is still what the PACS has, by the number of its instances. When that is asked
// for is a policy; requests at one time share the answer.

import type { Cache, StoredFile } from '../cache/cache.ts';
import { untilAborted } from '../cache/patience.ts';
import { isNoAnswer } from '../pacs/no-answer.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { pathOf, type Resource } from '../resource.ts';
import { countInstances } from './expectation.ts';

export type FreshnessOptions = {
  pacs: Pacs;
  cache: Cache;
  /** Milliseconds for which a count is believed: `believedFor` a policy. */
  checkAfter: number;
  /** Fires at the end of everything. */
  stop: AbortSignal;
  log?: ((line: string) => void) | undefined;
};

/** Instances in the PACS; 'unknown' when it could not be asked, undefined when it has no such study or series. */
type Count = number | 'unknown' | undefined;

/** `always`, `never` or `after N s` as the milliseconds for which the number of instances is believed. */
export function believedFor(policy: string): number {
  if (policy === 'always') return 0;
  if (policy === 'never') return Number.POSITIVE_INFINITY;
  return Number(/\d+/.exec(policy)?.[0]) * 1000;
}

export class Freshness {
  readonly #options: FreshnessOptions;
  /** Under way, by the path of the resource. */
  readonly #counts = new Map<string, Promise<Count>>();

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  /**
   * All instances of a study or series that is whole in the cache and, as far as the policy wants it known, in the PACS; each is
   * open. Undefined where it has to be fetched, be it what is new. A PACS that can't be asked takes away nothing that is here,
   * one that has no such study or series everything.
   */
  open(resource: Resource, signal: AbortSignal): Promise<StoredFile[] | undefined> | StoredFile[] | undefined {
    const { cache, checkAfter, pacs } = this.#options;
    const whole = cache.openWhole(pacs.name, resource);
    if (whole === undefined || Date.now() - whole.checkedAt < checkAfter) return whole?.files;
    return this.#checked(resource, whole.files, signal);
  }

  async #checked(resource: Resource, files: StoredFile[], signal: AbortSignal): Promise<StoredFile[] | undefined> {
    const { cache, pacs } = this.#options;
    const generation = cache.generation(pacs.name, resource.study);
    let isWhole = false;
    try {
      const count = await this.#count(resource, signal);
      isWhole = count === 'unknown' || count === files.length;
      if (isWhole) cache.setWhole(pacs.name, resource, files, generation);
      if (count === undefined) for (const file of files) cache.drop(pacs.name, file);
      return isWhole ? files : undefined;
    } finally {
      if (!isWhole) for (const file of files) file.release();
    }
  }

  async #count(resource: Resource, signal: AbortSignal): Promise<Count> {
    const path = pathOf(resource);
    let count = this.#counts.get(path);
    if (count === undefined) {
      count = this.#ask(resource).finally(() => this.#counts.delete(path));
      this.#counts.set(path, count);
    }
    return untilAborted(count, signal);
  }

  async #ask(resource: Resource): Promise<Count> {
    const { pacs, stop, log } = this.#options;
    try {
      return await countInstances(pacs, resource, stop);
    } catch (error) {
      if (!isNoAnswer(error)) throw error;
      log?.(`${pacs.name} could not be asked whether a cached resource is still whole`);
      return 'unknown';
    }
  }
}
