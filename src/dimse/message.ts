// DIMSE messages ⇄ P-DATA fragments (PS3.7 6.3, PS3.8 Annex E): the command parsed, the data set left as a byte stream.

import { type Command, decodeCommand, encodeCommand, hasDataSet, nameOf } from './command.ts';
import { Cutter } from './cutter.ts';
import { DicomError } from './errors.ts';
import type { Connection } from './ul/connection.ts';
import type { Wait } from './ul/deadline.ts';
import type { Fragment } from './ul/framing.ts';
import { CONTROL } from './ul/pdu.ts';

/** Bounds a command set before it is gathered; real ones have a few hundred bytes. */
const MAX_COMMAND = 1 << 16;
/** Bytes of a fragment towards a peer without a maximum length, or with a vast one. */
const MAX_FRAGMENT = 1 << 17;
const PDV_HEADER = 6;

/** The data set of a message, as it arrives, each chunk the reader's to keep. Read it once or discard it: the next message comes after it. */
export interface Body extends AsyncIterable<Buffer> {
  /** Reads it without a copy: each piece is valid until the next is asked for. */
  pieces(): AsyncIterable<Buffer>;
  /** From now on a fired signal interrupts reading with 'cancelled'; the rest can still be discarded. */
  heed(signal: AbortSignal): void;
  /** Lets the rest go by. */
  discard(): Promise<void>;
  /** All of it, when it has at most `limit` bytes; else DicomError('too-large'). */
  gather(limit: number): Promise<Buffer>;
}

export type Message = { contextId: number; command: Command; body?: Body };

const broken = (connection: Connection, message: string, field: string) =>
  new DicomError('protocol', `association with ${connection.peer}: ${message}`, { peer: connection.peer, field });

/** What comes next of a data set, at once where it lies ready. */
type NextFragment = (signal: AbortSignal | undefined) => Fragment | Promise<Fragment>;

class FragmentBody implements Body {
  readonly #next: NextFragment;
  #done: PromiseWithResolvers<void> | undefined;
  #signal: AbortSignal | undefined;
  /** The last piece has been handed out; and its reader is done with it. */
  #ended = false;
  #over = false;
  #error: unknown;

  constructor(next: NextFragment) {
    this.#next = next;
  }

