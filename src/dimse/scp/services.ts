// The one handler interface: what an application performs for its peers.

import type { Association } from '../association.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Instance } from '../instance.ts';
import type { NormalizedOperation, NormalizedOutcome } from '../scu/normalized.ts';
import type { ProposedContext } from '../ul/negotiation.ts';

/** On whose behalf a request is performed. */
export type ServiceContext = {
  /** AE title of the peer, and ours as the association names it. */
  calling: string;
  called: string;
  /** Other end, `AET@host:port`. */
  peer: string;
  /** Fires at C-CANCEL and when the association ends. */
  signal: AbortSignal;
  /** For operations of ours on the same association, where roles allow it. */
  association: Association;
};

/** Sub-operations of a C-GET or C-MOVE: how many, and what to send. */
export type Retrieval = { total: number; instances: AsyncIterable<Instance> };

export type Destination = { host: string; port: number; aeTitle: string };

export type NormalizedIndication = {
  operation: NormalizedOperation;
  /** SOP class of the instance, and the one negotiated (they differ for UPS and meta SOP classes). */
  sopClassUid: string;
  contextSopClassUid: string;
  sopInstanceUid?: string;
  dataset?: Dataset;
  typeId?: number;
  attributes?: readonly string[];
};

/**
 * Each service is optional; the absent ones are refused with 0122 or 0211. A service fails by throwing: DicomError('status')
 * answers its status, another DicomError the status nearest to its kind, anything else 0110.
 */
export interface Services {
  /** C-ECHO: the status to answer. Absent: 0000, since every acceptor supports Verification (D-28). */
  echo?(context: ServiceContext): Promise<number>;
  /** C-STORE: must read the body to its end; the status to answer. */
  store?(instance: Instance, context: ServiceContext): Promise<number>;
  /** C-FIND: one pending response per Dataset. */
  find?(request: { sopClassUid: string; identifier: Dataset }, context: ServiceContext): AsyncIterable<Dataset>;
  /**
   * C-GET: the instances go out on the same association, in the contexts that the requestor offered; uncompressed ones are
   * re-encoded where only another uncompressed syntax was.
   */
  get?(request: { sopClassUid: string; identifier: Dataset }, context: ServiceContext): Promise<Retrieval>;
  /** C-MOVE: an association to the destination is opened. `contexts`: what to propose there; else what the instances need, as they come. */
  move?(
    request: { sopClassUid: string; identifier: Dataset; destination: string },
    context: ServiceContext,
  ): Promise<Retrieval & { to: Destination; contexts?: readonly ProposedContext[] }>;
  /** N-CREATE, N-SET, N-GET, N-ACTION, N-DELETE, N-EVENT-REPORT. */
  normalized?(request: NormalizedIndication, context: ServiceContext): Promise<NormalizedOutcome>;
}
