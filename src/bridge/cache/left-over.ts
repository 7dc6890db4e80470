// What a process that was killed left of the cache: files without a row, rows without a file.

import { statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheIndex, IndexRow } from './cache-index.ts';

/** Clears it away; the bytes of the files that stay. */
export async function clearUp(index: CacheIndex, folder: string): Promise<number> {
  const strange = new Set(await readdir(folder));
  let bytes = 0;
  for (const row of index.rowsOf()) {
    // A crash of the whole machine can leave a file shorter than the index knows it.
    if (!isThere(row, folder)) index.remove(row);
    else if (strange.delete(row.file)) bytes += row.size;
  }
  await Promise.all([...strange].map((name) => rm(join(folder, name), { force: true, recursive: true })));
  return bytes;
}

/** Whether the file of a row is there, as long as the row says. */
export function isThere({ file, size }: IndexRow, folder: string): boolean {
  return statSync(join(folder, file), { throwIfNoEntry: false })?.size === size;
}
