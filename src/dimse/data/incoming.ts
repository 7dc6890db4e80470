// Values that arrive as JSON or XML: held against their VR before they become part of a Dataset.

import { DicomError } from '../errors.ts';
import type { PersonName, Value } from './dataset.ts';
import { decimalOf, personName } from './values.ts';
import { VRS, type Vr } from './vr.ts';

/** The error for what a client sent; `path` is 'tag/item/tag' and never holds a value. */
export function malformed(path: string, what: string): DicomError {
  const field = path === '' ? 'data set' : path;
  return new DicomError('malformed', `${what} at ${field}`, { field });
}

function groupOf(name: object, group: string, path: string): string | undefined {
  const text: unknown = Reflect.get(name, group);
  if (text === undefined || text === null || text === '') return undefined;
  if (typeof text !== 'string') throw malformed(path, `A ${group} that is no text`);
  if (/[\\=]/.test(text)) throw malformed(path, 'A person name with a delimiter in a component group');
  return text;
}

/** PS3.18 F.2.2; plain text is taken too, its groups separated by `=`. */
function incomingName(value: unknown, path: string): PersonName | null {
  if (typeof value === 'string') {
    if (value.includes('\\')) throw malformed(path, 'A backslash within a value');
    return personName(value);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(path, 'A value that is no PN');
  const name: PersonName = {};
  for (const group of ['Alphabetic', 'Ideographic', 'Phonetic'] as const) {
    const text = groupOf(value, group, path);
    if (text !== undefined) name[group] = text;
  }
  return Object.keys(name).length === 0 ? null : name;
}

/** SV and UV: a number where it is exact, else its digits. */
function incomingBig(value: unknown, vr: Vr, path: string): Value {
  const digits = typeof value === 'number' && Number.isInteger(value) ? String(value) : value;
  if (typeof digits !== 'string' || !/^-?[0-9]{1,20}$/.test(digits)) throw malformed(path, `A value that is no ${vr}`);
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits).toString();
}

/** Whole numbers' least and greatest. */
const RANGES: Partial<Record<Vr, readonly [number, number]>> = {
  US: [0, 0xffff],
  SS: [-0x8000, 0x7fff],
  UL: [0, 0xffffffff],
  SL: [-0x80000000, 0x7fffffff],
};

function incomingNumber(value: unknown, vr: Vr, path: string): number {
  const range = RANGES[vr];
  if (typeof value !== 'number') throw malformed(path, `A value that is no ${vr}`);
  if (range && !(Number.isInteger(value) && value >= range[0] && value <= range[1])) {
    throw malformed(path, `A value outside the range of ${vr}`);
  }
  return value;
}

function incomingDecimal(value: unknown, vr: Vr, path: string): Value {
  const number = typeof value === 'string' ? decimalOf(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) {
    const fits = vr === 'DS' || (Number.isInteger(number) && Math.abs(number) <= 0x80000000 && number < 0x80000000);
    if (fits) return number;
    throw malformed(path, 'A number that is no IS');
  }
  if (typeof number === 'string' && !number.includes('\\')) return number;
  throw malformed(path, `A value that is no ${vr}`);
}

/**
 * One value of the DICOM JSON model under its VR; SQ and the binary VRs are not for this. Null and '' are an empty value.
 * Text of a VR with several values must not hold a backslash (PS3.18 F.2.4).
 * @throws DicomError `malformed`, naming `path`
 */
export function incomingValue(value: unknown, vr: Vr, path: string): Value {
  if (value === null || value === '') return null;
  const { kind, multiple } = VRS[vr];
  if (kind === 'name') return incomingName(value, path);
  if (kind === 'number') return incomingNumber(value, vr, path);
  if (kind === 'big') return incomingBig(value, vr, path);
  if (kind === 'decimal') return incomingDecimal(value, vr, path);
  if (typeof value !== 'string') throw malformed(path, `A value that is no ${vr}`);
  if (kind === 'tag') {
    if (!/^[0-9A-Fa-f]{8}$/.test(value)) throw malformed(path, 'A value that is no AT');
    return value.toUpperCase();
  }
  if (multiple && value.includes('\\')) throw malformed(path, 'A backslash within a value');
  return value;
}

/** The bytes that base64 text (RFC 4648 section 4) stands for; white space is passed over. */
export function incomingBytes(text: string, path: string): Buffer {
  const digits = text.replace(/[ \t\r\n]/g, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) throw malformed(path, 'What is no base64');
  return Buffer.from(digits, 'base64');
}

/** The value field that a `data:` URI carries; undefined for other URIs. */
export function dataUriBytes(uri: string, path: string): Buffer | undefined {
  const base64 = /^data:[^,]*;base64,(.*)$/s.exec(uri)?.[1];
  return base64 === undefined ? undefined : incomingBytes(base64, path);
}

/** Whether nothing but empty values is there; such an attribute has none. */
export function isEmpty(values: Value[]): boolean {
  return values.length === 0 || (values.length === 1 && values[0] === null);
}
