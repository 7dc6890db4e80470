// Matching of an entity against keys as PS3.4 C.2.2.2 says, for what a PACS matched too loosely or not at all.

import type { Attribute, Dataset, PersonName, Value } from '../dataset.ts';
import { VRS, type Vr } from '../vr.ts';
import { isMoment, type Key, personNameOf, WILDCARD_VRS } from './match.ts';
import { type MomentVr, spanOf } from './moment.ts';

/** `unknown`: the entity has no value to compare, which PS3.4 C.2.2.1.2 counts as a match. */
export type Verdict = 'match' | 'mismatch' | 'unknown';

/** The verdict on one key. An attribute that is absent or empty is `unknown` to every kind of matching but empty value. */
export function verdictOn(key: Key, attribute: Attribute | undefined): Verdict {
  const { match, vr } = key;
  if (match.kind === 'any') return 'match';
  const present = hasValue(attribute);
  if (match.kind === 'empty') return present ? 'mismatch' : 'match';
  if (!present) return 'unknown';
  // Bytes that neither side can interpret stay the PACS's business.
  if (attribute?.Value === undefined || VRS[vr].kind === 'binary') return 'unknown';
  const values = attribute.Value.filter((value) => value !== null);
  if (match.kind === 'item') return verdictOnItems(match.keys, values);
  if (match.kind === 'range') return values.some((value) => inRange(vr, value, match)) ? 'match' : 'mismatch';
  const found = (wanted: string) => values.some((value) => equals(vr, wanted, value));
  const holds = match.kind === 'every' ? match.values.every(found) : match.values.some(found);
  return holds ? 'match' : 'mismatch';
}

/** Whether an attribute has at least one value. */
export function hasValue(attribute: Attribute | undefined): boolean {
  if (attribute === undefined) return false;
  if (attribute.InlineBinary !== undefined) return attribute.InlineBinary.length > 0;
  return attribute.Value?.some((value) => value !== null && value !== '') ?? attribute.BulkDataURI !== undefined;
}

/** A date range and a time range as one interval (PS3.4 C.2.2.2.5.4). */
export type Moment = {
  date: string;
  time: string;
  from?: { date: string; time: string };
  to?: { date: string; time: string };
};

export function verdictOnMoment(moment: Moment, entity: Dataset): Verdict {
  const date = entity[moment.date]?.Value?.[0];
  const time = entity[moment.time]?.Value?.[0];
  const day = typeof date === 'string' ? spanOf('DA', date) : undefined;
  if (day === undefined) return 'unknown';
  const clock = typeof time === 'string' ? spanOf('TM', time) : undefined;
  // Without a time of day the whole day is where it could have been.
  const earliest = clock === undefined ? day.from : day.from + clock.from;
  const latest = clock === undefined ? day.to : earliest;
  const from = instant(moment.from, 'from');
  const to = instant(moment.to, 'to');
  return (from === undefined || latest >= from) && (to === undefined || earliest <= to) ? 'match' : 'mismatch';
}

function instant(end: { date: string; time: string } | undefined, side: 'from' | 'to'): number | undefined {
  const day = end && spanOf('DA', end.date);
  const clock = end && spanOf('TM', end.time);
  return day && clock ? day.from + clock[side] : undefined;
}

/** PS3.4 C.2.2.2.6: every key of the item within a single item of the entity. */
function verdictOnItems(keys: readonly Key[], items: Value[]): Verdict {
  const verdicts = items.filter(isItem).map((item): Verdict => {
    const each = keys.map((key) => verdictOn(key, item[key.tag]));
    if (each.includes('mismatch')) return 'mismatch';
    return each.includes('unknown') ? 'unknown' : 'match';
  });
  if (verdicts.includes('match')) return 'match';
  return verdicts.includes('unknown') ? 'unknown' : 'mismatch';
}

function isItem(value: Value): value is Dataset {
  return typeof value === 'object' && value !== null;
}

function inRange(vr: Vr, value: Value, { from, to }: { from?: string; to?: string }): boolean {
  if (!isMoment(vr) || typeof value !== 'string') return true;
  const span = spanOf(vr, value);
  // A stored value that is no date can't be placed; the PACS has its own view of it.
  if (span === undefined) return true;
  const first = from === undefined ? undefined : spanOf(vr, from);
  const last = to === undefined ? undefined : spanOf(vr, to);
  return (first === undefined || span.from >= first.from) && (last === undefined || span.from <= last.to);
}

function equals(vr: Vr, wanted: string, value: Value): boolean {
  if (vr === 'PN') return sameName(personNameOf(wanted), value);
  if (typeof value === 'object') return false;
  if (isMoment(vr)) return sameMoment(vr, wanted, value);
  const { kind } = VRS[vr];
  // PS3.4 C.2.2.2.1 leaves IS and DS to the implementation: by number.
  if (kind === 'decimal' || kind === 'number') return Number(wanted) === Number(value);
  if (kind === 'big') return String(BigInt(wanted.replace('+', ''))) === String(value);
  if (kind === 'tag') return wanted.toUpperCase() === value;
  const text = String(value).trim();
  return WILDCARD_VRS.has(vr) ? fits(wanted.trim(), text) : wanted.trim() === text;
}

function sameMoment(vr: MomentVr, wanted: string, value: Value): boolean {
  const key = spanOf(vr, wanted);
  const span = spanOf(vr, String(value));
  return key === undefined || span === undefined ? wanted === value : key.from === span.from;
}

const GROUPS = ['Alphabetic', 'Ideographic', 'Phonetic'] as const;

/** A key of one group matches that of any representation; a key of several, each against its own (PS3.4 C.2.2.2.1.1). */
function sameName(wanted: PersonName, value: Value): boolean {
  const name: PersonName = typeof value === 'string' ? personNameOf(value) : isItem(value) ? (value as PersonName) : {};
  const asked = GROUPS.filter((group) => wanted[group] !== undefined);
  const same = (key = '', text = '') => {
    const [pattern, folded] = [foldName(key), foldName(text)];
    // PS3.5 6.2.1.1: trailing delimiters may be left out, so `DOE` and `DOE^^^^` are one name.
    return fits(pattern, folded) || fits(pattern, folded + '^'.repeat(Math.max(0, 5 - folded.split('^').length)));
  };
  if (asked.length === 1 && wanted.Alphabetic !== undefined) {
    return GROUPS.some((group) => name[group] !== undefined && same(wanted.Alphabetic, name[group]));
  }
  return asked.every((group) => same(wanted[group], name[group]));
}

/** Names match whatever their case, and whether or not empty components are written out. */
function foldName(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .trim()
    .replace(/[\s^]+$/, '')
    .replace(/\s*\^\s*/g, '^');
}

/** Wildcard matching in linear time: `*` any run, `?` one character; what could not be decoded may have been anything. */
export function fits(pattern: string, text: string): boolean {
  const keys = [...pattern];
  const letters = [...text];
  let at = 0;
  let star = -1;
  let mark = 0;
  for (let here = 0; here < letters.length; ) {
    const key = keys[at];
    if (key === '*') {
      star = at++;
      mark = here;
    } else if (key !== undefined && (key === '?' || key === letters[here] || letters[here] === '\uFFFD')) {
      at++;
      here++;
    } else if (star >= 0) {
      at = star + 1;
      here = ++mark;
    } else return false;
  }
  while (keys[at] === '*') at++;
  return at === keys.length;
}
