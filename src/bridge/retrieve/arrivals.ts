// What a C-MOVE brings: counts the instances that have arrived whole, and waits for stragglers, because C-STOREs may come after
// the final C-MOVE response.

import type { IdentifiedInstance } from '../cache/identify.ts';

export class Arrivals {
  readonly #receive: (instance: IdentifiedInstance) => Promise<void>;
  #running = 0;
  #seen = 0;
  #wake = () => {};
  /** Arrived whole. */
  count = 0;
  /** Why the first of those that could not be kept was not. */
  failure: unknown;

  constructor(receive: (instance: IdentifiedInstance) => Promise<void>) {
    this.#receive = receive;
  }

  async take(instance: IdentifiedInstance): Promise<void> {
    this.#running += 1;
    try {
      await this.#receive(instance);
      this.count += 1;
    } catch (error) {
      this.failure ??= error;
      throw error;
    } finally {
      this.#running -= 1;
      this.#wake();
    }
  }

  /** Whether one is arriving, for which its own association's deadline goes, or came since this was last asked. */
  stirred(): boolean {
    const came = this.count > this.#seen;
    this.#seen = this.count;
    return came || this.#running > 0;
  }

  /** Resolves when `wanted` have arrived, when none has within `ms` and none is arriving, or at a failure or the signal. */
  async reach(wanted: number, ms: number, signal: AbortSignal): Promise<void> {
    while (this.count < wanted && this.failure === undefined && !signal.aborted) {
      const before = this.count;
      await this.#change(ms, signal);
      if (this.count === before && this.#running === 0) return;
    }
  }

  #change(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}
