// One remote AE: what it is called, what it was seen to do, and its operations on leased associations.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import {
  type Association,
  connect,
  extendedOptions,
  type FindOption,
  type ProposedContext,
  type UserIdentity,
} from '../../dimse/index.ts';
import type { PacsConfig } from '../config/config.ts';
import { requestorTlsOf } from '../config/tls.ts';
import { userIdentityOf } from '../config/user-identity.ts';
import {
  contextOf,
  findContext,
  PatientRootFind,
  QUERY_RETRIEVE_CONTEXTS,
  StudyRootFind,
  Verification,
} from '../retrieve/contexts.ts';
import { Learned } from './learned.ts';
import { isStale, type Lease, type LeaseOptions, onLease, type Standing } from './lease.ts';
import { Pool } from './pool.ts';
import { createReach } from './reach.ts';

export type { Lease } from './lease.ts';

/** Query/Retrieve Level (0008,0052), PS3.4 C.3. */
export type QueryLevel = 'PATIENT' | 'STUDY' | 'SERIES' | 'IMAGE';

export type Match = { identifier: Dataset; status: number };

export type FindOptions = Standing & { signal: AbortSignal; agreed?: readonly FindOption[] };

export interface Pacs {
  readonly config: PacsConfig;
  /** The AE title: what logs, warnings and errors call it. */
  readonly name: string;
  /** AE title of the gateway as this PACS knows it: it calls with it, and C-MOVEs go there. */
  readonly callingAeTitle: string;
  /** What it was seen to do. */
  readonly learned: Learned;
  /**
   * C-FIND in the Study Root model (Patient Root for level PATIENT), one match at a time. QueryRetrieveLevel and, where the
   * identifier needs one, SpecificCharacterSet are added. `agreed` needs the PACS's consent by extended negotiation
   * (PS3.4 C.5.1.1) and holds for this query: without it DicomError('no-context', field 'extended-negotiation') is thrown and
   * nothing is sent.
   */
  find(level: QueryLevel, identifier: Dataset, options: FindOptions): AsyncGenerator<Match, void>;
  /** Which of these options of a Study Root C-FIND the PACS agrees to; what it declined is not offered again for a while. */
  agreed(options: readonly FindOption[], signal: AbortSignal): Promise<ReadonlySet<FindOption>>;
  /** An association on which each of `contexts` was proposed (not: accepted). Waits its turn; 'busy' when too many wait. */
  lease(contexts: readonly ProposedContext[], options: LeaseOptions): Promise<Lease>;
  /** C-ECHO; throws what went wrong. */
  echo(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export type PacsOptions = {
  config: PacsConfig;
  /** AE title of the gateway. */
  aeTitle: string;
  /** Without it what is learned is forgotten with the process. */
  learned?: Learned;
  log?: (line: string) => void;
};

export type Connector = (
  contexts: readonly ProposedContext[],
  signal: AbortSignal,
  onTransport?: (closed: Promise<void>) => void,
) => Promise<Association>;

/**
 * Opens associations to a PACS as it is configured. Throws 'malformed' for TLS settings that do not do; the associations
 * 'busy' for a user identity that does not do at present, 'rejected' for one that was not confirmed and had to be.
 */
export function connectorOf({ config, aeTitle, log }: PacsOptions): Connector {
  const { arrival: _, ...timeouts } = config.timeouts;
  const tls = requestorTlsOf(config.tls, `tls of ${config.aeTitle}`);
  return async (contexts, signal, onTransport) => {
    const userIdentity = presentIdentity(config);
    const association = await connect({
      host: config.host,
      port: config.port,
      calledAeTitle: config.aeTitle,
      callingAeTitle: config.callingAeTitle ?? aeTitle,
      contexts,
      timeouts,
      signal,
      ...(tls === undefined ? {} : { tls }),
      ...(userIdentity === undefined ? {} : { userIdentity }),
      ...(onTransport === undefined ? {} : { onTransport }),
      ...(log === undefined ? {} : { log }),
    });
    if (!userIdentity?.responseRequested || association.userIdentityResponse !== undefined) return association;
    await association.release();
    const { peer } = association;
    throw new DicomError('rejected', `A-ASSOCIATE to ${peer}: it did not confirm the user identity`, {
      peer,
      operation: 'A-ASSOCIATE',
    });
  };
}

/** It was right at the start; its file may be renewed at this moment. No fault of who asks, who is not told where the file is. */
function presentIdentity({ userIdentity, aeTitle }: PacsConfig): UserIdentity | undefined {
  try {
    return userIdentityOf(userIdentity, `userIdentity of ${aeTitle}`);
  } catch (cause) {
    const operation = 'A-ASSOCIATE';
    const message = `${operation} to ${aeTitle}: the user identity cannot be read from its file`;
    throw new DicomError('busy', message, { operation, field: 'userIdentity', cause });
  }
}

/** Nothing is connected before it is needed. */
export function createPacs(options: PacsOptions): Pacs {
  const { config, aeTitle, learned = new Learned() } = options;
  const peer = `${config.aeTitle}@${config.host}:${config.port}`;
  const reach = createReach({ peer });
  const open = connectorOf(options);
  const pool = new Pool({
    peer,
    always: QUERY_RETRIEVE_CONTEXTS,
    maxAssociations: config.maxAssociations,
    maxWaiting: config.maxWaiting,
    idle: config.idle,
    maxAge: config.maxAge,
    maxRequests: config.maxRequests,
    connect: (contexts, signal, isFinal, onTransport) =>
      reach((attempt) => open(contexts, attempt, onTransport), signal, isFinal),
  });
  const pacs: Pacs = {
    config,
    name: config.aeTitle,
    callingAeTitle: config.callingAeTitle ?? aeTitle,
    learned,
    find: (level, identifier, options) => find(pacs, level, identifier, options),
    agreed: (options, signal) => agreed(pacs, options, signal),
    lease: (contexts, options) => pool.lease(contexts, options),
    echo: (signal) => onLease(pacs, contextOf(Verification), { signal }, (association) => association.echo({ signal })),
    close: async () => {
      await pool.close();
      await learned.idle();
    },
  };
  return pacs;
}

async function* find(
  pacs: Pacs,
  level: QueryLevel,
  keys: Dataset,
  { agreed = [], ...asking }: FindOptions,
): AsyncGenerator<Match, void> {
  const sopClassUid = level === 'PATIENT' ? PatientRootFind : StudyRootFind;
  const identifier = { ...keys, [Tag.QueryRetrieveLevel]: { vr: 'CS', Value: [level] } } satisfies Dataset;
  const contexts = level === 'PATIENT' ? contextOf(sopClassUid) : findContext(agreed);
  for (;;) {
    const lease = await pacs.lease(contexts, asking);
    let begun = false;
    try {
      const { association } = lease;
      const taken = agreedOn(pacs, agreed, association);
      const declined = agreed.find((option) => !taken.has(option));
      if (declined !== undefined) throw notAgreed(pacs, declined);
      const request = { sopClassUid, identifier, ...(isAscii(identifier) ? {} : { charset: pacs.config.charset }) };
      for await (const match of association.find(request, { signal: asking.signal })) {
        begun = true;
        yield match;
      }
      return;
    } catch (error) {
      if (begun || !isStale(lease, error)) throw error;
    } finally {
      lease.release();
    }
  }
}

/** Nothing needs a Specific Character Set. */
function isAscii(identifier: Dataset): boolean {
  return /^\p{ASCII}*$/u.test(JSON.stringify(identifier));
}

/** What is not known to be declined is offered on an association, which then serves the query. */
async function agreed(
  pacs: Pacs,
  options: readonly FindOption[],
  signal: AbortSignal,
): Promise<ReadonlySet<FindOption>> {
  const offered = options.filter((option) => pacs.learned.of(option) !== false);
  if (offered.length === 0) return new Set();
  const lease = await pacs.lease(findContext(offered), { signal });
  const taken = agreedOn(pacs, offered, lease.association);
  lease.release();
  return taken;
}

/** Which of the options that an association offered the PACS agreed to; so it will next time. */
function agreedOn(pacs: Pacs, offered: readonly FindOption[], { contexts }: Association): ReadonlySet<FindOption> {
  const { extended } = contexts.find(({ abstractSyntax }) => abstractSyntax === StudyRootFind) ?? {};
  const taken = extendedOptions('find', extended);
  pacs.learned.learn(Object.fromEntries(offered.map((option) => [option, taken.has(option)])));
  return new Set(offered.filter((option) => taken.has(option)));
}

function notAgreed(pacs: Pacs, option: FindOption): DicomError {
  return new DicomError('no-context', `C-FIND to ${pacs.name}: it did not agree to ${option}`, {
    operation: 'C-FIND',
    field: 'extended-negotiation',
  });
}
