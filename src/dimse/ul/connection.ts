// One transport connection under the state machine of PS3.8: runs the actions of Table 9-10, keeps ARTIM, feeds fragments.

import type { Socket } from 'node:net';
import { DicomError } from '../errors.ts';
import { Channel } from './channel.ts';
import { type Wait, waitFor } from './deadline.ts';
import { type Fragment, type Incoming, readPdus } from './framing.ts';
import { type Action, type Event, type State, transition } from './machine.ts';
import { type AssociateAc, type AssociateRq, encodePdu, PDU_NAMES, type Pdu } from './pdu.ts';
import { ABORT, type Abort, describeAbort, describeRejection, REJECTION, type Rejection } from './rejection.ts';
import { chunksOf, describeTransportError } from './transport.ts';

export type ConnectionOptions = {
  role: 'requestor' | 'acceptor';
  /** Other end, for errors and log lines: `AET@host:port`. */
  peer: string;
  /** ARTIM, ms (PS3.8 9.1.5): an acceptor's wait for A-ASSOCIATE-RQ, and everybody's wait for the peer to close. */
  artim: number;
  /** The Maximum Length we announce. */
  maximumLength: number;
  log?: ((line: string) => void) | undefined;
};

/** Bytes of P-DATA-TF and PDV headers before a fragment. */
const P_DATA_HEADER = 12;
/** Bytes that may wait to be sent before the sender must. */
const MAX_UNSENT = 1 << 19;

