// PackBits (PS3.5 G.3) undone in WebAssembly: a third of the time that it takes in JavaScript.

import { type Loops, memoryOf, newLoops } from '../loops/loops.ts';

/** Bytes that a run makes of two at most; it may go beyond the end of the frame. */
const LONGEST_RUN = 128;
/** An instance that had to hold more is not kept. */
const MOST = 48 * 1024 * 1024;

/** A segment of a frame: from where to where it lies in the encoded bytes, and which byte of each pixel it has. */
export type Segment = { from: number; end: number; byte: number };

/** One thread's. */
export class Unpacker {
  #loops: Loops | undefined;

  /** So many pixels of `stride` bytes; undefined where a segment ends before its last one. */
  unpack(encoded: Uint8Array, segments: Segment[], pixels: number, stride: number): Uint8Array | undefined {
    // Before memory is taken for what cannot come.
    if (segments.some(({ from, end }) => (end - from) * (LONGEST_RUN / 2) < pixels)) return;
    const loops = (this.#loops ??= newLoops());
    const start = encoded.length;
    const stop = start + pixels * stride;
    const memory = memoryOf(loops, stop + (LONGEST_RUN + 1) * stride);
    if (memory.length > MOST) this.#loops = undefined;
    memory.set(encoded);
    for (const { from, end, byte } of segments) {
      const to = start + byte;
      if (loops.unpack(from, Math.min(end, start), to, to + pixels * stride, stride) < to + pixels * stride) return;
    }
    return memory.slice(start, stop);
  }
}
