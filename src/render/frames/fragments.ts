// Encapsulated pixel data (PS3.5 A.4): which fragment items make up which frame. With an offset table only the items of
// the wanted frame are looked at; without one all item headers are walked once. Pixel bytes are never read here.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { Read, Source } from './source.ts';

/** The pixel data element: where its value begins and its length, -1 when undefined (encapsulated, PS3.5 A.4). */
export type PixelDataElement = {
  tag: string;
  vr: string;
  offset: number;
  length: number;
  encapsulated: boolean;
  bigEndian: boolean;
};

/** A run of bytes in the source: the value of one fragment item. */
export type Fragment = { offset: number; length: number };

/** Finds the fragments of frame `n` (1-based), which the caller has checked to exist. */
export type FrameLocator = (n: number) => Promise<readonly Fragment[]>;

const ITEM = 0xe000fffe;
const SEQUENCE_DELIMITATION = 0xe0ddfffe;
const ITEM_HEADER = 8;
const UNDEFINED_LENGTH = 0xffffffff;
const HEADER_BLOCK = 4096;
const MAX_FRAGMENTS = 1_000_000;

const EXTENDED_OFFSET_TABLE = Tag.ExtendedOffsetTable;

/** Whose frames are looked for. */
export type Encapsulated = { source: Source; pixelData: PixelDataElement; numberOfFrames: number };

/** What has been read to find frames: an offset table that can be right, or else the fragments of each frame. */
export type FrameTable = { first: number; offsets: number[] } | { fragments: readonly (readonly Fragment[])[] };

/**
 * Reads what says where the frames are: the Extended Offset Table, else the Basic Offset Table, else one fragment a frame,
 * else all fragments for a single frame, else the codestreams' first bytes. A table that cannot be right is passed over.
 */
export async function readFrameTable(image: Encapsulated, attributes: Dataset): Promise<FrameTable> {
  const { source, pixelData, numberOfFrames } = image;
  const [table] = await source.reading((read) => walk(read, source.size, pixelData.offset, 1));
  if (!table) throw new DicomError('corrupt', 'The pixel data has no items', { field: 'PixelData' });
  const first = table.offset + table.length;
  const basic = await source.reading((read) => readOffsets(read, table));
  const offsets = [extendedOffsets(attributes), basic].find((known) => isUsable(known, numberOfFrames));
  return offsets ? { first, offsets } : { fragments: await scan(source, first, numberOfFrames) };
}

/** Finds frames by what `readFrameTable` has read; a table that turns out wrong gives way to a scan of all fragments. */
export function frameLocator({ source, numberOfFrames }: Encapsulated, table: FrameTable): FrameLocator {
  if ('fragments' in table) return async (n) => table.fragments[n - 1] ?? [];
  const { first, offsets } = table;
  let scanned: Promise<readonly (readonly Fragment[])[]> | undefined;
  return async (n) => {
    const listed = await listedFragments(source, first, offsets, n);
    if (listed) return listed;
    scanned ??= scan(source, first, numberOfFrames);
    return (await scanned)[n - 1] ?? [];
  };
}

/** Where the data set goes on after the Sequence Delimitation Item of the pixel data. */
export async function endOfFragments({ source, pixelData }: Encapsulated): Promise<number> {
  const items = await source.reading((read) => walk(read, source.size, pixelData.offset, MAX_FRAGMENTS));
  const last = items.at(-1);
  return (last ? last.offset + last.length : pixelData.offset) + ITEM_HEADER;
}

function extendedOffsets(attributes: Dataset): number[] {
  const table = attributes[EXTENDED_OFFSET_TABLE]?.InlineBinary;
  if (!table) return [];
  const bytes = Buffer.from(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: bytes.length >> 3 }, (_, index) => Number(bytes.readBigUInt64LE(index * 8)));
}

async function readOffsets(read: Read, table: Fragment): Promise<number[]> {
  const bytes = await read(table.offset, table.length);
  return Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readUInt32LE(index * 4));
}

function isUsable(offsets: number[], frames: number): boolean {
  return (
    offsets.length === frames && offsets.every((offset, n) => (n === 0 ? offset === 0 : offset > (offsets[n - 1] ?? 0)))
  );
}

/** The items from a frame's offset to the next one's, which count from the item tag after the Basic Offset Table. */
async function listedFragments(
  source: Source,
  first: number,
  offsets: number[],
  n: number,
): Promise<Fragment[] | undefined> {
  const start = first + (offsets[n - 1] ?? 0);
  const next = offsets[n];
  const end = next === undefined ? Number.POSITIVE_INFINITY : first + next;
  try {
    const fragments = await source.reading((read) => walk(read, source.size, start, MAX_FRAGMENTS, end));
    const last = fragments.at(-1);
    const meetsNext = end === Number.POSITIVE_INFINITY || (last !== undefined && last.offset + last.length === end);
    return fragments.length > 0 && meetsNext ? fragments : undefined;
  } catch (error) {
    if (error instanceof DicomError && error.kind === 'corrupt') return undefined;
    throw error;
  }
}

/** The items from `start` on: up to `end`, the delimiter or the end of the file, and at most `limit` of them. */
async function walk(
  read: Read,
  size: number,
  start: number,
  limit: number,
  end = Number.POSITIVE_INFINITY,
): Promise<Fragment[]> {
  const items: Fragment[] = [];
  let block: Buffer = Buffer.alloc(0);
  let blockStart = start;
  for (let position = start; position < end && items.length < limit; ) {
    if (position < blockStart || position + 8 > blockStart + block.length) {
      block = await read(position, HEADER_BLOCK);
      blockStart = position;
    }
    const at = position - blockStart;
    if (at + 8 > block.length) break; // No delimiter: the file ends here; what is whole so far can still be shown.
    const tag = block.readUInt32LE(at);
    const length = block.readUInt32LE(at + 4);
    if (tag === SEQUENCE_DELIMITATION) break;
    if (tag !== ITEM || length === UNDEFINED_LENGTH || items.length >= MAX_FRAGMENTS) {
      throw new DicomError('corrupt', 'The pixel data holds something else than fragment items', {
        field: 'PixelData',
      });
    }
    items.push({ offset: position + 8, length: Math.min(length, Math.max(0, size - position - 8)) });
    position += 8 + length;
  }
  return items;
}

async function scan(source: Source, first: number, frames: number): Promise<readonly (readonly Fragment[])[]> {
  return source.reading(async (read) => {
    const fragments = await walk(read, source.size, first, MAX_FRAGMENTS);
    if (fragments.length === 0)
      throw new DicomError('corrupt', 'The pixel data has no fragments', { field: 'PixelData' });
    if (frames === 1) return [fragments];
    return fragments.length === frames ? fragments.map((fragment) => [fragment]) : byMarkers(read, fragments, frames);
  });
}

/** First bytes of a JPEG family codestream, a JPEG 2000 codestream, a JP2 file, and bare or boxed JPEG XL. */
const CODESTREAM_STARTS = ['ffd8ff', 'ff4fff51', '0000000c6a502020', 'ff0a', '0000000c4a584c20'];

async function byMarkers(read: Read, fragments: Fragment[], frames: number): Promise<Fragment[][]> {
  const index: Fragment[][] = [];
  for (const fragment of fragments) {
    const head = (await read(fragment.offset, Math.min(8, fragment.length))).toString('hex');
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
