// Encoded data sets to Datasets (PS3.5 chapter 7): implicit and explicit VR, both byte orders, deflated. One pass, no copy of
// binary values; nothing after `until` is looked at, so that the head of a file is enough for its header.

import { DicomError } from '../errors.ts';
import { decoder, type TextDecoding } from './charset.ts';
import type { Attribute, Dataset } from './dataset.ts';
import { inflate } from './deflate.ts';
import { type VrContext, vrOf } from './dictionary.ts';
import {
  corrupt,
  ElementCursor,
  type Encoding,
  ITEM,
  ITEM_END,
  incomplete,
  isIncomplete,
  MAX_DEPTH,
  SEQUENCE_END,
} from './element.ts';
import type { BulkElement, ReadOptions, ReadResult, StoppedAt } from './read-options.ts';
import { actualEncoding } from './sniff.ts';
import { tagText } from './tag-text.ts';
import { Tag } from './tags.ts';
import { transferSyntax } from './transfer-syntax.ts';
import { type Field, readValue, wordSize } from './values.ts';
import { VRS, type VrProperties } from './vr.ts';

export type { BulkElement, ReadOptions, ReadResult, StoppedAt } from './read-options.ts';
export { isIncomplete };

const GROUP_LENGTH_MASK = 0xffff;
const TRAILING_PADDING = 0xfffcfffc;
const PIXEL_DATA = 0x7fe00010;
const CHARSET = 0x00080005;
const SMALLEST_HEADER = 8;

/** Behind every tag. */
const NOWHERE = Number.POSITIVE_INFINITY;
const IMPLICIT: Encoding = { explicit: false, little: true };

/** What is in force within one data set or item. */
type Scope = {
  dataset: Dataset;
  parent: Scope | undefined;
  text: TextDecoding;
  encoding: Encoding;
  depth: number;
  path: string;
};

class Reader {
  readonly cursor: ElementCursor;
  readonly options: ReadOptions;
  readonly maxDepth: number;
  private readonly field: Field;
  private readonly surroundings = new Surroundings();

  constructor(bytes: Buffer, options: ReadOptions) {
    this.cursor = new ElementCursor(bytes);
    this.options = options;
    this.maxDepth = options.maxDepth ?? MAX_DEPTH;
    const { view } = this.cursor;
    this.field = { bytes, view, little: true, text: decoder([]), keepText: options.keepText === true };
  }

  /** Elements from the cursor to `end`, or to an Item Delimitation Item when `end` is -1, or to `until`. */
  readElements(scope: Scope, end: number, until: number): StoppedAt | undefined {
    const { cursor } = this;
    const { explicit, little } = scope.encoding;
    const limit = end < 0 ? Number.POSITIVE_INFINITY : end;
    while (cursor.position < limit) {
      const start = cursor.position;
      if (limit - start < SMALLEST_HEADER && scope.depth === 0 && until === NOWHERE && this.onlyZeros(start, end))
        break;
      cursor.next(explicit, little);
      if (cursor.tag === ITEM_END && end < 0) return undefined;
      if (cursor.tag >= until) {
        const { tag, length, position } = cursor;
        cursor.position = start;
        return { tag: tagText(tag), vr: this.vrOfElement(scope).vr, length, valueOffset: position };
      }
      if (cursor.tag === 0 && scope.depth === 0 && this.onlyZeros(start, end)) return undefined;
      this.readElement(scope, limit);
    }
    return undefined;
  }

  /** Files padded with zeros to a block size: nothing but zeros from here on. */
  private onlyZeros(start: number, end: number): boolean {
    const { cursor } = this;
    if (cursor.bytes.subarray(start, end).some((byte) => byte !== 0)) return false;
    cursor.position = end;
    return true;
  }

  private readElement(scope: Scope, limit: number): void {
    const { cursor } = this;
    const { tag, length, position: start } = cursor;
    const properties = this.vrOfElement(scope);
    if (length < 0) {
      this.readUndefinedLength(scope, properties);
      return;
    }
    const end = start + length;
    if (end > limit)
      throw end > cursor.bytes.length ? incomplete() : corrupt(tag, 'An element is longer than its item');
    if (end > cursor.bytes.length) throw incomplete();
    if ((tag & GROUP_LENGTH_MASK) === 0 || tag === TRAILING_PADDING || tag >= ITEM) {
      cursor.position = end;
      return;
    }
    const attribute = this.readAttribute(scope, properties, start, end);
    cursor.position = end;
    scope.dataset[tagText(tag)] = attribute;
    if (tag === CHARSET) scope.text = decoder(charsetOf(attribute));
  }

