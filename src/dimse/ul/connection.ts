// One transport connection under the state machine of PS3.8: runs the actions of Table 9-10, keeps ARTIM, feeds fragments.

import type { Socket } from 'node:net';
import { DicomError } from '../errors.ts';
import { Channel } from './channel.ts';
import { type Wait, waitFor } from './deadline.ts';
import { aborted, abortedByUs, lost, over, rejected, unasked, violation, wrongVersion } from './failure.ts';
import { type Fragment, Framing, type Incoming } from './framing.ts';
import type { Inlet } from './inlet.ts';
import { type Action, type Event, type State, transition } from './machine.ts';
import { Outlet } from './outlet.ts';
import { type AssociateAc, type AssociateRq, encodePdu, PDU_NAMES, type Pdu } from './pdu.ts';
import { ABORT, type Abort, REJECTION, type Rejection } from './rejection.ts';

export type ConnectionOptions = {
  role: 'requestor' | 'acceptor';
  /** Other end, for errors and log lines: `AET@host:port`. */
  peer: string;
  /** ARTIM, ms (PS3.8 9.1.5): an acceptor's wait for A-ASSOCIATE-RQ, and everybody's wait for the peer to close. */
  artim: number;
  /** The Maximum Length we announce. */
  maximumLength: number;
  /** Over TLS. */
  secure?: boolean;
  log?: ((line: string) => void) | undefined;
};

/** Bytes of P-DATA-TF and PDV headers before a fragment. */
const P_DATA_HEADER = 12;

export class Connection {
  /** Pieces of messages, each valid until the next is waited for. Ends when the peer releases; throws what broke the association. */
  readonly fragments = new Channel<Fragment>();
  /** Settles when the transport is closed; never rejects. */
  readonly closed: Promise<void>;
  peer: string;
  readonly #socket: Socket;
  readonly #outlet: Outlet;
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
  #connected = false;
  #associated = false;
  #released = false;

  constructor({ socket, chunks }: Inlet, options: ConnectionOptions) {
    this.#socket = socket;
    this.#outlet = new Outlet(socket);
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
    if (options.role === 'acceptor') this.#run('transport-indication');
    const pumped = this.#pump(chunks);
    socket.once('close', () => {
      // What came before an orderly end is still to be read; after a reset, or our own end, nothing is.
      if (!socket.readableEnded) this.#run('transport-closed');
      void pumped.then(() => {
        this.#run('transport-closed');
        closed.resolve();
      });
    });
  }

  /** Sends at once what was gathered in this turn: the peer goes on while the rest of it is run. */
  readonly flush = (): void => this.#outlet.flush();

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
    this.#fail(reason ?? abortedByUs(this.peer));
    if (!this.#run('abort-request') && this.#state !== 'Sta13') this.#socket.destroy();
  }

  /**
   * Sends one P-DATA-TF with one PDV: `chunks` is its fragment. Undefined when there is room for more, else settles when
   * there is. Throws what ended the association.
   */
  sendFragment(
    pdv: { contextId: number; control: number },
    chunks: readonly Buffer[],
    wait: Wait,
  ): Promise<void> | undefined {
    if (!this.#run('p-data-request')) throw this.#failure ?? over(this.peer);
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    const header = Buffer.allocUnsafe(P_DATA_HEADER);
    header.writeUInt16BE(0x0400, 0);
    header.writeUInt32BE(length + 6, 2);
    header.writeUInt32BE(length + 2, 6);
    header.writeUInt8(pdv.contextId, 10);
    header.writeUInt8(pdv.control, 11);
    this.#outlet.write(header);
    for (const chunk of chunks) this.#outlet.write(chunk);
    return this.#outlet.room(wait);
  }

  async #pump(chunks: Inlet['chunks']): Promise<void> {
    const { maximumLength } = this.#options;
    const framing = new Framing({ maximumLength });
    try {
      for await (const chunk of chunks) await this.#takeIn(framing, chunk);
      framing.end();
    } catch (error) {
      // What came whole before is still to be read.
      await this.fragments.drained();
      const cause =
        error instanceof DicomError ? error : new DicomError('protocol', 'internal error', { cause: error });
      this.#abort = cause.abort ?? ABORT.invalidParameterValue;
      this.#run('invalid-pdu', undefined, cause);
    }
    // What comes after bytes that are no PDU cannot be read; it is let go until the peer closes or ARTIM expires.
    this.#socket.resume();
  }

  /** Fragments of one chunk lie ready together; other PDUs wait until they are taken, the next chunk until they are done with. */
  async #takeIn(framing: Framing, chunk: Buffer): Promise<void> {
    let isLent = false;
    for (const incoming of framing.push(chunk)) {
      if (incoming.type === 'fragment') {
        this.#run('p-data-tf');
        if (this.#state !== 'Sta6' && this.#state !== 'Sta7') continue;
        this.fragments.put(incoming);
        isLent = true;
      } else {
        await this.fragments.drained();
        this.#receive(incoming);
      }
    }
    if (isLent) await this.fragments.asked();
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
    'AE-3': (pdu) => {
      this.#associated = true;
      if (pdu) this.#handshake.resolve(pdu);
    },
    'AE-4': (pdu) => this.#fail(rejected(this.peer, pdu)),
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
    'AA-1': (pdu, cause) => {
      this.#send({ type: 'abort', ...ABORT.user });
      this.#startArtim();
      this.#fail(cause ?? violation(this.peer, pdu, cause));
    },
    'AA-2': () => this.#fail(unasked(this.peer, this.#options.artim)),
    'AA-3': (pdu) => this.#fail(aborted(this.peer, pdu)),
    'AA-4': () => this.#fail(this.#lost()),
    'AA-5': () => this.#fail(this.#lost()),
    'AA-6': () => {},
    'AA-7': () => this.#send({ type: 'abort', ...this.#abort }),
    'AA-8': (pdu, cause) => {
      this.#send({ type: 'abort', ...this.#abort });
      this.#startArtim();
      this.#fail(violation(this.peer, pdu, cause));
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
    this.#fail(wrongVersion(this.peer));
  }

  #send(pdu: Pdu): void {
    this.#log('>>', pdu);
    this.#outlet.write(encodePdu(pdu));
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
    this.#fail(this.#released ? over(this.peer) : this.#lost());
    this.#socket.destroy();
  }

  /** Tells everybody who waits. The first reason counts. */
  #fail(error: DicomError): void {
    this.#failure ??= error;
    this.#handshake.reject(error);
    this.#release.resolve();
    this.#outlet.close(error);
    this.fragments.close(error);
  }

  #lost(): DicomError {
    const { secure = false } = this.#options;
    const progress = { secure, connected: this.#connected, associated: this.#associated };
    return lost(this.peer, this.#socketError, progress);
  }
}
