// The errors in which an association ends, each with the peer and what it did.

import { DicomError } from '../errors.ts';
import { PDU_NAMES, type Pdu } from './pdu.ts';
import { ABORT, type Abort, describeAbort, describeRejection, REJECTION } from './rejection.ts';
import { describeTransportError } from './transport.ts';

export function rejected(peer: string, pdu: Pdu | undefined): DicomError {
  const { result, source, reason } = pdu?.type === 'associate-rj' ? pdu : REJECTION.noReason;
  const rejection = { result, source, reason };
  const message = `A-ASSOCIATE to ${peer} rejected: ${describeRejection(rejection)}`;
  return new DicomError('rejected', message, { peer, operation: 'A-ASSOCIATE', rejection });
}

export function aborted(peer: string, pdu: Pdu | undefined): DicomError {
  const abort: Abort = pdu?.type === 'abort' ? { source: pdu.source, reason: pdu.reason } : ABORT.user;
  return new DicomError('aborted', `association with ${peer} aborted by ${describeAbort(abort)}`, { peer, abort });
}

export const abortedByUs = (peer: string): DicomError =>
  new DicomError('aborted', `association with ${peer} aborted by us`, { peer });

/** An acceptor's ARTIM. */
export const unasked = (peer: string, artim: number): DicomError =>
  new DicomError('timeout', `${peer}: no A-ASSOCIATE-RQ within ${artim / 1000} s`, { peer });

/** The peer sent `pdu` at the wrong time, or what `cause` says. */
export function violation(peer: string, pdu: Pdu | undefined, cause: DicomError | undefined): DicomError {
  const what = cause?.message ?? `unexpected ${PDU_NAMES[pdu?.type ?? 'p-data-tf']}`;
  const field = cause?.field;
  return new DicomError('protocol', `association with ${peer}: ${what}`, { peer, ...(field && { field }), cause });
}

export const wrongVersion = (peer: string): DicomError =>
  new DicomError('protocol', `A-ASSOCIATE-RQ from ${peer}: protocol version not supported`, { peer });

/** How far a transport connection came before it was lost. */
export type Progress = { secure: boolean; connected: boolean; associated: boolean };

export function lost(peer: string, cause: Error | undefined, { secure, connected, associated }: Progress): DicomError {
  const detail = { peer, cause };
  if (!connected) {
    const message = `cannot connect to ${peer}: ${describeTransportError(cause)}`;
    return new DicomError('unreachable', message, { ...detail, operation: 'A-ASSOCIATE' });
  }
  // TLS 1.3 lets a peer refuse our certificate after the handshake, and many do so without a word.
  const mute = secure && !associated && cause === undefined;
  const why = mute
    ? 'connection closed after the TLS handshake: our certificate may be refused'
    : describeTransportError(cause);
  return new DicomError('aborted', `association with ${peer}: ${why}`, detail);
}

export const over = (peer: string): DicomError =>
  new DicomError('aborted', `association with ${peer} is over`, { peer });