  /** Settles when its reader has come past its end; undefined when it has already. Throws what broke it. */
  done(): Promise<void> | undefined {
    if (this.#error !== undefined) throw this.#error;
    if (this.#over) return undefined;
    this.#done ??= Promise.withResolvers<void>();
    return this.#done.promise;
  }

  heed(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** The next piece, at once where it lies ready. */
  #take(signal: AbortSignal | undefined): Buffer | undefined | Promise<Buffer | undefined> {
    if (this.#ended) {
      this.#over = true;
      this.#done?.resolve();
    }
    if (this.#over) return undefined;
    try {
      const next = this.#next(signal);
      if (!(next instanceof Promise)) return this.#taken(next);
      return next.then(
        (fragment) => this.#taken(fragment),
        (error: unknown) => this.#broken(error, signal),
      );
    } catch (error) {
      return this.#broken(error, signal);
    }
  }

  #taken({ last, data }: Fragment): Buffer {
    this.#ended = last;
    return data;
  }

  #broken(error: unknown, signal: AbortSignal | undefined): never {
    // Whoever called reading off has not ended the message: the rest of it still comes.
    if (signal?.aborted !== true) {
      this.#over = true;
      this.#error = error;
      this.#done?.reject(error);
    }
    throw error;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for await (const piece of this.pieces()) yield Buffer.from(piece);
  }

  async *pieces(): AsyncGenerator<Buffer, void> {
    const signal = this.#signal;
    try {
      for (let data = await this.#take(signal); data !== undefined; data = await this.#take(signal))
        if (data.length > 0) yield data;
    } finally {
      if (!this.#over && signal?.aborted !== true) await this.discard();
    }
  }

  async discard(): Promise<void> {
    while ((await this.#take(undefined)) !== undefined);
  }

  async gather(limit: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const next = this.#take(this.#signal);
      const chunk = next instanceof Promise ? await next : next;
      if (chunk === undefined) break;
      length += chunk.length;
      if (length > limit) {
        await this.discard();
        throw new DicomError('too-large', `data set of a message is above ${limit} bytes`);
      }
      chunks.push(Buffer.from(chunk));
    }
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
  }
}

/** Messages of one association, both ways. */
export class Messages {
  readonly #connection: Connection;
  readonly #fragmentLength: number;
  /** Silence allowed inside a message, and on a peer that does not read, ms. */
  readonly #silence: number;
  #current: FragmentBody | undefined;
  /** The message that goes out at this moment. */
  #sending: Promise<void> | undefined;

  constructor(connection: Connection, options: { peerMaximumLength: number; silence: number }) {
    this.#connection = connection;
    this.#silence = options.silence;
    // The maximum length bounds the PDU-length field: a fragment has 6 bytes less (UL-20), and is even (UL-25).
    const room = options.peerMaximumLength === 0 ? MAX_FRAGMENT : options.peerMaximumLength - PDV_HEADER;
    this.#fragmentLength = Math.min(room, MAX_FRAGMENT) & ~1;
    if (this.#fragmentLength < 2) {
      throw broken(connection, `maximum length ${options.peerMaximumLength} leaves no room for data`, 'maximumLength');
    }
  }

  /** The next message, once the body of the one before is over; undefined after a release. Throws what broke the association. */
  async next(): Promise<Message | undefined> {
    const before = this.#current?.done();
    if (before !== undefined) await before;
    this.#current = undefined;
    const { fragments } = this.#connection;
    const first = fragments.poll() ?? (await fragments.take());
    if (first === undefined) return undefined;
    const isWhole = first.command && first.last && first.data.length <= MAX_COMMAND;
    const command = isWhole ? decodeCommand(first.data) : await this.#command(first);
    const { contextId } = first;
    if (!hasDataSet(command)) return { contextId, command };
    const body = new FragmentBody((signal) => {
      const ready = fragments.poll();
      if (ready !== undefined) return this.#ofDataSet(ready, contextId);
      const rest = this.#rest(`data set of ${nameOf(command)}`, signal);
      return rest.then((fragment) => this.#ofDataSet(fragment, contextId));
    });
    this.#current = body;
    return { contextId, command, body };
  }

  /** A command set of several fragments; throws for what is none. */
  async #command(first: Fragment): Promise<Command> {
    const pieces: Buffer[] = [];
    let length = 0;
    for (let fragment = first; ; fragment = await this.#rest('rest of a command set')) {
      if (!fragment.command) throw broken(this.#connection, 'data set without a command set', 'message-control-header');
      if (fragment.contextId !== first.contextId) throw this.#mixed();
      length += fragment.data.length;
      if (length > MAX_COMMAND) throw broken(this.#connection, `command set above ${MAX_COMMAND} bytes`, 'command');
      pieces.push(fragment.last ? fragment.data : Buffer.from(fragment.data));
      if (fragment.last) return decodeCommand(pieces.length === 1 ? fragment.data : Buffer.concat(pieces, length));
    }
  }

  #ofDataSet(fragment: Fragment, contextId: number): Fragment {
    if (fragment.command) throw broken(this.#connection, 'command set inside a data set', 'message-control-header');
    if (fragment.contextId !== contextId) throw this.#mixed();
    return fragment;
  }

  #mixed(): DicomError {
    return broken(this.#connection, 'a message in two presentation contexts', 'presentation-context-id');
  }

  /** The next piece of a message that has begun. */
  async #rest(awaited: string, signal?: AbortSignal): Promise<Fragment> {
    const { peer, fragments } = this.#connection;
    const wait = { doing: `association with ${peer}`, awaited, ms: this.#silence, signal, detail: { peer } };
    const fragment = await fragments.take(wait);
    if (fragment === undefined) throw broken(this.#connection, 'released inside a message', 'message');
    return fragment;
  }

  /**
   * Sends a message; messages of several senders go one after the other (UL-25).
   * @param data the encoded data set; must be there if and only if the command says so
   * @param enough asked between fragments: true ends the data set early, with the last-fragment bit set (D-8)
   * Throws what ended the association, or what `data` threw: the message is cut then, and the association must be aborted.
   */
  async send(
    message: { contextId: number; command: Command },
    data?: Buffer | AsyncIterable<Buffer>,
    options: { signal?: AbortSignal | undefined; enough?: () => boolean } = {},
  ): Promise<void> {
    const turn = this.#sending;
    const done = Promise.withResolvers<void>();
    this.#sending = done.promise;
    try {
      if (turn !== undefined) await turn;
      const { contextId, command } = message;
      const wait = this.#wait(nameOf(command), options.signal);
      const cutter = new Cutter(this.#connection, contextId, this.#fragmentLength, wait);
      const encoded = encodeCommand(command);
      if (data === undefined || Buffer.isBuffer(data)) {
        const room = cutter.whole(CONTROL.command, encoded);
        if (room !== undefined) await room;
        const rest = data && cutter.whole(0, data);
        if (rest !== undefined) await rest;
      } else await cutter.stream(encoded, data, options.enough);
      this.#connection.flush();
    } finally {
      if (this.#sending === done.promise) this.#sending = undefined;
      done.resolve();
    }
  }

  #wait(name: string, signal: AbortSignal | undefined): Wait {
    const { peer } = this.#connection;
    const doing = `${name} to ${peer}`;
    return { doing, awaited: 'room to send (the peer does not read)', ms: this.#silence, signal, detail: { peer } };
  }
}
