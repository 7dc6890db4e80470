// One instance on its way: taken into memory as it comes, written behind, read from memory as long as it is there. Its bytes are
// whole in memory, or whole on disk, or its first ones are on disk and the rest in memory. Where the disk fails before a large
// one is whole, memory holds what those who follow it have not read yet.

import { Bell } from './bell.ts';
import { type Disk, givenUp } from './disk.ts';
import { fault } from './file.ts';
import { type Lent, type Memory, SLAB } from './memory.ts';

/** Bytes that are gathered before a large instance is written further. */
const BATCH = 4 << 20;

/** Bytes from which on an instance can be followed while it comes: smaller ones are whole before that would help anybody. */
const LARGE = 2 << 20;

export type Filling = {
  /** Ends the wait for memory. */
  signal?: AbortSignal | undefined;
  /** Told once, when the instance is found to be large. */
  onLarge?: (() => void) | undefined;
};

/** Who follows it, and how far; to be left at the end. */
export type Follower = { at: number; leave(): void };

/** `onGone` is told when nothing of it is left in memory. */
export type LandingPlace = { path: string; memory: Memory; disk: Disk; onGone: () => void };

export class Landing {
  readonly path: string;
  /** Resolves when the whole file is on disk; rejects with 'busy' when the disk failed or the instance was given up. */
  readonly stored: Promise<void>;
  readonly #stored = Promise.withResolvers<void>();
  readonly #memory: Memory;
  readonly #disk: Disk;
  readonly #onGone: () => void;
  /** By position; those that were given up are undefined, and on disk. */
  readonly #slabs: (Buffer | undefined)[] = [];
  #size = 0;
  #written = 0;
  #isWhole = false;
  #isWriting = false;
  /** Written, or not to be written any further. */
  #hasEnded = false;
  /** Nobody reads it any more. */
  #isOver = false;
  /** The rest must be written at once: its memory is needed. */
  #isShort = false;
  /** Why no more will come. */
  #failure: unknown;
  readonly #growth = new Bell();
  readonly #followers = new Set<Follower>();
  #hasDiskFailed = false;
  /** Bytes at the beginning that are neither in memory nor on disk. */
  #gone = 0;

  constructor({ path, memory, disk, onGone }: LandingPlace) {
    this.path = path;
    this.#memory = memory;
    this.#disk = disk;
    this.#onGone = onGone;
    this.stored = this.#stored.promise;
    this.stored.catch(() => {});
  }

