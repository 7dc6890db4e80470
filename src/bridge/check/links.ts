// Steps of `check` below the operations: can the PACS be reached, what does TLS and the association agree on, is it quick.

import { connect as connectSocket } from 'node:net';
import { DicomError } from '../../dimse/errors.ts';
import { type Association, handshake, type ProposedContext } from '../../dimse/index.ts';
import type { PacsConfig } from '../config/config.ts';
import { requestorTlsOf } from '../config/tls.ts';
import { onLease } from '../pacs/lease.ts';
import type { Connector, Pacs } from '../pacs/pacs.ts';
import {
  contextOf,
  PatientRootFind,
  QUERY_RETRIEVE_CONTEXTS,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
  Verification,
} from '../retrieve/contexts.ts';
import type { Finding } from './row.ts';
import { storageProbe, takenSyntaxes } from './samples.ts';

/** C-ECHOs of which the median is told. */
const ECHOES = 7;
/** A certificate that ends within so many days is worth a warning. */
const SOON_DAYS = 30;
const DAY_MS = 86_400_000;

const SERVICES = [
  [StudyRootFind, 'C-FIND'],
  [PatientRootFind, 'C-FIND by patient'],
  [StudyRootGet, 'C-GET'],
  [StudyRootMove, 'C-MOVE'],
] as const;

export function reachSocket({ host, port, timeouts }: PacsConfig, signal: AbortSignal): Promise<Finding> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host, port });
    const end = (error?: Error) => {
      signal.removeEventListener('abort', silent);
      socket.destroy();
      if (error === undefined) resolve({ detail: `${host}:${port} takes connections` });
      else reject(error);
    };
    const silent = () => end(new DicomError('timeout', `${host}:${port} does not answer`, { operation: 'connect' }));
    socket.setTimeout(timeouts.connect, silent);
    signal.addEventListener('abort', silent, { once: true });
    socket.once('connect', () => end());
    socket.once('error', end);
  });
}

/** Protocol, cipher suite, and how long the certificate of the PACS is valid. */
export async function tryTls(pacs: PacsConfig, signal: AbortSignal): Promise<Finding> {
  const { host, port, timeouts } = pacs;
  const tls = requestorTlsOf(pacs.tls, `tls of ${pacs.aeTitle}`) ?? {};
  const { protocol, cipher, name, validTo } = await handshake({ host, port, tls }, { ms: timeouts.connect, signal });
  const days = Math.floor((validTo.getTime() - Date.now()) / DAY_MS);
  const whose = name === undefined ? 'certificate' : `certificate ${name}`;
  const trust = pacs.tls.verify ? '' : ', not verified';
  const detail = `${protocol}, ${cipher}; ${whose} is valid for ${days} more days${trust}`;
  return { detail, state: days < SOON_DAYS || !pacs.tls.verify ? 'warn' : 'ok' };
}

async function onAssociation<Value>(
  open: Connector,
  contexts: readonly ProposedContext[],
  signal: AbortSignal,
  run: (association: Association) => Value,
): Promise<Value> {
  const association = await open(contexts, signal);
  try {
    return run(association);
  } finally {
    await association.release();
  }
}

/** The contexts that the gateway itself proposes, and what becomes of them. */
export function describeAssociation(open: Connector, signal: AbortSignal): Promise<Finding> {
  return onAssociation(open, QUERY_RETRIEVE_CONTEXTS, signal, ({ contexts, implementation }) => {
    const find = (uid: string) => contexts.find(({ abstractSyntax }) => abstractSyntax === uid);
    const offers = SERVICES.filter(([uid]) => find(uid) !== undefined).map(([, name]) => name);
    const software = implementation.versionName === undefined ? '' : `${implementation.versionName} `;
    return { detail: `${software}offers ${offers.join(', ') || 'neither query nor retrieve'}` };
  });
}

/** Several C-ECHOs on one association: the time of one there and back. */
export function timeEcho(pacs: Pacs, signal: AbortSignal): Promise<Finding> {
  return onLease(pacs, contextOf(Verification), { signal }, async (association) => {
    const times: number[] = [];
    for (let count = 0; count < ECHOES; count += 1) {
      const started = performance.now();
      await association.echo({ signal });
      times.push(performance.now() - started);
    }
    const median = times.sort((a, b) => a - b)[ECHOES >> 1] ?? 0;
    return { detail: `${ECHOES} answers, ${median.toFixed(1)} ms there and back (median)` };
  });
}

export function describeStorage(open: Connector, signal: AbortSignal): Promise<Finding> {
  return onAssociation(open, [...contextOf(Verification), ...storageProbe()], signal, takenSyntaxes);
}
