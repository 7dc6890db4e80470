// A few buffers used in turn. Fresh ones for everything that is read from disk would make the garbage collector the busiest
// part of a retrieval.

import type { Lent } from '../bridge/cache/memory.ts';

/** Bytes of one buffer: a CT slice of 512x512 with its header takes one. */
export const CHUNK = 9 << 16;
/** `sendStream` lets at most this many chunks be on their way to the client when it asks for another. */
export const UNDER_WAY = 2;

/**
 * What it gives is used again when three more have been given out, however few bytes there were. So `sendStream` may have
 * `UNDER_WAY` of them on their way, and one more may be held ahead; whoever keeps a chunk for longer, or gathers several, copies.
 */
export type Ring = {
  /** A buffer of at most `CHUNK` bytes. */
  buffer(length: number): Buffer;
  /** Bytes of others; absent where chunks are kept for longer. */
  borrow?(lent: Lent): Buffer;
};

/** What ends. */
type Answer = { destroyed: boolean; once(event: 'close', listener: () => void): unknown };

/** For an answer: what is borrowed is given back at its end at the latest. */
export function createRing(answer: Answer): Ring {
  // One that is being filled, one that waits to be sent, and those under way.
  const places = Array.from({ length: UNDER_WAY + 2 }, (): { own?: Buffer; lent?: Lent | undefined } => ({}));
  let turn = 0;
  let isOver = answer.destroyed;
  const next = () => {
    turn = (turn + 1) % places.length;
    const place = places[turn] ?? {};
    place.lent?.done();
    place.lent = undefined;
    return place;
  };
  answer.once('close', () => {
    isOver = true;
    for (const { lent } of places) lent?.done();
  });
  return {
    buffer: (length) => {
      const place = next();
      const size = Math.min(length, CHUNK);
      if (place.own === undefined || place.own.length < size) place.own = Buffer.allocUnsafeSlow(size);
      return place.own.subarray(0, size);
    },
    borrow: (lent) => {
      if (isOver) lent.done();
      else next().lent = lent;
      return lent.bytes;
    },
  };
}
