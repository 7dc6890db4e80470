// Search: a QIDO-RS request answered by C-FINDs to one PACS or to several at once (PS3.18 10.6, PS3.4 C.4.1).

import type { Dataset } from '../../dimse/data/dataset.ts';
import { DicomError } from '../../dimse/errors.ts';
import { inTime } from '../pacs/in-time.ts';
import { isNoAnswer } from '../pacs/no-answer.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { Counted } from './counted.ts';
import { cut, isOverspent, noteCut } from './find.ts';
import { negotiate } from './negotiated.ts';
import { compareAnswers } from './order.ts';
import { inOrder } from './ordered.ts';
import { LEVEL_ORDER } from './query/attributes.ts';
import { isJoined } from './query/levels.ts';
import { parseQuery, type Query, type SearchRequest } from './query/query.ts';
import { resultOf } from './result.ts';
import { completeCounts, rowsOf } from './rows.ts';
import type { Row, Search, SearchLimits } from './running.ts';

export type { SearchRequest } from './query/query.ts';
export type { SearchLimits } from './running.ts';

export type SearchOptions = {
  baseUrl: string;
  signal: AbortSignal;
  limits: SearchLimits;
  /** Told of each study on the page, and of the PACS that it was found in. */
  onFound?: (study: string, pacs: Pacs) => void;
};

export type SearchResults = {
  results: AsyncIterable<Dataset>;
  /** Texts for `Warning: 299 <service>: ` (PS3.18 8.3.4). */
  warnings: string[];
};

/** Rows whose counts are being made at one time. */
const WIDTH = 4;

/** A row and the search of the PACS that gave it. */
type Found = { run: Search; row: Row };

/** `passed`: how many more there are that nobody has read. */
type Matches = { found: Found[]; passed: number };

/**
 * One page of results with its warnings. All matches are read before, up to `limits.maxMatches`: their order and the number of
 * those that remain depend on it. Of several PACS, those that fail are named in a warning while another one answers. Throws
 * `malformed` for the query, and whatever the PACS failed with: never an empty list for a failure.
 */
export async function search(
  pacs: Pacs | readonly Pacs[],
  request: SearchRequest,
  options: SearchOptions,
): Promise<SearchResults> {
  const { signal, limits, baseUrl, onFound } = options;
  const query = parseQuery(request);
  const warnings = new Set(query.warnings);
  const all = 'name' in pacs ? [pacs] : pacs;
  const runs = all.map(
    (one): Search => ({
      ...{ pacs: one, query, signal, limits, warnings },
      ...{ agreed: new Set(), ambiguous: new Set(), spent: { finds: 0 } },
    }),
  );
  const size = Math.min(query.limit ?? limits.maxResults, limits.maxResults);
  const enough = query.offset + size;
  const [only] = runs;
  const alone = runs.length === 1 ? only : undefined;
  const { found, passed } = alone ? await readNeeded(alone, enough) : await readAll(runs, enough);
  const page = found.slice(query.offset, enough);
  await complete(query, { signal, isOneOfSeveral: runs.length > 1 }, page);
  for (const { row, run } of page) if (row.study !== undefined) onFound?.(row.study, run.pacs);
  const remaining = found.length + passed - query.offset - page.length;
  if (remaining > 0) warnings.add(`There are ${remaining} additional results that can be requested`);
  return { results: datasets(page.map(({ row }) => resultOf(query, row, baseUrl))), warnings: [...warnings] };
}

/** The rows of every PACS that answered in time, each once, in the order that one PACS would have given. */
async function readAll(runs: readonly Search[], enough: number): Promise<Matches> {
  const outcomes = await Promise.allSettled(runs.map((run) => readInTime(run, enough)));
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
  const [first] = failures;
  const [run] = runs;
  if (run === undefined) return { found: [], passed: 0 };
  if (failures.length === runs.length || run.signal.aborted) throw first;
  const rows = new Map<string, Found>();
  const { level } = run.query;
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') noteFailure(run, outcome.reason);
    else for (const found of outcome.value) addOnce(rows, found.row[level] ?? '', found);
  }
  const found = [...rows.values()].sort((a, b) => compareAnswers(level, a.row.answers, b.row.answers));
  return { found, passed: 0 };
}

