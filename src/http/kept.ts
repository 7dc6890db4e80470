// What is made of an instance once and kept beside it.

import type { StoredFile } from '../bridge/gateway.ts';

/**
 * What is kept as `kind`, else what `make` makes, which is kept. Only what is asked for without parameters has a kind: whoever
 * asks for pictures of every size must not fill the cache with them.
 */
export async function keptOr(file: StoredFile, kind: string | undefined, make: () => Promise<Buffer>): Promise<Buffer> {
  if (kind === undefined) return make();
  const kept = file.document(kind);
  if (kept !== undefined) return kept;
  const made = await make();
  file.keep(kind, made);
  return made;
}
