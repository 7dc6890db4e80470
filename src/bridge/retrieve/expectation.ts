// What the PACS says a study, series or instance consists of, asked by C-FIND before and, where counts don't add up, after a
// retrieve (PS3.4 C.3.4, C.6.2.1).

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import type { Pacs, QueryLevel } from '../pacs/pacs.ts';
import type { Resource } from '../resource.ts';
import { guessSopClasses } from './sop-class-guess.ts';

/** One instance as an IMAGE level query gives it; the class where it was asked for and is given. */
export type Listed = { series: string; instance: string; sopClassUid?: string };

export type Expectation = {
  /** SOP classes to be proposed; may be more than the resource holds. */
  sopClassUids: string[];
  /** Where the PACS doesn't name the classes, and those above are the likely ones: all others. */
  others?: string[];
  /** Number of instances, where the PACS counts them. */
  count?: number;
  /** Every instance, where it had to be asked. */
  listed?: Listed[];
};

/** Asks as little as will do for a C-GET; undefined when the PACS has no such resource. */
export async function expectationOf(
  pacs: Pacs,
  resource: Resource,
  signal: AbortSignal,
): Promise<Expectation | undefined> {
  if (resource.instance !== undefined) return ofListed(pacs, resource, signal);
  const study = await findStudy(pacs, resource.study, signal);
  if (study === undefined) return undefined;
  const sopClassUids = textsOf(study, Tag.SOPClassesInStudy);
  if (sopClassUids.length === 0) return ofListed(pacs, resource, signal);
  if (resource.series === undefined) {
    return { sopClassUids, ...counted(numberOf(study, Tag.NumberOfStudyRelatedInstances)) };
  }
  const series = await findSeries(pacs, resource.study, resource.series, signal);
  if (series === undefined) return undefined;
  return { sopClassUids, ...counted(numberOf(series, Tag.NumberOfSeriesRelatedInstances)) };
}

/** Number of instances of a study or series by the PACS's own count, else by listing them; undefined when it has none. */
export async function countInstances(pacs: Pacs, resource: Resource, signal: AbortSignal): Promise<number | undefined> {
  const { study, series } = resource;
  const found =
    series === undefined ? await findStudy(pacs, study, signal) : await findSeries(pacs, study, series, signal);
  if (found === undefined) return undefined;
  const tag = series === undefined ? Tag.NumberOfStudyRelatedInstances : Tag.NumberOfSeriesRelatedInstances;
  return numberOf(found, tag) ?? (await listInstances(pacs, resource, signal)).length;
}

/**
 * Every instance of the resource, by one IMAGE level query per series.
 * @param classes with their SOP classes: to be asked for only where they are needed, a PACS may have to open every file for it
 */
export async function listInstances(
  pacs: Pacs,
  resource: Resource,
  signal: AbortSignal,
  { classes = false }: { classes?: boolean } = {},
): Promise<Listed[]> {
  const { study, instance = '' } = resource;
  const listed: Listed[] = [];
  const series = resource.series === undefined ? await listSeries(pacs, { study }, signal) : [{ uid: resource.series }];
  for (const { uid } of series) {
    const keys = {
      ...key(Tag.StudyInstanceUID, 'UI', study),
      ...key(Tag.SeriesInstanceUID, 'UI', uid),
      ...key(Tag.SOPInstanceUID, 'UI', instance),
      ...(classes ? key(Tag.SOPClassUID, 'UI') : {}),
    };
    for await (const match of matches(pacs, 'IMAGE', keys, signal)) {
      const [sopInstanceUid] = textsOf(match, Tag.SOPInstanceUID);
      const [sopClassUid] = textsOf(match, Tag.SOPClassUID);
      if (sopInstanceUid === undefined || (instance !== '' && sopInstanceUid !== instance)) continue;
      listed.push({ series: uid, instance: sopInstanceUid, ...(sopClassUid === undefined ? {} : { sopClassUid }) });
    }
  }
  return listed;
}

/** One series as a SERIES level query gives it; `count`: its instances, where the PACS counts them. */
export type ListedSeries = { uid: string; modality?: string; count?: number };

