// DICOM networking (PS3.7, PS3.8): associations as a requestor and as an acceptor.

export type { Association } from './association.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { DicomError, type DicomErrorDetail, type DicomErrorKind } from './errors.ts';
export {
  answerExtended,
  type ExtendedOption,
  type ExtendedService,
  extendedInformation,
  extendedOptions,
  type FindOption,
} from './extended.ts';
export { type Handshake, handshake } from './handshake.ts';
export type { Instance, SubOperations } from './instance.ts';
export { type Listener, type ListenOptions, listen } from './listener.ts';
export type { Destination, NormalizedIndication, Retrieval, ServiceContext, Services } from './scp/services.ts';
export type { NormalizedOperation, NormalizedOutcome, NormalizedRequest } from './scu/normalized.ts';
export { describeStatus, type Status, type StatusCategory, statusOf } from './status.ts';
export { DEFAULT_TIMEOUTS, type Timeouts } from './timeouts.ts';
export { BCP195_SUITES, type TlsOptions } from './tls.ts';
export { Channel } from './ul/channel.ts';
export type { AcceptedContext, ProposedContext } from './ul/negotiation.ts';
export type { CommonExtended, Roles, UserIdentity } from './ul/user-information.ts';
