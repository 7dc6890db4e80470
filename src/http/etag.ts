// Entity tags and conditional requests (RFC 9110 8.8.3, 13.1.2; PS3.18 8.5).

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { StoredFile } from '../bridge/gateway.ts';
import type { Coding } from './coding.ts';

/**
 * A tag of `file` in the representation that `variant` describes. It changes when the file is retrieved anew, because
 * the PACS may have changed the instance since.
 */
export async function etagOf(file: StoredFile, variant: string): Promise<string> {
  const { mtimeMs } = await stat(file.path);
  const facts = [file.sopInstanceUid, file.transferSyntaxUid, file.size, mtimeMs, variant].join('\n');
  return `"${createHash('sha256').update(facts).digest('base64url').slice(0, 27)}"`;
}

/** The tag of `bytes`. */
export function etagOfBytes(bytes: Buffer): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;
}

/** The tag of the representation that `etag` names, in a content coding: other bytes, so another tag (RFC 9110 8.8.3.3). */
export function codedEtag(etag: string, coding: Coding): string {
  return `${etag.slice(0, -1)};${coding}"`;
}

/** Whether If-None-Match names `etag` (weak comparison), in any content coding, or anything. */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((one) => {
    const text = one.trim();
    return text === '*' || text.replace(/^W\//, '').replace(/;(gzip|br)"$/, '"') === etag;
  });
}
