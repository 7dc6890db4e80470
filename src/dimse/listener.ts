// listen(): a TCP or TLS server; each connection becomes an association, or is refused with the reason that fits.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { connect, DEFAULT_MAX_PDU_LENGTH } from './connect.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './data/uid.ts';
import { Dialogue } from './dialogue.ts';
import { DicomError } from './errors.ts';
import { performer } from './scp/perform.ts';
import type { Services } from './scp/services.ts';
import { DEFAULT_TIMEOUTS, type Timeouts } from './timeouts.ts';
import { listenerTls, type TlsOptions } from './tls.ts';
import { Connection } from './ul/connection.ts';
import { inletOf } from './ul/inlet.ts';
import { acceptorAgreement, associateAc, type Support } from './ul/negotiation.ts';
import { APPLICATION_CONTEXT, type AssociateRq } from './ul/pdu.ts';
import { describeRejection, REJECTION, type Rejection } from './ul/rejection.ts';
import { describeTransportError } from './ul/transport.ts';
import { identityOf, type UserIdentity } from './ul/user-information.ts';

export type ListenOptions = {
  /** Address to bind; all of them where absent. */
  host?: string;
  /** 0: any free one. */
  port: number;
  /** Ours, one or several: requests for another one are rejected (1/1/7). Absent: any is answered to. */
  aeTitle?: string | readonly string[];
  /** False rejects the calling AE title (1/1/3). */
  allowCalling?: (aeTitle: string, address: string) => boolean;
  contexts: Support['contexts'];
  /** Answer to SOP Class Extended Negotiation (PS3.7 D.3.3.5): accept only what was offered. */
  extended?: (abstractSyntax: string, offered: Buffer) => Buffer | undefined;
  /** User identity, or that none was told: false rejects (1/2/1), a Buffer is the server response; absent: not looked at. */
  authenticate?: (identity: UserIdentity | undefined, calling: string) => Promise<boolean | Buffer>;
  /** More at the same time are rejected as local limit exceeded (2/3/2). */
  maxAssociations?: number;
  maxPduLength?: number;
  timeouts?: Partial<Timeouts>;
  tls?: TlsOptions;
  services: Services;
  log?: (line: string) => void;
};

export interface Listener {
  readonly port: number;
  /** Connections there are at this moment, with or without an association. */
  readonly associations: number;
  /** Takes no more connections, aborts the associations there are, and waits until all are gone. */
  close(): Promise<void>;
}

const DEFAULT_MAX_ASSOCIATIONS = 100;

class Acceptor implements Listener {
  readonly #options: ListenOptions;
  readonly #timeouts: Timeouts;
  readonly #connections = new Set<Connection>();
  readonly #server: Server;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    const settings = { noDelay: true, keepAlive: true };
    if (options.tls === undefined) {
      this.#server = createServer(settings, (socket) => this.#accept(socket));
    } else {
      const secure = { ...settings, ...listenerTls(options.tls), handshakeTimeout: this.#timeouts.connect };
      this.#server = createTlsServer(secure, (socket) => this.#accept(socket));
      this.#server.on('tlsClientError', (error: Error) =>
        options.log?.(`TLS handshake failed: ${describeTransportError(error)}`),
      );
    }
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  get associations(): number {
    return this.#connections.size;
  }

  listen(): Promise<Listener> {
    const { host, port, maxAssociations = DEFAULT_MAX_ASSOCIATIONS } = this.#options;
    // Connections that have not asked for an association yet are not rejected but must not pile up either.
    this.#server.maxConnections = 2 * maxAssociations + 16;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const where = `${host ?? '*'}:${port}`;
        reject(
          new DicomError('unreachable', `cannot listen on ${where}: ${error.code ?? error.message}`, { cause: error }),
        );
      });
      this.#server.listen({ port, ...(host !== undefined && { host }) }, () => resolve(this));
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.abort();
    await Promise.all([...this.#connections].map((connection) => connection.closed));
    await closed;
  }

  #accept(socket: Socket): void {
    const { maxPduLength: maximumLength = DEFAULT_MAX_PDU_LENGTH, log } = this.#options;
    const address = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
    const peer = `${address}:${socket.remotePort ?? 0}`;
    const { artim } = this.#timeouts;
    const connection = new Connection(inletOf(socket), { role: 'acceptor', peer, artim, maximumLength, log });
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    this.#associate(connection, address, maximumLength).catch((error: unknown) => {
      log?.(`${connection.peer}: ${error instanceof Error ? error.message : String(error)}`);
      connection.abort(error instanceof DicomError ? error : undefined);
    });
  }

  async #associate(connection: Connection, address: string, maximumLength: number): Promise<void> {
    const rq = await connection.indication();
    connection.peer = `${rq.callingAeTitle}@${connection.peer}`;
    const outcome = await this.#admit(rq, address);
    if ('result' in outcome) {
      this.#options.log?.(`${connection.peer} rejected: ${describeRejection(outcome)}`);
      connection.answer({ type: 'associate-rj', ...outcome });
      return;
    }
    const { contexts, extended, services } = this.#options;
    const ac = associateAc(rq, {
      maximumLength,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      contexts,
      extended,
      userIdentityResponse: outcome.response,
    });
    const agreement = acceptorAgreement(rq, ac);
    if (!connection.answer(ac)) return;
    const perform = performer(services, connect, { calling: rq.callingAeTitle, called: rq.calledAeTitle });
    new Dialogue(connection, agreement, { role: 'acceptor', timeouts: this.#timeouts, perform });
  }

  /** Who may associate (D-29), in the order in which the reasons matter to whoever reads them. */
  async #admit(rq: AssociateRq, address: string): Promise<Rejection | { response: Buffer | undefined }> {
    const { aeTitle, allowCalling, authenticate, maxAssociations = DEFAULT_MAX_ASSOCIATIONS } = this.#options;
    const context = rq.items.find((item) => item.type === 'application-context');
    if (context?.type !== 'application-context' || context.uid !== APPLICATION_CONTEXT)
      return REJECTION.applicationContext;
    if (aeTitle !== undefined && ![aeTitle].flat().includes(rq.calledAeTitle)) return REJECTION.calledAeTitle;
    if (allowCalling?.(rq.callingAeTitle, address) === false) return REJECTION.callingAeTitle;
    if (this.#connections.size > maxAssociations) return REJECTION.localLimit;
    if (authenticate === undefined) return { response: undefined };
    const identity = identityOf(rq);
    const confirmed = await authenticate(identity, rq.callingAeTitle);
    if (confirmed === false) return REJECTION.authentication;
    const response = confirmed === true ? Buffer.alloc(0) : confirmed;
    return { response: identity?.responseRequested ? response : undefined };
  }
}

/** Starts to listen. Throws 'unreachable' where the address cannot be bound, 'malformed' for TLS without a certificate. */
export async function listen(options: ListenOptions): Promise<Listener> {
  return new Acceptor(options).listen();
}
