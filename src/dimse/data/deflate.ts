// The deflated transfer syntax (PS3.5 A.5): one raw deflate stream (RFC 1951), inflated within bounds.

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { DicomError } from '../errors.ts';

/** Inflated bytes that any stream may have when they are held in memory, and when they only pass through. */
const FREE_IN_MEMORY = 256 * 1024 * 1024;
export const FREE_IN_PASSING = 4 * 1024 * 1024 * 1024;

/** Inflated bytes that each deflated byte may add to that. */
const RATIO = 200;

/** The bound on what `deflatedLength` bytes may inflate to: blank pictures stay below it, bombs do not. */
export function inflationLimit(deflatedLength: number, free: number): number {
  return free + deflatedLength * RATIO;
}

/**
 * Inflates a data set, or the head of one: a stream that is cut off gives what it holds so far. Bytes after the stream's end
 * (its padding) are left. Throws `corrupt` for a broken stream and `too-large` beyond `limit` bytes.
 */
export function inflate(bytes: Uint8Array, limit = inflationLimit(bytes.length, FREE_IN_MEMORY)): Buffer {
  const { Z_SYNC_FLUSH } = constants;
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.min(limit, 0x7fffffff), finishFlush: Z_SYNC_FLUSH });
  } catch (cause) {
    const large = cause instanceof RangeError;
    const message = large ? 'The deflated data set inflates beyond the limit' : 'The deflated data set is broken';
    throw new DicomError(large ? 'too-large' : 'corrupt', message, { field: 'TransferSyntaxUID', cause });
  }
}

/** Deflates an Explicit VR Little Endian data set, padded to even length. */
export function deflate(bytes: Uint8Array): Buffer {
  const stream = deflateRawSync(bytes);
  return stream.length % 2 === 0 ? stream : Buffer.concat([stream, Buffer.alloc(1)]);
}
