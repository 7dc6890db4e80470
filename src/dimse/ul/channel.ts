// The one concurrency primitive: a rendezvous between one producer and one consumer. push() waits until the value is taken.

import { type Wait, waitFor } from './deadline.ts';

type Deferred<T> = { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void };

/** Holds at most one value; closing it wakes both sides. */
export class Channel<T> {
  #offered: { value: T; taken: Deferred<boolean> } | undefined;
  #taker: Deferred<T | undefined> | undefined;
  #closed = false;
  #error: unknown;

  /** Somebody is waiting in take(). */
  get awaited(): boolean {
    return this.#taker !== undefined;
  }

  /** A value lies ready. */
  get ready(): boolean {
    return this.#offered !== undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves true once the value was taken, false when the channel closed before. One push at a time. */
  push(value: T): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    const taker = this.#taker;
    if (taker !== undefined) {
      this.#taker = undefined;
      taker.resolve(value);
      return Promise.resolve(true);
    }
    const taken = Promise.withResolvers<boolean>();
    this.#offered = { value, taken };
    return taken.promise;
  }

  /** The next value; undefined after close(), or the error that close(error) was given. One take at a time. */
  take(wait?: Wait): Promise<T | undefined> {
    const offered = this.#offered;
    if (offered !== undefined) {
      this.#offered = undefined;
      offered.taken.resolve(true);
      return Promise.resolve(offered.value);
    }
    if (this.#closed) return this.#error === undefined ? Promise.resolve(undefined) : Promise.reject(this.#error);
    const taker = Promise.withResolvers<T | undefined>();
    this.#taker = taker;
    if (wait === undefined) return taker.promise;
    return waitFor(taker.promise, wait, () => {
      if (this.#taker === taker) this.#taker = undefined;
    });
  }

  /** No more values. One that was not taken yet is dropped, its push() resolves false; an error is thrown to every taker. */
  close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#offered?.taken.resolve(false);
    this.#offered = undefined;
    if (error === undefined) this.#taker?.resolve(undefined);
    else this.#taker?.reject(error);
    this.#taker = undefined;
  }
}
