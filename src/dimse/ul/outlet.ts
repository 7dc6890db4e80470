// The sending side of a socket: what one turn of the event loop writes goes out in one system call; who writes more waits.

import type { Socket } from 'node:net';
import { type Wait, waitFor } from './deadline.ts';

/** Bytes that may wait to be sent before the sender must. */
const MAX_UNSENT = 1 << 19;

export class Outlet {
  readonly #socket: Socket;
  #corked = false;
  #drain: PromiseWithResolvers<void> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('drain', () => {
      this.#drain?.resolve();
      this.#drain = undefined;
    });
  }

  /** Does nothing on a socket that cannot be written to any more. */
  write(chunks: readonly Buffer[]): void {
    if (!this.#socket.writable) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => this.#uncork());
    }
    for (const chunk of chunks) this.#socket.write(chunk);
  }

  /** Undefined when there is room for more, else settles when there is; rejects with what close() is given. */
  room(wait: Wait): Promise<void> | undefined {
    if (this.#socket.writableLength < MAX_UNSENT) return undefined;
    this.#uncork();
    if (!this.#socket.writableNeedDrain) return undefined;
    this.#drain ??= Promise.withResolvers<void>();
    return waitFor(this.#drain.promise, wait);
  }

  close(error: Error): void {
    this.#drain?.reject(error);
    this.#drain = undefined;
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }
}
