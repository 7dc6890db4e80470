// connect(): a transport connection, an association on it.

import { connect as connectTls } from 'node:tls';
import { type Association, associationOf } from './association.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './data/uid.ts';
import { Dialogue } from './dialogue.ts';
import { DicomError } from './errors.ts';
import { performer } from './scp/perform.ts';
import type { Services } from './scp/services.ts';
import { DEFAULT_TIMEOUTS, type Timeouts } from './timeouts.ts';
import { requestorTls, type TlsOptions } from './tls.ts';
import { Connection } from './ul/connection.ts';
import { checkSignal } from './ul/deadline.ts';
import { type Inlet, inletOf, openTcp } from './ul/inlet.ts';
import { agreementOf, associateRq, type ProposedContext } from './ul/negotiation.ts';
import type { CommonExtended, UserIdentity } from './ul/user-information.ts';

export type ConnectOptions = {
  host: string;
  port: number;
  calledAeTitle: string;
  callingAeTitle: string;
  /** 1 to 128. */
  contexts: readonly ProposedContext[];
  /** Maximum Length we announce (PS3.8 D.1); 0 = no limit. */
  maxPduLength?: number;
  timeouts?: Partial<Timeouts>;
  signal?: AbortSignal;
  tls?: TlsOptions;
  userIdentity?: UserIdentity;
  commonExtended?: readonly CommonExtended[];
  /** For requests of the peer on this association, as N-EVENT-REPORT. */
  services?: Services;
  /** Told of the transport connection when it is asked for: `closed` settles when it is gone, also where no association came of it. */
  onTransport?: (closed: Promise<void>) => void;
  log?: (line: string) => void;
};

/** Large PDUs cost fewer headers; peers that cannot fill them send smaller ones. */
export const DEFAULT_MAX_PDU_LENGTH = 1 << 18;

/** AE titles: ISO 646 without control characters and backslash, at most 16, not all spaces (UL-23). */
function checkAeTitle(aeTitle: string, field: string): void {
  if (/^[ !-[\]-~]{1,16}$/.test(aeTitle) && aeTitle.trim() !== '') return;
  throw new DicomError('malformed', `${field}: 1 to 16 printable characters without backslash`, { field });
}

function open(options: ConnectOptions): { inlet: Inlet; confirm: 'connect' | 'secureConnect' } {
  const { host, port, tls } = options;
  if (tls === undefined) return { inlet: openTcp({ host, port }), confirm: 'connect' };
  return { inlet: inletOf(connectTls({ ...requestorTls(tls, host), port })), confirm: 'secureConnect' };
}

/**
 * Opens an association. Throws 'unreachable' (no connection), 'rejected', 'no-context' (no presentation context accepted at
 * all), 'timeout', 'cancelled', 'aborted', 'protocol', or 'malformed' for options that cannot be sent.
 */
export async function connect(options: ConnectOptions): Promise<Association> {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const { host, port, calledAeTitle, callingAeTitle, contexts, signal, userIdentity, commonExtended } = options;
  const { maxPduLength: maximumLength = DEFAULT_MAX_PDU_LENGTH, log } = options;
  checkAeTitle(calledAeTitle, 'calledAeTitle');
  checkAeTitle(callingAeTitle, 'callingAeTitle');
  const peer = `${calledAeTitle}@${host}:${port}`;
  const detail = { peer, operation: 'A-ASSOCIATE' };
  const doing = `A-ASSOCIATE to ${peer}`;
  checkSignal({ doing, detail, signal });
  const rq = associateRq({
    calledAeTitle,
    callingAeTitle,
    contexts,
    maximumLength,
    implementationClassUid: IMPLEMENTATION_CLASS_UID,
    implementationVersionName: IMPLEMENTATION_VERSION_NAME,
    userIdentity,
    commonExtended,
  });
  const { inlet, confirm } = open(options);
  const secure = confirm === 'secureConnect';
  const { artim } = timeouts;
  const connection = new Connection(inlet, { role: 'requestor', peer, artim, maximumLength, secure, log });
  options.onTransport?.(connection.closed);
  connection.request(rq, confirm);
  try {
    await connection.connected({ doing, awaited: 'connection', ms: timeouts.connect, signal, detail });
    const ac = await connection.confirmation({ doing, awaited: 'answer', ms: timeouts.associate, signal, detail });
    const agreement = agreementOf(rq, ac);
    if (agreement.contexts.length === 0) {
      await connection.release({ doing, awaited: 'A-RELEASE-RP', ms: timeouts.release });
      throw new DicomError('no-context', `${doing}: no presentation context was accepted`, detail);
    }
    const perform = performer(options.services ?? {}, connect, { calling: calledAeTitle, called: callingAeTitle });
    return associationOf(new Dialogue(connection, agreement, { role: 'requestor', timeouts, perform }));
  } catch (error) {
    connection.abort(error instanceof DicomError ? error : undefined);
    throw error;
  }
}
