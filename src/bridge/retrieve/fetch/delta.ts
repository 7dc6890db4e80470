// What is new of a study or series that is here already, for the most part: what the PACS still lists is taken from the cache,
// what it no longer lists is taken out of it, and only the rest is to be retrieved.

import type { Cache, StoredFile } from '../../cache/cache.ts';
import { isSameUid } from '../../cache/membership.ts';
import type { Pacs } from '../../pacs/pacs.ts';
import type { Resource } from '../../resource.ts';
import { type Expectation, type Listed, type ListedSeries, listInstances, listSeries } from '../expectation.ts';
import type { Target } from '../transfer.ts';

/** A new series by its number of instances; of a known one the instances that are not here. */
export type Wanted = { target: Target; count: number };

export type Delta = { kept: StoredFile[]; wanted: Wanted[] };

export type DeltaRequest = {
  resource: Resource;
  expectation: Expectation;
  signal: AbortSignal;
  /** It is for the rest, however much that is. */
  isPrefetch?: boolean;
};

/** Characters of a UID that may be cut (PS3.5 9.1). */
const MAX_UID = 64;

/**
 * The delta, with what is kept open; undefined where less than half is here: then one retrieve of all is the shorter way. Series
 * that are not here at all cost no list of their instances.
 */
export async function deltaOf(
  cache: Cache,
  pacs: Pacs,
  { resource, expectation, signal, isPrefetch = false }: DeltaRequest,
): Promise<Delta | undefined> {
  if (resource.instance !== undefined) return undefined;
  const held = cache.held(pacs.name, resource);
  const left = new Set(held);
  try {
    const isMost = isPrefetch || held.length * 2 >= (expectation.count ?? 0);
    if (held.length === 0 || !isMost) return undefined;
    const bySeries = Map.groupBy(held, ({ seriesInstanceUid }) => seriesInstanceUid);
    const kept = new Set<StoredFile>();
    const wanted: Wanted[] = [];
    for (const series of await seriesOf(pacs, { resource, expectation, signal })) {
      const here = bySeries.get(series.uid);
      if (here === undefined && series.count !== undefined) {
        wanted.push({ target: { study: resource.study, series: series.uid }, count: series.count });
        continue;
      }
      const listed = await instancesOf(pacs, { resource, expectation, signal }, series.uid);
      for (const file of stillThere(here ?? [], listed)) kept.add(file);
      wanted.push(...newOf(resource.study, series.uid, here ?? [], listed));
    }
    for (const file of kept) left.delete(file);
    for (const file of left) cache.drop(pacs.name, file);
    return { kept: held.filter((file) => kept.has(file)), wanted };
  } finally {
    for (const file of left) file.release();
  }
}

function seriesOf(
  pacs: Pacs,
  { resource, expectation, signal }: DeltaRequest,
): Promise<ListedSeries[]> | ListedSeries[] {
  const { study, series } = resource;
  if (expectation.listed !== undefined) {
    return [...new Set(expectation.listed.map((one) => one.series))].map((uid) => ({ uid }));
  }
  return series === undefined ? listSeries(pacs, { study }, signal) : [{ uid: series }];
}

function instancesOf(
  pacs: Pacs,
  { resource, expectation, signal }: DeltaRequest,
  series: string,
): Promise<Listed[]> | Listed[] {
  const known = expectation.listed?.filter((one) => one.series === series);
  return known ?? listInstances(pacs, { study: resource.study, series }, signal);
}

function stillThere(here: readonly StoredFile[], listed: readonly Listed[]): StoredFile[] {
  const uids = new UidSet(listed.map(({ instance }) => instance));
  return here.filter(({ sopInstanceUid }) => uids.has(sopInstanceUid));
}

function newOf(study: string, series: string, here: readonly StoredFile[], listed: readonly Listed[]): Wanted[] {
  const uids = new UidSet(here.map(({ sopInstanceUid }) => sopInstanceUid));
  const instances = listed.map(({ instance }) => instance).filter((uid) => !uids.has(uid));
  return instances.length === 0 ? [] : [{ target: { study, series, instances }, count: instances.length }];
}

/** UIDs, some of them maybe cut. */
class UidSet {
  readonly #uids: ReadonlySet<string>;

  constructor(uids: readonly string[]) {
    this.#uids = new Set(uids);
  }

  has(uid: string): boolean {
    if (this.#uids.has(uid)) return true;
    return uid.length >= MAX_UID && [...this.#uids].some((one) => isSameUid(one, uid));
  }
}
