// The rows of a search, in their order, by hierarchical queries from the top level down (PS3.4 C.4.1.2, C.4.1.3.1).

import { verdictOn } from '../../dimse/data/matching/verdict.ts';
import type { ResourceLevel } from '../resource.ts';
import type { Counted } from './counted.ts';
import { countSeries, countStudy } from './counts.ts';
import { findMatches, isComputable, textOf } from './find.ts';
import { ORDER } from './order.ts';
import { inOrder } from './ordered.ts';
import { LEVELS } from './query/attributes.ts';
import { narrows } from './query/keys.ts';
import { isAsked, isJoined } from './query/levels.ts';
import { relationalRows } from './relational.ts';
import type { Row, Scope, Search } from './running.ts';

/** Queries of one search that are under way at one time. */
const WIDTH = 4;

/**
 * The rows of a search, in their order: all, or with `counted` those of the studies that it finds needed. Throws `too-large`
 * when it costs too many queries.
 */
export async function* rowsOf(search: Search, counted?: Counted): AsyncGenerator<Row, void> {
  const relational = isJoined(search.query, 'study') || isJoined(search.query, 'series');
  const rows = relational ? await relationalRows(search) : undefined;
  if (rows === undefined) yield* rowsAt(search, search.query.level, counted);
  else yield* rows;
}

async function* rowsAt(search: Search, level: ResourceLevel, counted?: Counted): AsyncGenerator<Row, void> {
  const { study, series } = search.query;
  if (level === 'study') {
    const top: Row = { answers: {}, ...(study === undefined ? {} : { study }) };
    const studies = isAsked(search.query, level) ? await childrenOf(search, level, top) : [top];
    yield* counted?.needed(studies) ?? studies;
    return;
  }
  const parents = rowsAt(search, level === 'series' ? 'study' : 'series', counted);
  if (!isAsked(search.query, level)) {
    for await (const parent of parents) yield series === undefined ? parent : { ...parent, series };
    return;
  }
  const groups = inOrder(parents, widthOf(search), search.signal, (parent, signal) =>
    childrenOf({ ...search, signal }, level, parent),
  );
  for await (const group of groups) yield* group;
}

async function childrenOf(search: Search, level: ResourceLevel, parent: Row): Promise<Row[]> {
  const { series } = search.query;
  const scope: Scope = {
    ...(parent.study === undefined ? {} : { study: parent.study }),
    ...(level !== 'study' && parent.series === undefined && series !== undefined ? { series } : {}),
    ...(parent.series === undefined ? {} : { series: parent.series }),
  };
  const found = (await findMatches(search, level, scope)).map((match): Row => {
    const uid = textOf(match, LEVELS[level].unique) ?? '';
    return { ...parent, [level]: uid, answers: { ...parent.answers, [level]: match } };
  });
  const rows: Row[] = [];
  const checked = inOrder(found, widthOf(search), search.signal, async (row, signal) =>
    (await computedKeysHold({ ...search, signal }, level, row)) ? [row] : [],
  );
  for await (const kept of checked) rows.push(...kept);
  return rows.sort((a, b) => ORDER[level](a.answers[level] ?? {}, b.answers[level] ?? {}));
}

function widthOf({ pacs }: Search): number {
  return Math.min(WIDTH, pacs.config.maxAssociations);
}

/** Keys on what a PACS need not know (counts, ModalitiesInStudy) are checked on what the gateway counts. */
async function computedKeysHold(search: Search, level: ResourceLevel, row: Row): Promise<boolean> {
  const match = row.answers[level] ?? {};
  const keys = search.query.keys[level].filter((key) => isComputable(key.tag) && narrows(key));
  if (!keys.some((key) => verdictOn(key, match[key.tag]) === 'unknown')) return true;
  await completeCounts(search, level, row);
  return keys.every((key) => verdictOn(key, match[key.tag]) === 'match');
}

/** Counts at one level of a row, where the PACS gave none. */
export async function completeCounts(search: Search, level: ResourceLevel, row: Row): Promise<void> {
  const { study = '', series = '' } = row;
  const answer = row.answers[level];
  if (answer === undefined) return;
  if (level === 'study') await countStudy(search, study, answer);
  if (level === 'series') await countSeries(search, study, series, answer);
}
