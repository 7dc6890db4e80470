// One range of a single part (RFC 9110 14, PS3.18 8.4.3), for every answer whose length and entity tag are known.

import type { FastifyRequest } from 'fastify';
import type { Exchange } from './exchange.ts';
import { type ByteRange, parseRange } from './range.ts';

/** The range that the request asks of the representation with this tag: of another state, and for HEAD, there is none. */
function askedRange(
  { method, headers }: FastifyRequest,
  etag: string,
  length: number,
): ByteRange | 'unsatisfiable' | undefined {
  const condition = headers['if-range'];
  return method === 'GET' && (condition === undefined || condition === etag)
    ? parseRange(headers.range, length)
    : undefined;
}

/**
 * The range that is to be sent of the answer whose headers are set; those then tell of the range. Undefined for the whole: the
 * client asks for no range, If-Range names another state, or the answer is one that has none or has made its own.
 */
export function rangeOf({ request, reply }: Exchange): ByteRange | 'unsatisfiable' | undefined {
  const length = Number(reply.getHeader('content-length'));
  const etag = reply.getHeader('etag');
  const isSingle = !String(reply.getHeader('content-type')).startsWith('multipart/');
  if (reply.statusCode !== 200 || reply.hasHeader('accept-ranges') || typeof etag !== 'string') return undefined;
  if (!isSingle || !Number.isInteger(length)) return undefined;
  reply.header('accept-ranges', 'bytes');
  const range = askedRange(request, etag, length);
  if (range === undefined || range === 'unsatisfiable') return range;
  reply.status(206).headers({
    'content-range': `bytes ${range.start}-${range.end}/${length}`,
    'content-length': String(range.end + 1 - range.start),
  });
  return range;
}

/** The bytes of `chunks` within `range`; ends `chunks` behind it. */
export async function* within(
  chunks: AsyncIterable<Buffer>,
  { start, end }: ByteRange,
): AsyncGenerator<Buffer, void, undefined> {
  let at = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, start - at), Math.max(0, end + 1 - at));
    if (part.length > 0) yield part;
    at += chunk.length;
    if (at > end) return;
  }
}
