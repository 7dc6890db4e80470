// From a PACS into the cache: one study, series or instance, complete or an error. Counts and UIDs are both checked; what is
// missing after the first pass is asked for once more, instance by instance.

import { DicomError } from '../dimse/errors.ts';
import type { SubOperations } from '../dimse/index.ts';
import type { Cache, StoredFile } from './cache.ts';
import { type Expectation, type Listed, listInstances } from './expectation.ts';
import type { IdentifiedInstance } from './identify.ts';
import type { Pacs } from './pacs.ts';
import type { Resource } from './resource.ts';
import type { Outcome, Target, Transfer, TransferRequest } from './transfer.ts';

export type FetchRequest = {
  resource: Resource;
  expectation: Expectation;
  deliver(file: StoredFile): void;
  signal: AbortSignal;
};

/** UIDs in one identifier: a list of them must stay below 64 KiB in explicit VR (PS3.5 7.1.2). */
const UIDS_AT_ONCE = 500;

/**
 * Delivers every instance of the resource as soon as it is whole in the cache. Throws what the PACS's failure was, or a
 * 'status' error with the counts when instances are missing; those that came have been delivered then.
 */
export async function fetchResource(
  pacs: Pacs,
  cache: Cache,
  transfer: Transfer,
  request: FetchRequest,
): Promise<void> {
  const { resource, expectation, signal } = request;
  const arrived = new Map<string, StoredFile>();
  const receive = async (instance: IdentifiedInstance) => {
    const file = await cache.write(instance, pacs.name);
    if (isOf(instance, resource)) arrived.set(file.sopInstanceUid, file);
    request.deliver(file);
  };
  const common = { receive, signal };
  const { rounds, count } = expectation;
  const target = targetOf(resource);
  const isGuess = rounds.length > 1;
  const first = {
    ...common,
    target,
    sopClassUids: rounds[0] ?? [],
    isGuess,
    ...(count === undefined ? {} : { count }),
  };
  const outcome = await transfer(pacs, first).catch((error: unknown) => {
    if (signal.aborted || (arrived.size === 0 && !isGuess)) throw error;
    return { error };
  });
  let missing = await missingOf(pacs, request, arrived, outcome);
  for (const attempt of furtherAttempts(rounds, outcome)) {
    if (missing.length === 0) break;
    await fetchListed(pacs, transfer, { ...common, ...attempt, study: resource.study, listed: missing }).catch(
      (error: unknown) => {
        if (signal.aborted) throw error;
      },
    );
    missing = missing.filter(({ instance }) => !arrived.has(instance));
  }
  if (missing.length === 0) {
    if (resource.instance === undefined) cache.setWhole(resource, [...arrived.values()]);
    return;
  }
  if ('error' in outcome) throw outcome.error;
  throw incomplete(pacs, missing.length, arrived.size + missing.length, outcome);
}

type Attempt = Pick<TransferRequest, 'sopClassUids' | 'prefer' | 'isGuess'>;

/**
 * What to try for instances that did not come. Once more, always. By C-GET: the SOP classes that were not proposed yet. By
 * C-MOVE: the transfer syntaxes that the PACS had proposed along with the accepted one, since it may be able to send an
 * instance in its stored syntax only, but let us choose for all of a class.
 */
function* furtherAttempts(rounds: string[][], outcome: Outcome | { error: unknown }): Generator<Attempt> {
  const [first = [], ...others] = rounds;
  if (others.length === 0 || 'error' in outcome) yield { sopClassUids: first };
  if ('error' in outcome || outcome.way === 'get') {
    for (const [index, sopClassUids] of others.entries()) yield { sopClassUids, isGuess: index < others.length - 1 };
  } else {
    for (const prefer of outcome.passedOver) yield { sopClassUids: first, prefer };
  }
}

/** Listed instances only, each series with an identifier of its own. */
async function fetchListed(
  pacs: Pacs,
  transfer: Transfer,
  { study, listed, ...common }: Omit<TransferRequest, 'target' | 'count'> & { study: string; listed: Listed[] },
): Promise<void> {
  for (const [series, rows] of Map.groupBy(listed, (row) => row.series)) {
    for (let at = 0; at < rows.length; at += UIDS_AT_ONCE) {
      const some = rows.slice(at, at + UIDS_AT_ONCE);
      const named = [...new Set(some.flatMap(({ sopClassUid }) => sopClassUid ?? []))];
      const target = { study, series, instances: some.map(({ instance }) => instance) };
      const sopClassUids = named.length > 0 ? named : common.sopClassUids;
      await transfer(pacs, { ...common, target, sopClassUids, count: some.length });
    }
  }
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
  const missing = listed.filter(({ instance }) => !arrived.has(instance));
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

function isOf(instance: IdentifiedInstance, { study, series, instance: uid }: Resource): boolean {
  return (
    instance.studyInstanceUid === study &&
    (series === undefined || instance.seriesInstanceUid === series) &&
    (uid === undefined || instance.sopInstanceUid === uid)
  );
}

function incomplete(pacs: Pacs, missing: number, of: number, outcome: SubOperations): DicomError {
  const { status, failed = 0, completed } = outcome;
  const said = completed === undefined ? `${failed} failed` : `${completed} sent, ${failed} failed`;
  return new DicomError(
    'status',
    `retrieve from ${pacs.name}: ${missing} of ${of} instances did not come, also when asked for again ` +
      `(status ${status.toString(16).padStart(4, '0')}, ${said})`,
    { operation: 'C-GET', status },
  );
}