  /** Bytes that have come. */
  get size(): number {
    return this.#size;
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether the whole file is on disk. */
  get isStored(): boolean {
    return this.#hasEnded && !this.#hasDiskFailed;
  }

  /** Whether it can be read from its first byte on. */
  get isReadable(): boolean {
    return this.#failure === undefined && this.#gone <= this.#written;
  }

  /** Bytes that are on disk. */
  get written(): number {
    return this.#written;
  }

  /** Takes all of it in; resolves when it is whole, not: written. Throws what `body` throws, and 'busy' where there is no room. */
  async fill(head: Buffer, body: AsyncIterable<Buffer>, { signal, onLarge }: Filling): Promise<void> {
    let tell = onLarge;
    try {
      await this.#add(head, signal);
      for await (const chunk of body) {
        const room = this.#add(chunk, signal);
        if (room !== undefined) await room;
        this.#growth.ring();
        if (tell === undefined || this.#size < LARGE) continue;
        tell();
        tell = undefined;
      }
      this.#isWhole = true;
      this.#write();
    } catch (error) {
      this.#failure = error;
      this.discard();
      throw error;
    } finally {
      this.#growth.ring();
    }
  }

  /** Whoever follows must not be overtaken by the memory's being needed: where the disk fails it waits for `at`. */
  follow(): Follower {
    const leave = () => {
      this.#followers.delete(follower);
      if (this.#hasDiskFailed && !this.#isOver) this.#memory.spare(this);
    };
    const follower = { at: 0, leave };
    this.#followers.add(follower);
    return follower;
  }

  /** Resolves when more may have come than `size` bytes, or all has, or at the signal. */
  async more(size: number, signal: AbortSignal): Promise<void> {
    if (this.#size > size || this.#isWhole || this.#failure !== undefined) return;
    if (this.#hasDiskFailed && !this.#isOver) this.#memory.spare(this);
    await this.#growth.wait({ signal });
  }

  /**
   * Copies bytes from `position` on into `target`: how many. Undefined where they are not in memory any more: then they are on disk.
   * Throws what ended it before it was whole, and 'busy' where they are nowhere.
   */
  copy(target: Buffer, position: number): number | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (position < this.#gone && position >= this.#written) throw fault(new Error('not kept'));
    let copied = 0;
    while (copied < target.length && position + copied < this.#size) {
      const at = position + copied;
      const slab = this.#slabs[Math.floor(at / SLAB)];
      if (slab === undefined) return copied === 0 ? undefined : copied;
      const from = at % SLAB;
      copied += slab.copy(target, copied, from, Math.min(SLAB, from + this.#size - at));
    }
    return copied;
  }

  /** Bytes from `position` on as they lie in memory, some of them; undefined where they are not there, or none can be lent. */
  lend(position: number): Lent | undefined {
    const slab = position < this.#size ? this.#slabs[Math.floor(position / SLAB)] : undefined;
    const from = position % SLAB;
    return slab && this.#memory.lend(slab, from, Math.min(SLAB, from + this.#size - position));
  }

  /** What is on disk leaves the memory, or what will never be there and all who follow have read. */
  giveUp(): Buffer[] {
    const isAll = this.#isWhole && this.#written === this.#size;
    const last = isAll ? this.#slabs.length : Math.floor(Math.max(this.#written, this.#passed()) / SLAB);
    this.#gone = Math.max(this.#gone, Math.min(last * SLAB, this.#size));
    const given = this.#slabs.slice(0, last).filter((slab) => slab !== undefined);
    this.#slabs.fill(undefined, 0, last);
    if (isAll) this.#onGone();
    return given;
  }

  /** Nobody reads it any more. What was written of it is the caller's to remove. */
  discard(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#memory.keep(this);
    if (this.#hasEnded) this.#memory.give(this.#takeAll());
    else if (!this.#isWriting) this.#end(givenUp());
  }

  #passed(): number {
    const isMissed = !this.#hasDiskFailed || this.#isWhole || this.#followers.size === 0;
    return isMissed ? 0 : Math.min(...[...this.#followers].map(({ at }) => at));
  }

  #takeAll(): Buffer[] {
    return this.#slabs.splice(0).filter((slab) => slab !== undefined);
  }

  #add(chunk: Buffer, signal: AbortSignal | undefined): Promise<void> | undefined {
    for (let taken = 0; taken < chunk.length; ) {
      const at = this.#size % SLAB;
      if (at === 0) {
        const slab = this.#memory.take();
        if (slab === undefined) return this.#addLater(chunk.subarray(taken), signal);
        this.#slabs.push(slab);
      }
      const copied = chunk.copy(this.#slabs.at(-1) ?? chunk, at, taken);
      taken += copied;
      this.#size += copied;
    }
    if (this.#size - this.#written >= BATCH) this.#write();
    return undefined;
  }

  /** A large instance first gives up what is written of itself. */
  async #addLater(chunk: Buffer, signal: AbortSignal | undefined): Promise<void> {
    this.#isShort = true;
    this.#write();
    this.#disk.hurry();
    this.#slabs.push(await this.#memory.wait(signal));
    this.#isShort = false;
    const copied = chunk.copy(this.#slabs.at(-1) ?? chunk);
    this.#size += copied;
    await this.#add(chunk.subarray(copied), signal);
  }

  #write(): void {
    if (this.#isWriting || this.#hasEnded) return;
    this.#isWriting = true;
    const end = this.#size;
    const isLast = this.#isWhole;
    const isWanted = () => !this.#isOver;
    this.#disk.write({ path: this.path, bytes: this.#views(end), isLast, isWanted }).then(
      () => {
        this.#isWriting = false;
        this.#written = end;
        if (isLast) this.#end();
        else if (this.#isOver) this.#end(givenUp());
        else this.#writeOn();
      },
      (error: unknown) => this.#end(error),
    );
  }

  #writeOn(): void {
    this.#memory.spare(this);
    if (this.#isWhole || this.#size - this.#written >= (this.#isShort ? 1 : BATCH)) this.#write();
  }

  /** What is to be written next, up to `end`. */
  #views(end: number): Buffer[] {
    const views: Buffer[] = [];
    for (let at = this.#written; at < end; ) {
      const to = Math.min(end, at - (at % SLAB) + SLAB);
      const slab = this.#slabs[Math.floor(at / SLAB)];
      if (slab !== undefined) views.push(slab.subarray(at % SLAB, (at % SLAB) + to - at));
      at = to;
    }
    return views;
  }

  /** Memory that cannot be had from disk stays until `discard`, or until all who follow are done with it. */
  #end(error?: unknown): void {
    this.#hasEnded = true;
    this.#hasDiskFailed = error !== undefined;
    if (error === undefined) this.#stored.resolve();
    else {
      if (this.#written > 0) this.#disk.abandon(this.path);
      this.#stored.reject(error);
    }
    if (this.#isOver) this.#memory.give(this.#takeAll());
    else this.#memory.spare(this);
  }
}
