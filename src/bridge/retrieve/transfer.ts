// One C-GET or C-MOVE: instances from a PACS into `receive`. Which of the two a PACS can do is tried, and learned.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { Association, SubOperations } from '../../dimse/index.ts';
import { type IdentifiedInstance, identify } from '../cache/identify.ts';
import { belongsTo, isSameUid } from '../cache/membership.ts';
import { onLease } from '../pacs/lease.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { Arrivals } from './arrivals.ts';
import { contextOf, StudyRootGet, StudyRootMove, storageContexts } from './contexts.ts';
import type { Claim, Inbox } from './inbox.ts';

/** What is asked for: a study, a series, or instances of a series. */
export type Target = { study: string; series?: string; instances?: readonly string[] };

export type TransferRequest = {
  target: Target;
  /** SOP classes to be ready for. */
  sopClassUids: readonly string[];
  /** Number of instances that should come, where it is known. */
  count?: number;
  /** One attempt of several: a C-GET that fails in it says nothing of C-GET there. */
  isGuess?: boolean;
  /** Just this transfer syntax: proposed alone by C-GET; by C-MOVE accepted where the PACS leaves a choice. */
  syntax?: string;
  /** Who goes first where associations are few. */
  priority?: 'interactive' | 'prefetch' | undefined;
  /** Drains the body; a failure ends the transfer. */
  receive(instance: IdentifiedInstance, way: 'get' | 'move'): Promise<void>;
  signal: AbortSignal;
};

export type Outcome = SubOperations & {
  way: 'get' | 'move';
  /** By C-GET: an instance came compressed although an uncompressed context was accepted for its SOP class. */
  keepsSyntax: boolean;
  /** By C-MOVE: transfer syntaxes that the PACS had proposed too, in contexts where another was accepted. */
  passedOver: readonly string[];
};

/** Resolves with the final counts, also when some sub-operations failed; throws when the operation did. */
export type Transfer = (pacs: Pacs, request: TransferRequest) => Promise<Outcome>;

/** Errors of a C-GET after which a C-MOVE may still work: the PACS is there, and declined. So it did with an A-ABORT. */
const DECLINED = ['no-context', 'status', 'protocol'];

/** PS3.4 Table C.4-3: terminated by a cancel request. */
const CANCELLED = 0xfe00;

/** Milliseconds for which a C-MOVE is not tried again after the PACS did not know its destination. */
const STRANGER_FOR = 60_000;

/** Without an inbox nothing can be moved here. */
export function createTransfer(inbox: Inbox | undefined): Transfer {
  /** PACS that don't know the gateway as a destination, and until when that is not tried again. */
  const strangers = new Map<string, number>();
  return async (pacs, request) => {
    const way = pacs.config.retrieve;
    if (way === 'move') return move(pacs, inbox, request);
    if (way === 'auto' && inbox !== undefined && pacs.learned.of('way') === 'move') {
      return move(pacs, inbox, request).catch((error: unknown) => {
        // The next one finds out anew what works.
        if (!request.signal.aborted) pacs.learned.learn({ way: undefined });
        throw error;
      });
    }
    let arrived = 0;
    const receive: TransferRequest['receive'] = (instance, by) => {
      arrived += 1;
      return request.receive(instance, by);
    };
    const isStranger = (strangers.get(pacs.name) ?? 0) > Date.now();
    const mayMove = way === 'auto' && inbox !== undefined && !isStranger;
    let refusal: unknown;
    try {
      const counts = await get(pacs, { ...request, receive });
      if (arrived > 0 && way === 'auto') pacs.learned.learn({ way: 'get' });
      if (arrived > 0 || request.isGuess || !mayMove) return counts;
    } catch (error) {
      if (arrived > 0 || !mayMove || !isDeclined(error, request)) throw error;
      refusal = error;
    }
    const outcome = await move(pacs, inbox, { ...request, receive }).catch((error: unknown) => {
      if (isUnknownDestination(error)) strangers.set(pacs.name, Date.now() + STRANGER_FOR);
      throw bothFailed(error, refusal);
    });
    if (arrived > 0) pacs.learned.learn({ way: 'move' });
    return outcome;
  };
}

