// Values to value fields (PS3.5 6.2, 6.4): the other way round of values.ts.

import { DicomError } from '../errors.ts';
import type { TextEncoding } from './charset.ts';
import type { Attribute, PersonName, Value } from './dataset.ts';
import { littleEndian } from './values.ts';
import type { Vr, VrProperties } from './vr.ts';

const NON_ASCII = /[^\x00-\x7f]/;
const EMPTY = Buffer.alloc(0);

function malformed(tag: string, what: string): DicomError {
  return new DicomError('malformed', `${what} in (${tag.slice(0, 4)},${tag.slice(4)})`, { field: tag });
}

/** A number in at most 16 characters (DS) or as an integer of 32 bits (IS), PS3.5 6.2; rounded where it must be. */
function decimalText(vr: Vr, value: number, tag: string): string {
  if (!Number.isFinite(value)) throw malformed(tag, 'A number that is not finite');
  if (vr === 'IS') {
    if (Number.isInteger(value) && value >= -0x80000000 && value <= 0x7fffffff) return String(value);
    throw malformed(tag, 'An IS that is no 32-bit integer');
  }
  const text = String(value);
  if (text.length <= 16) return text;
  for (let precision = 16; precision > 1; precision--) {
    const shorter = String(Number(value.toPrecision(precision)));
    if (shorter.length <= 16) return shorter;
    const exponential = value.toExponential(precision - 1).replace('e+', 'e');
    if (exponential.length <= 16) return exponential;
  }
  return value.toExponential(0).replace('e+', 'e');
}

function personNameText({ Alphabetic = '', Ideographic = '', Phonetic = '' }: PersonName): string {
  return `${Alphabetic}=${Ideographic}=${Phonetic}`.replace(/=+$/, '');
}

function textOf(value: Value, { vr, kind }: VrProperties, tag: string): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && kind === 'decimal') return decimalText(vr, value, tag);
  if (typeof value === 'object' && kind === 'name') return personNameText(value as PersonName);
  throw malformed(tag, `A value that is no ${vr}`);
}

function textField(values: Value[], properties: VrProperties, encoding: TextEncoding, tag: string): Buffer {
  const text = values.length === 1 ? textOf(values[0] ?? null, properties, tag) : valuesText(values, properties, tag);
  if (!properties.charset || !NON_ASCII.test(text)) return latin1Field(text, properties.pad);
  const bytes = encoding.encode(text);
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([properties.pad])]);
}

const valuesText = (values: Value[], properties: VrProperties, tag: string): string =>
  values.map((value) => textOf(value, properties, tag)).join('\\');

/** ASCII is the same in every character set. */
function latin1Field(text: string, pad: number): Buffer {
  const odd = text.length & 1;
  const field = Buffer.allocUnsafe(text.length + odd);
  field.latin1Write(text, 0);
  if (odd === 1) field[text.length] = pad;
  return field;
}

function writeBig(field: Buffer, vr: Vr, value: Value, at: number, little: boolean): void {
  const big = BigInt(value as number | string);
  if (vr === 'SV') little ? field.writeBigInt64LE(big, at) : field.writeBigInt64BE(big, at);
  else little ? field.writeBigUInt64LE(big, at) : field.writeBigUInt64BE(big, at);
}

function writeNumber(field: Buffer, vr: Vr, value: number, at: number, little: boolean): void {
  switch (vr) {
    case 'US':
      return void (little ? field.writeUInt16LE(value, at) : field.writeUInt16BE(value, at));
    case 'SS':
      return void (little ? field.writeInt16LE(value, at) : field.writeInt16BE(value, at));
    case 'UL':
      return void (little ? field.writeUInt32LE(value, at) : field.writeUInt32BE(value, at));
    case 'SL':
      return void (little ? field.writeInt32LE(value, at) : field.writeInt32BE(value, at));
    case 'FL':
      return void (little ? field.writeFloatLE(value, at) : field.writeFloatBE(value, at));
    default:
      return void (little ? field.writeDoubleLE(value, at) : field.writeDoubleBE(value, at));
  }
}

function writeTag(field: Buffer, value: Value, at: number, little: boolean): void {
  const tag = typeof value === 'string' && /^[0-9A-Fa-f]{8}$/.test(value) ? Number.parseInt(value, 16) : undefined;
  if (tag === undefined) throw new TypeError('no tag');
  writeNumber(field, 'US', tag >>> 16, at, little);
  writeNumber(field, 'US', tag & 0xffff, at + 2, little);
}

function numberField(values: Value[], properties: VrProperties, little: boolean, tag: string): Buffer {
  const { vr, kind } = properties;
  const size = kind === 'tag' ? 4 : properties.size;
  const field = Buffer.alloc(values.length * size);
  for (const [index, value] of values.entries()) {
    try {
      if (kind === 'tag') writeTag(field, value, index * size, little);
      else if (kind === 'big') writeBig(field, vr, value, index * size, little);
      else if (typeof value === 'number') writeNumber(field, vr, value, index * size, little);
      else throw new TypeError('no number');
    } catch (cause) {
      throw new DicomError('malformed', `${malformed(tag, `A value that is no ${vr}`).message}`, { field: tag, cause });
    }
  }
  return field;
}

/**
 * The value field of an attribute other than SQ, of even length.
 * @throws DicomError `malformed`, naming the tag, for values that the VR cannot hold
 */
export function valueField(
  tag: string,
  attribute: Attribute,
  properties: VrProperties,
  encoding: TextEncoding,
  little: boolean,
): Buffer {
  const { Value: values, InlineBinary: binary } = attribute;
  if (binary) {
    const bytes = Buffer.from(binary.buffer, binary.byteOffset, binary.length);
    const field = little ? bytes : littleEndian(bytes, properties.size);
    return field.length % 2 === 0 ? field : Buffer.concat([field, Buffer.alloc(1)]);
  }
  if (!values || values.length === 0) return EMPTY;
  if (properties.kind === 'text' || properties.kind === 'decimal' || properties.kind === 'name') {
    return textField(values, properties, encoding, tag);
  }
  if (properties.kind === 'binary') throw malformed(tag, `A Value under ${properties.vr}`);
  return numberField(values, properties, little, tag);
}
