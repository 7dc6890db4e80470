// Why an association was refused or broken off: PS3.8 9.3.4 and 9.3.8 in codes and in words.

export type Rejection = { result: number; source: number; reason: number };

/** A-ASSOCIATE-RJ. Result 1 permanent, 2 transient; source 1 service-user, 2 ACSE, 3 presentation. */
export const REJECTION = {
  noReason: { result: 1, source: 1, reason: 1 },
  applicationContext: { result: 1, source: 1, reason: 2 },
  callingAeTitle: { result: 1, source: 1, reason: 3 },
  calledAeTitle: { result: 1, source: 1, reason: 7 },
  authentication: { result: 1, source: 2, reason: 1 },
  protocolVersion: { result: 1, source: 2, reason: 2 },
  congestion: { result: 2, source: 3, reason: 1 },
  localLimit: { result: 2, source: 3, reason: 2 },
} as const satisfies Record<string, Rejection>;

const REJECTION_SOURCES: Readonly<Record<number, string>> = {
  1: 'service-user',
  2: 'service-provider, ACSE',
  3: 'service-provider, presentation',
};

const REJECTION_REASONS: Readonly<Record<string, string>> = {
  '1/1': 'no reason given',
  '1/2': 'application context not supported',
  '1/3': 'calling AE title not recognized',
  '1/7': 'called AE title not recognized',
  '2/1': 'no reason given',
  '2/2': 'protocol version not supported',
  '3/1': 'temporary congestion',
  '3/2': 'local limit exceeded',
};

/** «called AE title not recognized (permanent, service-user)» */
export function describeRejection({ result, source, reason }: Rejection): string {
  const why = REJECTION_REASONS[`${source}/${reason}`] ?? `reason ${reason}`;
  const duration = result === 2 ? 'transient' : 'permanent';
  return `${why} (${duration}, ${REJECTION_SOURCES[source] ?? `source ${source}`})`;
}

export type Abort = { source: number; reason: number };

/** A-ABORT. Source 0 service-user (reason is 0 then), 2 service-provider. */
export const ABORT = {
  user: { source: 0, reason: 0 },
  unrecognizedPdu: { source: 2, reason: 1 },
  unexpectedPdu: { source: 2, reason: 2 },
  invalidParameterValue: { source: 2, reason: 6 },
} as const satisfies Record<string, Abort>;

const ABORT_REASONS: Readonly<Record<number, string>> = {
  0: 'reason not specified',
  1: 'unrecognized PDU',
  2: 'unexpected PDU',
  4: 'unrecognized PDU parameter',
  5: 'unexpected PDU parameter',
  6: 'invalid PDU parameter value',
};

/** «service-provider: unexpected PDU» */
export const describeAbort = ({ source, reason }: Abort): string =>
  source === 0 ? 'service-user' : `service-provider: ${ABORT_REASONS[reason] ?? `reason ${reason}`}`;
