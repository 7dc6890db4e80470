// The query of a search as QIDO-RS spells it (PS3.18 8.3.4, 10.6.1.2), read into keys per level of the information model.

import type { Key } from '../../../dimse/data/matching/match.ts';
import type { Moment } from '../../../dimse/data/matching/verdict.ts';
import { Tag } from '../../../dimse/data/tags.ts';
import { isUidShape } from '../../../dimse/data/uid.ts';
import { DicomError } from '../../../dimse/errors.ts';
import type { ResourceLevel } from '../../resource.ts';
import { LEVEL_ORDER, LEVELS, levelOfAttribute, PLUMBING } from './attributes.ts';
import { type MatchingOptions, parseMatch } from './key.ts';
import { addKey, combineMoments, requirePrivateCreators } from './keys.ts';
import { parsePath } from './path.ts';

/** What a search path and its query ask. `parameters` are decoded and in order, without `accept` and `charset`. */
export type SearchRequest = {
  level: ResourceLevel;
  study?: string;
  series?: string;
  parameters: readonly (readonly [name: string, value: string])[];
};

export type Query = {
  level: ResourceLevel;
  study?: string;
  series?: string;
  /** Match keys, and universal ones for what `includefield` names, by the level they belong to. */
  keys: Record<ResourceLevel, Key[]>;
  /** Date and time ranges to be matched as one. */
  moments: Record<ResourceLevel, Moment[]>;
  includeAll: boolean;
  /** Names shall match fuzzily, where the PACS does such. */
  fuzzy: boolean;
  /** The zone of all dates and times of the query, as `+0100`. */
  timezone?: string;
  /** Undefined: as many as the gateway gives. */
  limit?: number;
  offset: number;
  /** Texts for `Warning: 299 <service>: `. */
  warnings: string[];
};

/**
 * Throws `malformed` for a repeated attribute, an attribute identifier that the dictionary doesn't know, and a value that its
 * parameter can't have. Parameters that are neither attributes nor known are ignored (PS3.18 8.3).
 */
export function parseQuery(request: SearchRequest): Query {
  checkUid(request.study, 'study');
  checkUid(request.series, 'series');
  const options = readOptions(request.parameters);
  const query: Query = {
    level: request.level,
    ...(request.study === undefined ? {} : { study: request.study }),
    ...(request.series === undefined ? {} : { series: request.series }),
    keys: { study: [], series: [], instance: [] },
    moments: { study: [], series: [], instance: [] },
    includeAll: false,
    fuzzy: options.fuzzy,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    offset: options.offset ?? 0,
    warnings: [],
  };
  addMatches(query, request.parameters, options);
  addIncludes(query, request.parameters);
  for (const level of LEVEL_ORDER) {
    requirePrivateCreators(query.keys[level]);
    query.moments[level] = combineMoments(query.keys[level]);
  }
  return query;
}

type Options = MatchingOptions & { fuzzy: boolean; limit?: number; offset?: number };

function readOptions(parameters: SearchRequest['parameters']): Options {
  const only = (name: string): string | undefined => {
    const found = parameters.filter(([parameter]) => parameter === name);
    if (found.length > 1) throw bad(name, 'is given more than once');
    return found[0]?.[1];
  };
  const flag = (name: string): boolean => {
    const text = only(name) ?? 'false';
    if (text !== 'true' && text !== 'false') throw bad(name, 'must be true or false');
    return text === 'true';
  };
  const number = (name: string): number | undefined => {
    const text = only(name);
    if (text === undefined) return undefined;
    if (!/^\d+$/.test(text)) throw bad(name, 'must be a number without a sign');
    return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  };
  const [limit, offset] = [number('limit'), number('offset')];
  return {
    fuzzy: flag('fuzzymatching'),
    emptyValue: flag('emptyvaluematching'),
    multipleValue: flag('multiplevaluematching'),
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
  };
}

function addMatches(query: Query, parameters: SearchRequest['parameters'], options: Options): void {
  const seen = new Set<string>();
  const alias = !parameters.some(([name]) => name === 'ModalitiesInStudy' || name === Tag.ModalitiesInStudy);
  for (const [name, text] of parameters) {
    const path = parsePath(name);
    if (path === undefined) continue;
    const id = path.map(({ tag }) => tag).join('.');
    if (seen.has(id)) throw bad(name, 'is given more than once');
    seen.add(id);
    if (id === Tag.TimezoneOffsetFromUTC) takeTimezone(query, name, text);
    if (PLUMBING.includes(id) || id === Tag.TimezoneOffsetFromUTC) continue;
    const leaf = path.at(-1);
    if (leaf === undefined) continue;
    const match = parseMatch(leaf.vr, text, name, options);
    // Viewers ask for the modality of studies; PS3.18 gives studies ModalitiesInStudy only.
    const aliased = query.level === 'study' && id === Tag.Modality;
    if (aliased && !alias) continue;
    const steps = aliased ? [{ tag: Tag.ModalitiesInStudy, vr: leaf.vr }] : path;
    const level = levelOfKey(query, steps[0]?.tag ?? '');
    if (level === undefined) query.warnings.push(`${name} is no ${query.level} attribute: it was not matched.`);
    else addKey(query.keys[level], steps, match);
  }
}

/** The level whose C-FIND takes the key; undefined for an attribute below the level of the search (PS3.18 Table 10.6.1-3). */
function levelOfKey(query: Query, tag: string): ResourceLevel | undefined {
  const level = levelOfAttribute(tag) ?? query.level;
  return LEVEL_ORDER.indexOf(level) <= LEVEL_ORDER.indexOf(query.level) ? level : undefined;
}

function addIncludes(query: Query, parameters: SearchRequest['parameters']): void {
  const lists = parameters.filter(([name]) => name === 'includefield').map(([, text]) => text);
  const fields = lists.flatMap((text) => (text === '' ? [] : text.split(',').map((field) => field.trim())));
  if (fields.includes('all')) {
    if (fields.length > 1) throw bad('includefield', 'must not name other attributes beside all');
    query.includeAll = true;
    for (const tag of LEVELS[query.level].all) addKey(query.keys[query.level], parsePath(tag) ?? [], { kind: 'any' });
    return;
  }
  for (const field of fields) {
    const path = parsePath(field);
    if (path === undefined) throw bad('includefield', 'names something that is no attribute');
    const first = path[0]?.tag ?? '';
    // PS3.18 10.6.3.3: what belongs to a lower level shall not be returned.
    const level = levelOfKey(query, first);
    if (level === undefined || PLUMBING.includes(first) || first === Tag.TimezoneOffsetFromUTC) continue;
    addKey(query.keys[level], path, { kind: 'any' });
  }
}

function takeTimezone(query: Query, name: string, text: string): void {
  if (text === '') return;
  if (!/^[+-]\d{4}$/.test(text)) throw bad(name, 'must be an offset such as +0100');
  query.timezone = text;
}

function checkUid(uid: string | undefined, what: string): void {
  if (uid !== undefined && !isUidShape(uid)) throw new DicomError('malformed', `the ${what} in the path is no UID`);
}

function bad(name: string, what: string): DicomError {
  return new DicomError('malformed', `query parameter ${name} ${what}`, { field: name });
}
