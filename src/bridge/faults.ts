// TABLE fault ↔ HTTP ↔ DIMSE: the only place where a kind of error or a peer's status turns into an answer of the gateway.
// PS3.18 Table 8.5-1, PS3.7 Annex C, PS3.4 B.2.3, C.4.1.1.4, C.4.2.1.5 and C.4.3.1.4.

import { DicomError, type DicomErrorKind } from '../dimse/errors.ts';

export type FaultName =
  | 'not-found'
  | 'malformed'
  | 'not-acceptable'
  | 'unsupported-media'
  | 'too-large'
  | 'too-slow'
  | 'not-stored'
  | 'not-authorised'
  | 'not-supported'
  | 'busy'
  | 'timeout'
  | 'unreachable'
  | 'peer-failed'
  | 'cancelled'
  | 'internal';

/** What a client is told. `detail` never carries patient data; `retryAfter` is in seconds. */
export type Fault = {
  name: FaultName;
  httpStatus: number;
  dimseStatus: number;
  title: string;
  detail: string;
  retryAfter?: number;
};

type FaultRow = { httpStatus: number; dimseStatus: number; title: string; retryAfter?: number };

/** One row per fault. 499 is never seen: whoever would read it has gone. */
export const FAULTS: Record<FaultName, FaultRow> = {
  'not-found': { httpStatus: 404, dimseStatus: 0x0112, title: 'Not found' },
  malformed: { httpStatus: 400, dimseStatus: 0xa900, title: 'Malformed request' },
  'not-acceptable': { httpStatus: 406, dimseStatus: 0x0110, title: 'No acceptable representation' },
  'unsupported-media': { httpStatus: 415, dimseStatus: 0xc122, title: 'Unsupported media type' },
  'too-large': { httpStatus: 413, dimseStatus: 0xa700, title: 'Too large' },
  'too-slow': { httpStatus: 408, dimseStatus: 0x0110, title: 'The request took too long' },
  'not-stored': { httpStatus: 409, dimseStatus: 0xc000, title: 'Not stored' },
  'not-authorised': { httpStatus: 403, dimseStatus: 0x0124, title: 'Refused by the PACS: not authorised' },
  'not-supported': { httpStatus: 501, dimseStatus: 0x0122, title: 'Not supported by the PACS' },
  busy: { httpStatus: 503, dimseStatus: 0xa700, title: 'Busy', retryAfter: 5 },
  timeout: { httpStatus: 504, dimseStatus: 0x0110, title: 'The PACS did not answer in time' },
  unreachable: { httpStatus: 502, dimseStatus: 0x0110, title: 'The PACS cannot be reached' },
  'peer-failed': { httpStatus: 502, dimseStatus: 0x0110, title: 'The PACS failed' },
  cancelled: { httpStatus: 499, dimseStatus: 0xfe00, title: 'The client went away' },
  internal: { httpStatus: 500, dimseStatus: 0x0110, title: 'Internal error' },
};

/** `status` and `rejected` are decided by what the peer said, below. */
const BY_KIND: Record<DicomErrorKind, FaultName> = {
  malformed: 'malformed',
  corrupt: 'peer-failed',
  'too-large': 'too-large',
  timeout: 'timeout',
  cancelled: 'cancelled',
  unreachable: 'unreachable',
  rejected: 'unreachable',
  aborted: 'unreachable',
  'no-context': 'unreachable',
  protocol: 'peer-failed',
  status: 'peer-failed',
  'not-found': 'not-found',
  'not-acceptable': 'not-acceptable',
  'unsupported-media': 'unsupported-media',
  busy: 'busy',
};

type StatusRow = readonly [operation: RegExp, from: number, to: number, fault: FaultName];

const QUERY = /^C-FIND$/;
const RETRIEVE = /^C-(GET|MOVE)$/;
const STORE = /^C-STORE$/;
const ANY = /^/;

/** Failure statuses per operation; the first row that matches holds, no row is `peer-failed`. */
export const STATUSES: readonly StatusRow[] = [
  [ANY, 0x0124, 0x0124, 'not-authorised'], // PS3.7 C.5.25
  [ANY, 0x0112, 0x0112, 'not-found'], // PS3.7 C.5.20: no such SOP instance
  [ANY, 0x0213, 0x0213, 'busy'], // PS3.7 C.5.21: resource limitation
  [STORE, 0xa700, 0xa7ff, 'busy'], // PS3.4 Table B.2-1: out of resources
  [STORE, 0xc122, 0xc122, 'unsupported-media'], // PS3.18 I.2: referenced transfer syntax not supported
  [STORE, 0xa900, 0xa9ff, 'not-stored'], // PS3.4 Table B.2-1: data set does not match SOP class
  [STORE, 0xc000, 0xcfff, 'not-stored'], // PS3.4 Table B.2-1: cannot understand
  [STORE, 0x0117, 0x0117, 'not-stored'], // PS3.7 C.5.12: invalid SOP instance
  [STORE, 0x0122, 0x0122, 'not-stored'], // PS3.7 C.5.6: SOP class not supported
  [ANY, 0x0122, 0x0122, 'not-supported'], // PS3.18 8.5: 501 shall be used for SOP Class Not Supported
  [QUERY, 0xa700, 0xa7ff, 'busy'], // PS3.4 Table C.4-1: out of resources
  [QUERY, 0xa900, 0xa9ff, 'malformed'], // PS3.4 Table C.4-1: identifier does not match SOP class
  [QUERY, 0x0106, 0x0106, 'malformed'], // PS3.7 C.5.11: invalid attribute value
  [QUERY, 0x0115, 0x0115, 'malformed'], // PS3.7 C.5.4: invalid argument value
  [RETRIEVE, 0xa701, 0xa702, 'busy'], // PS3.4 Tables C.4-2, C.4-3: out of resources
  // Everything else of C-GET and C-MOVE is between the gateway and the PACS (A801: it does not know our AE title; A900: an
  // identifier of our making): the client's request was in order.
];

/**
 * The answer to any error that reached an edge of the gateway. An error that is no `DicomError` is a bug: its message is
 * withheld.
 */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof DicomError)) {
    return fault('internal', 'The gateway failed; its log says more.');
  }
  return fault(nameOf(error), error.message);
}

function nameOf(error: DicomError): FaultName {
  if (error.kind === 'rejected') {
    // Result 2 is rejected-transient (PS3.8 9.3.4): trying again may help.
    return error.rejection?.result === 2 ? 'busy' : 'unreachable';
  }
  // Who is late is the client: nothing else has a body that is waited for.
  if (error.kind === 'timeout' && error.field === 'body') return 'too-slow';
  if (error.kind === 'no-context' && error.field === 'abstract-syntax') return 'not-supported';
  if (error.kind !== 'status') return BY_KIND[error.kind];
  const { status = 0, operation = '' } = error;
  const row = STATUSES.find(([pattern, from, to]) => pattern.test(operation) && status >= from && status <= to);
  return row === undefined ? 'peer-failed' : row[3];
}

function fault(name: FaultName, detail: string): Fault {
  return { name, ...FAULTS[name], detail };
}
