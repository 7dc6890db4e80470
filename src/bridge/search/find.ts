// One C-FIND of a search, and what the gateway makes of its answers: matches that hold, once each.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { keywordOf, vrOf } from '../../dimse/data/dictionary.ts';
import type { Key } from '../../dimse/data/matching/match.ts';
import { type Verdict, verdictOn, verdictOnMoment } from '../../dimse/data/matching/verdict.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { ResourceLevel } from '../resource.ts';
import { askedByConsent, checkedKeys, checksMoments } from './negotiated.ts';
import { LEVELS } from './query/attributes.ts';
import { identifierOf } from './query/key.ts';
import type { Scope, Search } from './running.ts';

/** C-FINDs that the lists of values of one query may become. */
const MAX_ALTERNATIVES = 64;

/**
 * The matches at one level within a scope. Only unique keys of the levels above are sent (PS3.4 C.4.1.2.1). What the PACS
 * matched too loosely is dropped; what it could not be checked for is kept and noted (C.4.1.1.4, FF01).
 */
export async function findMatches(search: Search, level: ResourceLevel, scope: Scope): Promise<Dataset[]> {
  const found = new Map<string, Dataset>();
  for (const keys of alternatives(search.query.keys[level])) {
    const identifier = scopedIdentifier(search, level, scope, keys);
    if (identifier === undefined) continue;
    for await (const match of findRaw(search, level, identifier)) {
      const uid = textOf(match, LEVELS[level].unique);
      if (uid === undefined) search.warnings.add('Matches without a unique key have been left out.');
      if (uid !== undefined && level === 'study') noteAmbiguous(search, uid, found.get(uid), match);
      if (uid === undefined || found.has(uid) || !holds(search, level, scope, match)) continue;
      if (found.size >= search.limits.maxMatches) return cut(search, [...found.values()]);
      found.set(uid, match);
    }
  }
  return [...found.values()];
}

/** A study's UID should be its own; where a PACS has it for several patients the row is the first of them, and says so. */
function noteAmbiguous(
  { ambiguous, query, warnings }: Search,
  uid: string,
  first: Dataset | undefined,
  match: Dataset,
) {
  if (first === undefined) return;
  ambiguous.add(uid);
  if (query.level !== 'study' || textOf(first, Tag.PatientID) === textOf(match, Tag.PatientID)) return;
  warnings.add('A study whose UID several patients share is told once, with the first of them.');
}

/** Says that there are more rows than the search may read. */
export function cut<Rows extends readonly unknown[]>(search: Search, rows: Rows): Rows {
  noteCut(search, rows.length);
  return rows;
}

export function noteCut({ warnings }: Search, rows: number): void {
  warnings.add(`Only the first ${rows} matches have been considered.`);
}

/** Every answer to one identifier, unchecked. Throws `too-large` where the search has spent its queries. */
export async function* findRaw(
  search: Search,
  level: ResourceLevel,
  identifier: Dataset,
): AsyncGenerator<Dataset, void> {
  if (search.spent.finds >= search.limits.maxFanOut) throw overspent(search);
  search.spent.finds++;
  const options = { signal: search.signal, agreed: [...search.agreed] };
  for await (const match of search.pacs.find(LEVELS[level].queryLevel, identifier, options)) {
    yield match.identifier;
  }
}

function overspent(search: Search): DicomError {
  const message = `the search would take more than ${search.limits.maxFanOut} queries to the PACS: narrow it`;
  return new DicomError('too-large', message, { field: 'maxFanOut' });
}

/** Whether an error says that a search has spent its queries. */
export function isOverspent(error: unknown): boolean {
  return error instanceof DicomError && error.kind === 'too-large' && error.field === 'maxFanOut';
}

/** First value of a text attribute, without padding; undefined when empty. */
export function textOf(dataset: Dataset, tag: string): string | undefined {
  const value = dataset[tag]?.Value?.[0];
  const text = typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
  return text === '' ? undefined : text;
}

function scopedIdentifier(
  search: Search,
  level: ResourceLevel,
  scope: Scope,
  keys: readonly Key[],
): Dataset | undefined {
  const { unique, required, known } = LEVELS[level];
  const identifier = identifierOf([...required, ...known].map(universal));
  Object.assign(identifier, identifierOf(keys), askedByConsent(search, level));
  const named = level === 'study' ? scope.study : level === 'series' ? scope.series : undefined;
  if (named !== undefined) {
    const key = keys.find(({ tag }) => tag === unique);
    if (key?.match.kind === 'values' && !key.match.values.includes(named)) return undefined;
    identifier[unique] = { vr: 'UI', Value: [named] };
  }
  if (level !== 'study' && scope.study !== undefined)
    identifier[Tag.StudyInstanceUID] = { vr: 'UI', Value: [scope.study] };
  if (level === 'instance' && scope.series !== undefined) {
    identifier[Tag.SeriesInstanceUID] = { vr: 'UI', Value: [scope.series] };
  }
  return identifier;
}

/** Whether a match is within the scope and fits the keys of a level, as far as it says. */
export function holds(search: Search, level: ResourceLevel, scope: Scope, match: Dataset): boolean {
  for (const [tag, uid] of [
    [Tag.StudyInstanceUID, scope.study],
    [Tag.SeriesInstanceUID, scope.series],
  ] as const) {
    const answered = textOf(match, tag);
    if (uid !== undefined && answered !== undefined && answered !== uid) return false;
  }
  const moments = checksMoments(search) ? search.query.moments[level] : [];
  if (moments.some((moment) => verdictOnMoment(moment, match) === 'mismatch')) return false;
  const verdicts = checkedKeys(search, search.query.keys[level]).map((key): [Key, Verdict] => [
    key,
    verdictOn(key, match[key.tag]),
  ]);
  if (verdicts.some(([, verdict]) => verdict === 'mismatch')) return false;
  for (const [key, verdict] of verdicts) {
    if (verdict === 'unknown' && match[key.tag] === undefined && !isComputable(key.tag)) noteUnmatched(search, key);
  }
  return true;
}

function noteUnmatched(search: Search, key: Key): void {
  const name = keywordOf(key.tag) ?? key.tag;
  search.warnings.add(`The PACS ${search.pacs.name} did not match ${name}: results may not fit it.`);
}

/** Attributes that the gateway finds out where the PACS doesn't say. */
export function isComputable(tag: string): boolean {
  return COMPUTABLE.has(tag);
}

const COMPUTABLE: ReadonlySet<string> = new Set([
  Tag.ModalitiesInStudy,
  Tag.NumberOfStudyRelatedSeries,
  Tag.NumberOfStudyRelatedInstances,
  Tag.NumberOfSeriesRelatedInstances,
]);

/** A list of values is only defined for UIDs (PS3.4 C.2.2.2.2); of other attributes each value is a query of its own. */
function alternatives(keys: readonly Key[]): Key[][] {
  let sets: Key[][] = [[]];
  for (const key of keys) {
    const { match, vr } = key;
    const each = match.kind === 'values' && vr !== 'UI' ? match.values : [];
    const single = each.length < 2 || sets.length * each.length > MAX_ALTERNATIVES;
    const choices = single ? [key] : each.map((value): Key => ({ ...key, match: { kind: 'values', values: [value] } }));
    sets = sets.flatMap((set) => choices.map((choice) => [...set, choice]));
  }
  return sets;
}

function universal(tag: string): Key {
  return { tag, vr: vrOf(tag), match: { kind: 'any' } };
}
