// The gateway's Storage SCP: hands the C-STOREs that a C-MOVE causes to the retrieve that waits for them. What nobody waits for
// is refused: the gateway is no archive (PS3.4 B.2, C.4.2.3.1).

import { transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import { STORAGE_SOP_CLASSES } from '../../dimse/data/uid.ts';
import { DicomError } from '../../dimse/errors.ts';
import { type Instance, type Listener, listen, type TlsOptions } from '../../dimse/index.ts';
import { type IdentifiedInstance, identify } from '../cache/identify.ts';
import { STORED_SYNTAXES, Verification } from './contexts.ts';

/** What one C-MOVE waits for. */
export type Claim = {
  /** Message ID of the C-MOVE-RQ, once it is known. */
  messageId?: number;
  /** AE title that the C-MOVE was sent from and to. */
  destination: string;
  /** Transfer syntax to accept where it is proposed, before the proposer's first choice. */
  prefer?: string | undefined;
  /** Filled: transfer syntaxes that were proposed in one context with the accepted one. */
  passedOver: Set<string>;
  wants(instance: IdentifiedInstance): boolean;
  /** Drains the body. The C-STORE is answered when it resolves. */
  receive(instance: IdentifiedInstance): Promise<void>;
};

export interface Inbox {
  readonly port: number;
  /**
   * Registers a claim until the returned function is called. Claims that prefer a transfer syntax follow one another: when an
   * association is negotiated nobody can know which C-MOVE it is for. Throws 'cancelled' at the signal.
   */
  claim(claim: Claim, signal: AbortSignal): Promise<() => void>;
  close(): Promise<void>;
}

export type InboxOptions = {
  host: string;
  port: number;
  /** AE titles that the gateway answers to. */
  aeTitles: readonly string[];
  /** Whether this AE title may send; PS3.8 9.3.4 refuses others. */
  allowCalling(aeTitle: string): boolean;
  maxAssociations: number;
  /** Milliseconds without a byte in the middle of a C-STORE after which it is given up. */
  silence?: number;
  tls?: TlsOptions;
  /** Told of each association, and of each instance that was not taken. */
  log?: { debug(line: string): void; warn(line: string): void };
};

/** C-STORE statuses of PS3.4 Table B.2-1. */
const SUCCESS = 0x0000;
const OUT_OF_RESOURCES = 0xa700;
const MISMATCH = 0xa900;
const PROCESSING_FAILURE = 0x0110;

const STORAGE = new Set(STORAGE_SOP_CLASSES);

/** In the order of coming, each with the SOP Instance UIDs that it was given. */
type Claims = Map<Claim, Set<string>>;

export async function openInbox(options: InboxOptions): Promise<Inbox> {
  const { host, port, aeTitles, allowCalling, maxAssociations, silence, tls, log } = options;
  const claims: Claims = new Map();
  const turns = createTurns();
  const listener: Listener = await listen({
    host,
    port,
    aeTitle: aeTitles,
    allowCalling,
    maxAssociations,
    ...(tls === undefined ? {} : { tls }),
    ...(silence === undefined ? {} : { timeouts: { response: silence } }),
    contexts: (abstractSyntax, proposed) => {
      // Who prefers nothing shall get what is stored: a PACS re-encodes native data into whatever native syntax was accepted.
      const isShared = [...claims.keys()].some(({ prefer }) => prefer === undefined);
      const preferred = [...claims.keys()]
        .flatMap(({ prefer }) => prefer ?? [])
        .filter((uid) => !isShared || transferSyntax(uid)?.encapsulated === true);
      const supported = supportedSyntaxes(abstractSyntax, proposed, preferred);
      for (const uid of supported?.slice(1) ?? []) for (const { passedOver } of claims.keys()) passedOver.add(uid);
      return supported;
    },
    services: {
      echo: async () => SUCCESS,
      store: (instance) => accept(instance, claims, (line) => log?.warn(line)),
    },
    log: (line) => log?.debug(line),
  });
  return {
    port: listener.port,
    claim: async (claim, signal) => {
      const end = claim.prefer === undefined ? undefined : await turns(signal);
      claims.set(claim, new Set());
      return () => {
        claims.delete(claim);
        end?.();
      };
    },
    close: () => listener.close(),
  };
}

/** One after the other, in the order of asking: resolves with what ends the turn. */
function createTurns(): (signal: AbortSignal) => Promise<() => void> {
  let last: Promise<unknown> = Promise.resolve();
  return async (signal) => {
    const before = last;
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    last = before.then(() => over);
    const { promise: given, resolve: giveUp } = Promise.withResolvers<void>();
    const stop = () => giveUp();
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', stop);
    await Promise.race([before, given]);
    signal.removeEventListener('abort', stop);
    if (!signal.aborted) return end;
    end();
    throw new DicomError('cancelled', 'retrieve: the request was cancelled');
  };
}

/**
 * Of the proposed transfer syntaxes those that keep a data set whole, with the preferred ones first; undefined for what is no
 * storage class. Classes newer than our list and private ones are welcome too (PS3.4 B.4.1). Where the sender leaves a choice,
 * native ones come before compressed ones: nobody is made to compress for us.
 */
export function supportedSyntaxes(
  abstractSyntax: string,
  proposed: readonly string[],
  preferred: readonly string[] = [],
): readonly string[] | undefined {
  const isStorage =
    STORAGE.has(abstractSyntax) ||
    abstractSyntax.startsWith('1.2.840.10008.5.1.4.1.1.') ||
    !abstractSyntax.startsWith('1.2.840.10008.');
  if (!isStorage && abstractSyntax !== Verification) return undefined;
  return [...new Set([...preferred, ...STORED_SYNTAXES])].filter((uid) => proposed.includes(uid));
}

async function accept(instance: Instance, claims: Claims, log: (line: string) => void): Promise<number> {
  try {
    const identified = await identify(instance);
    const claim = claimFor(identified, claims);
    if (claim === undefined) {
      for await (const _ of identified.body);
      log('C-STORE refused: nothing waits for this instance');
      return OUT_OF_RESOURCES;
    }
    claims.get(claim)?.add(identified.sopInstanceUid);
    await claim.receive(identified);
    return SUCCESS;
  } catch (error) {
    log(`C-STORE failed: ${error instanceof Error ? error.message : 'unknown error'}`);
    if (!(error instanceof DicomError)) throw error;
    if (error.kind === 'corrupt') return MISMATCH;
    return error.kind === 'busy' ? OUT_OF_RESOURCES : PROCESSING_FAILURE;
  }
}

/**
 * The claim that wants the instance, by its UIDs; among several those whose C-MOVE the sender names. That won't always do: it is
 * optional, and on two associations message IDs may be the same (PS3.7 9.1.1.1). Then each C-MOVE has the instance sent once, so
 * that each claim gets it once: first who came last, whose is the smaller part of what another retrieves.
 */
function claimFor(instance: IdentifiedInstance, claims: Claims): Claim | undefined {
  const wanting = [...claims.keys()].filter((claim) => claim.wants(instance));
  const { moveOriginator, sopInstanceUid } = instance;
  const named = wanting.filter(
    ({ destination, messageId }) => moveOriginator?.aeTitle === destination && moveOriginator.messageId === messageId,
  );
  const candidates = named.length > 0 ? named : wanting;
  return candidates.findLast((claim) => claims.get(claim)?.has(sopInstanceUid) === false) ?? candidates[0];
}
