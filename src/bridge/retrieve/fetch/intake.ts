// Takes the instances of one fetch into the cache and hands each on, once, as soon as it is whole in memory.

import { DicomError } from '../../../dimse/errors.ts';
import type { Cache, Growing, StoredFile } from '../../cache/cache.ts';
import type { IdentifiedInstance } from '../../cache/identify.ts';
import { belongsTo, isSameUid } from '../../cache/membership.ts';
import type { Resource } from '../../resource.ts';

export type IntakeOptions = {
  resource: Resource;
  /** AE title of the PACS. */
  source: string;
  /** Of the study in the cache, from before the PACS was asked anything. */
  generation: number;
  arriving(growing: Growing): void;
  deliver(file: StoredFile): void;
  signal: AbortSignal;
};

export class Intake {
  readonly #cache: Cache;
  readonly #options: IntakeOptions;
  readonly #arrived = new Map<string, StoredFile>();
  /** The disk is full or failing: asking the PACS again is of no use. */
  fault: unknown;

  constructor(cache: Cache, options: IntakeOptions) {
    this.#cache = cache;
    this.#options = options;
  }

  /** What belongs to the resource and has come, by SOP Instance UID, in order of arrival. */
  get arrived(): ReadonlyMap<string, StoredFile> {
    return this.#arrived;
  }

  /** Whether it has come, maybe with its UID cut. */
  has(uid: string): boolean {
    return this.#arrived.has(uid) || [...this.#arrived.keys()].some((one) => isSameUid(one, uid));
  }

  /** Drains the body. Throws what the cache can't do for want of memory, and what the body throws. */
  async receive(instance: IdentifiedInstance): Promise<void> {
    if (this.#arrived.has(instance.sopInstanceUid)) {
      for await (const _ of instance.body);
      return;
    }
    const { source, generation, signal, arriving: onGrowing } = this.#options;
    const file = await this.#cache
      .write(instance, source, { generation, signal, onGrowing })
      .catch((error: unknown) => {
        if (isOfCache(error)) this.fault = error;
        throw error;
      });
    this.#hand(file);
  }

  /** Takes what is here already as having come. */
  keep(files: readonly StoredFile[]): void {
    for (const file of files) this.#hand(file);
  }

  #hand(file: StoredFile): void {
    const { resource, deliver } = this.#options;
    if (belongsTo(file, resource)) this.#arrived.set(file.sopInstanceUid, file);
    deliver(file);
  }
}

function isOfCache(error: unknown): boolean {
  return error instanceof DicomError && error.field === 'cache.dir';
}
