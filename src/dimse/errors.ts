// The one error class of the gateway. A kind says what went wrong in DICOM's terms; the bridge's fault table is the only
// place that turns a kind into an HTTP or DIMSE status.

/**
 * What went wrong:
 * - `malformed`: bytes or values from a client that break the standard
 * - `corrupt`: bytes of a stored instance, or of a peer's data set, that break the standard
 * - `too-large`: a limit of ours was exceeded
 * - `timeout`: a deadline passed; `cancelled`: the caller's signal fired
 * - `unreachable`: no transport connection; `rejected`: A-ASSOCIATE-RJ; `aborted`: A-ABORT or the socket closed
 * - `no-context`: no presentation context accepted for what was asked
 * - `protocol`: the peer broke PS3.7 or PS3.8; `status`: the peer answered with a failure status
 * - `not-found`, `not-acceptable`, `unsupported-media`, `busy`: the gateway's own answers
 */
export type DicomErrorKind =
  | 'malformed'
  | 'corrupt'
  | 'too-large'
  | 'timeout'
  | 'cancelled'
  | 'unreachable'
  | 'rejected'
  | 'aborted'
  | 'no-context'
  | 'protocol'
  | 'status'
  | 'not-found'
  | 'not-acceptable'
  | 'unsupported-media'
  | 'busy';

export type DicomErrorDetail = {
  /** Other end of the socket, as `AET@host:port`. */
  peer?: string;
  /** Operation in the standard's words, for example `C-FIND` or `A-ASSOCIATE`. */
  operation?: string;
  /** What the error is about: a field of a PDU, a keyword or tag, a parameter. Never its value. */
  field?: string;
  /** DIMSE status of a `status` error (PS3.7 Annex C). */
  status?: number;
  /** Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 9.3.4). */
  rejection?: { result: number; source: number; reason: number };
  /** Source and reason of an A-ABORT (PS3.8 9.3.8). */
  abort?: { source: number; reason: number };
  cause?: unknown;
};

/** An error that names peer, operation and field, and never carries patient data in its message. */
export class DicomError extends Error {
  override readonly name = 'DicomError';
  readonly kind: DicomErrorKind;
  readonly peer?: string;
  readonly operation?: string;
  readonly field?: string;
  readonly status?: number;
  readonly rejection?: { result: number; source: number; reason: number };
  readonly abort?: { source: number; reason: number };

  constructor(kind: DicomErrorKind, message: string, detail: DicomErrorDetail = {}) {
    const { cause, ...rest } = detail;
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    Object.assign(this, rest);
  }
}
