// TABLE of what usually stands behind a failed step of `check`, for the one who has to put it right.

import { DicomError } from '../../dimse/errors.ts';
import type { PacsConfig } from '../config/config.ts';

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
  '1/2': 'it does not take the application context of DICOM: is it a DICOM service at all?',
  '1/3': 'it does not know the calling AE title: enter it in the PACS, with this host and the gateway’s DICOM port',
  '1/7': 'it does not answer to this AE title: is it spelt as the PACS has it?',
  '2/1': 'it gives no reason: does it want a user identity, or another one (pacs[N].userIdentity)?',
  '3/1': 'it is busy for the moment',
  '3/2': 'it has no association left: lower maxAssociations',
};

type StatusRow = readonly [operation: RegExp, from: number, to: number, cause: string];

/** DIMSE statuses (PS3.7 Annex C, PS3.4 Tables C.4-1 to C.4-3); the first row that matches holds. */
const STATUSES: readonly StatusRow[] = [
  [/^/, 0x0124, 0x0124, 'the PACS does not allow this to the gateway’s AE title: give it the right there'],
  [/^/, 0x0122, 0x0122, 'the PACS has this service switched off'],
  [/^C-FIND$/, 0xa700, 0xa7ff, 'it has no resources left for queries'],
  [/^C-FIND$/, 0xa900, 0xa9ff, 'it does not understand the query'],
  [/^C-FIND$/, 0xc000, 0xcfff, 'its own log should say why it could not run the query'],
  [/^C-GET$/, 0xa702, 0xa702, 'it could not send on this association: it may lack role selection, or the file itself'],
  [
    /^C-MOVE$/,
    0xa702,
    0xa702,
    'it could not send: its entry for the gateway may have a wrong address or port, or a firewall stands between',
  ],
  [/^C-(GET|MOVE)$/, 0xa700, 0xa7ff, 'it has no resources left for retrieves'],
  [/^C-(GET|MOVE)$/, 0xa900, 0xa9ff, 'it does not understand the request'],
  [/^C-GET$/, 0xc000, 0xcfff, 'its own log should say why it could not send'],
  [
    /^C-MOVE$/,
    0xc000,
    0xcfff,
    'it may not know the gateway’s AE title, or not reach it at the address it has for it: its own log should say',
  ],
];

const HUNG_UP =
  'it hung up in place of an answer: does it speak DICOM on this port, does it want TLS, does it know the gateway’s AE title?';

/** One line: what happened and what may stand behind it. */
export function causeOf(error: unknown, { aeTitle, host, port, tls }: PacsConfig): string {
  const where = `${aeTitle}@${host}:${port}`;
  if (!(error instanceof DicomError)) {
    const code = codeOf(error);
    return `${where}: ${(code && SYSTEM[code]) ?? (error instanceof Error ? error.message : 'unknown error')}`;
  }
  const hint = hintOf(error, tls.enabled);
  return hint === undefined ? error.message : `${error.message}: ${hint}`;
}

/** What a failure status of an operation usually means. */
function causeOfStatus(operation: string, status: number): string | undefined {
  return STATUSES.find(([pattern, from, to]) => pattern.test(operation) && status >= from && status <= to)?.[3];
}

function hintOf(error: DicomError, overTls: boolean): string | undefined {
  const { kind, rejection, operation = '', status, field } = error;
  if (kind === 'rejected' && rejection) return REJECTED[`${rejection.source}/${rejection.reason}`];
  if (kind === 'timeout') return operation === 'connect' ? SYSTEM.ETIMEDOUT : 'it took the request and stayed silent';
  if (kind === 'status' && status !== undefined) return causeOfStatus(operation, status);
  if (kind === 'no-context' && operation === 'A-ASSOCIATE') {
    return 'it offers the gateway neither query nor retrieve: are they switched on there?';
  }
  if (kind === 'no-context' && field === 'abstract-syntax') {
    return 'the PACS does not offer this service to the gateway’s AE title';
  }
  if ((kind === 'aborted' || kind === 'protocol') && isAssociating(error)) return overTls ? undefined : HUNG_UP;
  const code = codeOf(error.cause);
  return kind === 'unreachable' && code !== undefined ? SYSTEM[code] : undefined;
}

/** Before there is an association there is no operation on it. */
function isAssociating({ operation }: DicomError): boolean {
  return operation === undefined || operation === 'A-ASSOCIATE';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
