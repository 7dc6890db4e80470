// From a PACS into the cache: one study, series or instance, complete or an error. Counts and UIDs are both checked; what is
// missing after the first pass is asked for once more, instance by instance.

import { ExplicitLittle, ImplicitLittle } from '../../dimse/data/transfer-syntax.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { Cache, StoredFile } from '../cache/cache.ts';
import type { IdentifiedInstance } from '../cache/identify.ts';
import { belongsTo, isSameUid } from '../cache/membership.ts';
import type { Pacs } from '../pacs/pacs.ts';
import type { Resource } from '../resource.ts';
import { COMPRESSED_SYNTAXES, classRounds } from './contexts.ts';
import { type Expectation, type Listed, listInstances } from './expectation.ts';
import { type HelpOptions, transferHelped } from './helped.ts';
import { LostInstances } from './lost-instances.ts';
import type { Outcome, Target, Transfer, TransferRequest } from './transfer.ts';

export type FetchRequest = {
  resource: Resource;
  expectation: Expectation;
  /** Of the study in the cache, from before the PACS was asked anything. */
  generation: number;
  deliver(file: StoredFile): void;
  /** Told before the first is delivered: these the PACS could not send lately. */
  lacks(lost: readonly Listed[]): void;
  /** Told when all have been delivered, or all but those lost, which is the failure; what follows is for the cache alone. */
  complete(failure?: unknown): void;
  signal: AbortSignal;
};

export type FetchOptions = {
  /** Milliseconds for which an instance that could not be sent is not asked for again. */
  checkAfter: number;
  /** Milliseconds of waiting for each instance from which on further associations help. */
  patience?: number;
};

/** More than a PACS in the same building takes to send the next instance. */
const PATIENCE = 3;

/** UIDs in one identifier: a list of them must stay below 64 KiB in explicit VR (PS3.5 7.1.2). */
const UIDS_AT_ONCE = 500;

export type Fetch = (pacs: Pacs, request: FetchRequest) => Promise<void>;

/**
 * The function that delivers every instance of a resource as soon as it is whole in memory, in the order of arrival. It throws what the PACS's
 * failure was, or a 'status' error with the counts when instances are missing; those that came have been delivered then.
 */
