// Writes multipart/related (PS3.18 8.6.1.2, RFC 2046): parts are pulled one at a time, and a part's headers leave together
// with its first bytes, so that the caller who waits for the first chunk knows that the first part can be had.

import { randomUUID } from 'node:crypto';
import { formatMediaType } from './media-type.ts';

/** One part of multipart/related. Header names are written as given: some clients find `Content-Type:` by exact text only. */
export type Part = { headers: Record<string, string>; body: AsyncIterable<Buffer> };

/** Small writes are gathered up to this many bytes; larger chunks pass through untouched. */
const GATHER = 64 * 1024;

/** A boundary that is no part of any body, by chance of 2^-122. */
export function createBoundary(): string {
  return randomUUID();
}

/** The Content-Type of a whole multipart body whose root part is of `type`. */
export function multipartType(type: string, boundary: string): string {
  return formatMediaType('multipart/related', { type, boundary });
}

function headerBlock(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

/** A multipart body of one part whose bytes are at hand. */
export function onePart(headers: Record<string, string>, bytes: Buffer, boundary: string): Buffer[] {
  const head = Buffer.from(`--${boundary}\r\n${headerBlock(headers)}\r\n`, 'latin1');
  return [head, bytes, closing(boundary)];
}

/** The bytes of a multipart body. A body that fails ends the whole without the closing boundary. */
export async function* writeMultipart(
  parts: AsyncIterable<Part>,
  boundary: string,
): AsyncGenerator<Buffer, void, undefined> {
  let separator = `--${boundary}\r\n`;
  for await (const part of parts) {
    const head = Buffer.from(`${separator}${headerBlock(part.headers)}\r\n`, 'latin1');
    yield* gather(head, part.body);
    separator = `\r\n--${boundary}\r\n`;
  }
  // Without any part the body would be no multipart at all; callers answer 404 before they come here.
  yield closing(boundary);
}

function closing(boundary: string): Buffer {
  return Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');
}

/**
 * `first` and then `chunks`, small ones put together; `first` leaves only when the first chunk is there. A chunk need be valid no
 * longer than until the next is asked for: what waits for more is a copy. Large ones are passed on, for no longer than they came.
 */
export async function* gather(first: Buffer, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let held = [first];
  let size = first.length;
  for await (const chunk of chunks) {
    if (size > 0 && size + chunk.length > GATHER) {
      yield Buffer.concat(held);
      held = [];
      size = 0;
    }
    if (chunk.length > GATHER) {
      yield chunk;
    } else {
      // Its buffer may be used again many times while this waits for more.
      held.push(Buffer.from(chunk));
      size += chunk.length;
    }
  }
  if (size > 0) yield Buffer.concat(held);
}
