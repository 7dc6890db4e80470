// What `check` tries a PACS with: one instance that it has, and the storage classes and syntaxes most met.

import type { Dataset } from '../dimse/data/dataset.ts';
import { Tag } from '../dimse/data/tags.ts';
import { ExplicitLittle, ImplicitLittle, transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { uidName } from '../dimse/data/uid.ts';
import type { Association, ProposedContext } from '../dimse/index.ts';
import { classRounds, STORED_SYNTAXES } from './contexts.ts';
import { hasValue } from './matching.ts';
import type { Pacs, QueryLevel } from './pacs.ts';
import { textOf } from './search-find.ts';
import { guessSopClasses } from './sop-class-guess.ts';

/** One instance of the PACS. */
export type Sample = { study: string; series: string; instance: string; sopClassUids: readonly string[] };

/** PS3.4 Table B.5-1: CT, MR, CR, digital X-ray, ultrasound, secondary capture, structured report, encapsulated PDF. */
const CLASSES = ['2', '4', '1', '1.1', '6.1', '7', '88.33', '104.1'].map((last) => `1.2.840.10008.5.1.4.1.1.${last}`);

/** Contexts of one class in the probe: 8 classes of 12 stay below the 128 of PS3.8 9.3.2.2. */
const SYNTAXES = 12;

export function storageProbe(): ProposedContext[] {
  const syntaxes = [...new Set([ImplicitLittle, ExplicitLittle, ...STORED_SYNTAXES])].slice(0, SYNTAXES);
  return CLASSES.flatMap((abstractSyntax) => syntaxes.map((uid) => ({ abstractSyntax, transferSyntaxes: [uid] })));
}

/** Which of the probe the PACS takes, in words. */
export function takenSyntaxes({ contexts }: Association): string {
  const classes = CLASSES.filter((uid) => contexts.some(({ abstractSyntax }) => abstractSyntax === uid));
  const syntaxes = [...new Set(contexts.map(({ transferSyntaxUid }) => transferSyntaxUid))];
  const compressed = syntaxes.filter((uid) => transferSyntax(uid)?.encapsulated).map((uid) => uidName(uid) ?? uid);
  const refused = CLASSES.filter((uid) => !classes.includes(uid)).map((uid) => uidName(uid) ?? uid);
  const all = `takes ${classes.length} of ${CLASSES.length} common storage classes`;
  const without = classes.length > 0 && refused.length > 0 ? `, not ${refused.join(', ')}` : '';
  return `${all}${without}; compressed: ${compressed.join(', ') || 'none'}`;
}

/** Some instance of the PACS, found level by level; no value where it is empty. */
export async function sampleOf(pacs: Pacs, signal: AbortSignal): Promise<{ detail: string; value?: Sample }> {
  const started = performance.now();
  const asked = [Tag.ModalitiesInStudy, Tag.NumberOfStudyRelatedInstances, Tag.NumberOfStudyRelatedSeries];
  const study = await first(pacs, 'STUDY', { ...keys(...asked), ...unique(Tag.StudyInstanceUID) }, signal);
  const ms = Math.round(performance.now() - started);
  if (study === undefined) return { detail: 'answered without a match: is it empty? retrieves are not tried' };
  const studyUid = textOf(study, Tag.StudyInstanceUID) ?? '';
  const within = unique(Tag.StudyInstanceUID, studyUid);
  const openSeries = { ...within, ...unique(Tag.SeriesInstanceUID), ...keys(Tag.Modality) };
  const series = await first(pacs, 'SERIES', openSeries, signal);
  const seriesUid = series && textOf(series, Tag.SeriesInstanceUID);
  if (series === undefined || seriesUid === undefined)
    return { detail: 'gives studies, but no series of one: retrieves are not tried' };
  const scope = {
    ...within,
    ...unique(Tag.SeriesInstanceUID, seriesUid),
    ...unique(Tag.SOPInstanceUID),
    ...keys(Tag.SOPClassUID),
  };
  const image = await first(pacs, 'IMAGE', scope, signal);
  const instance = image && textOf(image, Tag.SOPInstanceUID);
  const sopClassUid = image && textOf(image, Tag.SOPClassUID);
  // A PACS that keeps the class to itself is asked to send whatever it is.
  const sopClassUids = sopClassUid === undefined ? guessed(textOf(series, Tag.Modality)) : [sopClassUid];
  const knows = asked.filter((tag) => hasValue(study[tag])).length === asked.length;
  const charset = textOf(study, Tag.SpecificCharacterSet) ?? 'the default character set';
  const detail = `first match after ${ms} ms, in ${charset}; counts and modalities ${knows ? 'given' : 'not given: they will be counted'}`;
  if (instance === undefined) return { detail: `${detail}; no instance of it: retrieves are not tried` };
  return { detail, value: { study: studyUid, series: seriesUid, instance, sopClassUids } };
}

function guessed(modality: string | undefined): readonly string[] {
  return classRounds(guessSopClasses(modality === undefined ? [] : [modality]).likely)[0] ?? [];
}

async function first(
  pacs: Pacs,
  level: QueryLevel,
  identifier: Dataset,
  signal: AbortSignal,
): Promise<Dataset | undefined> {
  for await (const match of pacs.find(level, identifier, { signal })) return match.identifier;
  return undefined;
}

function unique(tag: string, uid?: string): Dataset {
  return { [tag]: uid === undefined ? { vr: 'UI' } : { vr: 'UI', Value: [uid] } };
}

const MODALITIES: ReadonlySet<string> = new Set([Tag.Modality, Tag.ModalitiesInStudy]);

function keys(...tags: string[]): Dataset {
  const vr = (tag: string) => (tag === Tag.SOPClassUID ? 'UI' : MODALITIES.has(tag) ? 'CS' : 'IS');
  return Object.fromEntries(tags.map((tag) => [tag, { vr: vr(tag) }]));
}
