// The content tree of a structured report (PS3.3 C.17.3) in words: concept names, values with their units and meanings,
// relationships, and what is referenced. No page and no layout: those are made of it.

import type { Dataset, PersonName } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { itemsOf, numbersOf, textOf } from '../attributes.ts';
import { type Evidence, type Reference, referencesOf } from './references.ts';

/** One content item. `name` and `value` are plain text; `children` are in their order in the report. */
export type ContentItem = {
  /** Position in the tree, `1.2.3`, by which other items refer to it (PS3.3 C.17.3.2.5). */
  position: string;
  valueType: string;
  /** How it stands to its parent (Table C.17.3.2.4); empty for the root. */
  relationship: string;
  name: string;
  value: string;
  references: Reference[];
  /** Position of the item that stands here by reference. */
  target?: string;
  children: ContentItem[];
};

/** Relationship Types as words (PS3.3 C.17.3.2.4); CONTAINS goes without saying. */
const RELATIONSHIPS: Readonly<Record<string, string>> = {
  'HAS OBS CONTEXT': 'in the context of',
  'HAS ACQ CONTEXT': 'acquired with',
  'HAS CONCEPT MOD': 'more precisely',
  'HAS PROPERTIES': 'with',
  'INFERRED FROM': 'inferred from',
  'SELECTED FROM': 'selected from',
};

/** Items nested deeper are left out: nobody reads them, and the standard's templates stay far below. */
const MAX_DEPTH = 64;

/** Reads the content tree; the data set itself is its root. */
export function contentOf(dataset: Dataset, evidence: Evidence): ContentItem {
  return itemOf(dataset, '1', evidence, 1);
}

function itemOf(item: Dataset, position: string, evidence: Evidence, depth: number): ContentItem {
  const identifier = numbersOf(item, '0040DB73'); // Referenced Content Item Identifier
  const valueType = textOf(item, Tag.ValueType) ?? '';
  const relationship = textOf(item, '0040A010') ?? '';
  const children = depth < MAX_DEPTH ? itemsOf(item, Tag.ContentSequence) : [];
  return {
    position,
    valueType,
    relationship: RELATIONSHIPS[relationship] ?? (relationship === 'CONTAINS' ? '' : relationship.toLowerCase()),
    name: codeText(item, Tag.ConceptNameCodeSequence),
    value: withMoment(VALUES[valueType]?.(item) ?? '', item, depth),
    references: referencesOf(item, evidence),
    ...(identifier.length > 0 && { target: identifier.join('.') }),
    children: children.map((child, index) => itemOf(child, `${position}.${index + 1}`, evidence, depth + 1)),
  };
}

/** Value Types (Table C.17.3-2) and how the value of each is told. */
const VALUES: Readonly<Record<string, (item: Dataset) => string>> = {
  TEXT: (item) => rawText(item, Tag.TextValue),
  CODE: (item) => codeText(item, '0040A168'),
  NUM: measurement,
  DATETIME: (item) => moment(textOf(item, '0040A120')),
  DATE: (item) => moment(textOf(item, '0040A121')),
  TIME: (item) => clock(textOf(item, '0040A122') ?? ''),
  UIDREF: (item) => textOf(item, '0040A124') ?? '',
  PNAME: (item) => personText(item, '0040A123'),
  SCOORD: coordinates,
  SCOORD3D: coordinates,
  TCOORD: temporalCoordinates,
  TABLE: (item) => table(item),
};

function rawText(item: Dataset, tag: string): string {
  const value = item[tag]?.Value?.[0];
  return typeof value === 'string' ? value.trimEnd() : '';
}

/** Code Meaning; where it is missing the code itself (PS3.3 8.8). */
export function codeText(item: Dataset, tag: string): string {
  const code = itemsOf(item, tag)[0];
  if (!code) return '';
  const value = textOf(code, '00080100') ?? textOf(code, '00080119') ?? textOf(code, '00080120');
  return textOf(code, '00080104') ?? value ?? '';
}

/** The groups of a name, its components apart by spaces. */
export function personText(item: Dataset, tag: string): string {
  const value = item[tag]?.Value?.[0];
  if (typeof value !== 'object' || value === null) return '';
  const { Alphabetic, Ideographic, Phonetic } = value as PersonName;
  return [Alphabetic, Ideographic, Phonetic].map(components).filter(Boolean).join(' / ');
}

function components(group: string | undefined): string {
  return (group ?? '').split('^').filter(Boolean).join(' ');
}

/** A number with its unit, or why there is none (PS3.3 C.18.1). */
function measurement(item: Dataset): string {
  const values = itemsOf(item, '0040A300').map((measured) => {
    const unit = itemsOf(measured, '004008EA')[0];
    const symbol = (unit && (textOf(unit, '00080100') ?? textOf(unit, '00080104'))) ?? '';
    const number = numbersOf(measured, '0040A30A').join(', ');
    // UCUM: 1 is no unit, and braces hold an annotation.
    return symbol === '1' ? number : `${number} ${symbol.replace(/^\{(.*)\}$/, '$1')}`.trim();
  });
  const qualifier = codeText(item, '0040A301');
  return [values.join('; '), qualifier && `(${qualifier})`].filter(Boolean).join(' ');
}

/** `YYYYMMDDHHMMSS.F&ZZXX`, as far as it goes. */
export function moment(text: string | undefined): string {
  const [, date = '', time = '', zone = ''] = /^(\d{4,8})(\d{0,6}(?:\.\d+)?)([+-]\d{4})?$/.exec(text ?? '') ?? [];
  if (date === '') return text ?? '';
  const day = date.replace(/^(\d{4})(\d\d)?(\d\d)?$/, (_, ...parts: string[]) =>
    parts.slice(0, 3).filter(Boolean).join('-'),
  );
  return [day, clock(time), zone.replace(/(\d\d)$/, ':$1')].filter(Boolean).join(' ');
}

function clock(time: string): string {
  return time.replace(/^(\d\d)(\d\d)?(\d\d(?:\.\d+)?)?$/, (_, ...parts: string[]) =>
    parts.slice(0, 3).filter(Boolean).join(':'),
  );
}

/** Graphic Type and how many points; the points themselves only where they are few. */
function coordinates(item: Dataset): string {
  const data = numbersOf(item, '00700022');
  const listed =
    data.length <= 12 ? data.map((number) => Number(number.toFixed(3))).join(', ') : `${data.length} numbers`;
  return [(textOf(item, '00700023') ?? '').toLowerCase(), listed].filter(Boolean).join(' ');
}

function temporalCoordinates(item: Dataset): string {
  const kind = (textOf(item, '0040A130') ?? '').toLowerCase();
  const positions = numbersOf(item, '0040A132').map((sample) => `sample ${sample}`);
  const offsets = numbersOf(item, '0040A138').map((seconds) => `${seconds} s`);
  const moments = (item['0040A13A']?.Value ?? []).filter((value) => typeof value === 'string').map(moment);
  return [kind, [...positions, ...offsets, ...moments].join(', ')].filter(Boolean).join(' ');
}

function table(item: Dataset): string {
  const [rows, columns] = [numbersOf(item, '0040A802')[0], numbersOf(item, '0040A803')[0]];
  return rows !== undefined && columns !== undefined ? `table of ${rows} rows and ${columns} columns` : 'table';
}

/** An item within the tree may have been observed at another time than the report was written. */
function withMoment(value: string, item: Dataset, depth: number): string {
  const observed = depth > 1 ? moment(textOf(item, '0040A032')) : '';
  return observed ? `${value} (observed ${observed})`.trim() : value;
}
