// Datasets to encoded data sets (PS3.5 chapter 7): elements in tag order, even lengths, one character set throughout.

import { DicomError } from '../errors.ts';
import { normalTerm } from './charset.ts';
import { encoder, type TextEncoding } from './charset-encode.ts';
import type { Attribute, Dataset } from './dataset.ts';
import { deflate } from './deflate.ts';
import { elementHeader } from './element.ts';
import { Tag } from './tags.ts';
import { transferSyntax } from './transfer-syntax.ts';
import { VRS, type VrProperties } from './vr.ts';
import { valueField } from './write-values.ts';

export type WriteOptions = {
  /**
   * Defined term of the character set, `ISO_IR 192` by default. `declared`: the one that each data set and item names, so far
   * as it can be written; text is then what `readDataset` gave for it.
   */
  charset?: string;
  /** How sequences and items end: with their length (default), or with delimitation items (PS3.5 7.5). */
  sequences?: 'defined' | 'undefined';
  /** Bytes of a BulkDataURI. Without it, or where it gives none, a BulkDataURI is `malformed`. */
  bulk?: (uri: string, tag: string) => Uint8Array | undefined;
};

type Form = { explicit: boolean; little: boolean; encapsulated: boolean; options: WriteOptions };

const UTF_8 = 'ISO_IR 192';
const NON_ASCII = /[^\x00-\x7f]/;

/** The largest value that a 16-bit length can give: FFFEH, being even (PS3.5 6.2.2). */
const LARGEST_SHORT = 65534;

/** Collects the bytes of one data set or item. */
class Output {
  readonly parts: Buffer[] = [];
  length = 0;
  private readonly form: Form;

  constructor(form: Form) {
    this.form = form;
  }

  add(bytes: Buffer): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }

  /** Header of an element; `length` -1 is undefined. Without `properties` it is an item or a delimitation item. */
  header(tag: string, properties: VrProperties | undefined, length: number): void {
    const { explicit, little } = this.form;
    this.add(elementHeader(Number.parseInt(tag, 16), explicit ? properties : undefined, length, little));
  }
}

/** Tags of what is written, in order: group lengths are never right again and are left out (PS3.5 7.2). */
function tagsOf(dataset: Dataset): string[] {
  return Object.keys(dataset)
    .filter((tag) => !tag.endsWith('0000') && tag !== Tag.DataSetTrailingPadding)
    .sort();
}

function needsCharset(dataset: Dataset): boolean {
  return Object.values(dataset).some(({ vr, Value: values = [] }) => {
    if (vr === 'SQ') return values.some((item) => needsCharset(item as Dataset));
    if (!VRS[vr].charset) return false;
    return values.some((value) =>
      NON_ASCII.test(typeof value === 'string' ? value : Object.values(value ?? {}).join('')),
    );
  });
}

function declaredTerm(dataset: Dataset): string | undefined {
  const values = dataset[Tag.SpecificCharacterSet]?.Value;
  if (!values) return undefined;
  const [term] = values;
  return values.length === 1 && typeof term === 'string' ? normalTerm(term) : UTF_8;
}

/** The encoder of a data set, and the data set with the Specific Character Set that says so. */
function withCharset(dataset: Dataset, options: WriteOptions, outer?: TextEncoding): [Dataset, TextEncoding] {
  const declared = declaredTerm(dataset);
  if (options.charset === 'declared') {
    const encoding = declared === undefined ? (outer ?? encoder('')) : encoder(declared);
    return [dataset, encoding];
  }
  const encoding = outer ?? encoder(options.charset ?? UTF_8);
  const named = declared !== undefined || (!outer && (options.charset !== undefined || needsCharset(dataset)));
  if (!named || 'string' !== typeof encoding.term || isGroup(dataset, ['0000', '0002'])) return [dataset, encoding];
  const attribute: Attribute = encoding.term === '' ? { vr: 'CS' } : { vr: 'CS', Value: [encoding.term] };
  return [{ ...dataset, [Tag.SpecificCharacterSet]: attribute }, encoding];
}

