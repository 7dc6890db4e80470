// What `check` tries a PACS with: one instance that it has, and the storage classes and syntaxes most met.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { vrOf } from '../../dimse/data/dictionary.ts';
import { hasValue } from '../../dimse/data/matching/verdict.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import type { Association, ProposedContext } from '../../dimse/index.ts';
import type { FindOptions, Pacs, QueryLevel } from '../pacs/pacs.ts';
import { classRounds } from '../retrieve/contexts.ts';
import { guessSopClasses } from '../retrieve/sop-class-guess.ts';
import { textOf } from '../search/find.ts';
import type { Finding } from './row.ts';

/** One instance of the PACS. */
export type Sample = { study: string; series: string; instance: string; sopClassUids: readonly string[] };
/** A match at STUDY level, and one instance of that study. */
export type Found = { study: Dataset; sample?: Sample };

/** PS3.4 Table B.5-1: the storage classes most met, by the modality that people know them by. */
const CLASSES: ReadonlyMap<string, string> = new Map(
  Object.entries({ CT: '2', MR: '4', CR: '1', DX: '1.1', US: '6.1', SC: '7', SR: '88.33', PDF: '104.1' }).map(
    ([name, last]) => [`1.2.840.10008.5.1.4.1.1.${last}`, name],
  ),
);

/** Transfer syntaxes of the probe by the last part of their UID; 8 classes of 12 stay below the 128 of PS3.8 9.3.2.2. */
const SYNTAXES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '': 'Implicit VR',
    '.1': 'Explicit VR',
    '.4.50': 'JPEG 8 bit',
    '.4.51': 'JPEG 12 bit',
    '.4.57': 'JPEG lossless',
    '.4.70': 'JPEG lossless SV1',
    '.4.80': 'JPEG-LS',
    '.4.81': 'JPEG-LS lossy',
    '.4.90': 'JPEG 2000 lossless',
    '.4.91': 'JPEG 2000',
    '.4.201': 'HTJ2K lossless',
    '.5': 'RLE',
  }).map(([last, name]) => [`1.2.840.10008.1.2${last}`, name]),
);

export function storageProbe(): ProposedContext[] {
  return [...CLASSES.keys()].flatMap((abstractSyntax) =>
    [...SYNTAXES.keys()].map((uid) => ({ abstractSyntax, transferSyntaxes: [uid] })),
  );
}

/** Which of the probe the PACS takes, in words. */
export function takenSyntaxes({ contexts }: Association): Finding {
  const classes = new Set(contexts.map(({ abstractSyntax }) => abstractSyntax).filter((uid) => CLASSES.has(uid)));
  if (classes.size === 0) {
    return { state: 'warn', detail: 'takes none of the common storage classes: uploads will not be stored' };
  }
  const stored = contexts.filter(({ abstractSyntax }) => classes.has(abstractSyntax));
  const syntaxes = new Set(stored.map(({ transferSyntaxUid }) => transferSyntaxUid));
  return { detail: `classes: ${tally(CLASSES, classes)}; syntaxes: ${tally(SYNTAXES, syntaxes)}` };
}

/** «all 8»; else how many, and which or which not: whichever is shorter. */
function tally(all: ReadonlyMap<string, string>, taken: ReadonlySet<string>): string {
  if (taken.size === all.size) return `all ${all.size}`;
  const names = (wanted: boolean) => [...all].filter(([uid]) => taken.has(uid) === wanted).map(([, name]) => name);
  const listed = taken.size * 2 > all.size ? `not ${names(false).join(', ')}` : names(true).join(', ');
  return `${taken.size} of ${all.size} (${listed})`;
}

/** A name that is short where the transfer syntax is one of those most met. */
export function shortName(transferSyntaxUid: string): string {
  return SYNTAXES.get(transferSyntaxUid) ?? transferSyntax(transferSyntaxUid)?.name ?? transferSyntaxUid;
}

/** Some instance of the PACS, found level by level; the study alone where there is no instance, no value where it is empty. */
export async function sampleOf(pacs: Pacs, signal: AbortSignal): Promise<Finding<Found>> {
  const started = performance.now();
  const asked = [Tag.ModalitiesInStudy, Tag.NumberOfStudyRelatedInstances, Tag.NumberOfStudyRelatedSeries];
  const whole = { ...unique(Tag.StudyInstanceUID), ...keys(...asked, Tag.PatientName) };
  const study = await first(pacs, 'STUDY', whole, { signal });
  const ms = Math.round(performance.now() - started);
  const untried = 'retrieves are not tried';
  if (study === undefined) return { state: 'warn', detail: `answers without a match: is it empty? ${untried}` };
  const studyUid = textOf(study, Tag.StudyInstanceUID) ?? '';
  const within = unique(Tag.StudyInstanceUID, studyUid);
  const openSeries = { ...within, ...unique(Tag.SeriesInstanceUID), ...keys(Tag.Modality) };
  const series = await first(pacs, 'SERIES', openSeries, { signal });
  const seriesUid = series && textOf(series, Tag.SeriesInstanceUID);
  if (series === undefined || seriesUid === undefined) {
    return { state: 'warn', detail: `gives studies, but no series of one: ${untried}`, value: { study } };
  }
  const scope = {
    ...within,
    ...unique(Tag.SeriesInstanceUID, seriesUid),
    ...unique(Tag.SOPInstanceUID),
    ...keys(Tag.SOPClassUID),
  };
  const image = await first(pacs, 'IMAGE', scope, { signal });
  const instance = image && textOf(image, Tag.SOPInstanceUID);
  const sopClassUid = image && textOf(image, Tag.SOPClassUID);
  // A PACS that keeps the class to itself is asked to send whatever it is.
  const sopClassUids = sopClassUid === undefined ? guessed(textOf(series, Tag.Modality)) : [sopClassUid];
  const knows = asked.filter((tag) => hasValue(study[tag])).length === asked.length;
  const detail = `first match after ${ms} ms; counts and modalities ${knows ? 'given' : 'not given: they will be counted'}`;
  if (instance === undefined) {
    return { state: 'warn', detail: `gives series, but no instance of one: ${untried}`, value: { study } };
  }
  return { detail, value: { study, sample: { study: studyUid, series: seriesUid, instance, sopClassUids } } };
}

function guessed(modality: string | undefined): readonly string[] {
  return classRounds(guessSopClasses(modality === undefined ? [] : [modality]).likely)[0] ?? [];
}

/** The first match; the others are not waited for. */
export async function first(
  pacs: Pacs,
  level: QueryLevel,
  identifier: Dataset,
  options: FindOptions,
): Promise<Dataset | undefined> {
  for await (const match of pacs.find(level, identifier, options)) return match.identifier;
  return undefined;
}

export function unique(tag: string, uid?: string): Dataset {
  return { [tag]: uid === undefined ? { vr: 'UI' } : { vr: 'UI', Value: [uid] } };
}

/** Attributes to be answered, whatever their value. */
export function keys(...tags: string[]): Dataset {
  return Object.fromEntries(tags.map((tag) => [tag, { vr: vrOf(tag) }]));
}