  private readAttribute(scope: Scope, properties: VrProperties, start: number, end: number): Attribute {
    const { tag } = this.cursor;
    if (properties.kind === 'sequence') return this.readSequence(scope, scope.encoding, end);
    if (properties.bulk && this.options.bulk && start < end) {
      const uri = this.askBulk(scope, {
        tag: tagText(tag),
        vr: properties.vr,
        offset: start,
        length: end - start,
        end,
      });
      if (uri !== undefined) return { vr: properties.vr, BulkDataURI: uri };
    }
    if (properties.vr === 'UN' && !this.field.keepText) {
      const known = this.readKnown(scope, tag, start, end);
      if (known) return known;
    }
    return this.valueOf(scope, properties, start, end, scope.encoding.little) ?? this.unknown(start, end);
  }

  private valueOf(
    scope: Scope,
    properties: VrProperties,
    start: number,
    end: number,
    little: boolean,
  ): Attribute | undefined {
    this.field.text = scope.text;
    this.field.little = little;
    if (little || properties.kind !== 'binary') return readValue(this.field, properties, start, end);
    const size = wordSize(this.cursor.tag, properties, this.context(scope).bitsAllocated);
    return readValue(this.field, { ...properties, size }, start, end);
  }

  private unknown(start: number, end: number): Attribute {
    return { vr: 'UN', InlineBinary: this.cursor.bytes.subarray(start, end) };
  }

  /** UN under a tag that the dictionary knows: what it holds is implicit VR little endian (PS3.5 6.2.2). */
  private readKnown(scope: Scope, tag: number, start: number, end: number): Attribute | undefined {
    const properties = VRS[vrOf(tagText(tag), this.context(scope))];
    if (properties.vr === 'UN') return undefined;
    if (properties.kind !== 'sequence') return this.valueOf(scope, properties, start, end, true);
    try {
      return this.readSequence(scope, IMPLICIT, end);
    } catch (error) {
      if (error instanceof DicomError && error.kind === 'corrupt') return undefined;
      throw error;
    }
  }

  private readUndefinedLength(scope: Scope, properties: VrProperties): void {
    const { cursor } = this;
    const { tag, position: start } = cursor;
    const name = tagText(tag);
    if (properties.kind === 'binary' && (properties.vr !== 'UN' || tag === PIXEL_DATA)) {
      const end = this.skipFragments(tag, scope.encoding.little);
      const uri =
        this.options.bulk && this.askBulk(scope, { tag: name, vr: properties.vr, offset: start, length: -1, end });
      const bytes = cursor.bytes.subarray(start, end);
      scope.dataset[name] =
        uri === undefined ? { vr: properties.vr, InlineBinary: bytes } : { vr: properties.vr, BulkDataURI: uri };
      return;
    }
    if (properties.vr !== 'UN' && properties.vr !== 'SQ')
      throw corrupt(tag, `Undefined length with VR ${properties.vr}`);
    const stray = scope.encoding.explicit && properties.vr === 'UN';
    scope.dataset[name] = this.readSequence(scope, stray ? IMPLICIT : scope.encoding, -1);
  }

  /** Passes over the items of encapsulated pixel data; gives where the Sequence Delimitation Item begins. */
  private skipFragments(tag: number, little: boolean): number {
    const { cursor } = this;
    for (;;) {
      const start = cursor.position;
      cursor.next(false, little);
      if (cursor.tag === SEQUENCE_END) return start;
      if (cursor.tag !== ITEM || cursor.length < 0) throw corrupt(tag, 'Something else than a fragment');
      cursor.position += cursor.length;
      if (cursor.position > cursor.bytes.length) throw incomplete();
    }
  }

  /** The items of a sequence, up to `end` or, when that is -1, a Sequence Delimitation Item. */
  private readSequence(scope: Scope, encoding: Encoding, end: number): Attribute {
    const { cursor } = this;
    const { tag } = cursor;
    const depth = scope.depth + 1;
    if (depth > this.maxDepth) throw tooDeep(tag);
    const path = this.options.bulk ? `${scope.path}${tagText(tag)}/` : '';
    const items: Dataset[] = [];
    while (end < 0 || cursor.position < end) {
      cursor.next(false, encoding.little);
      if (cursor.tag === SEQUENCE_END) {
        if (end < 0) break;
        continue;
      }
      if (cursor.tag !== ITEM) throw corrupt(tag, 'Something else than an item');
      const itemEnd = cursor.length < 0 ? -1 : cursor.position + cursor.length;
      if (itemEnd > cursor.bytes.length) throw incomplete();
      if (end >= 0 && itemEnd > end) throw corrupt(tag, 'An item is longer than its sequence');
      const dataset: Dataset = {};
      const itemPath = path && `${path}${items.length}/`;
      this.readElements(
        { dataset, parent: scope, text: scope.text, encoding, depth, path: itemPath },
        itemEnd,
        NOWHERE,
      );
      items.push(dataset);
    }
    return items.length === 0 ? { vr: 'SQ' } : { vr: 'SQ', Value: items };
  }

