// Search: a QIDO-RS request answered by C-FINDs (PS3.18 10.6, PS3.4 C.4.1).

import type { Dataset } from '../dimse/data/dataset.ts';
import { inOrder } from './ordered.ts';
import type { Pacs } from './pacs.ts';
import { parseQuery, type SearchRequest } from './query.ts';
import { LEVEL_ORDER } from './query-attributes.ts';
import { cut, isOverspent, type Search, type SearchLimits } from './search-find.ts';
import { resultOf } from './search-result.ts';
import { completeCounts, isJoined, type Row, rowsOf } from './search-rows.ts';

export type { SearchRequest } from './query.ts';
export type { SearchLimits } from './search-find.ts';

export type SearchOptions = { baseUrl: string; signal: AbortSignal; limits: SearchLimits };

export type SearchResults = {
  results: AsyncIterable<Dataset>;
  /** Texts for `Warning: 299 <service>: ` (PS3.18 8.3.4). */
  warnings: string[];
};

/** Studies whose counts are being made at one time. */
const WIDTH = 4;

/**
 * One page of results with its warnings. All matches are read before, up to `limits.maxMatches`: their order and the number of
 * those that remain depend on it. Throws `malformed` for the query, and whatever the PACS failed with: never an empty list.
 */
export async function search(pacs: Pacs, request: SearchRequest, options: SearchOptions): Promise<SearchResults> {
  const { signal, limits, baseUrl } = options;
  const query = parseQuery(request);
  const run: Search = { pacs, query, signal, limits, warnings: new Set(query.warnings), spent: { finds: 0 } };
  const size = Math.min(query.limit ?? limits.maxResults, limits.maxResults);
  const rows = await readRows(run, query.offset + size);
  const page = rows.slice(query.offset, query.offset + size);
  await complete(run, page);
  const remaining = rows.length - query.offset - page.length;
  if (remaining > 0) run.warnings.add(`There are ${remaining} additional results that can be requested`);
  return { results: datasets(page.map((row) => resultOf(query, row, baseUrl))), warnings: [...run.warnings] };
}

async function readRows(run: Search, enough: number): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    for await (const row of rowsOf(run)) {
      if (rows.length >= run.limits.maxMatches) return cut(run, rows);
      rows.push(row);
    }
  } catch (error) {
    // Rows come in their order: a page that is whole already needs no query more. Only the number of the others is unknown.
    if (!isOverspent(error) || rows.length < enough) throw error;
    run.warnings.add('The search was cut short: there are more results, how many is not known.');
  }
  return rows;
}

/** Counts for the rows of the page, as far as the search may still query. */
async function complete(run: Search, page: readonly Row[]): Promise<void> {
  const { query, signal } = run;
  const levels = LEVEL_ORDER.filter((level) => level === query.level || isJoined(query, level));
  // Rows of one study share its answer, which is counted once.
  const tasks = levels.flatMap((level) => [
    ...new Map(page.map((row) => [row.answers[level], { level, row }])).values(),
  ]);
  try {
    const counted = inOrder(tasks, WIDTH, signal, ({ level, row }, inner) =>
      completeCounts({ ...run, signal: inner }, level, row),
    );
    for await (const _ of counted);
  } catch (error) {
    if (!isOverspent(error)) throw error;
    run.warnings.add('Numbers that the PACS does not give have been left out of some results.');
  }
}

async function* datasets(list: Dataset[]): AsyncGenerator<Dataset, void> {
  yield* list;
}