/** Every series of the study, or the one. */
export async function listSeries(
  pacs: Pacs,
  { study, series = '' }: Pick<Resource, 'study' | 'series'>,
  signal: AbortSignal,
): Promise<ListedSeries[]> {
  const keys = {
    ...key(Tag.StudyInstanceUID, 'UI', study),
    ...key(Tag.SeriesInstanceUID, 'UI', series),
    ...key(Tag.Modality, 'CS'),
    ...key(Tag.NumberOfSeriesRelatedInstances, 'IS'),
  };
  const listed: ListedSeries[] = [];
  for await (const match of matches(pacs, 'SERIES', keys, signal)) {
    const [uid] = textsOf(match, Tag.SeriesInstanceUID);
    const [modality] = textsOf(match, Tag.Modality);
    const count = counted(numberOf(match, Tag.NumberOfSeriesRelatedInstances));
    if (uid !== undefined) listed.push({ uid, ...(modality === undefined ? {} : { modality }), ...count });
  }
  return listed;
}

/** What the PACS says of a study: its SOP classes and its number of instances, where it knows them; undefined when it lacks it. */
export function findStudy(pacs: Pacs, study: string, signal: AbortSignal): Promise<Dataset | undefined> {
  const keys = {
    ...key(Tag.StudyInstanceUID, 'UI', study),
    ...key(Tag.SOPClassesInStudy, 'UI'),
    ...key(Tag.NumberOfStudyRelatedInstances, 'IS'),
  };
  return firstMatch(matches(pacs, 'STUDY', keys, signal), Tag.StudyInstanceUID, study);
}

function findSeries(pacs: Pacs, study: string, series: string, signal: AbortSignal): Promise<Dataset | undefined> {
  const keys = {
    ...key(Tag.StudyInstanceUID, 'UI', study),
    ...key(Tag.SeriesInstanceUID, 'UI', series),
    ...key(Tag.NumberOfSeriesRelatedInstances, 'IS'),
  };
  return firstMatch(matches(pacs, 'SERIES', keys, signal), Tag.SeriesInstanceUID, series);
}

async function* matches(pacs: Pacs, level: QueryLevel, keys: Dataset, signal: AbortSignal): AsyncGenerator<Dataset> {
  for await (const { identifier } of pacs.find(level, keys, { signal })) yield identifier;
}

/**
 * The match that has this UID; a PACS that takes no notice of the key answers with others. One match more is waited for, so
 * that a PACS which has only this one is not sent a C-CANCEL.
 */
async function firstMatch(all: AsyncIterable<Dataset>, tag: string, uid: string): Promise<Dataset | undefined> {
  let found: Dataset | undefined;
  for await (const match of all) {
    if (found !== undefined) break;
    if (textsOf(match, tag)[0] === uid) found = match;
  }
  return found;
}

/** By listing every instance; SOP classes that the list doesn't name are guessed by the modalities of the series. */
async function ofListed(pacs: Pacs, resource: Resource, signal: AbortSignal): Promise<Expectation | undefined> {
  const listed = await listInstances(pacs, resource, signal, { classes: true });
  if (listed.length === 0) return undefined;
  const named = [...new Set(listed.flatMap(({ sopClassUid }) => sopClassUid ?? []))];
  const counts = { count: listed.length, listed };
  if (listed.every(({ sopClassUid }) => sopClassUid !== undefined)) return { sopClassUids: named, ...counts };
  const series = await listSeries(pacs, resource, signal);
  const { likely, others } = guessSopClasses([...new Set(series.flatMap(({ modality }) => modality ?? []))]);
  return { sopClassUids: [...new Set([...named, ...likely])], others, ...counts };
}

function counted(count: number | undefined): { count?: number } {
  return count === undefined ? {} : { count };
}

function key(tag: string, vr: 'UI' | 'IS' | 'CS', value = ''): Dataset {
  return { [tag]: value === '' ? { vr } : { vr, Value: [value] } };
}

function textsOf(dataset: Dataset, tag: string): string[] {
  return (dataset[tag]?.Value ?? []).filter((value) => typeof value === 'string' && value !== '') as string[];
}

function numberOf(dataset: Dataset, tag: string): number | undefined {
  const value = dataset[tag]?.Value?.[0];
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isInteger(number) && number >= 0 ? number : undefined;
}
