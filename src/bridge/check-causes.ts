// TABLE of what usually stands behind a failed step of `check`, for the one who has to put it right.

import { DicomError } from '../dimse/errors.ts';
import type { PacsConfig } from './config.ts';

/** Errors of the operating system, by code. */
const SYSTEM: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there: is the PACS running, is the port right?',
  ENOTFOUND: 'this host name is not known here',
  EAI_AGAIN: 'the name server does not answer',
  EHOSTUNREACH: 'there is no way to this host: is the address right, is a firewall between?',
  ENETUNREACH: 'there is no way to this network: is the address right?',
  ETIMEDOUT: 'nobody answers at this address: is it right, is a firewall between?',
  ECONNRESET: 'it hung up: does it speak DICOM on this port, does it want TLS?',
};

/** A-ASSOCIATE-RJ by source and reason (PS3.8 Table 9-21). */
const REJECTED: Record<string, string> = {
  '1/1': 'it refuses without a reason: does it know the gateway’s AE title and address?',
  '1/3': 'it does not know the calling AE title: enter it in the PACS, with this host and the gateway’s DICOM port',
  '1/7': 'it does not answer to this AE title: is it spelt as the PACS has it?',
  '3/1': 'it is busy for the moment',
  '3/2': 'it has no association left: lower maxAssociations',
};

/** One line: what happened and what may stand behind it. */
export function causeOf(error: unknown, { aeTitle, host, port }: PacsConfig): string {
  const where = `${aeTitle}@${host}:${port}`;
  if (!(error instanceof DicomError)) {
    const code = codeOf(error);
    return `${where}: ${(code && SYSTEM[code]) ?? (error instanceof Error ? error.message : 'unknown error')}`;
  }
  const hint = hintOf(error);
  return hint === undefined ? error.message : `${error.message}: ${hint}`;
}

function hintOf(error: DicomError): string | undefined {
  const { kind, rejection, operation } = error;
  if (kind === 'rejected' && rejection) return REJECTED[`${rejection.source}/${rejection.reason}`];
  if (kind === 'timeout') return operation === 'connect' ? SYSTEM.ETIMEDOUT : 'it took the request and stayed silent';
  if (kind === 'aborted' && operation === 'A-ASSOCIATE') return SYSTEM.ECONNRESET;
  const code = codeOf(error.cause);
  return kind === 'unreachable' && code !== undefined ? SYSTEM[code] : undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
