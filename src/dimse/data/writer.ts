// Datasets to encoded data sets (PS3.5 chapter 7): elements in tag order, even lengths, one character set throughout.

import { DicomError } from '../errors.ts';
import type { TextEncoding } from './charset.ts';
import { encoder, findEncoder } from './charset-encode.ts';
import type { Attribute, Dataset } from './dataset.ts';
import { deflate } from './deflate.ts';
import { elementHeader } from './element.ts';
import { Tag } from './tags.ts';
import { transferSyntax } from './transfer-syntax.ts';
import { wordSize } from './values.ts';
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

/** What holds for the elements of one data set or item. */
type Scope = { encoding: TextEncoding; bitsAllocated: number | undefined };

const UTF_8 = encoder('ISO_IR 192');
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

/** Whether a text that Specific Character Set affects is such, here or in items. */
function someText(dataset: Dataset, is: (text: string) => boolean): boolean {
  return Object.values(dataset).some(({ vr, Value: values = [] }) => {
    if (vr === 'SQ') return values.some((item) => someText(item as Dataset, is));
    if (!VRS[vr]?.charset) return false;
    return values.some((value) => is(typeof value === 'string' ? value : Object.values(value ?? {}).join('')));
  });
}

function named(dataset: Dataset, { term }: TextEncoding): Dataset {
  return { ...dataset, [Tag.SpecificCharacterSet]: term === '' ? { vr: 'CS' } : { vr: 'CS', Value: term.split('\\') } };
}

/** As declared, where that can be written and has every character; else UTF-8. */
function withDeclared(dataset: Dataset, outer: TextEncoding | undefined): [Dataset, TextEncoding] {
  const terms = dataset[Tag.SpecificCharacterSet]?.Value;
  const encoding = findEncoder(terms?.join('\\') ?? outer?.term ?? '');
  const written = encoding ?? encoder('');
  if (!someText(dataset, (text) => !written.covers(text))) return [dataset, written];
  return [named(dataset, UTF_8), UTF_8];
}

/** The encoder of a data set, and the data set with the Specific Character Set that says so. */
function withCharset(dataset: Dataset, options: WriteOptions, outer?: TextEncoding): [Dataset, TextEncoding] {
  if (options.charset === 'declared') return withDeclared(dataset, outer);
  const encoding = outer ?? (options.charset === undefined ? UTF_8 : encoder(options.charset));
  const says = dataset[Tag.SpecificCharacterSet] !== undefined;
  const asked = !outer && (options.charset !== undefined || someText(dataset, (text) => NON_ASCII.test(text)));
  if ((!says && !asked) || isGroup(dataset, ['0000', '0002'])) return [dataset, encoding];
  return [named(dataset, encoding), encoding];
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

function writeElement(output: Output, form: Form, tag: string, stored: Attribute, scope: Scope): void {
  const { encoding, bitsAllocated } = scope;
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
  const size = wordSize(Number.parseInt(tag, 16), properties, bitsAllocated);
  const field = valueField(tag, attribute, { ...properties, size }, encoding, form.little);
  const tooLong = form.explicit && !properties.long && field.length > LARGEST_SHORT;
  output.header(tag, tooLong ? VRS.UN : properties, field.length);
  output.add(field);
}

function writeElements(dataset: Dataset, form: Form, outer?: TextEncoding): Output {
  const output = new Output(form);
  const [complete, encoding] = withCharset(dataset, form.options, outer);
  const bits = complete[Tag.BitsAllocated]?.Value?.[0];
  const scope: Scope = { encoding, bitsAllocated: typeof bits === 'number' ? bits : undefined };
  for (const tag of tagsOf(complete)) {
    const attribute = complete[tag];
    if (attribute) writeElement(output, form, tag, attribute, scope);
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
