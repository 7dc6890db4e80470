// One key of a query (PS3.4 C.2.2.2): read from the text of a query parameter, written as an element of a C-FIND identifier.

import type { Attribute, Dataset, Value } from '../../../dimse/data/dataset.ts';
import {
  EMPTY_VALUE,
  isMoment,
  type Key,
  type Match,
  personNameOf,
  WILDCARD_VRS,
} from '../../../dimse/data/matching/match.ts';
import { type MomentVr, rangeOf, spanOf } from '../../../dimse/data/matching/moment.ts';
import { isUidShape } from '../../../dimse/data/uid.ts';
import { VRS, type Vr } from '../../../dimse/data/vr.ts';
import { DicomError } from '../../../dimse/errors.ts';

/** PS3.4 C.2.2.2.7. */
const EMPTY_VRS: ReadonlySet<Vr> = new Set([...WILDCARD_VRS, 'DA', 'TM', 'DT']);
/** PS3.4 C.2.2.2.8. */
const EVERY_VRS: ReadonlySet<Vr> = new Set(['AE', 'AS', 'AT', 'CS', 'LO', 'PN', 'SH', 'UC']);
/** Values that can hold no comma, so that a comma lists several. */
const COMMA_VRS: ReadonlySet<Vr> = new Set(['AE', 'AS', 'AT', 'CS', 'UI']);

const INTEGER_BOUNDS: Partial<Record<Vr, readonly [bigint, bigint]>> = {
  US: [0n, 0xffffn],
  SS: [-0x8000n, 0x7fffn],
  UL: [0n, 0xffffffffn],
  SL: [-0x80000000n, 0x7fffffffn],
  UV: [0n, (1n << 64n) - 1n],
  SV: [-(1n << 63n), (1n << 63n) - 1n],
  IS: [-0x80000000n, 0x7fffffffn],
};

export type MatchingOptions = { emptyValue: boolean; multipleValue: boolean };

/**
 * The match that the text of a parameter asks for. Throws `malformed` for a text that is no value of the VR (PS3.18 8.3).
 * @param name what the client called the attribute, for the message
 */
export function parseMatch(vr: Vr, text: string, name: string, options: MatchingOptions): Match {
  if (text === '') return { kind: 'any' };
  if (vr === 'SQ') throw bad(name, 'is a sequence: match an attribute inside it, as Sequence.Attribute');
  if (options.emptyValue && text === EMPTY_VALUE && EMPTY_VRS.has(vr)) return { kind: 'empty' };
  if (isMoment(vr)) return parseMoment(vr, text, name);
  if (WILDCARD_VRS.has(vr) && /^\*+$/.test(text)) return { kind: 'any' };
  const { values, several } = split(vr, text, options);
  for (const value of values) checkValue(vr, value, name);
  if (!several || !options.multipleValue || !EVERY_VRS.has(vr)) return { kind: 'values', values };
  if (WILDCARD_VRS.has(vr) && values.some(hasWildcard)) throw bad(name, 'takes no wildcards among several values');
  return { kind: 'every', values };
}

/** Whether a value of a VR that allows wildcards has one. */
export function hasWildcard(value: string): boolean {
  return /[*?]/.test(value);
}

/** The key as an element of an identifier. What the PACS isn't asked to match is sent without a value, to be returned. */
export function elementOf({ vr, match }: Key): Attribute {
  if (match.kind === 'range') return { vr, Value: [`${match.from ?? ''}-${match.to ?? ''}`] };
  if (match.kind === 'item') return { vr, Value: [identifierOf(match.keys)] };
  const values = askedValues(vr, match);
  if (values.length === 0) return { vr };
  if (VRS[vr].kind === 'binary') return { vr, InlineBinary: Buffer.from(values[0] ?? '') };
  return { vr, Value: values.map((value) => typedValue(vr, value)) };
}

/** A list is defined for UIDs only (PS3.4 C.2.2.2.2): of other lists the PACS is asked what is true of every match. */
function askedValues(vr: Vr, match: Match): readonly string[] {
  if (match.kind === 'every') return match.values.slice(0, 1);
  if (match.kind !== 'values') return [];
  return vr === 'UI' || match.values.length === 1 ? match.values : [];
}

export function identifierOf(keys: readonly Key[]): Dataset {
  return Object.fromEntries(keys.map((key) => [key.tag, elementOf(key)]));
}

/**
 * Names in these scripts stand behind the alphabetic ones, where a PACS that matches whole values doesn't look (PS3.4
 * C.2.2.2.1.1): it is asked for them anywhere, and the gateway matches group by group.
 */
const IDEOGRAPHIC = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

function typedValue(vr: Vr, text: string): Value {
  const { kind } = VRS[vr];
  if (kind === 'name') return personNameOf(IDEOGRAPHIC.test(text) && !text.includes('=') ? `*${text}*` : text);
  if (kind === 'number') return Number(text);
  return kind === 'tag' ? text.toUpperCase() : text;
}

function parseMoment(vr: MomentVr, text: string, name: string): Match {
  const form = { DA: 'YYYYMMDD', TM: 'HHMMSS.FFFFFF', DT: 'YYYYMMDDHHMMSS.FFFFFF&ZZXX' }[vr];
  if (/[*?]/.test(text)) throw bad(name, `takes no wildcards: it is ${vr}, a value or a range of ${form}`);
  // Only keys are held to today's syntax; stored values may have the separators of ACR-NEMA.
  if (!(vr === 'DA' ? /[.:]/ : /:/).test(text)) {
    const range = rangeOf(vr, text);
    if (range !== undefined) return { kind: 'range', ...range };
    if (spanOf(vr, text)) return { kind: 'values', values: [text.trim()] };
  }
  throw bad(name, `must be ${form} or a range of it`);
}

function split(vr: Vr, text: string, options: MatchingOptions): { values: string[]; several: boolean } {
  const comma = COMMA_VRS.has(vr) || (options.multipleValue && EVERY_VRS.has(vr));
  const separator = comma ? /[\\,]/ : VRS[vr].multiple ? /\\/ : undefined;
  const values = (separator === undefined ? [text] : text.split(separator)).map((value) => value.trim());
  return { values, several: values.length > 1 };
}

function checkValue(vr: Vr, value: string, name: string): void {
  if (/[\x00-\x1f\x7f]/.test(value)) throw bad(name, 'must not contain control characters');
  if (value === '') throw bad(name, 'has an empty value in its list');
  if (vr === 'UI' && !isUidShape(value)) throw bad(name, 'must be a UID or a list of UIDs');
  if (vr === 'AS' && !/^\d{3}[DWMY]$/.test(value)) throw bad(name, 'must be an age such as 018Y');
  if (vr === 'AT' && !/^[0-9A-Fa-f]{8}$/.test(value)) throw bad(name, 'must be a tag of eight hex digits');
  const { kind } = VRS[vr];
  const bounds = INTEGER_BOUNDS[vr];
  if (bounds !== undefined) {
    const inside = /^[+-]?\d{1,20}$/.test(value) && BigInt(value.replace('+', '')) >= bounds[0];
    if (!inside || BigInt(value.replace('+', '')) > bounds[1]) throw bad(name, 'must be an integer of its VR');
  } else if (kind === 'number' || kind === 'decimal') {
    const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value) && Number.isFinite(Number(value));
    if (!number || (vr === 'DS' && value.length > 16)) throw bad(name, 'must be a number');
  }
}

function bad(name: string, what: string): DicomError {
  return new DicomError('malformed', `query parameter ${name} ${what}`, { field: name });
}
