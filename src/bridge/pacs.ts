// One remote AE: what it is called, what it was seen to do, and its operations on leased associations.

import type { Association, ProposedContext } from '../dimse/index.ts';
import type { Dataset } from '../dimse/data/dataset.ts';
import type { PacsConfig } from './config.ts';

/** Query/Retrieve Level (0008,0052), PS3.4 C.3. */
export type QueryLevel = 'PATIENT' | 'STUDY' | 'SERIES' | 'IMAGE';

/** An association on loan. Exactly one of `release` (it goes back) and `drop` (it is aborted) ends it; more calls do nothing. */
export type Lease = {
  readonly association: Association;
  /** It has served others before: a failure at its first operation may only mean that the peer had closed it meanwhile. */
  readonly reused: boolean;
  release(): void;
  drop(): void;
};

export type LeaseOptions = { signal: AbortSignal; priority?: 'interactive' | 'prefetch' };

export type Match = { identifier: Dataset; status: number };

export interface Pacs {
  readonly config: PacsConfig;
  /** The AE title: what logs, warnings and errors call it. */
  readonly name: string;
  /**
   * C-FIND in the Study Root model (Patient Root for level PATIENT), one match at a time. QueryRetrieveLevel and, where the
   * identifier needs one, SpecificCharacterSet are added. `relational` needs the PACS's consent by extended negotiation
   * (PS3.4 C.5.1.1): without it DicomError('no-context', field 'relational-queries') is thrown and nothing is sent.
   */
  find(
    level: QueryLevel,
    identifier: Dataset,
    options: { signal: AbortSignal; relational?: boolean },
  ): AsyncGenerator<Match, void>;
  /** An association on which each of `contexts` was proposed (not: accepted). Waits its turn; 'busy' when too many wait. */
  lease(contexts: readonly ProposedContext[], options: LeaseOptions): Promise<Lease>;
  /** C-ECHO; throws what went wrong. */
  echo(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
