// The DICOM JSON model (PS3.18 Annex F): Datasets to text.

import type { Attribute, Dataset, PersonName, Value } from './dataset.ts';
import { Tag } from './tags.ts';
import { VRS } from './vr.ts';

export { fromJson } from './json-reader.ts';

const UTF_8: Attribute = { vr: 'CS', Value: ['ISO_IR 192'] };
const NON_ASCII = /[^\x00-\x7f]/;

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** Text that is its own JSON: most text, and quicker told than stringified. */
const PLAIN = /^[ !#-[\]-~]*$/;

function textJson(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function valueJson(value: Value): string {
  if (typeof value === 'string') return textJson(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return value === null ? 'null' : personNameJson(value as PersonName);
}

/** PS3.18 F.2.2: only the groups that are not empty. */
function personNameJson({ Alphabetic, Ideographic, Phonetic }: PersonName): string {
  const groups: string[] = [];
  if (Alphabetic) groups.push(`"Alphabetic":${textJson(Alphabetic)}`);
  if (Ideographic) groups.push(`"Ideographic":${textJson(Ideographic)}`);
  if (Phonetic) groups.push(`"Phonetic":${textJson(Phonetic)}`);
  return `{${groups.join(',')}}`;
}

/**
 * FL and FD values that JSON has no number for (NaN, infinities) go by reference, which PS3.18 F.2.2 allows for these VRs: a
 * `data:` URI with the little endian value field.
 */
function unprintable(vr: 'FL' | 'FD', values: Value[]): string {
  const size = VRS[vr].size;
  const field = Buffer.alloc(values.length * size);
  for (const [index, value] of values.entries()) {
    if (vr === 'FL') field.writeFloatLE(value as number, index * size);
    else field.writeDoubleLE(value as number, index * size);
  }
  return `{"vr":"${vr}","BulkDataURI":"data:application/octet-stream;base64,${field.toString('base64')}"}`;
}

function attributeJson({ vr, Value: values, InlineBinary: bytes, BulkDataURI: uri }: Attribute): string {
  if (uri !== undefined) return `{"vr":"${vr}","BulkDataURI":${textJson(uri)}}`;
  if (bytes !== undefined && bytes.length > 0) return `{"vr":"${vr}","InlineBinary":"${base64(bytes)}"}`;
  if (values === undefined || values.length === 0) return `{"vr":"${vr}"}`;
  if (vr === 'SQ') return `{"vr":"SQ","Value":[${values.map((item) => datasetJson(item as Dataset)).join(',')}]}`;
  if ((vr === 'FL' || vr === 'FD') && !values.every(Number.isFinite)) return unprintable(vr, values);
  const [first = null] = values;
  const list = values.length === 1 ? valueJson(first) : values.map(valueJson).join(',');
  return `{"vr":"${vr}","Value":[${list}]}`;
}

function datasetJson(dataset: Dataset): string {
  let text = '';
  for (const tag of Object.keys(dataset).sort()) {
    if (tag.endsWith('0000') || tag.startsWith('0002')) continue;
    const attribute = tag === Tag.SpecificCharacterSet ? UTF_8 : dataset[tag];
    if (attribute) text += `${text === '' ? '' : ','}"${tag}":${attributeJson(attribute)}`;
  }
  return `{${text}}`;
}

/**
 * The DICOM JSON model object of one Dataset, as text: attributes in tag order, without group lengths and group 0002.
 * Specific Character Set says `ISO_IR 192`, and is added where text goes beyond ASCII (PS3.18 F.2). Several Datasets go in
 * an array: `[${datasets.map(toJson).join()}]`.
 */
export function toJson(dataset: Dataset): string {
  const text = datasetJson(dataset);
  if (dataset[Tag.SpecificCharacterSet] || !NON_ASCII.test(text)) return text;
  return datasetJson({ ...dataset, [Tag.SpecificCharacterSet]: UTF_8 });
}