export class Connection {
  /** Pieces of messages as they arrive. Ends when the peer releases; throws what broke the association. */
  readonly fragments = new Channel<Fragment>();
  /** Settles when the transport is closed; never rejects. */
  readonly closed: Promise<void>;
  peer: string;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #handshake = Promise.withResolvers<Pdu>();
  readonly #transport = Promise.withResolvers<void>();
  readonly #release = Promise.withResolvers<void>();
  #state: State = 'Sta1';
  #request: AssociateRq | undefined;
  #failure: DicomError | undefined;
  #socketError: Error | undefined;
  #abort: Abort = ABORT.unexpectedPdu;
  #artim: NodeJS.Timeout | undefined;
  #corked = false;
  #connected = false;
  #released = false;
  #drain: PromiseWithResolvers<void> | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.peer = options.peer;
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    this.#handshake.promise.catch(() => {});
    this.#release.promise.catch(() => {});
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      this.#socketError ??= error;
    });
    socket.on('drain', () => this.#settleDrain());
    if (options.role === 'acceptor') this.#run('transport-indication');
    const pumped = this.#pump();
    socket.once('close', () => {
      // What came before an orderly end is still to be read; after a reset, or our own end, nothing is.
      if (!socket.readableEnded) this.#run('transport-closed');
      void pumped.then(() => {
        this.#run('transport-closed');
        closed.resolve();
      });
    });
  }

  get isOpen(): boolean {
    return this.#state === 'Sta6';
  }

  /** Why it ended, once it has, unless it was released. */
  get failure(): DicomError | undefined {
    return this.#failure;
  }

  /** Requestor: asks for the association. The socket may still be connecting; `confirm` is its event of being connected. */
  request(rq: AssociateRq, confirm: 'connect' | 'secureConnect'): void {
    this.#request = rq;
    this.#run('associate-request');
    this.#socket.once(confirm, () => this.#run('transport-confirm'));
  }

  /** Requestor: settles when the transport is there. */
  connected(wait: Wait): Promise<unknown> {
    return waitFor(Promise.race([this.#transport.promise, this.#handshake.promise]), wait);
  }

  /** Requestor: the A-ASSOCIATE-AC. Rejects with 'unreachable', 'rejected', 'aborted', 'timeout' or 'cancelled'. */
  confirmation(wait: Wait): Promise<AssociateAc> {
    return waitFor(this.#handshake.promise as Promise<AssociateAc>, wait);
  }

  /** Acceptor: the A-ASSOCIATE-RQ; its deadline is ARTIM. */
  indication(): Promise<AssociateRq> {
    return this.#handshake.promise as Promise<AssociateRq>;
  }

  /** Acceptor: answers the request. False when it is not waiting for an answer any more. */
  answer(pdu: AssociateAc | ({ type: 'associate-rj' } & Rejection)): boolean {
    return this.#run(pdu.type === 'associate-ac' ? 'associate-accept' : 'associate-reject', pdu);
  }

  /** Waits for the peer's consent to release; at once when the association is over already. */
  async release(wait: Wait): Promise<void> {
    if (!this.#run('release-request')) return;
    await waitFor(this.#release.promise, wait);
  }

  /**
   * Breaks the association off; whoever waits on it is thrown `reason`. The peer has ARTIM's time to close then. Does nothing
   * when it is over already.
   */
  abort(reason?: DicomError): void {
    this.#fail(reason ?? new DicomError('aborted', `association with ${this.peer} aborted by us`, { peer: this.peer }));
    if (!this.#run('abort-request') && this.#state !== 'Sta13') this.#socket.destroy();
  }

  /**
   * Sends one P-DATA-TF with one PDV: `chunks` is its fragment, of `length` bytes. Resolves when there is room for more.
   * Throws what ended the association.
   */
  async sendFragment(
    pdv: { contextId: number; control: number },
    chunks: readonly Buffer[],
    wait: Wait,
  ): Promise<void> {
    if (!this.#run('p-data-request')) throw this.#over();
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const header = Buffer.allocUnsafe(P_DATA_HEADER);
    header.writeUInt16BE(0x0400, 0);
    header.writeUInt32BE(length + 6, 2);
    header.writeUInt32BE(length + 2, 6);
    header.writeUInt8(pdv.contextId, 10);
    header.writeUInt8(pdv.control, 11);
    this.#write([header, ...chunks]);
    if (this.#socket.writableLength < MAX_UNSENT) return;
    this.#uncork();
    if (!this.#socket.writableNeedDrain) return;
    this.#drain ??= Promise.withResolvers<void>();
    await waitFor(this.#drain.promise, wait);
  }

  /** All that is written before the event loop turns goes out in one system call. */
  #write(chunks: readonly Buffer[]): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => this.#uncork());
    }
    for (const chunk of chunks) this.#socket.write(chunk);
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  #over(): DicomError {
    return this.#failure ?? new DicomError('aborted', `association with ${this.peer} is over`, { peer: this.peer });
  }

  #settleDrain(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }

  async #pump(): Promise<void> {
    const { maximumLength } = this.#options;
    const chunks = chunksOf(this.#socket);
    try {
      for await (const incoming of readPdus(chunks, { maximumLength })) {
        if (incoming.type === 'fragment') {
          this.#run('p-data-tf');
          if (this.#state === 'Sta6' || this.#state === 'Sta7') await this.fragments.push(incoming);
        } else this.#receive(incoming);
      }
    } catch (error) {
      const cause =
        error instanceof DicomError ? error : new DicomError('protocol', 'internal error', { cause: error });
      this.#abort = cause.abort ?? ABORT.invalidParameterValue;
      this.#run('invalid-pdu', undefined, cause);
    }
    // What comes after bytes that are no PDU cannot be read; it is let go until the peer closes or ARTIM expires.
    this.#socket.resume();
  }

  #receive(pdu: Exclude<Incoming, Fragment>): void {
    this.#log('<<', pdu);
    if (pdu.type !== 'unknown') {
      this.#run(pdu.type, pdu);
      return;
    }
    this.#abort = ABORT.unrecognizedPdu;
    this.#run('invalid-pdu', pdu);
  }

  /** Lets the machine have an event: moves first, then acts. False where Table 9-10 has no entry. */
  #run(event: Event, pdu?: Pdu, cause?: DicomError): boolean {
    const unacceptable = pdu?.type === 'associate-rq' && (pdu.protocolVersion & 1) === 0;
    const other = event === 'release-rq' ? this.#options.role === 'acceptor' : unacceptable;
    const cell = transition(this.#state, event, other);
    if (cell === undefined) return false;
    const [action, next] = cell;
    this.#state = next;
    this.#actions[action](pdu, cause);
    if (next === 'Sta1') this.#close();
    return true;
  }

  readonly #actions: { readonly [A in Action]: (pdu: Pdu | undefined, cause?: DicomError) => void } = {
    'AE-1': () => {},
    'AE-2': () => {
      this.#connected = true;
      this.#transport.resolve();
      if (this.#request) this.#send(this.#request);
    },
    'AE-3': (pdu) => pdu && this.#handshake.resolve(pdu),
    'AE-4': (pdu) => this.#fail(this.#rejected(pdu)),
    'AE-5': () => {
      this.#connected = true;
      this.#startArtim();
    },
    'AE-6': (pdu) => this.#indicateRequest(pdu),
    'AE-7': (pdu) => pdu && this.#send(pdu),
    'AE-8': (pdu) => {
      if (pdu) this.#send(pdu);
      this.#startArtim();
    },
    'DT-1': () => {},
    'DT-2': () => {},
    'AR-1': () => this.#send({ type: 'release-rq' }),
    'AR-2': () => {
      this.#released = true;
      this.fragments.close();
      this.#run('release-response');
    },
    'AR-3': () => {
      this.#released = true;
      this.#release.resolve();
    },
    'AR-4': () => {
      this.#send({ type: 'release-rp' });
      this.#startArtim();
    },
    'AR-5': () => {},
    'AR-6': () => {},
    'AR-7': () => {},
    'AR-8': () => this.#run('release-response'),
    'AR-9': () => this.#send({ type: 'release-rp' }),
    'AR-10': () => this.#run('release-response'),
    'AA-1': (_, cause) => {
      this.#send({ type: 'abort', ...ABORT.user });
      this.#startArtim();
      this.#fail(cause ?? this.#aborted('service-user, on our side', ABORT.user));
    },
    'AA-2': () => this.#fail(this.#unanswered()),
    'AA-3': (pdu) => {
      const abort = pdu?.type === 'abort' ? { source: pdu.source, reason: pdu.reason } : ABORT.user;
      this.#fail(this.#aborted(describeAbort(abort), abort));
    },
    'AA-4': () => this.#fail(this.#lost()),
    'AA-5': () => this.#fail(this.#lost()),
    'AA-6': () => {},
    'AA-7': () => this.#send({ type: 'abort', ...this.#abort }),
    'AA-8': (pdu, cause) => {
      this.#send({ type: 'abort', ...this.#abort });
      this.#startArtim();
      this.#fail(this.#violation(pdu, cause));
    },
  };

  #indicateRequest(pdu: Pdu | undefined): void {
    this.#stopArtim();
    if (this.#state === 'Sta3') {
      if (pdu) this.#handshake.resolve(pdu);
      return;
    }
    this.#send({ type: 'associate-rj', ...REJECTION.protocolVersion });
    this.#startArtim();
    this.#fail(
      new DicomError('protocol', `A-ASSOCIATE-RQ from ${this.peer}: protocol version not supported`, {
        peer: this.peer,
      }),
    );
  }

  #send(pdu: Pdu): void {
    this.#log('>>', pdu);
    if (this.#socket.writable) this.#write([encodePdu(pdu)]);
  }

  #log(direction: '<<' | '>>', pdu: Pdu): void {
    this.#options.log?.(`${this.peer} ${direction} ${PDU_NAMES[pdu.type]}`);
  }

  #startArtim(): void {
    this.#stopArtim();
    this.#artim = setTimeout(() => this.#run('artim-expired'), this.#options.artim);
  }

  #stopArtim(): void {
    clearTimeout(this.#artim);
    this.#artim = undefined;
  }

  #close(): void {
    this.#stopArtim();
    this.#fail(this.#released ? this.#over() : this.#lost());
    this.#socket.destroy();
  }

  /** Tells everybody who waits. The first reason counts. */
  #fail(error: DicomError): void {
    this.#failure ??= error;
    this.#handshake.reject(error);
    this.#release.resolve();
    this.#drain?.reject(error);
    this.#drain = undefined;
    this.fragments.close(error);
  }

  #rejected(pdu: Pdu | undefined): DicomError {
    const { result, source, reason } = pdu?.type === 'associate-rj' ? pdu : REJECTION.noReason;
    const rejection = { result, source, reason };
    const message = `A-ASSOCIATE to ${this.peer} rejected: ${describeRejection(rejection)}`;
    return new DicomError('rejected', message, { peer: this.peer, operation: 'A-ASSOCIATE', rejection });
  }

  #aborted(by: string, abort: Abort): DicomError {
    return new DicomError('aborted', `association with ${this.peer} aborted by ${by}`, { peer: this.peer, abort });
  }

  #unanswered(): DicomError {
    const seconds = this.#options.artim / 1000;
    return new DicomError('timeout', `${this.peer}: no A-ASSOCIATE-RQ within ${seconds} s`, { peer: this.peer });
  }

  #violation(pdu: Pdu | undefined, cause: DicomError | undefined): DicomError {
    const what = cause?.message ?? `unexpected ${pdu ? PDU_NAMES[pdu.type] : PDU_NAMES['p-data-tf']}`;
    const { field } = cause ?? {};
    return new DicomError('protocol', `association with ${this.peer}: ${what}`, {
      peer: this.peer,
      ...(field && { field }),
      cause,
    });
  }

  #lost(): DicomError {
    const { peer } = this;
    const cause = this.#socketError;
    const why = describeTransportError(cause);
    const detail = { peer, cause };
    return this.#connected
      ? new DicomError('aborted', `association with ${peer}: ${why}`, detail)
      : new DicomError('unreachable', `cannot connect to ${peer}: ${why}`, { ...detail, operation: 'A-ASSOCIATE' });
  }
}
