// Dates, times and date-times (PS3.5 6.2: DA, TM, DT) as spans of microseconds, so that they compare by meaning:
// 2230 begins when 223000 does, and lasts for its whole minute.

import type { Vr } from '../dimse/data/vr.ts';

/** First and last microsecond, both inclusive. */
export type Span = { first: number; last: number };

const SECOND = 1_000_000;
const UNITS = [86_400 * SECOND, 3_600 * SECOND, 60 * SECOND, SECOND];
const OPEN: Span = { first: Number.NEGATIVE_INFINITY, last: Number.POSITIVE_INFINITY };

const TIME = /^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?$/;
const DATE = /^(\d{4})[.]?(\d{2})[.]?(\d{2})$/;
const DATE_TIME = /^(\d{4})(?:(\d{2})(?:(\d{2})(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?$/;

/** The span of one value; undefined when it is not one. Date-times with an offset count in UTC. */
export function spanOf(vr: Vr, text: string): Span | undefined {
  if (vr === 'TM') return timeSpan(text);
  if (vr === 'DA') return DATE.test(text) ? dateSpan(...partsOf(DATE.exec(text))) : undefined;
  return dateTimeSpan(text);
}

/** The first microsecond of a single value; undefined when the key is a range or malformed. */
export function instantOf(vr: Vr, key: string): number | undefined {
  return spanOf(vr, key)?.first;
}

/**
 * The span of a range key: `a-b`, `-b`, `a-`. In a DT the hyphen may belong to an offset from UTC, so the split is where
 * both sides are values or empty.
 */
export function spansOf(vr: Vr, key: string): Span | undefined {
  for (let at = key.indexOf('-'); at >= 0; at = key.indexOf('-', at + 1)) {
    const [from, to] = [key.slice(0, at).trim(), key.slice(at + 1).trim()];
    const first = from === '' ? OPEN : spanOf(vr, from);
    const last = to === '' ? OPEN : spanOf(vr, to);
    if (first !== undefined && last !== undefined && (from !== '' || to !== ''))
      return { first: first.first, last: last.last };
  }
  return undefined;
}

function partsOf(match: RegExpExecArray | null): [string, string | undefined, string | undefined] {
  return [match?.[1] ?? '', match?.[2], match?.[3]];
}

function dateSpan(year: string, month: string | undefined, day: string | undefined): Span {
  const y = Number(year);
  const m = Number(month ?? 1) - 1;
  const d = Number(day ?? 1);
  const end =
    day !== undefined ? Date.UTC(y, m, d + 1) : month !== undefined ? Date.UTC(y, m + 1, 1) : Date.UTC(y + 1, 0, 1);
  return { first: Date.UTC(y, m, d) * 1000, last: end * 1000 - 1 };
}

function timeSpan(text: string): Span | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, hours = '0', minutes, seconds, fraction] = match;
  const first =
    Number(hours) * 3_600 * SECOND +
    Number(minutes ?? 0) * 60 * SECOND +
    Number(seconds ?? 0) * SECOND +
    Number((fraction ?? '').padEnd(6, '0'));
  const known = [hours, minutes, seconds].filter((part) => part !== undefined).length;
  const unit = fraction === undefined ? (UNITS[known] ?? SECOND) : 10 ** (6 - fraction.length);
  return { first, last: first + unit - 1 };
}

function dateTimeSpan(text: string): Span | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, year = '', month, day, clock, offset] = match;
  const date = dateSpan(year, month, day);
  const time = clock === undefined ? undefined : timeSpan(clock);
  const shift = offset === undefined ? 0 : offsetOf(offset);
  const first = date.first + (time?.first ?? 0) - shift;
  return { first, last: (time === undefined ? date.last : date.first + time.last) - shift };
}

/** `+0130` in microseconds. */
function offsetOf(offset: string): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3, 5));
  return (offset.startsWith('-') ? -minutes : minutes) * 60 * SECOND;
}
