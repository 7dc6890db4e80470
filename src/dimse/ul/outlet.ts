// The sending side of a socket: what one turn of the event loop writes goes out in one system call; who writes more waits.

import type { Socket } from 'node:net';
import { type Wait, waitFor } from './deadline.ts';

/** Bytes that may wait to be sent before the sender must. */
const MAX_UNSENT = 1 << 19;
/** From here on what is ready goes out at once: the peer reads it while more is made, as of a body that lies in memory. */
const ENOUGH = 1 << 17;
/** Up to here copying into one buffer costs less than handing over several. */
const SMALL = 1 << 14;

export class Outlet {
  readonly #socket: Socket;
  #pending: Buffer[] = [];
  #size = 0;
  #drain: PromiseWithResolvers<void> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('drain', () => {
      this.#drain?.resolve();
      this.#drain = undefined;
    });
  }

  write(chunk: Buffer): void {
    if (this.#pending.length === 0) process.nextTick(this.flush);
    this.#pending.push(chunk);
    this.#size += chunk.length;
  }

  /** Undefined when there is room for more, else settles when there is; rejects with what close() is given. */
  room(wait: Wait): Promise<void> | undefined {
    if (this.#size >= ENOUGH) this.flush();
    if (this.#socket.writableLength + this.#size < MAX_UNSENT) return undefined;
    if (!this.#socket.writableNeedDrain) return undefined;
    this.#drain ??= Promise.withResolvers<void>();
    return waitFor(this.#drain.promise, wait);
  }

  close(error: Error): void {
    this.#drain?.reject(error);
    this.#drain = undefined;
  }

  /** Sends at once what was written in this turn; lets go of what cannot be written any more. */
  readonly flush = (): void => {
    const chunks = this.#pending;
    const size = this.#size;
    this.#pending = [];
    this.#size = 0;
    if (chunks.length === 0 || !this.#socket.writable) return;
    if (size <= SMALL) {
      this.#socket.write(Buffer.concat(chunks, size));
      return;
    }
    this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    this.#socket.uncork();
  };
}
