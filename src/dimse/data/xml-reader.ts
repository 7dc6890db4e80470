// The Native DICOM Model (PS3.19 A.1): XML to Datasets.

import { SaxesParser } from 'saxes';
import { DicomError } from '../errors.ts';
import type { Attribute, Dataset, PersonName, Value } from './dataset.ts';
import { vrOf } from './dictionary.ts';
import { MAX_DEPTH } from './element.ts';
import { incomingBytes, incomingValue, isEmpty, malformed } from './incoming.ts';
import { isVr, VRS, type Vr } from './vr.ts';

/** The parts of a person name component group, in the order of PS3.5 6.2.1. */
export const NAME_PARTS = ['FamilyName', 'GivenName', 'MiddleName', 'NamePrefix', 'NameSuffix'] as const;

type Element = { name: string; attributes: Record<string, string>; children: Element[]; text: string };

const NUMBERS: Record<string, number> = {
  INF: Number.POSITIVE_INFINITY,
  '-INF': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

/** Elements below one sequence's item: DicomAttribute, Item; and what stands in the innermost attribute. */
const MAX_XML_DEPTH = 2 * MAX_DEPTH + 5;

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** The tree of a document. Documents with a DOCTYPE are refused: the model has none. */
function parse(text: string): Element {
  const parser = new SaxesParser();
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  parser.on('error', (error) => {
    throw new DicomError('malformed', 'The XML is not well-formed', { field: 'XML', cause: error });
  });
  parser.on('doctype', () => {
    throw new DicomError('malformed', 'A DOCTYPE in the XML', { field: 'XML' });
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > MAX_XML_DEPTH) throw malformed('', 'Elements nested too deep');
    const element: Element = { name: localName(name), attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  const addText = (more: string): void => {
    const element = open.at(-1);
    if (element) element.text += more;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(text).close();
  return root;
}

/** Children by the attribute `number`, counted from 1 (PS3.19 Table A.1.5-2); gaps are empty values. */
function numbered(element: Element, name: string, path: string): (Element | undefined)[] {
  const list: (Element | undefined)[] = [];
  const children = element.children.filter((child) => child.name === name);
  for (const [index, child] of children.entries()) {
    const number = child.attributes.number === undefined ? index + 1 : Number(child.attributes.number);
    if (!Number.isInteger(number) || number < 1 || number > 1 + 2 * children.length) {
      throw malformed(path, 'A number that is out of place');
    }
    list[number - 1] = child;
  }
  return Array.from(list);
}

function readGroup(element: Element | undefined): string | undefined {
  if (!element) return undefined;
  const parts = NAME_PARTS.map((part) => element.children.find(({ name }) => name === part)?.text ?? '');
  return parts.join('^').replace(/\^+$/, '') || undefined;
}

function readName(element: Element | undefined, path: string): Value {
  const name: PersonName = {};
  for (const group of ['Alphabetic', 'Ideographic', 'Phonetic'] as const) {
    const text = readGroup(element?.children.find((child) => child.name === group));
    if (text !== undefined) name[group] = text;
  }
  return incomingValue(name, 'PN', path);
}

function readText(element: Element | undefined, vr: Vr, path: string): Value {
  const text = element?.text ?? '';
  if (VRS[vr].kind !== 'number' || text === '') return incomingValue(text, vr, path);
  const number = NUMBERS[text.trim()] ?? Number(text);
  if (Number.isNaN(number) && text.trim() !== 'NaN') throw malformed(path, `A value that is no ${vr}`);
  return incomingValue(number, vr, path);
}

function readValues(element: Element, vr: Vr, path: string): Attribute {
  const values =
    vr === 'PN'
      ? numbered(element, 'PersonName', path).map((child) => readName(child, path))
      : numbered(element, 'Value', path).map((child) => readText(child, vr, path));
  return isEmpty(values) ? { vr } : { vr, Value: values };
}

/** What an attribute may hold, one of them at most (PS3.19 A.1.5). */
const KINDS: ReadonlySet<string> = new Set(['Value', 'Item', 'PersonName', 'BulkData', 'InlineBinary']);

function readAttribute(element: Element, tag: string, path: string): Attribute {
  const { vr = vrOf(tag) } = element.attributes;
  if (!isVr(vr)) throw malformed(path, 'An attribute without a vr of the standard');
  const kinds = new Set(element.children.map(({ name }) => name).filter((name) => KINDS.has(name)));
  if (kinds.size > 1) throw malformed(path, 'An attribute with two kinds of content');
  const child = (name: string) => element.children.find((candidate) => candidate.name === name);
  if (vr === 'SQ') {
    const items = numbered(element, 'Item', path).map((item, index) => readItem(item, `${path}/${index}/`));
    return items.length === 0 ? { vr } : { vr, Value: items };
  }
  const bulk = child('BulkData');
  if (bulk) {
    const { uri } = bulk.attributes;
    if (!uri) throw malformed(path, 'A BulkData without uri');
    return { vr, BulkDataURI: uri };
  }
  const inline = child('InlineBinary');
  if (inline && VRS[vr].kind === 'binary') {
    const bytes = incomingBytes(inline.text, path);
    return bytes.length === 0 ? { vr } : { vr, InlineBinary: bytes };
  }
  if (inline || (VRS[vr].kind === 'binary' && child('Value'))) throw malformed(path, `Content that ${vr} cannot have`);
  return readValues(element, vr, path);
}

/** Gives private elements the blocks that the model leaves out (PS3.5 7.8.1), one for each creator in a group. */
class PrivateBlocks {
  private readonly dataset: Dataset;

  constructor(dataset: Dataset) {
    this.dataset = dataset;
  }

  tagFor(tag: string, creator: string, path: string): string {
    const group = tag.slice(0, 4);
    for (let block = 0x10; block <= 0xff; block++) {
      const digits = block.toString(16).toUpperCase();
      const reserved = this.dataset[`${group}00${digits}`];
      if (!reserved) this.dataset[`${group}00${digits}`] = { vr: 'LO', Value: [creator] };
      if (!reserved || reserved.Value?.[0] === creator) return `${group}${digits}${tag.slice(6)}`;
    }
    throw malformed(path, 'More private creators than a group has blocks');
  }
}

function readItem(element: Element | undefined, path: string): Dataset {
  const dataset: Dataset = {};
  const blocks = new PrivateBlocks(dataset);
  for (const child of element?.children ?? []) {
    if (child.name !== 'DicomAttribute') continue;
    const { tag: written = '', privateCreator: creator } = child.attributes;
    const shown = written.toUpperCase();
    if (!/^[0-9A-F]{8}$/.test(shown)) throw malformed(path.replace(/\/$/, ''), 'A DicomAttribute without a tag');
    if (shown.endsWith('0000') && !creator) continue;
    const tag = creator ? blocks.tagFor(shown, creator, path + shown) : shown;
    if (dataset[tag]) throw malformed(path + shown, 'An attribute that comes twice');
    dataset[tag] = readAttribute(child, tag, path + shown);
  }
  return dataset;
}

/**
 * A Dataset from a Native DICOM Model document. Private elements get block numbers, and their creators elements.
 * @throws DicomError `malformed`; `field` is the path ('tag/item/tag') of what is wrong, or `XML`
 */
export function fromXml(text: string): Dataset {
  const model = parse(text).children[0];
  if (model?.name !== 'NativeDicomModel') throw malformed('', 'No NativeDicomModel');
  return readItem(model, '');
}
