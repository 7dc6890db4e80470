// The Native DICOM Model (PS3.19 A.1): Datasets to XML. xml-reader.ts is the other way.

import type { Attribute, Dataset, PersonName, Value } from './dataset.ts';
import { keywordOf } from './dictionary.ts';
import { Tag } from './tags.ts';
import { NAME_PARTS } from './xml-reader.ts';

export { fromXml } from './xml-reader.ts';

const NATIVE_DICOM = 'http://dicom.nema.org/PS3.19/models/NativeDICOM';

const SPECIAL = /[&<>"\r]/g;
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

/** Characters that XML 1.0 has no form for, not even escaped (2.2 Char): they are left out. */
const ILLEGAL = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(ILLEGAL, '')
    .replace(SPECIAL, (character) => ENTITIES[character] ?? '');
}

function nameGroup(element: string, group: string | undefined): string {
  if (!group) return '';
  const components = group.split('^');
  // The model has five. What a name has too many of stays with the last, where reading it back finds it.
  const rest = components.slice(NAME_PARTS.length - 1).join('^');
  const parts = [...components.slice(0, NAME_PARTS.length - 1), rest].map((part, index) => {
    const name = NAME_PARTS[index];
    return name && part ? `<${name}>${escaped(part)}</${name}>` : '';
  });
  return `<${element}>${parts.join('')}</${element}>`;
}

function personName(name: PersonName | null, number: number): string {
  if (name === null) return `<PersonName number="${number}"></PersonName>`;
  const { Alphabetic, Ideographic, Phonetic } = name;
  const groups = [
    nameGroup('Alphabetic', Alphabetic),
    nameGroup('Ideographic', Ideographic),
    nameGroup('Phonetic', Phonetic),
  ];
  return `<PersonName number="${number}">${groups.join('')}</PersonName>`;
}

/** Numbers as XML Schema writes them: the model has a form for what is not finite. */
function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? 'INF' : '-INF';
}

function valueXml(vr: string, value: Value, number: number): string {
  if (vr === 'PN') return personName(value as PersonName | null, number);
  if (vr === 'SQ') return `<Item number="${number}">${elementsXml(value as Dataset)}</Item>`;
  const text = typeof value === 'number' ? numberText(value) : value === null ? '' : escaped(value as string);
  return `<Value number="${number}">${text}</Value>`;
}

function contentXml({ vr, Value: values = [], InlineBinary: bytes, BulkDataURI: uri }: Attribute): string {
  if (uri !== undefined) return `<BulkData uri="${escaped(uri)}"/>`;
  if (bytes !== undefined && bytes.length > 0) {
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
    return `<InlineBinary>${base64}</InlineBinary>`;
  }
  return values.map((value, index) => valueXml(vr, value, index + 1)).join('');
}

/** The private creator of a private data element, from its block's reservation (PS3.5 7.8.1). */
function creatorOf(dataset: Dataset, tag: string): string | undefined {
  if (!/^...[13579BDF]/.test(tag) || tag.startsWith('00', 4)) return undefined;
  const creator = dataset[`${tag.slice(0, 4)}00${tag.slice(4, 6)}`]?.Value?.[0];
  return typeof creator === 'string' ? creator : undefined;
}

const CREATOR = /^...[13579BDF]00[1-9A-F]/;

function elementsXml(dataset: Dataset): string {
  let text = '';
  for (const tag of Object.keys(dataset).sort()) {
    const attribute = dataset[tag];
    if (!attribute || tag.endsWith('0000') || tag.startsWith('0002') || CREATOR.test(tag)) continue;
    const creator = creatorOf(dataset, tag);
    const name = creator === undefined ? keywordOf(tag) : undefined;
    const shown = creator === undefined ? tag : `${tag.slice(0, 4)}00${tag.slice(6)}`;
    const keyword = name === undefined ? '' : ` keyword="${name}"`;
    const owner = creator === undefined ? '' : ` privateCreator="${escaped(creator)}"`;
    const content = contentXml(tag === Tag.SpecificCharacterSet ? { vr: 'CS', Value: ['ISO_IR 192'] } : attribute);
    text += `<DicomAttribute tag="${shown}" vr="${attribute.vr}"${keyword}${owner}>${content}</DicomAttribute>`;
  }
  return text;
}

/**
 * One Dataset as a Native DICOM Model document. Private data elements carry their creator in place of a block number
 * (PS3.19 Table A.1.5-2); group lengths and group 0002 are left out; characters that XML cannot hold are dropped.
 */
export function toXml(dataset: Dataset): string {
  let content = elementsXml(dataset);
  if (!dataset[Tag.SpecificCharacterSet] && /[^\x00-\x7f]/.test(content)) {
    content = elementsXml({ ...dataset, [Tag.SpecificCharacterSet]: { vr: 'CS' } });
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="${NATIVE_DICOM}" xml:space="preserve">${content}</NativeDicomModel>`;
}
