// The deflated transfer syntax (PS3.5 A.5) as a stream, in both directions; inflation is bounded.

import { pipeline, Readable } from 'node:stream';
import { createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib';
import { DicomError } from '../errors.ts';
import { FREE_IN_PASSING, inflationLimit } from './deflate.ts';

/** What comes out of `engine` when `body` goes in; both are released when the consumer stops. */
async function* through(
  body: AsyncIterable<Buffer>,
  engine: InflateRaw | DeflateRaw,
): AsyncGenerator<Buffer, void, undefined> {
  const source = Readable.from(body, { objectMode: false, highWaterMark: 64 * 1024 });
  // Errors of either end reach the consumer through the iteration below.
  pipeline(source, engine, () => {});
  try {
    yield* engine;
  } catch (cause) {
    if (cause instanceof DicomError) throw cause;
    throw new DicomError('corrupt', 'The deflated data set is broken', { field: 'TransferSyntaxUID', cause });
  } finally {
    engine.destroy();
    source.destroy();
  }
}

/**
 * The data set in a raw deflate stream. Throws `corrupt` for a broken or unfinished one, `too-large` for a bomb: more than
 * `free` bytes and 200 for each deflated byte.
 */
export async function* inflatedChunks(
  body: AsyncIterable<Buffer>,
  free = FREE_IN_PASSING,
): AsyncGenerator<Buffer, void, undefined> {
  let taken = 0;
  let given = 0;
  async function* counted(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of body) {
      taken += chunk.length;
      yield chunk;
    }
  }
  for await (const chunk of through(counted(), createInflateRaw())) {
    given += chunk.length;
    if (given > inflationLimit(taken, free)) {
      throw new DicomError('too-large', 'The deflated data set inflates beyond the limit', {
        field: 'TransferSyntaxUID',
      });
    }
    yield chunk;
  }
}

/** A data set as a raw deflate stream, padded to even length. */
export function deflatedChunks(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  return evenChunks(through(body, createDeflateRaw()));
}

/** The chunks, and a NUL when their lengths add up to an odd number. */
export async function* evenChunks(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    yield chunk;
  }
  if (length % 2 === 1) yield Buffer.alloc(1);
}
