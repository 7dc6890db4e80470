// The one concurrency primitive: from one producer to one consumer. push() waits until the value is taken; put() lets several
// lie ready that are in memory anyhow, and drained() waits for them.

import { Deadline, type Wait } from './deadline.ts';

type Deferred<T> = { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void };

/** Holds what was put and not yet taken; closing it wakes both sides. */
export class Channel<T> {
  #values: T[] = [];
  #drained: Deferred<boolean> | undefined;
  #asked: Deferred<boolean> | undefined;
  #taker: Deferred<T | undefined> | undefined;
  readonly #deadline = new Deadline();
  #closed = false;
  #error: unknown;

  /** Somebody is waiting in take(). */
  get awaited(): boolean {
    return this.#taker !== undefined;
  }

  /** A value lies ready. */
  get ready(): boolean {
    return this.#values.length > 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Hands the value to who waits for it, or lays it ready; after close() it is dropped. */
  put(value: T): void {
    if (this.#closed) return;
    const taker = this.#taker;
    if (taker === undefined) this.#values.push(value);
    else {
      this.#taker = undefined;
      this.#deadline.met();
      taker.resolve(value);
    }
  }

  /** True once every value was taken, false when the channel closed before. One waiter at a time. */
  drained(): boolean | Promise<boolean> {
    if (this.#closed) return false;
    if (this.#values.length === 0) return true;
    this.#drained ??= Promise.withResolvers<boolean>();
    return this.#drained.promise;
  }

  /** True once the next value is waited for: whoever took the last is done with it. False when the channel closed before. */
  asked(): boolean | Promise<boolean> {
    if (this.#closed) return false;
    if (this.awaited) return true;
    this.#asked ??= Promise.withResolvers<boolean>();
    return this.#asked.promise;
  }

  /** True once the value was taken, false when the channel closed before. One push at a time. */
  push(value: T): boolean | Promise<boolean> {
    if (this.#closed) return false;
    this.put(value);
    return this.drained();
  }

  /** A value that lies ready, at once. */
  poll(): T | undefined {
    return this.#values.length > 0 ? this.#shift() : undefined;
  }

  /** The next value; undefined after close(), or the error that close(error) was given. One take at a time. */
  take(wait?: Wait): Promise<T | undefined> {
    if (this.#values.length > 0) return Promise.resolve(this.#shift());
    if (this.#closed) return this.#error === undefined ? Promise.resolve(undefined) : Promise.reject(this.#error);
    const taker = Promise.withResolvers<T | undefined>();
    this.#taker = taker;
    this.#asked?.resolve(true);
    this.#asked = undefined;
    if (wait !== undefined) {
      this.#deadline.begin(wait, (error) => {
        this.#taker = undefined;
        taker.reject(error);
      });
    }
    return taker.promise;
  }

  #shift(): T | undefined {
    const value = this.#values.shift();
    if (this.#values.length === 0) this.#settle(true);
    return value;
  }

  #settle(taken: boolean): void {
    this.#drained?.resolve(taken);
    this.#drained = undefined;
  }

  /** No more values. Those not taken yet are dropped, their push() gives false; an error is thrown to every taker. */
  close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#values = [];
    this.#settle(false);
    this.#asked?.resolve(false);
    if (error === undefined) this.#taker?.resolve(undefined);
    else this.#taker?.reject(error);
    this.#taker = undefined;
    this.#deadline.close();
  }
}
