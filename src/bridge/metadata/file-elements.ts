// The elements of a stored file without its large values: pixel data and documents are passed over on disk, never read.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { inflate } from '../../dimse/data/deflate.ts';
import {
  type BulkElement,
  isIncomplete,
  type ReadResult,
  readElements,
  type StoppedAt,
} from '../../dimse/data/reader.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { ExplicitLittle, transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { StoredFile } from '../cache/cache.ts';

/** A data set as bytes at offsets from its first (inflated, if it is deflated). */
export type DatasetBytes = {
  transferSyntaxUid: string;
  length: number;
  read(offset: number, length: number): Promise<Buffer>;
};

export type { BulkElement };

/** Top-level elements that may be huge, in order: EncapsulatedDocument, Float, Double Float and Pixel Data. */
const HUGE = [Tag.EncapsulatedDocument, Tag.FloatPixelData, Tag.DoubleFloatPixelData, Tag.PixelData] as const;

const FIRST_READ = 64 << 10;
/** Bytes of elements, huge ones apart, that are held in memory at once. */
const MAX_READ = 512 << 20;

/** Item tag, and Sequence Delimitation Item (PS3.5 7.5), little endian. */
const ITEM = 0xe000fffe;
const DELIMITER = 0xe0ddfffe;
const ITEM_HEADER = 8;

/** What is needed of a file to read its data set. */
type Readable = Pick<StoredFile, 'size' | 'dataOffset' | 'transferSyntaxUid' | 'read'>;

export async function openDataset(file: Readable): Promise<DatasetBytes> {
  const length = file.size - file.dataOffset;
  const read = (offset: number, wanted: number) => readAt(file, file.dataOffset + offset, wanted);
  const { transferSyntaxUid } = file;
  if (transferSyntax(transferSyntaxUid)?.deflated !== true) return { transferSyntaxUid, length, read };
  const bytes = inflate(await read(0, Math.min(length, MAX_READ)));
  return {
    transferSyntaxUid: ExplicitLittle,
    length: bytes.length,
    read: async (offset, wanted) => bytes.subarray(offset, offset + wanted),
  };
}

/**
 * All top-level elements; `bulk` is asked as `readElements` asks, with offsets from the first byte of the data set. Huge ones
 * have that URI or no value at all. Throws 'corrupt' where the data set can't be read to its end.
 */
export async function readFileElements(
  bytes: DatasetBytes,
  bulk: (element: BulkElement) => string | undefined,
): Promise<Dataset> {
  const dataset: Dataset = {};
  let offset = 0;
  for (let next = 0; offset < bytes.length; ) {
    const { result, at } = await readSegment(bytes, offset, HUGE[next], bulk, charsetOf(dataset));
    Object.assign(dataset, result.dataset);
    if (result.stopped === undefined) break;
    const { stopped } = result;
    const huge = HUGE.findIndex((tag) => tag >= stopped.tag);
    if (HUGE[huge] === stopped.tag) {
      const element = await measure(bytes, stopped, at + stopped.valueOffset);
      const uri = bulk(element);
      dataset[stopped.tag] = {
        vr: stopped.vr,
        ...(element.length === 0 || uri === undefined ? {} : { BulkDataURI: uri }),
      };
      offset = element.end + (stopped.length < 0 ? ITEM_HEADER : 0);
      next = huge + 1;
    } else {
      // Once more from the same place to the next huge one: a reader that begins amid elements could mistake the encoding.
      next = huge < 0 ? HUGE.length : huge;
    }
  }
  return dataset;
}

async function readSegment(
  bytes: DatasetBytes,
  at: number,
  until: string | undefined,
  bulk: (element: BulkElement) => string | undefined,
  charset: string[],
): Promise<{ result: ReadResult; at: number }> {
  const rest = bytes.length - at;
  for (let size = Math.min(FIRST_READ, rest); ; size = Math.min(size * 4, rest)) {
    const head = await bytes.read(at, size);
    try {
      const result = readElements(head, bytes.transferSyntaxUid, {
        bulk: (element) => bulk({ ...element, offset: element.offset + at, end: element.end + at }),
        charset,
        ...(until === undefined ? {} : { until }),
      });
      if (result.stopped !== undefined || size === rest) return { result, at };
    } catch (error) {
      if (size === rest || size >= MAX_READ || !isIncomplete(error)) throw error;
    }
  }
}

async function measure(bytes: DatasetBytes, { tag, vr, length }: StoppedAt, offset: number): Promise<BulkElement> {
  const end = length < 0 ? await endOfItems(bytes, offset) : offset + length;
  if (end > bytes.length) throw new DicomError('corrupt', `stored instance: ${tag} is cut off`, { field: tag });
  return { path: tag, tag, vr, offset, length, end };
}

/** Where the Sequence Delimitation Item of encapsulated pixel data begins. */
async function endOfItems(bytes: DatasetBytes, start: number): Promise<number> {
  for (let offset = start; offset + ITEM_HEADER <= bytes.length; ) {
    const header = await bytes.read(offset, ITEM_HEADER);
    if (header.readUInt32LE(0) === DELIMITER) return offset;
    if (header.readUInt32LE(0) !== ITEM) break;
    offset += ITEM_HEADER + header.readUInt32LE(4);
  }
  throw new DicomError('corrupt', 'stored instance: the items of its pixel data are broken', { field: Tag.PixelData });
}

async function readAt(file: Pick<StoredFile, 'read'>, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const read = file.read(buffer.subarray(filled), position + filled);
    const bytes = typeof read === 'number' ? read : await read;
    if (bytes === 0) break;
    filled += bytes;
  }
  return buffer.subarray(0, filled);
}

function charsetOf(dataset: Dataset): string[] {
  const values = dataset[Tag.SpecificCharacterSet]?.Value ?? [];
  return values.map((value) => (typeof value === 'string' ? value : ''));
}
