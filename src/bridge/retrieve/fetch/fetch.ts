// From a PACS into the cache: one study, series or instance, complete or an error, where most of it is here already only what
// is new. Counts and UIDs are both checked; what is missing after the first pass is asked for once more, instance by instance.

import { DicomError } from '../../../dimse/errors.ts';
import type { Cache, Growing, StoredFile } from '../../cache/cache.ts';
import type { Pacs } from '../../pacs/pacs.ts';
import type { Resource } from '../../resource.ts';
import { classRounds } from '../contexts.ts';
import { type Expectation, type Listed, listInstances } from '../expectation.ts';
import type { Outcome, Target, Transfer, TransferRequest } from '../transfer.ts';
import { type FirstPass, furtherAttempts, SingleSyntaxes } from './attempts.ts';
import { deltaOf, type Wanted } from './delta.ts';
import { type HelpOptions, transferHelped } from './helped.ts';
import { Intake } from './intake.ts';
import { isAnswer, transferListed } from './listed.ts';
import { LostInstances, type Place } from './lost-instances.ts';

export type FetchRequest = {
  resource: Resource;
  expectation: Expectation;
  /** Of the study in the cache, from before the PACS was asked anything. */
  generation: number;
  /** Told of a large instance before it is whole. */
  arriving(growing: Growing): void;
  deliver(file: StoredFile): void;
  /** Told before the first is delivered: these the PACS could not send lately. */
  lacks(lost: readonly Listed[]): void;
  /** Told when all have been delivered, or all but those lost, which is the failure; what follows is for the cache alone. */
  complete(failure?: unknown): void;
  signal: AbortSignal;
  /** It is for the rest of what is here, however much that is. */
  isPrefetch?: boolean;
};

export type FetchOptions = {
  /** Milliseconds for which an instance that could not be sent is not asked for again. */
  lostFor?: number;
  /** Milliseconds of waiting for each instance from which on further associations help. */
  patience?: number;
};

/** More than a PACS in the same building takes to send the next instance. */
const PATIENCE = 3;

/** As long as a viewer tries again; the retrieves that find out cost the PACS much. */
const LOST_FOR = 60_000;

export type Fetch = (pacs: Pacs, request: FetchRequest) => Promise<void>;

/** What is remembered from fetch to fetch, and what they are done with. */
type Means = {
  cache: Cache;
  transfer: Transfer;
  lost: LostInstances;
  syntaxes: SingleSyntaxes;
  patience: number;
};

/** One fetch under way. */
type Fetching = Means & { pacs: Pacs; request: FetchRequest; place: Place; intake: Intake };

/**
 * The function that delivers every instance of a resource as soon as it is whole in memory, in the order of arrival. It throws what the PACS's
 * failure was, or a 'status' error with the counts when instances are missing; those that came have been delivered then.
 */
export function createFetch(
  cache: Cache,
  transfer: Transfer,
  { lostFor = LOST_FOR, patience = PATIENCE }: FetchOptions = {},
): Fetch {
  const lost = new LostInstances(lostFor);
  const means = { cache, transfer, lost, syntaxes: new SingleSyntaxes(), patience };
  return (pacs, request) => {
    const { resource, generation } = request;
    const intake = new Intake(cache, { ...request, source: pacs.name });
    const place = { pacs: pacs.name, study: resource.study, generation };
    return fetch({ ...means, pacs, request, place, intake });
  };
}

async function fetch(fetching: Fetching): Promise<void> {
  const { lost, place, request } = fetching;
  const { series, instance } = request.resource;
  const known = instance === undefined ? undefined : lost.of(place, instance);
  if (known !== undefined) throw known.error;
  request.lacks(lost.in(place, series));
  const shortfall = await makeGood(fetching, await firstPass(fetching));
  request.complete(shortfall);
  if (shortfall === undefined && fetching.cache.keeps) await keepWhole(fetching);
}

/** All of the resource that is not here; an error after which the rest can still be asked for is told. */
async function firstPass(fetching: Fetching): Promise<FirstPass> {
  const { cache, pacs, request, intake, syntaxes } = fetching;
  const delta = await deltaOf(cache, pacs, request);
  if (delta !== undefined) intake.keep(delta.kept);
  const arrived = intake.arrived.size;
  const first = await (delta === undefined ? bringAll(fetching) : bringNew(fetching, delta.wanted)).catch(
    (error: unknown) => {
      if (request.signal.aborted || (intake.arrived.size === arrived && !isUnable(error))) throw error;
      return { error };
    },
  );
  syntaxes.learn(pacs.name, first);
  return first;
}

function bringAll(fetching: Fetching): Promise<Outcome> {
  const { pacs, transfer, request } = fetching;
  const { resource, expectation } = request;
  const { count } = expectation;
  const asked = { ...askedOf(fetching), target: targetOf(resource) };
  if (count === undefined) return transfer(pacs, asked);
  if (resource.instance !== undefined) return transfer(pacs, { ...asked, count });
  return transferHelped(pacs, transfer, { ...asked, count }, { ...helpOf(fetching), total: count });
}

/** One identifier after the other, but for those that helpers have brought meanwhile and those that are known to be lost. */
async function bringNew(fetching: Fetching, wanted: readonly Wanted[]): Promise<Outcome> {
  const { pacs, transfer, lost, place, intake } = fetching;
  const total = intake.arrived.size + wanted.reduce((sum, { count }) => sum + count, 0);
  let last: Outcome = { status: 0, way: 'get', keepsSyntax: false, passedOver: [] };
  for (const { target, count } of wanted) {
    const left = target.instances?.filter((uid) => !intake.has(uid) && lost.of(place, uid) === undefined);
    if (left?.length === 0 || countIn(intake, target) >= count) continue;
    const asked = { ...askedOf(fetching), target: { ...target, ...(left && { instances: left }) } };
    const outcome = await transferHelped(
      pacs,
      transfer,
      { ...asked, count: left?.length ?? count },
      { ...helpOf(fetching), total },
    );
    last = { ...outcome, passedOver: [...new Set([...last.passedOver, ...outcome.passedOver])] };
  }
  return last;
}

