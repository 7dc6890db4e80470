// Attribute matching of the C-FIND provider (PS3.4 C.2.2.2): does an entity's attribute satisfy a key of the identifier?
// Names of persons match without regard to case, in any of their component groups; IS and DS match as numbers.

import type { Attribute, Dataset, PersonName, Value } from '../dimse/data/dataset.ts';
import type { Vr } from '../dimse/data/vr.ts';
import { instantOf, type Span, spanOf, spansOf } from './moment.ts';

/** VRs with wildcard matching (PS3.4 C.2.2.2.4). */
const WILDCARD: ReadonlySet<Vr> = new Set(['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);
const MOMENT: ReadonlySet<Vr> = new Set(['DA', 'TM', 'DT']);
const NUMERIC: ReadonlySet<Vr> = new Set(['IS', 'DS']);
/** Empty Value Matching (PS3.4 C.2.2.2.7): two quotation marks ask for absent or empty. */
const EMPTY_VALUE = '""';

/** True when the value (or its absence) satisfies the key; several values of the key are alternatives. */
export function matches(key: Attribute, entity: Attribute | undefined): boolean {
  const wanted = (key.Value ?? []).filter((value) => value !== null && value !== '');
  if (wanted.length === 0) return true;
  const present = (entity?.Value ?? []).filter((value): value is Exclude<Value, null> => value !== null);
  if (key.vr === 'SQ') return wanted.some((item) => isDataset(item) && matchesItem(item, present));
  if (wanted[0] === EMPTY_VALUE) return present.length === 0;
  return wanted.some((one) => present.some((value) => matchesValue(key.vr, one, value)));
}

/** All keys of the item must match within a single item of the entity (PS3.4 C.2.2.2.6); an empty item matches all. */
function matchesItem(key: Dataset, items: readonly Value[]): boolean {
  const keys = Object.entries(key);
  if (keys.every(([, attribute]) => (attribute.Value ?? []).length === 0)) return true;
  return items.some((item) => isDataset(item) && keys.every(([tag, attribute]) => matches(attribute, item[tag])));
}

function matchesValue(vr: Vr, key: Value, value: Value): boolean {
  if (vr === 'PN') return matchesName(key, value);
  if (NUMERIC.has(vr)) return Number(key) === Number(value);
  const wanted = String(key).trim();
  const text = String(value).trim();
  if (wanted === '*') return true;
  if (MOMENT.has(vr)) return matchesMoment(vr, wanted, text);
  if (WILDCARD.has(vr) && /[*?]/.test(wanted)) return pattern(wanted, '').test(text);
  return wanted === text;
}

/** A date, time or date-time against a single value or a range, by meaning and not by spelling (PS3.4 C.2.2.2.5). */
function matchesMoment(vr: Vr, key: string, value: string): boolean {
  const moment = spanOf(vr, value);
  if (moment === undefined) return false;
  const single = instantOf(vr, key);
  if (single !== undefined) return moment.first === single;
  const range: Span | undefined = spansOf(vr, key);
  return range !== undefined && moment.first >= range.first && moment.first <= range.last;
}

/** A key without `=` is looked for in every component group; with several groups, each must match its own. */
function matchesName(key: Value, value: Value): boolean {
  const wanted = groupsOf(key);
  const present = groupsOf(value);
  const [first = '', ...others] = wanted;
  if (others.every((group) => group === '')) return present.some((group) => group !== '' && matchesGroup(first, group));
  return wanted.every((group, index) => group === '' || matchesGroup(group, present[index] ?? ''));
}

function matchesGroup(key: string, group: string): boolean {
  return pattern(key.replace(/\^+$/, ''), 'i').test(group.replace(/\^+$/, ''));
}

function groupsOf(value: Value): string[] {
  if (typeof value === 'string') return value.split('=').map((group) => group.trim());
  if (value === null || typeof value === 'number') return [];
  const name: PersonName = value;
  return [name.Alphabetic, name.Ideographic, name.Phonetic].map((group) => (group ?? '').trim());
}

/** `*` for any run of characters, `?` for exactly one; nothing can be escaped. */
function pattern(key: string, flags: string): RegExp {
  const source = key
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, `su${flags}`);
}

function isDataset(value: Value): value is Dataset {
  return typeof value === 'object' && value !== null;
}
