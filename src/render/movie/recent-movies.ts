// Videos made a moment ago: players ask for one range after the other, and for each all frames would be rendered again.

import { LRUCache } from 'lru-cache';

/** Bytes of all that are held; a larger video is made each time. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Milliseconds for which one is held after it was last asked for. */
const HELD_MS = 120_000;

export class RecentMovies {
  readonly #made = new LRUCache<string, Buffer>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ length }) => Math.max(1, length),
    ttl: HELD_MS,
    ttlAutopurge: true,
    updateAgeOnGet: true,
  });

  /** The video that `key` names, else what `make` makes, which is held. */
  async get(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    const known = this.#made.get(key);
    if (known) return known;
    const movie = await make();
    this.#made.set(key, movie);
    return movie;
  }

  clear(): void {
    this.#made.clear();
  }
}