export function createFetch(
  cache: Cache,
  transfer: Transfer,
  { checkAfter, patience = PATIENCE }: FetchOptions,
): Fetch {
  const lost = new LostInstances(checkAfter);
  /** PACS that send each instance in the context of its own transfer syntax: single ones would not help. */
  const faithful = new Set<string>();
  /** By PACS, the single syntaxes that have brought something, the latest first. */
  const helpful = new Map<string, readonly string[]>();
  return async (pacs, request) => {
    const { resource, expectation, generation, complete, signal } = request;
    const places = { pacs: pacs.name, study: resource.study, generation };
    const known = resource.instance === undefined ? undefined : lost.of(places, resource.instance);
    if (known !== undefined) throw known.error;
    request.lacks(lost.in(places, resource.series));
    const arrived = new Map<string, StoredFile>();
    let ourFault: unknown;
    const receive = async (instance: IdentifiedInstance) => {
      if (arrived.has(instance.sopInstanceUid)) {
        for await (const _ of instance.body);
        return;
      }
      const file = await cache.write(instance, pacs.name, { generation, signal }).catch((error: unknown) => {
        if (isOfCache(error)) ourFault = error;
        throw error;
      });
      if (belongsTo(instance, resource)) arrived.set(file.sopInstanceUid, file);
      request.deliver(file);
    };
    const outcome = await transferFirst(pacs, transfer, { ...request, receive, arrived, patience }).catch(
      (error: unknown) => {
        if (signal.aborted || (arrived.size === 0 && !isUnable(error))) throw error;
        return { error };
      },
    );
    if ('way' in outcome && outcome.keepsSyntax) faithful.add(pacs.name);
    const allMissing = await missingOf(pacs, request, arrived, outcome);
    const lostBefore = allMissing.filter(({ instance }) => lost.of(places, instance) !== undefined);
    let missing = allMissing.filter((one) => !lostBefore.includes(one));
    const syntaxes = faithful.has(pacs.name)
      ? []
      : [...new Set([...(helpful.get(pacs.name) ?? []), ...COMPRESSED_SYNTAXES])];
    let isCertain = !('error' in outcome) || isAnswer(outcome.error);
    for (const attempt of furtherAttempts(expectation, outcome, syntaxes)) {
      if (ourFault !== undefined) throw ourFault;
      if (missing.length === 0) break;
      const before = arrived.size;
      const again = { ...attempt, receive, signal, study: resource.study, listed: missing };
      const hasAnswered = await transferListed(pacs, transfer, again);
      isCertain &&= hasAnswered;
      missing = missing.filter(({ instance }) => !hasArrived(instance, arrived));
      const { syntax } = attempt;
      if (syntax === undefined || arrived.size === before) continue;
      helpful.set(pacs.name, [syntax, ...(helpful.get(pacs.name) ?? []).filter((one) => one !== syntax)]);
    }
    const count = missing.length + lostBefore.length;
    if (count > 0) {
      const error = incomplete(pacs, count, arrived.size + count, outcome);
      if (isCertain && ourFault === undefined) for (const one of missing) lost.add(places, one, error);
      if (missing.length > 0 || ourFault !== undefined) throw error;
      return complete(error);
    }
    complete();
    const files = [...arrived.values()];
    const written = await Promise.allSettled(files.map((file) => file.onDisk()));
    // A copy that the disk did not take costs the wholeness of the copies, nothing else.
    if (resource.instance !== undefined || written.some(({ status }) => status === 'rejected')) return;
    cache.setWhole(pacs.name, resource, files, generation);
  };
}

type Help = Pick<HelpOptions, 'arrived' | 'patience'>;

function transferFirst(
  pacs: Pacs,
  transfer: Transfer,
  { resource, expectation, signal, receive, ...help }: FetchRequest & Pick<TransferRequest, 'receive'> & Help,
): Promise<Outcome> {
  const { sopClassUids, others, count } = expectation;
  const request = {
    receive,
    signal,
    target: targetOf(resource),
    sopClassUids: classRounds(sopClassUids)[0] ?? [],
    isGuess: others !== undefined,
  };
  if (count === undefined) return transfer(pacs, request);
  if (resource.instance !== undefined) return transfer(pacs, { ...request, count });
  return transferHelped(pacs, transfer, { ...request, count }, { resource, ...help });
}

/** Transfer syntaxes tried for SOP classes that are not likely. */
const UNLIKELY_CLASSES_IN = [ExplicitLittle, ImplicitLittle, ...COMPRESSED_SYNTAXES.slice(0, 12)];

type Attempt = Pick<TransferRequest, 'sopClassUids' | 'syntax' | 'isGuess'>;

/**
 * What to try for instances that did not come. Once more as before; then, because some PACS send all instances of a SOP class
 * in the first context that was accepted for it and can't convert (DCMTK's dcmqrscp is one), one transfer syntax at a time: by
 * C-GET those that an instance may be stored in, by C-MOVE those that the PACS proposed along with the accepted one.
 */
function* furtherAttempts(
  { sopClassUids, others = [] }: Expectation,
  outcome: Outcome | { error: unknown },
  syntaxes: readonly string[],
): Generator<Attempt> {
  const isGuess = true;
  for (const some of classRounds(sopClassUids)) yield { sopClassUids: some };
  if ('way' in outcome && outcome.way === 'move') {
    for (const syntax of outcome.passedOver) yield { sopClassUids, syntax };
    return;
  }
  for (const syntax of syntaxes) yield { sopClassUids, syntax, isGuess };
  for (const syntax of others.length === 0 ? [] : UNLIKELY_CLASSES_IN) {
    for (const some of classRounds(others, syntax)) yield { sopClassUids: some, syntax, isGuess };
  }
}