async function readInTime(run: Search, enough: number): Promise<Found[]> {
  const { pacs, signal, limits } = run;
  const rows = await inTime(pacs, { ms: limits.pacsMs, signal }, (inner) =>
    readRows({ ...run, signal: inner }, enough),
  );
  // What is still to be counted for these rows has a deadline of its own.
  return rows.map(({ row }) => ({ row, run }));
}

function noteFailure({ warnings }: Search, error: unknown): void {
  if (!(error instanceof DicomError)) throw error;
  warnings.add(`A PACS has not been searched: ${error.message}`);
}

function addOnce(rows: Map<string, Found>, uid: string, found: Found): void {
  if (!rows.has(uid)) rows.set(uid, found);
}

/** The rows that a page needs, and how many there are beyond, of which the PACS says only that. */
async function readNeeded(run: Search, enough: number): Promise<Matches> {
  const counted = Counted.of(run, enough);
  const found = await readRows(run, enough, counted);
  const passed = counted?.passed ?? 0;
  // The PACS counts more than it gives: the studies that were passed over are needed after all.
  if (passed > 0 && found.length < enough) return { found: await readRows(run, enough), passed: 0 };
  const { maxMatches } = run.limits;
  if (found.length + passed <= maxMatches) return { found, passed };
  noteCut(run, maxMatches);
  return { found, passed: maxMatches - found.length };
}

async function readRows(run: Search, enough: number, counted?: Counted): Promise<Found[]> {
  const rows: Found[] = [];
  try {
    await negotiate(run);
    for await (const row of rowsOf(run, counted)) {
      if (rows.length >= run.limits.maxMatches) return cut(run, rows);
      rows.push({ run, row });
    }
  } catch (error) {
    // Rows come in their order: a page that is whole already needs no query more. Only the number of the others is unknown.
    if (!isOverspent(error) || rows.length < enough) throw error;
    run.warnings.add('The search was cut short: there are more results, how many is not known.');
  }
  return rows;
}

/** How the counts of a page are made: of several PACS, none may keep back the rows that the others gave. */
type Counting = { signal: AbortSignal; isOneOfSeveral: boolean };

/** Counts for the rows of the page, as far as the search may still query. */
async function complete(query: Query, { signal, isOneOfSeveral }: Counting, page: readonly Found[]): Promise<void> {
  const levels = LEVEL_ORDER.filter((level) => level === query.level || isJoined(query, level));
  // Rows of one study share its answer, which is counted once.
  const tasks = levels.flatMap((level) => [
    ...new Map(page.map((found) => [found.row.answers[level], { ...found, level }])).values(),
  ]);
  const [any] = page;
  try {
    const counted = inOrder(tasks, WIDTH, signal, ({ level, row, run }, inner) => {
      const count = (until: AbortSignal) => completeCounts({ ...run, signal: until }, level, row);
      return isOneOfSeveral
        ? inTime(run.pacs, { ms: run.limits.pacsMs, signal: inner }, count).catch(noteUncounted(run))
        : count(inner);
    });
    for await (const _ of counted);
  } catch (error) {
    if (!isOverspent(error)) throw error;
    any?.run.warnings.add('Numbers that the PACS does not give have been left out of some results.');
  }
}

function noteUncounted({ warnings }: Search): (error: unknown) => void {
  return (error) => {
    if (!isNoAnswer(error) || !(error instanceof DicomError)) throw error;
    warnings.add(`Numbers have been left out of some results: ${error.message}`);
  };
}

async function* datasets(list: Dataset[]): AsyncGenerator<Dataset, void> {
  yield* list;
}
