// The header of one data element (PS3.5 7.1): tag, VR, length, in implicit and explicit VR and both byte orders.

import { DicomError } from '../errors.ts';
import { tagText } from './tag-text.ts';
import { VRS, type VrProperties, vrOfBytes } from './vr.ts';

/** How a data set, or the content of a UN sequence, is encoded. */
export type Encoding = { explicit: boolean; little: boolean };

/** Item, Item Delimitation and Sequence Delimitation (PS3.5 7.5). */
export const ITEM = 0xfffee000;
export const ITEM_END = 0xfffee00d;
export const SEQUENCE_END = 0xfffee0dd;

/** The length field that means "undefined" (PS3.5 7.1.2). */
export const UNDEFINED = 0xffffffff;

/** Sequences within sequences that are followed where nothing else is said. */
export const MAX_DEPTH = 32;

/** The error for bytes that end before the element does: more bytes may mend it. */
export function incomplete(): DicomError {
  return new DicomError('corrupt', 'The data set ends within an element', { field: 'length' });
}

/** Whether a reader failed only because the bytes ended too early: read again with more of them. */
export function isIncomplete(error: unknown): boolean {
  return error instanceof DicomError && error.kind === 'corrupt' && error.field === 'length';
}

export function corrupt(tag: number, what: string): DicomError {
  const field = tagText(tag);
  return new DicomError('corrupt', `${what} at (${field.slice(0, 4)},${field.slice(4)})`, { field });
}

/** Reads headers one after the other from bytes; the fields describe the header read last. */
export class ElementCursor {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Where the next header, or the value of the one read last, begins. */
  position = 0;
  tag = 0;
  /** Undefined in implicit VR and where the header names no VR. */
  vr: VrProperties | undefined;
  /** Of the value field; -1 when undefined. */
  length = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Reads a header and stands at its value. Throws an `incomplete` error when the header is cut off. */
  next(explicit: boolean, little: boolean): void {
    const { view, position } = this;
    if (position + 8 > view.byteLength) throw incomplete();
    const tag = view.getUint16(position, little) * 0x10000 + view.getUint16(position + 2, little);
    this.tag = tag;
    this.position = position + 8;
    if (!explicit || tag >= ITEM) {
      this.vr = undefined;
      this.readLength(position + 4, little);
      return;
    }
    const first = this.bytes[position + 4] as number;
    const second = this.bytes[position + 5] as number;
    this.vr = vrOfBytes(first, second);
    if (this.vr !== undefined) {
      if (this.vr.long) this.readLongLength(little);
      else this.length = view.getUint16(position + 6, little);
    } else this.readUnknown(first, second, little);
  }

  /** 32-bit length after two reserved bytes. */
  private readLongLength(little: boolean): void {
    if (this.position + 4 > this.view.byteLength) throw incomplete();
    this.readLength(this.position, little);
    this.position += 4;
  }

  private readLength(at: number, little: boolean): void {
    const length = this.view.getUint32(at, little);
    this.length = length === UNDEFINED ? -1 : length;
  }

  /**
   * No VR of the standard. Two letters: a VR of the future, with a 32-bit length (PS3.5 7.1.2), unless the reserved bytes
   * are used. Else an implicit VR element that has strayed into the explicit data set.
   */
  private readUnknown(first: number, second: number, little: boolean): void {
    const start = this.position - 8;
    if (first < 0x41 || first > 0x5a || second < 0x41 || second > 0x5a) {
      this.readLength(start + 4, little);
      return;
    }
    this.vr = VRS.UN;
    const reserved = this.view.getUint16(start + 6, little);
    if (reserved === 0) this.readLongLength(little);
    else this.length = reserved;
  }
}

/** The bytes of a header; `length` -1 is undefined. Implicit VR, items and delimitation items have no `properties`. */
export function elementHeader(
  tag: number,
  properties: VrProperties | undefined,
  length: number,
  little: boolean,
): Buffer {
  const size = properties?.long ? 12 : 8;
  const header = Buffer.allocUnsafe(size);
  writeWord(header, tag >>> 16, 0, little);
  writeWord(header, tag & 0xffff, 2, little);
  if (properties) {
    header[4] = properties.vr.charCodeAt(0);
    header[5] = properties.vr.charCodeAt(1);
    if (!properties.long) {
      writeWord(header, length, 6, little);
      return header;
    }
    header[6] = 0;
    header[7] = 0;
  }
  const field = length < 0 ? UNDEFINED : length;
  if (little) header.writeUInt32LE(field, size - 4);
  else header.writeUInt32BE(field, size - 4);
  return header;
}

function writeWord(to: Buffer, value: number, at: number, little: boolean): void {
  to[little ? at : at + 1] = value & 0xff;
  to[little ? at + 1 : at] = value >>> 8;
}
