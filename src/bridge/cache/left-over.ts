// What an earlier process left of the cache that is not to stay: files without a row, rows without a file, or everything.

import { statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheIndex, IndexRow } from './cache-index.ts';

/** Clears it away; the bytes of the files that stay, none when nothing is kept. */
export async function clearUp(index: CacheIndex, folder: string, keeps: boolean): Promise<number> {
  const strange = new Set(await readdir(folder));
  let bytes = 0;
  for (const row of index.rowsOf()) {
    // A crash of the whole machine can leave a file shorter than the index knows it.
    if (!keeps || !isThere(row, folder)) index.remove(row);
    else if (strange.delete(row.file)) bytes += row.size;
  }
  if (!keeps) index.empty();
  await Promise.all([...strange].map((name) => rm(join(folder, name), { force: true, recursive: true })));
  return bytes;
}

/** Whether the file of a row is there, as long as the row says. */
export function isThere({ file, size }: IndexRow, folder: string): boolean {
  return statSync(join(folder, file), { throwIfNoEntry: false })?.size === size;
}
