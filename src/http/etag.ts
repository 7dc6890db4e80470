// Entity tags and conditional requests (RFC 9110 8.8.3, 13.1.2; PS3.18 8.5).

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { StoredFile } from '../bridge/gateway.ts';
import type { Coding } from './coding.ts';
import type { Exchange } from './exchange.ts';

/**
 * A tag of `file` in the representation that `variant` describes. It changes when the instance is retrieved anew, because
 * the PACS may have changed it since: its file then has another name.
 */
export function etagOf(file: StoredFile, variant: string): string {
  const facts = [file.sopInstanceUid, file.transferSyntaxUid, file.size, basename(file.path), variant].join('\n');
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

/**
 * Tags the answer with `etag`, for caches that must ask again. To who has this state already it sends 304: true, and nothing
 * else is to be sent.
 */
export function sentUnchanged({ request, reply }: Exchange, etag: string, cacheControl = 'private, no-cache'): boolean {
  reply.headers({ etag, 'cache-control': cacheControl });
  if (!isUnchanged(request.headers['if-none-match'], etag)) return false;
  reply.status(304).send();
  return true;
}

/** Whether If-None-Match names `etag` (weak comparison), in any content coding, or anything. */
function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((one) => {
    const text = one.trim();
    return text === '*' || text.replace(/^W\//, '').replace(/;(gzip|br)"$/, '"') === etag;
  });
}
