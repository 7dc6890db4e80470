// Entity tags and conditional requests (RFC 9110 8.8.3, 13.1.2; PS3.18 8.5).

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { StoredFile } from '../bridge/gateway.ts';
import type { Coding } from './coding.ts';
import type { Exchange } from './exchange.ts';

/** What of an instance tells its states apart. */
type Tagged = Pick<StoredFile, 'sopInstanceUid' | 'transferSyntaxUid' | 'path'>;

/** The same instance may come out otherwise of another version: its pictures, its metadata, its parts. */
const { version: VERSION }: { version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

/**
 * A tag of `file` in the representation that `variant` describes. It changes when the instance is retrieved anew, because
 * the PACS may have changed it since: its file then has another name.
 */
export function etagOf(file: Tagged, variant: string): string {
  return etagOfBytes([...factsOf(file), variant, VERSION].join('\n'));
}

function factsOf({ sopInstanceUid, transferSyntaxUid, path }: Tagged): string[] {
  return [sopInstanceUid, transferSyntaxUid, basename(path)];
}

/** The tag of `bytes`. */
export function etagOfBytes(bytes: Buffer | string): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;
}

/** Multipart bodies have another boundary each time: the same to who reads them, in other bytes (RFC 9110 8.8.1). */
export function weak(etag: string): string {
  return `W/${etag}`;
}

/** The tag of the representation that `etag` names, in a content coding: other bytes, so another tag (RFC 9110 8.8.3.3). */
export function codedEtag(etag: string, coding: Coding): string {
  return `${etag.slice(0, -1)};${coding}"`;
}

/**
 * What a retrieve calls with all the instances that it will give, where they are known beforehand: it tags the answer, which is
 * made of them in the way that `variant` describes. `sendStream` sees whether the client has it already.
 */
export function tagOfWhole({ reply, baseUrl }: Exchange, variant: unknown): (files: readonly Tagged[]) => void {
  return (files) => {
    const facts = JSON.stringify([files.map(factsOf), variant, baseUrl, VERSION]);
    reply.header('etag', weak(etagOfBytes(facts)));
  };
}

/**
 * Tags the answer with `etag`, for caches that must ask again. To who has this state already it sends 304: true, and nothing
 * else is to be sent.
 */
export function sentUnchanged(exchange: Exchange, etag: string, cacheControl = 'private, no-cache'): boolean {
  const { reply } = exchange;
  reply.headers({ etag, 'cache-control': cacheControl });
  if (!isKnown(exchange)) return false;
  reply.status(304).send();
  return true;
}

/** Whether If-None-Match names the tag of the answer (weak comparison), in any content coding, or anything. */
export function isKnown({ request, reply }: Exchange): boolean {
  const names = request.headers['if-none-match'];
  const etag = reply.getHeader('etag');
  if (names === undefined || typeof etag !== 'string') return false;
  return names.split(',').some((one) => one.trim() === '*' || stateOf(one.trim()) === stateOf(etag));
}

function stateOf(etag: string): string {
  return etag.replace(/^W\//, '').replace(/;(gzip|br)"$/, '"');
}