/** How many of a series that is to come whole have come. */
function countIn({ arrived }: Intake, { series, instances }: Target): number {
  if (instances !== undefined) return 0;
  return [...arrived.values()].filter(({ seriesInstanceUid }) => seriesInstanceUid === series).length;
}

function askedOf({ request, intake }: Fetching): Omit<TransferRequest, 'target'> {
  const { sopClassUids, others } = request.expectation;
  return {
    receive: intake.receive.bind(intake),
    signal: request.signal,
    sopClassUids: classRounds(sopClassUids)[0] ?? [],
    isGuess: others !== undefined,
  };
}

function helpOf({ request, intake, patience }: Fetching): Omit<HelpOptions, 'total'> {
  return { resource: request.resource, arrived: intake.arrived, patience };
}

/**
 * Asks for what has not come. Throws what is missing after that, which is remembered as lost where the PACS has said so; what was
 * lost before is not asked for: the failure is returned.
 */
async function makeGood(fetching: Fetching, first: FirstPass): Promise<unknown> {
  const { pacs, lost, place, intake } = fetching;
  const all = await missingOf(fetching, first);
  const lostBefore = all.filter(({ instance }) => lost.of(place, instance) !== undefined);
  const asked = all.filter((one) => !lostBefore.includes(one));
  const { missing, isCertain } = await tryAgain(fetching, first, asked);
  const count = missing.length + lostBefore.length;
  if (count === 0) return undefined;
  const error = incomplete(pacs, count, intake.arrived.size + count, first);
  if (isCertain && intake.fault === undefined) for (const one of missing) lost.add(place, one, error);
  if (missing.length > 0 || intake.fault !== undefined) throw error;
  return error;
}

type Rest = { missing: readonly Listed[]; isCertain: boolean };

/** What is missing still after all that can be tried; `isCertain`: the PACS has answered for every one of them. */
async function tryAgain(fetching: Fetching, first: FirstPass, asked: readonly Listed[]): Promise<Rest> {
  const { pacs, transfer, request, intake, syntaxes } = fetching;
  const { resource, expectation, signal } = request;
  const receive = intake.receive.bind(intake);
  let missing = asked;
  let isCertain = !('error' in first) || isAnswer(first.error);
  for (const attempt of furtherAttempts(expectation, first, syntaxes.of(pacs.name))) {
    if (intake.fault !== undefined) throw intake.fault;
    if (missing.length === 0) break;
    const before = intake.arrived.size;
    const again = { ...attempt, receive, signal, study: resource.study, listed: missing };
    const hasAnswered = await transferListed(pacs, transfer, again);
    isCertain &&= hasAnswered;
    missing = missing.filter(({ instance }) => !intake.has(instance));
    const { syntax } = attempt;
    if (syntax !== undefined && intake.arrived.size > before) syntaxes.hasHelped(pacs.name, syntax);
  }
  return { missing, isCertain };
}

/** What did not come. The PACS's list is asked for only where its count leaves a doubt. */
async function missingOf({ pacs, request, intake }: Fetching, first: FirstPass): Promise<Listed[]> {
  const { resource, expectation, signal } = request;
  const { count } = expectation;
  if (count !== undefined && intake.arrived.size >= count) return [];
  const listed = expectation.listed ?? (await listInstances(pacs, resource, signal));
  const missing = listed.filter(({ instance }) => !intake.has(instance));
  if (missing.length > 0 || intake.arrived.size > 0) return missing;
  // Nothing came, and by now the PACS lists nothing either: it was deleted meanwhile, or never could be sent.
  if ('error' in first) throw first.error;
  throw new DicomError('not-found', `retrieve from ${pacs.name}: nothing was sent`, { operation: 'C-GET' });
}

/** A copy that the disk did not take costs the wholeness of the copies, nothing else. */
async function keepWhole({ cache, pacs, request, intake }: Fetching): Promise<void> {
  const { resource, generation } = request;
  const files = [...intake.arrived.values()];
  const written = await Promise.allSettled(files.map((file) => file.onDisk()));
  if (resource.instance !== undefined || written.some(({ status }) => status === 'rejected')) return;
  cache.setWhole(pacs.name, resource, files, generation);
}

function targetOf({ study, series, instance }: Resource): Target {
  return {
    study,
    ...(series === undefined ? {} : { series }),
    ...(instance === undefined ? {} : { instances: [instance] }),
  };
}

/** PS3.4 Tables C.4-2 and C.4-3, A702: sub-operations failed, all of them. */
function isUnable(error: unknown): boolean {
  return error instanceof DicomError && error.kind === 'status' && error.status === 0xa702;
}

function incomplete(pacs: Pacs, missing: number, of: number, first: FirstPass): unknown {
  if ('error' in first) return first.error;
  const { status, failed = 0, completed } = first;
  const said = completed === undefined ? `${failed} failed` : `${completed} sent, ${failed} failed`;
  return new DicomError(
    'status',
    `retrieve from ${pacs.name}: ${missing} of ${of} instances did not come, also when asked for again ` +
      `(status ${status.toString(16).padStart(4, '0')}, ${said})`,
    { operation: first.way === 'get' ? 'C-GET' : 'C-MOVE', status },
  );
}