/** The identifier of a C-GET or C-MOVE: level and unique keys, nothing else (PS3.4 C.4.2.1.4, C.4.3.1.3). */
export function identifierOf({ study, series, instances }: Target): Dataset {
  const level = instances !== undefined ? 'IMAGE' : series !== undefined ? 'SERIES' : 'STUDY';
  return {
    [Tag.QueryRetrieveLevel]: { vr: 'CS', Value: [level] },
    [Tag.StudyInstanceUID]: { vr: 'UI', Value: [study] },
    ...(series === undefined ? {} : { [Tag.SeriesInstanceUID]: { vr: 'UI', Value: [series] } }),
    ...(instances === undefined ? {} : { [Tag.SOPInstanceUID]: { vr: 'UI', Value: [...instances] } }),
  };
}

async function get(pacs: Pacs, request: TransferRequest): Promise<Outcome> {
  const { target, sopClassUids, syntax, signal, priority } = request;
  const contexts = [...contextOf(StudyRootGet), ...storageContexts(sopClassUids, syntax)];
  const exact = syntax !== undefined;
  let keepsSyntax = false;
  const counts = await onLease(pacs, contexts, { signal, exact, priority }, async (association, begun) => {
    requireGet(association, sopClassUids);
    const operation = association.get({ sopClassUid: StudyRootGet, identifier: identifierOf(target) }, { signal });
    try {
      for (;;) {
        const next = await operation.next();
        if (next.done === true) return next.value;
        begun();
        keepsSyntax ||= isCompressed(next.value.transferSyntaxUid) && hasPlain(association, next.value.sopClassUid);
        await request.receive(await identify(next.value), 'get');
      }
    } finally {
      await operation.return({ status: CANCELLED });
    }
  });
  return { ...counts, way: 'get', keepsSyntax, passedOver: [] };
}

function isCompressed(transferSyntaxUid: string): boolean {
  return transferSyntax(transferSyntaxUid)?.encapsulated === true;
}

function hasPlain({ contexts }: Association, sopClassUid: string): boolean {
  return contexts.some((one) => one.abstractSyntax === sopClassUid && !isCompressed(one.transferSyntaxUid));
}

/** Throws 'no-context' when the PACS took no part in C-GET, or would not send any of these SOP classes. */
function requireGet({ contexts, peer }: Association, sopClassUids: readonly string[]): void {
  const accepted = new Set(contexts.map(({ abstractSyntax }) => abstractSyntax));
  const detail = { peer, operation: 'C-GET' };
  if (!accepted.has(StudyRootGet)) {
    throw new DicomError('no-context', `C-GET to ${peer}: not supported there`, {
      ...detail,
      field: 'abstract-syntax',
    });
  }
  const sendable = contexts.some(
    ({ abstractSyntax, roles }) => sopClassUids.includes(abstractSyntax) && roles.scp === true,
  );
  if (!sendable)
    throw new DicomError('no-context', `C-GET to ${peer}: it won't send as storage SCU`, { ...detail, field: 'role' });
}