  private askBulk(scope: Scope, element: Omit<BulkElement, 'path'>): string | undefined {
    return this.options.bulk?.({ path: scope.path + element.tag, ...element });
  }

  /** The VR in the header, or the one that the dictionary and the data set imply. */
  private vrOfElement(scope: Scope): VrProperties {
    const { vr, tag, length } = this.cursor;
    if (vr !== undefined) return vr;
    const implied = VRS[vrOf(tagText(tag), this.context(scope))];
    return length < 0 && implied.vr === 'UN' && tag !== PIXEL_DATA ? VRS.SQ : implied;
  }

  private context(scope: Scope): VrContext {
    this.surroundings.scope = scope;
    return this.surroundings;
  }
}

/** What the attributes read so far, here and outside, say of the VRs that implicit VR leaves open. */
class Surroundings implements VrContext {
  scope: Scope | undefined;

  get pixelRepresentation(): number | undefined {
    return this.find(Tag.PixelRepresentation);
  }

  get bitsAllocated(): number | undefined {
    return this.find(Tag.BitsAllocated);
  }

  get lutEntries(): number | undefined {
    return this.find(Tag.LUTDescriptor);
  }

  private find(tag: string): number | undefined {
    for (let at = this.scope; at; at = at.parent) {
      const value = at.dataset[tag]?.Value?.[0];
      if (typeof value === 'number') return value;
    }
    return undefined;
  }
}

function tooDeep(tag: number): DicomError {
  const field = tagText(tag);
  return new DicomError('too-large', 'Sequences are nested too deep', { field });
}

function charsetOf(attribute: Attribute): string[] {
  return (attribute.Value ?? []).map((value) => (typeof value === 'string' ? value : ''));
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The encoding that a transfer syntax prescribes; unknown ones are private, which are Explicit VR Little Endian. */
function encodingOf(transferSyntaxUid: string): Encoding {
  const { explicit = true, endian = 'little' } = transferSyntax(transferSyntaxUid) ?? {};
  return { explicit, little: endian === 'little' };
}

/**
 * Reads elements from the beginning of a data set, of which `bytes` may be only the head; also from behind an element,
 * when `bytes` begin there. An encoding that plainly contradicts the transfer syntax is followed.
 * @returns the Dataset; `end`, where reading stopped; and `stopped`, the header of the element that `until` stopped at
 *   (`length` -1 when undefined). Offsets count from the first of `bytes` (inflated, if deflated)
 * @throws DicomError `corrupt` (see `isIncomplete` when bytes are missing), `too-large` for nesting and inflation
 */
export function readElements(bytes: Uint8Array, transferSyntaxUid: string, options: ReadOptions = {}): ReadResult {
  const deflated = transferSyntax(transferSyntaxUid)?.deflated === true;
  const content = deflated ? inflate(bytes) : bufferOf(bytes);
  const encoding = actualEncoding(content, encodingOf(transferSyntaxUid));
  const reader = new Reader(content, options);
  const dataset: Dataset = {};
  const text = decoder(options.charset ?? []);
  const until = options.until === undefined ? NOWHERE : Number.parseInt(options.until, 16);
  const stopped = reader.readElements(
    { dataset, parent: undefined, text, encoding, depth: 0, path: '' },
    content.length,
    until,
  );
  const end = reader.cursor.position;
  return stopped ? { dataset, end, stopped } : { dataset, end };
}

/**
 * Reads a data set. Group lengths and Data Set Trailing Padding are dropped. Encapsulated pixel data are an InlineBinary
 * that holds the items from the Basic Offset Table on, without the Sequence Delimitation Item.
 * @throws DicomError as `readElements` does
 */
export function readDataset(bytes: Uint8Array, transferSyntaxUid: string, options: ReadOptions = {}): Dataset {
  return readElements(bytes, transferSyntaxUid, options).dataset;
}
