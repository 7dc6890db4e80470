// Value fields to values (PS3.5 6.2, 6.4): what stands between the header of one element and the next.

import { decoder, type TextDecoding } from './charset.ts';
import type { Attribute, PersonName, Value } from './dataset.ts';
import { tagText } from './tag-text.ts';
import { VRS, type Vr, type VrProperties } from './vr.ts';

/** A value field in its surroundings: bytes with a view of the same bytes, byte order, and the character set in force. */
export type Field = {
  bytes: Buffer;
  view: DataView;
  little: boolean;
  text: TextDecoding;
  /** Leave text as it stands: no padding taken off, DS and IS not made numbers. */
  keepText: boolean;
};

const BACKSLASH = 0x5c;
const ESCAPE = 0x1b;

/** Leading spaces are not significant either (PS3.5 6.2), and senders right-align. */
const LEADING = new Set(['AE', 'CS', 'DS', 'IS']);

/**
 * The number a DS or IS stands for, when a number says the same: at most 15 digits and in plain decimal form. Else the text
 * (PS3.18 F.2.3.1 allows both).
 */
export function decimalOf(text: string): number | string {
  let digits = 0;
  let exponent = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) digits += exponent ? 0 : 1;
    else if ((code === 0x45 || code === 0x65) && digits > 0) exponent = true;
    else if (code !== 0x2e && code !== 0x2d && code !== 0x2b) return text;
  }
  if (digits === 0 || digits > 15) return text;
  const number = Number(text);
  return Number.isFinite(number) && !Object.is(number, -0) ? number : text;
}

/** The component groups of one PN value (PS3.5 6.2.1); null when all are empty. */
export function personName(text: string): PersonName | null {
  if (!text.includes('=')) return text === '' ? null : { Alphabetic: text };
  const [alphabetic, ideographic, phonetic] = text.split('=');
  const name: PersonName = {};
  if (alphabetic) name.Alphabetic = alphabetic;
  if (ideographic) name.Ideographic = ideographic;
  if (phonetic) name.Phonetic = phonetic;
  return alphabetic || ideographic || phonetic ? name : null;
}

function trimmed(text: string, leading: boolean): string {
  let end = text.length;
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0)) end--;
  let start = 0;
  if (leading) while (start < end && text.charCodeAt(start) === 0x20) start++;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function textValue(text: string, properties: VrProperties, keep: boolean): Value {
  const kept = keep ? text : trimmed(text, LEADING.has(properties.vr));
  if (kept === '') return null;
  if (properties.kind === 'name') return personName(kept);
  return properties.kind === 'decimal' && !keep ? decimalOf(kept) : kept;
}

function textField(field: Field, properties: VrProperties, start: number, end: number): Value[] | undefined {
  const { bytes, keepText } = field;
  let last = end;
  if (!keepText) while (last > start && (bytes[last - 1] === 0x20 || bytes[last - 1] === 0)) last--;
  let several = false;
  let plain = true;
  for (let at = start; at < last; at++) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH) several = true;
    else if (byte >= 0x80 || byte === ESCAPE) plain = false;
  }
  const ascii = !properties.charset || (plain && field.text.asciiSafe);
  const text = ascii ? bytes.latin1Slice(start, last) : field.text.decode(bytes, properties.vr, start, last);
  if (several && properties.multiple) {
    return text.split('\\').map((part) => textValue(part, properties, keepText));
  }
  const value = textValue(text, properties, keepText);
  return value === null ? undefined : [value];
}

function numberAt({ view, little }: Field, vr: VrProperties['vr'], at: number): Value {
  switch (vr) {
    case 'US':
      return view.getUint16(at, little);
    case 'SS':
      return view.getInt16(at, little);
    case 'UL':
      return view.getUint32(at, little);
    case 'SL':
      return view.getInt32(at, little);
    case 'FL':
      return view.getFloat32(at, little);
    case 'FD':
      return view.getFloat64(at, little);
    case 'AT':
      return tagText(view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little));
    default: {
      const big = vr === 'SV' ? view.getBigInt64(at, little) : view.getBigUint64(at, little);
      const number = Number(big);
      return Number.isSafeInteger(number) ? number : big.toString();
    }
  }
}

/**
 * The words that byte order turns round in a value field. Pixel Data of 32 bits are words of 4 bytes also under OW: PS3.5
 * 6.2 speaks of 16-bit words, but that is how such files are found.
 */
export function wordSize(
  tag: number,
  { vr, size }: VrProperties,
  bitsAllocated: number | undefined,
): VrProperties['size'] {
  return tag === 0x7fe00010 && vr === 'OW' && bitsAllocated === 32 ? 4 : size;
}

/** A copy of big endian words as little endian ones; the view itself when nothing is to swap. An odd rest stays as it is. */
export function littleEndian(bytes: Buffer, size: VrProperties['size']): Buffer {
  if (size === 1) return bytes;
  const copy = Buffer.from(bytes);
  const words = copy.subarray(0, copy.length - (copy.length % size));
  if (size === 2) words.swap16();
  else if (size === 4) words.swap32();
  else words.swap64();
  return copy;
}

/**
 * The attribute that bytes[start, end) make under a VR other than SQ. Undefined when the length does not fit the VR, which
 * is no reason to refuse the data set: the caller keeps such a field as UN.
 */
export function readValue(field: Field, properties: VrProperties, start: number, end: number): Attribute | undefined {
  const { vr, kind } = properties;
  if (start === end) return { vr };
  if (kind === 'binary') {
    const bytes = field.bytes.subarray(start, end);
    return { vr, InlineBinary: field.little ? bytes : littleEndian(bytes, properties.size) };
  }
  if (kind === 'text' || kind === 'decimal' || kind === 'name') {
    const values = textField(field, properties, start, end);
    return values === undefined ? { vr } : { vr, Value: values };
  }
  const size = vr === 'AT' ? 4 : properties.size;
  if ((end - start) % size !== 0) return undefined;
  if (end - start === size) return { vr, Value: [numberAt(field, vr, start)] };
  const values: Value[] = [];
  for (let at = start; at < end; at += size) values.push(numberAt(field, vr, at));
  return { vr, Value: values };
}

/** The attribute that a little endian value field in memory makes, text in UTF-8; undefined when the field does not fit. */
export function fieldValues(vr: Vr, field: Buffer): Attribute | undefined {
  const view = new DataView(field.buffer, field.byteOffset, field.length);
  const text = decoder(['ISO_IR 192']);
  return readValue({ bytes: field, view, little: true, text, keepText: false }, VRS[vr], 0, field.length);
}
