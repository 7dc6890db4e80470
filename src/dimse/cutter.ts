// A message's bytes → full fragments of P-DATA (PS3.8 Annex E).

import type { Connection } from './ul/connection.ts';
import { checkSignal, type Wait } from './ul/deadline.ts';
import { CONTROL } from './ul/pdu.ts';

/** Cuts bytes into full fragments of one message; the last one is held back until it is known to be that. */
export class Cutter {
  readonly #connection: Connection;
  readonly #contextId: number;
  readonly #size: number;
  readonly #wait: Wait;
  #held: Buffer[] = [];
  #length = 0;

  constructor(connection: Connection, contextId: number, size: number, wait: Wait) {
    this.#connection = connection;
    this.#contextId = contextId;
    this.#size = size;
    this.#wait = wait;
  }

  /** Undefined when it went out without waiting for room. */
  whole(kind: number, bytes: Buffer): Promise<void> | undefined {
    checkSignal(this.#wait);
    if (bytes.length > this.#size) return this.#add(kind, bytes).then(() => this.#last(kind));
    this.#held.push(bytes);
    return this.#last(kind);
  }

  /**
   * A command set and its data set, which go out together as soon as there is some of it.
   * @param enough asked after each chunk: true ends the data set there
   */
  async stream(command: Buffer, chunks: AsyncIterable<Buffer>, enough: (() => boolean) | undefined): Promise<void> {
    let isBegun = false;
    for await (const chunk of chunks) {
      checkSignal(this.#wait);
      if (!isBegun) await this.whole(CONTROL.command, command);
      isBegun = true;
      await this.#add(0, chunk);
      if (enough?.() === true) break;
    }
    if (!isBegun) await this.whole(CONTROL.command, command);
    await this.#last(0);
  }

  async #add(kind: number, chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length; ) {
      if (this.#length === this.#size) {
        const room = this.#send(kind);
        if (room !== undefined) await room;
      }
      const part = chunk.subarray(offset, offset + this.#size - this.#length);
      this.#held.push(part);
      this.#length += part.length;
      offset += part.length;
    }
  }

  #last(kind: number): Promise<void> | undefined {
    return this.#send(kind | CONTROL.last);
  }

  #send(control: number): Promise<void> | undefined {
    const held = this.#held;
    this.#held = [];
    this.#length = 0;
    return this.#connection.sendFragment({ contextId: this.#contextId, control }, held, this.#wait);
  }
}
