// What may leave the cache, in which order: the least recently used first, and nothing that is being read.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheIndex, IndexRow } from './cache-index.ts';

/** Rows looked at in one step. */
const AT_ONCE = 64;

/** Whoever takes a row takes it out of the index before the next, or stops. */
export function* evictable(index: CacheIndex, isRead: (file: string) => boolean): Generator<IndexRow, void> {
  let skip = 0;
  for (;;) {
    const rows = index.oldest(AT_ONCE, skip);
    if (rows.length === 0) return;
    for (const row of rows) {
      if (isRead(row.file)) skip += 1;
      else yield row;
    }
  }
}

/** Takes the oldest files off the disk at once, and leaves their rows. */
export function freeSome(index: CacheIndex, isRead: (file: string) => boolean, folder: string): void {
  for (const { file } of index.oldest(AT_ONCE, 0)) if (!isRead(file)) rmSync(join(folder, file), { force: true });
}