function isGroup(dataset: Dataset, groups: string[]): boolean {
  return Object.keys(dataset).every((tag) => groups.includes(tag.slice(0, 4)));
}

function writeItems(output: Output, form: Form, tag: string, items: Dataset[], encoding: TextEncoding): void {
  const undefinedLength = form.options.sequences === 'undefined';
  const contents = items.map((item) => writeElements(item, form, encoding));
  const total = contents.reduce((sum, { length }) => sum + 8 + length, 0);
  output.header(tag, VRS.SQ, undefinedLength ? -1 : total);
  for (const content of contents) {
    output.header(Tag.Item, undefined, undefinedLength ? -1 : content.length);
    for (const part of content.parts) output.add(part);
    if (undefinedLength) output.header(Tag.ItemDelimitationItem, undefined, 0);
  }
  if (undefinedLength) output.header(Tag.SequenceDelimitationItem, undefined, 0);
}

/** Pixel data that begin with an item tag are the fragments of an encapsulated syntax (PS3.5 A.4). */
function fragmentsOf(tag: string, form: Form, { InlineBinary: bytes }: Attribute): Buffer | undefined {
  if (!form.encapsulated || tag !== Tag.PixelData || !bytes || ITEM_TAG.compare(bytes, 0, 4) !== 0) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

const ITEM_TAG = Buffer.from([0xfe, 0xff, 0x00, 0xe0]);

function resolved(tag: string, attribute: Attribute, options: WriteOptions): Attribute {
  const { vr, BulkDataURI: uri } = attribute;
  if (uri === undefined) return attribute;
  const bytes = options.bulk?.(uri, tag);
  if (bytes) return { vr, InlineBinary: bytes };
  throw new DicomError('malformed', `No bulk data for (${tag.slice(0, 4)},${tag.slice(4)})`, { field: tag });
}

function writeElement(output: Output, form: Form, tag: string, stored: Attribute, encoding: TextEncoding): void {
  const attribute = resolved(tag, stored, form.options);
  const properties = VRS[attribute.vr];
  if (properties === undefined) throw new DicomError('malformed', 'An attribute without a VR', { field: tag });
  if (attribute.vr === 'SQ') {
    writeItems(output, form, tag, (attribute.Value ?? []) as Dataset[], encoding);
    return;
  }
  const fragments = fragmentsOf(tag, form, attribute);
  if (fragments) {
    output.header(tag, VRS.OB, -1);
    output.add(fragments);
    output.header(Tag.SequenceDelimitationItem, undefined, 0);
    return;
  }
  const field = valueField(tag, attribute, properties, encoding, form.little);
  const tooLong = form.explicit && !properties.long && field.length > LARGEST_SHORT;
  output.header(tag, tooLong ? VRS.UN : properties, field.length);
  output.add(field);
}

function writeElements(dataset: Dataset, form: Form, outer?: TextEncoding): Output {
  const output = new Output(form);
  const [named, encoding] = withCharset(dataset, form.options, outer);
  for (const tag of tagsOf(named)) {
    const attribute = named[tag];
    if (attribute) writeElement(output, form, tag, attribute, encoding);
  }
  return output;
}

/**
 * Encodes a Dataset. Specific Character Set is written to match; it is added when text beyond ASCII, or a `charset` option,
 * calls for it. A value too long for its VR's 16-bit length becomes UN (PS3.5 6.2.2).
 * @throws DicomError `malformed`, naming the tag, for values that their VR cannot hold
 */
export function writeDataset(dataset: Dataset, transferSyntaxUid: string, options: WriteOptions = {}): Buffer {
  const syntax = transferSyntax(transferSyntaxUid);
  const { explicit = true, endian = 'little', encapsulated = false } = syntax ?? {};
  const { parts } = writeElements(dataset, { explicit, little: endian === 'little', encapsulated, options });
  const bytes = Buffer.concat(parts);
  return syntax?.deflated ? deflate(bytes) : bytes;
}
