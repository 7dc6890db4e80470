// The relational resources by one relational query, where the PACS agreed to them (PS3.4 C.4.1.2.2, C.5.1.1).

import type { Dataset } from '../../dimse/data/dataset.ts';
import { vrOf } from '../../dimse/data/dictionary.ts';
import { hasValue } from '../../dimse/data/matching/verdict.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { ResourceLevel } from '../resource.ts';
import { cut, holds, isComputable, textOf } from './find.ts';
import { askedByConsent } from './negotiated.ts';
import { compareAnswers } from './order.ts';
import { LEVEL_ORDER, LEVELS } from './query/attributes.ts';
import { identifierOf } from './query/key.ts';
import { narrows } from './query/keys.ts';
import type { Row, Search } from './running.ts';

/**
 * The rows, or undefined where the PACS did not agree, or does not give the attributes of the upper levels: the levels are
 * then to be queried one after the other.
 */
export async function relationalRows(search: Search): Promise<Row[] | undefined> {
  const { query, pacs, signal, limits, agreed } = search;
  const levels = LEVEL_ORDER.slice(0, LEVEL_ORDER.indexOf(query.level) + 1);
  // What the gateway may have to count itself is only known study by study.
  if (levels.some((level) => query.keys[level].some((key) => isComputable(key.tag) && narrows(key)))) return undefined;
  if (pacs.learned.of('relationalAnswers') === false) return undefined;
  const identifier = wholeIdentifier(search, levels);
  const scope = query.study === undefined ? {} : { study: query.study };
  const found = new Map<string, Dataset>();
  try {
    const matches = pacs.find(LEVELS[query.level].queryLevel, identifier, {
      signal,
      agreed: ['relationalQueries', ...agreed],
    });
    for await (const { identifier: match } of matches) {
      if (levels.some((level) => textOf(match, LEVELS[level].unique) === undefined)) return undefined;
      if (levels.some((level) => !isDescribed(level, match))) return undefined;
      const uid = textOf(match, LEVELS[query.level].unique) ?? '';
      if (found.has(uid) || !levels.every((level) => holds(search, level, scope, match))) continue;
      if (found.size >= limits.maxMatches) return cut(search, rowsOf(levels, found));
      found.set(uid, match);
    }
  } catch (error) {
    if (isRefused(error)) return undefined;
    throw error;
  }
  return rowsOf(levels, found);
}

/** Some PACS agree to relational queries and yet say nothing of the levels above but their keys. */
function isDescribed(level: ResourceLevel, match: Dataset): boolean {
  const { required, unique } = LEVELS[level];
  return required.some((tag) => tag !== unique && hasValue(match[tag]));
}

function isRefused(error: unknown): boolean {
  return error instanceof DicomError && error.kind === 'no-context' && error.field === 'extended-negotiation';
}

function wholeIdentifier(search: Search, levels: readonly ResourceLevel[]): Dataset {
  const { query } = search;
  const identifier: Dataset = {};
  for (const level of levels) {
    for (const tag of [...LEVELS[level].required, ...LEVELS[level].known]) identifier[tag] = { vr: vrOf(tag) };
    Object.assign(identifier, identifierOf(query.keys[level]), askedByConsent(search, level));
  }
  if (query.study !== undefined) identifier[Tag.StudyInstanceUID] = { vr: 'UI', Value: [query.study] };
  return identifier;
}

function rowsOf(levels: readonly ResourceLevel[], found: ReadonlyMap<string, Dataset>): Row[] {
  const shared = new Map<string, Dataset>();
  const rows = [...found.values()].map((match): Row => {
    const answers: Row['answers'] = {};
    const row: Row = { answers };
    for (const level of levels) {
      const uid = textOf(match, LEVELS[level].unique) ?? '';
      // Rows of one study share one answer about it, so that it is counted once.
      const id = `${level} ${uid}`;
      const answer = shared.get(id) ?? { ...match };
      shared.set(id, answer);
      answers[level] = answer;
      row[level] = uid;
    }
    return row;
  });
  const level = levels.at(-1) ?? 'study';
  return rows.sort((a, b) => compareAnswers(level, a.answers, b.answers));
}
