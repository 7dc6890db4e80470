// Encapsulated pixel data (PS3.5 A.4): the items walked by their headers, and which of them make up which frame.

import { DicomError } from '../dimse/errors.ts';
import type { Image } from './image.ts';
import type { Source } from './source.ts';

/** A run of bytes in the source: the value of one fragment item. */
export type Fragment = { offset: number; length: number };

/** The fragments of every frame, in order. */
export type FrameIndex = readonly (readonly Fragment[])[];

const ITEM = 0xe000fffe;
const SEQUENCE_DELIMITATION = 0xe0ddfffe;
const UNDEFINED_LENGTH = 0xffffffff;
const HEADER_BLOCK = 4096;

const EXTENDED_OFFSET_TABLE = '7FE00001';
const EXTENDED_OFFSET_TABLE_LENGTHS = '7FE00002';

type Items = { basicOffsetTable: number[]; fragments: Fragment[]; firstItem: number };

/**
 * Finds the fragments of every frame: by the Extended Offset Table, else the Basic Offset Table, else one fragment a
 * frame, else all fragments for a single frame, else by the codestreams' first bytes. A table that names places where
 * no fragment begins is passed over.
 */
export async function indexFrames(image: Image): Promise<FrameIndex> {
  const { source, pixelData, attributes, numberOfFrames } = image;
  const extended = extendedTable(attributes);
  const items = await readItems(source, pixelData.offset);
  if (items.fragments.length === 0) throw new DicomError('corrupt', 'The pixel data has no fragments');
  return (
    byOffsets(items, extended, numberOfFrames) ??
    byOffsets(items, items.basicOffsetTable, numberOfFrames) ??
    byCount(items, numberOfFrames) ??
    (await byMarkers(source, items, numberOfFrames))
  );
}

function extendedTable(attributes: Image['attributes']): number[] {
  const table = attributes[EXTENDED_OFFSET_TABLE]?.InlineBinary;
  if (!table || !attributes[EXTENDED_OFFSET_TABLE_LENGTHS]) return [];
  const bytes = Buffer.from(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: bytes.length >> 3 }, (_, index) => Number(bytes.readBigUInt64LE(index * 8)));
}

async function readItems(source: Source, start: number): Promise<Items> {
  const items: Items = { basicOffsetTable: [], fragments: [], firstItem: start };
  let position = start;
  let block: Buffer = Buffer.alloc(0);
  let blockStart = position;
  for (let count = 0; ; count += 1) {
    if (position < blockStart || position + 8 > blockStart + block.length) {
      block = await source.read(position, HEADER_BLOCK);
      blockStart = position;
    }
    const at = position - blockStart;
    if (at + 8 > block.length) break; // No delimiter: the file ends here; what is whole so far can still be shown.
    const tag = block.readUInt32LE(at);
    const length = block.readUInt32LE(at + 4);
    if (tag === SEQUENCE_DELIMITATION) break;
    if (tag !== ITEM || length === UNDEFINED_LENGTH) {
      throw new DicomError('corrupt', 'The pixel data holds something else than fragment items');
    }
    const value = { offset: position + 8, length: Math.min(length, Math.max(0, source.size - position - 8)) };
    if (count === 0) {
      items.basicOffsetTable = await readOffsets(source, value);
      items.firstItem = value.offset + length;
    } else {
      items.fragments.push(value);
    }
    position += 8 + length;
  }
  return items;
}

async function readOffsets(source: Source, table: Fragment): Promise<number[]> {
  const bytes = await source.read(table.offset, table.length);
  return Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readUInt32LE(index * 4));
}

/** Offsets count from the first byte of the item tag that follows the Basic Offset Table (PS3.5 A.4). */
function byOffsets(items: Items, offsets: number[], frames: number): FrameIndex | undefined {
  if (offsets.length !== frames || offsets[0] !== 0) return undefined;
  const starts = new Map(items.fragments.map((fragment, index) => [fragment.offset - 8 - items.firstItem, index]));
  const first = offsets.map((offset) => starts.get(offset));
  const index: Fragment[][] = [];
  for (const [frame, from] of first.entries()) {
    const to = frame + 1 < frames ? first[frame + 1] : items.fragments.length;
    if (from === undefined || to === undefined || to <= from) return undefined;
    index.push(items.fragments.slice(from, to));
  }
  return index;
}

function byCount({ fragments }: Items, frames: number): FrameIndex | undefined {
  if (frames === 1) return [fragments];
  return fragments.length === frames ? fragments.map((fragment) => [fragment]) : undefined;
}

/** First bytes of a JPEG family codestream, a JPEG 2000 codestream, a JP2 file, and bare or boxed JPEG XL. */
const CODESTREAM_STARTS = ['ffd8ff', 'ff4fff51', '0000000c6a502020', 'ff0a', '0000000c4a584c20'];

async function byMarkers(source: Source, { fragments }: Items, frames: number): Promise<FrameIndex> {
  const index: Fragment[][] = [];
  for (const fragment of fragments) {
    const head = (await source.read(fragment.offset, Math.min(8, fragment.length))).toString('hex');
    const begins = CODESTREAM_STARTS.some((start) => head.startsWith(start));
    const last = index.at(-1);
    if (begins || !last) index.push([fragment]);
    else last.push(fragment);
  }
  if (index.length === frames) return index;
  throw new DicomError('corrupt', `${fragments.length} fragments cannot be told apart into ${frames} frames`, {
    field: 'NumberOfFrames',
  });
}
