// Memory of one thread that the frames of its jobs lie in, one after the other: large buffers that come and go with every
// frame keep the garbage collector busier than the frames keep the processor.

import { LookUp } from './gray/look-up.ts';

/** What a piece of memory is for: what is read, and what is made of it. */
export type ScratchUse = 'stored' | 'shown';

/** Larger pieces are not kept. */
const MOST = 48 * 1024 * 1024;

export class Scratch {
  readonly #kept = new Map<ScratchUse, ArrayBuffer>();
  /** Shades of grey are looked up here. */
  readonly lookUp = new LookUp();

  /** So many bytes, whatever is in them; they are the caller's until the next call with the same `use`. */
  take(use: ScratchUse, length: number): Buffer<ArrayBuffer> {
    if (length > MOST) return Buffer.from(new ArrayBuffer(length));
    let memory = this.#kept.get(use);
    if (memory === undefined || memory.byteLength < length) {
      memory = new ArrayBuffer(length);
      this.#kept.set(use, memory);
    }
    return Buffer.from(memory, 0, length);
  }
}
