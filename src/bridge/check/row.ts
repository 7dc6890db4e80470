// One row of `check`: a step that was tried with one PACS, timed and within a deadline; and the rows as a table for people.

import { DicomError } from '../../dimse/errors.ts';
import type { PacsConfig } from '../config/config.ts';
import { causeOf } from './causes.ts';

export type CheckStep =
  | 'TCP'
  | 'TLS'
  | 'association'
  | 'C-ECHO'
  | 'C-FIND study'
  | 'C-FIND patient'
  | 'relational'
  | 'date-time'
  | 'fuzzy'
  | 'time zone'
  | 'charset'
  | 'C-STORE'
  | 'C-GET'
  | 'C-MOVE';

export type CheckRow = {
  pacs: string;
  step: CheckStep;
  /** `warn`: the gateway does without, at a price that the detail names. */
  state: 'ok' | 'warn' | 'fail';
  ms: number;
  /** What was found, or what went wrong and its likely cause. */
  detail: string;
};

export type Finding<Value = never> = { detail: string; state?: 'ok' | 'warn'; value?: Value };
export type Outcome<Value> = { row: CheckRow; value?: Value };

/** Deadline of each step, in ms. */
const STEP_MS = 60_000;
/** Columns of the table: what does not fit goes on in the next line. */
const COLUMNS = 110;

/** Runs a step; what it throws is a row in the state `otherwise`, in plain words. */
export async function step<Value = never>(
  pacs: PacsConfig,
  name: CheckStep,
  run: (signal: AbortSignal) => Promise<Finding<Value>>,
  otherwise: 'warn' | 'fail' = 'fail',
): Promise<Outcome<Value>> {
  const started = performance.now();
  const row = (state: CheckRow['state'], detail: string): CheckRow => {
    return { pacs: pacs.aeTitle, step: name, state, ms: Math.round((performance.now() - started) * 10) / 10, detail };
  };
  const deadline = new AbortController();
  const late = new DicomError('timeout', `${pacs.aeTitle}: ${name} took more than ${STEP_MS / 1000} s`);
  const timer = setTimeout(() => deadline.abort(late), STEP_MS);
  try {
    const { detail, state = 'ok', value } = await run(deadline.signal);
    return { row: row(state, detail), ...(value === undefined ? {} : { value }) };
  } catch (error) {
    return { row: row(otherwise, causeOf(error, pacs)) };
  } finally {
    clearTimeout(timer);
  }
}

/** A line per row, and more where a detail is long; no line is wider than 110 columns but for a word that is. */
export function printChecks(rows: readonly CheckRow[]): string {
  const width = Math.max(4, ...rows.map(({ pacs }) => pacs.length));
  const lines = rows.flatMap(({ pacs, step: name, state, ms, detail }) => {
    const shown = state === 'fail' ? 'FAIL' : state;
    const head = [pacs.padEnd(width), name.padEnd(14), shown.padEnd(4), `${ms.toFixed(0)} ms`.padStart(8), ''].join(
      '  ',
    );
    const [first = '', ...others] = wrapped(detail, COLUMNS - head.length);
    return [`${head}${first}`, ...others.map((line) => `${''.padEnd(head.length)}${line}`)];
  });
  return `${lines.join('\n')}\n`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
