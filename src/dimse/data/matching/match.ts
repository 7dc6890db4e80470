// How one attribute must match (PS3.4 C.2.2.2), whoever asks: a web query, or the identifier of a C-FIND.

import type { Attribute, Dataset, PersonName, Value } from '../dataset.ts';
import type { Vr } from '../vr.ts';
import { type MomentVr, rangeOf } from './moment.ts';

/**
 * How a key matches: `any` universal (C.2.2.2.3), `values` any of them, each single or with wildcards (C.2.2.2.1, .2, .4),
 * `range` (.5), `item` within one item of the sequence (.6), `empty` (.7), `every` all of them (.8).
 */
export type Match =
  | { kind: 'any' }
  | { kind: 'values'; values: readonly string[] }
  | { kind: 'range'; from?: string; to?: string }
  | { kind: 'item'; keys: Key[] }
  | { kind: 'empty' }
  | { kind: 'every'; values: readonly string[] };

export type Key = { tag: string; vr: Vr; match: Match };

/** PS3.4 C.2.2.2.4. */
export const WILDCARD_VRS: ReadonlySet<Vr> = new Set(['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);
/** PS3.4 C.2.2.2.7: as a key, two quotation marks ask for what is absent or empty. */
export const EMPTY_VALUE = '""';

export function isMoment(vr: Vr): vr is MomentVr {
  return vr === 'DA' || vr === 'TM' || vr === 'DT';
}

/** The key that an element of an identifier is; several values are alternatives, of a sequence only the first item counts. */
export function keyOf(tag: string, { vr, Value = [] }: Attribute): Key {
  const [first, ...others] = Value.filter((value) => value !== null && value !== '');
  if (first === undefined) return { tag, vr, match: { kind: 'any' } };
  if (vr === 'SQ') return { tag, vr, match: itemOf(first) };
  if (first === EMPTY_VALUE) return { tag, vr, match: { kind: 'empty' } };
  const values = [first, ...others].map((value) => textOf(value));
  const [text = ''] = values;
  if (WILDCARD_VRS.has(vr) && text === '*') return { tag, vr, match: { kind: 'any' } };
  const range = isMoment(vr) && values.length === 1 ? rangeOf(vr, text) : undefined;
  return { tag, vr, match: range === undefined ? { kind: 'values', values } : { kind: 'range', ...range } };
}

/** An item without a value is universal matching of the whole sequence (C.2.2.2.6). */
function itemOf(item: Value): Match {
  const keys = isItem(item) ? Object.entries(item).map(([tag, attribute]) => keyOf(tag, attribute)) : [];
  return keys.every(({ match }) => match.kind === 'any') ? { kind: 'any' } : { kind: 'item', keys };
}

function textOf(value: Value): string {
  if (!isItem(value)) return String(value).trim();
  const { Alphabetic = '', Ideographic = '', Phonetic = '' } = value as PersonName;
  return [Alphabetic, Ideographic, Phonetic].join('=').replace(/=+$/, '');
}

function isItem(value: Value): value is Dataset {
  return typeof value === 'object' && value !== null;
}

/** PN component groups of a key (PS3.5 6.2.1.1). */
export function personNameOf(text: string): PersonName {
  const [alphabetic = '', ideographic = '', phonetic = ''] = text.split('=');
  return {
    ...(alphabetic === '' ? {} : { Alphabetic: alphabetic }),
    ...(ideographic === '' ? {} : { Ideographic: ideographic }),
    ...(phonetic === '' ? {} : { Phonetic: phonetic }),
  };
}