/**
 * Listed instances only, each series with an identifier of its own; a failure for one is none for the next. Whether the PACS
 * has answered for every one of them.
 */
async function transferListed(
  pacs: Pacs,
  transfer: Transfer,
  { study, listed, ...common }: Omit<TransferRequest, 'target' | 'count'> & { study: string; listed: Listed[] },
): Promise<boolean> {
  let hasAnswered = true;
  for (const [series, rows] of Map.groupBy(listed, (row) => row.series)) {
    for (let at = 0; at < rows.length; at += UIDS_AT_ONCE) {
      const some = rows.slice(at, at + UIDS_AT_ONCE);
      const target = { study, series, instances: some.map(({ instance }) => instance) };
      await transfer(pacs, { ...common, target, count: some.length }).catch((error: unknown) => {
        if (common.signal.aborted) throw error;
        hasAnswered &&= isAnswer(error);
      });
    }
  }
  return hasAnswered;
}

/** It says that the PACS can't send this, not that it could not be asked or has too much to do (PS3.7 C.5.21, PS3.4 C.4.3.1.4). */
function isAnswer(error: unknown): boolean {
  if (!(error instanceof DicomError)) return false;
  return (
    error.kind === 'no-context' || (error.kind === 'status' && ![0x0213, 0xa700, 0xa701].includes(error.status ?? 0))
  );
}

/** What did not come. The PACS's list is asked for only where its count leaves a doubt. */
async function missingOf(
  pacs: Pacs,
  { resource, expectation, signal }: FetchRequest,
  arrived: ReadonlyMap<string, unknown>,
  outcome: Outcome | { error: unknown },
): Promise<Listed[]> {
  const { count } = expectation;
  if (count !== undefined && arrived.size >= count) return [];
  const listed = expectation.listed ?? (await listInstances(pacs, resource, signal));
  const missing = listed.filter(({ instance }) => !hasArrived(instance, arrived));
  if (missing.length > 0 || arrived.size > 0) return missing;
  // Nothing came, and by now the PACS lists nothing either: it was deleted meanwhile, or never could be sent.
  if ('error' in outcome) throw outcome.error;
  throw new DicomError('not-found', `retrieve from ${pacs.name}: nothing was sent`, { operation: 'C-GET' });
}

function targetOf({ study, series, instance }: Resource): Target {
  return {
    study,
    ...(series === undefined ? {} : { series }),
    ...(instance === undefined ? {} : { instances: [instance] }),
  };
}

/** The disk is full or failing: asking the PACS again is of no use. */
function isOfCache(error: unknown): boolean {
  return error instanceof DicomError && error.field === 'cache.dir';
}

function hasArrived(uid: string, arrived: ReadonlyMap<string, unknown>): boolean {
  return arrived.has(uid) || [...arrived.keys()].some((one) => isSameUid(one, uid));
}

/** PS3.4 Tables C.4-2 and C.4-3, A702: sub-operations failed, all of them. */
function isUnable(error: unknown): boolean {
  return error instanceof DicomError && error.kind === 'status' && error.status === 0xa702;
}

function incomplete(pacs: Pacs, missing: number, of: number, outcome: Outcome | { error: unknown }): unknown {
  if ('error' in outcome) return outcome.error;
  const { status, failed = 0, completed } = outcome;
  const said = completed === undefined ? `${failed} failed` : `${completed} sent, ${failed} failed`;
  return new DicomError(
    'status',
    `retrieve from ${pacs.name}: ${missing} of ${of} instances did not come, also when asked for again ` +
      `(status ${status.toString(16).padStart(4, '0')}, ${said})`,
    { operation: outcome.way === 'get' ? 'C-GET' : 'C-MOVE', status },
  );
}
