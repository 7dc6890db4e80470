// A few buffers used in turn. Fresh ones for everything that is read from disk would make the garbage collector the busiest
// part of a retrieval.

/** Bytes of one buffer. */
export const CHUNK = 1024 * 1024;
/** `sendStream` lets at most this many chunks be on their way to the client when it asks for another. */
export const UNDER_WAY = 2;

/**
 * Gives buffers of at most `CHUNK` bytes; each is used again when three more have been given out, however little was read into
 * them. So `sendStream` may have `UNDER_WAY` of them on their way, and one more may be held ahead; whoever keeps a chunk for
 * longer, or gathers several, copies.
 */
export type Ring = (length: number) => Buffer;

export function createRing(): Ring {
  // One that is being filled, one that waits to be sent, and those under way.
  const buffers: (Buffer | undefined)[] = Array.from({ length: UNDER_WAY + 2 });
  let turn = 0;
  return (length) => {
    turn = (turn + 1) % buffers.length;
    const size = Math.min(length, CHUNK);
    let buffer = buffers[turn];
    if (buffer === undefined || buffer.length < size) {
      buffer = Buffer.allocUnsafeSlow(size);
      buffers[turn] = buffer;
    }
    return buffer.subarray(0, size);
  };
}