async function move(pacs: Pacs, inbox: Inbox | undefined, request: TransferRequest): Promise<Outcome> {
  const { target, signal, syntax, count = 1, priority } = request;
  if (inbox === undefined) {
    throw new DicomError('no-context', `C-MOVE to ${pacs.name}: dicom.enabled is false`, { operation: 'C-MOVE' });
  }
  const arrivals = new Arrivals((instance) => request.receive(instance, 'move'));
  const claim: Claim = {
    destination: pacs.callingAeTitle,
    prefer: syntax,
    passedOver: new Set(),
    wants: (instance) => contains(target, instance),
    receive: (instance) => arrivals.take(instance),
  };
  const unclaim = await inbox.claim(claim, signal);
  try {
    const counts = await onLease(pacs, contextOf(StudyRootMove), { signal, priority }, (association, begun) =>
      finalCounts(
        association.move(
          { sopClassUid: StudyRootMove, identifier: identifierOf(target), destination: claim.destination },
          { signal, onMessageId: (id) => Object.assign(claim, { messageId: id }), stirred: () => arrivals.stirred() },
        ),
        begun,
      ).catch((error: unknown) => {
        // dcmqrscp keeps its database locked for this association once the destination was unknown.
        if (isUnknownDestination(error)) association.abort();
        throw error;
      }),
    ).catch((error: unknown): SubOperations => {
      // All sub-operations failed, maybe for want of another transfer syntax.
      if (isUnable(error) && claim.passedOver.size > 0) return { status: error.status, completed: 0 };
      throw isUnknownDestination(error) ? unknownDestination(error, pacs, inbox.port) : error;
    });
    const sent = (counts.completed ?? Math.max(0, count - (counts.failed ?? 0))) + (counts.warning ?? 0);
    await arrivals.reach(sent, pacs.config.timeouts.arrival, signal);
    if (arrivals.failure !== undefined) throw arrivals.failure;
    if (arrivals.count === 0 && sent > 0) throw misrouted(pacs, sent);
    return { ...counts, way: 'move', keepsSyntax: false, passedOver: [...claim.passedOver] };
  } finally {
    unclaim();
  }
}

async function finalCounts(operation: AsyncGenerator<SubOperations, SubOperations>, begun: () => void) {
  for (;;) {
    const next = await operation.next();
    if (next.done === true) return next.value;
    begun();
  }
}

function contains({ study, series, instances }: Target, instance: IdentifiedInstance): boolean {
  const parent = { study, ...(series === undefined ? {} : { series }) };
  const named = instances?.some((uid) => isSameUid(uid, instance.sopInstanceUid)) ?? true;
  return named && belongsTo(instance, parent);
}

function isDeclined(error: unknown, { isGuess = false }: TransferRequest): boolean {
  if (!(error instanceof DicomError)) return false;
  return isGuess ? error.field === 'abstract-syntax' : DECLINED.includes(error.kind) || error.abort !== undefined;
}

function bothFailed(error: unknown, refusal: unknown): unknown {
  if (!(error instanceof DicomError) || !(refusal instanceof DicomError)) return error;
  const { kind, peer, operation, field, status } = error;
  const detail = { peer, operation, field, status, cause: error };
  const known = Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== undefined));
  return new DicomError(kind, `${error.message}; before that ${refusal.message}`, known);
}

/** PS3.4 Table C.4-2: unable to perform sub-operations. */
export function isUnable(error: unknown): error is DicomError & { status: number } {
  return error instanceof DicomError && error.status === 0xa702;
}

/** PS3.4 Table C.4-2. */
function isUnknownDestination(error: unknown): error is DicomError {
  return error instanceof DicomError && error.status === 0xa801;
}

/** A801 in words that say what to do. */
function unknownDestination(error: DicomError, pacs: Pacs, port: number): DicomError {
  const { aeTitle } = pacs.config;
  return new DicomError(
    'status',
    `C-MOVE to ${aeTitle}: it does not know ${pacs.callingAeTitle}: enter that AE title there, with this host and port ${port}`,
    { operation: 'C-MOVE', status: 0xa801, cause: error },
  );
}

function misrouted(pacs: Pacs, sent: number): DicomError {
  const title = pacs.callingAeTitle;
  const what = sent === 1 ? '1 instance' : `${sent} instances`;
  return new DicomError(
    'protocol',
    `C-MOVE to ${pacs.name}: it says it sent ${what} to ${title} but none arrived here: its entry for ${title} points elsewhere`,
    { operation: 'C-MOVE', field: 'MoveDestination' },
  );
}
