// Memory for instances on their way to the disk and to their readers: slabs of one size, a fixed number at most. What is on disk
// as well gives its slabs up when others need them, the longest there first; what is not makes the retrieve wait.

import { DicomError } from '../../dimse/errors.ts';
import { Bell } from './bell.ts';

/** Bytes of one slab: a CT slice of 512x512 with its header lies in one. */
export const SLAB = 9 << 16;

/** Milliseconds that an instance waits for others to be written or read. */
const PATIENCE = 30_000;

/** Who has slabs that it can do without. */
export type Holder = { giveUp(): Buffer[] };

/** Bytes that stay as they are until `done` is called. */
export type Lent = { bytes: Buffer; done(): void };

export class Memory {
  /** All slabs one after the other; the system gives the pages as they are used. */
  readonly shared: SharedArrayBuffer;
  readonly #most: number;
  readonly #free: Buffer[] = [];
  readonly #spare = new Set<Holder>();
  /** How many have borrowed it, by slab. */
  readonly #lent = new Map<Buffer, number>();
  /** Lent, and given up meanwhile. */
  readonly #owed = new Set<Buffer>();
  readonly #change = new Bell();
  #made = 0;

  constructor(bytes: number) {
    this.#most = Math.max(8, Math.floor(bytes / SLAB));
    this.shared = new SharedArrayBuffer(this.#most * SLAB);
  }

  /** A slab, its contents undefined; undefined when all are in use. */
  take(): Buffer | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#made < this.#most) return Buffer.from(this.shared, SLAB * this.#made++, SLAB);
    for (const holder of this.#spare) {
      this.#spare.delete(holder);
      this.#release(holder.giveUp());
      if (this.#free.length > 0) return this.#free.pop();
    }
    return undefined;
  }

  /** `take` that waits. Throws 'busy' when none becomes free for long, 'cancelled' at the signal. */
  async wait(signal: AbortSignal | undefined): Promise<Buffer> {
    const until = Date.now() + PATIENCE;
    for (;;) {
      const slab = this.take();
      if (slab !== undefined) return slab;
      if (signal?.aborted) throw new DicomError('cancelled', 'retrieve: the request was cancelled');
      if (Date.now() >= until) throw new DicomError('busy', 'cache: no memory left', { field: 'cache.dir' });
      await this.#change.wait({ signal, ms: until - Date.now() });
    }
  }

  /** Slabs that nobody reads or writes any more. */
  give(slabs: readonly Buffer[]): void {
    this.#release(slabs);
    this.#change.ring();
  }

  /**
   * Bytes of a slab, without a copy. Undefined when half of all slabs are lent: who borrows may be slow, and must not keep others
   * from landing.
   */
  lend(slab: Buffer, start: number, end: number): Lent | undefined {
    const borrowers = this.#lent.get(slab) ?? 0;
    if (borrowers === 0 && this.#lent.size >= this.#most / 2) return undefined;
    this.#lent.set(slab, borrowers + 1);
    let isDone = false;
    const done = () => {
      if (!isDone) this.#takeBack(slab);
      isDone = true;
    };
    return { bytes: slab.subarray(start, end), done };
  }

  #takeBack(slab: Buffer): void {
    const borrowers = (this.#lent.get(slab) ?? 1) - 1;
    if (borrowers > 0) {
      this.#lent.set(slab, borrowers);
      return;
    }
    this.#lent.delete(slab);
    if (this.#owed.delete(slab)) this.give([slab]);
  }

  #release(slabs: readonly Buffer[]): void {
    for (const slab of slabs) {
      if (this.#lent.has(slab)) this.#owed.add(slab);
      else this.#free.push(slab);
    }
  }

  /** From now on, until it is asked or `keep` is called, the holder can be asked to give up. */
  spare(holder: Holder): void {
    this.#spare.add(holder);
    this.#change.ring();
  }

  keep(holder: Holder): void {
    this.#spare.delete(holder);
  }
}
