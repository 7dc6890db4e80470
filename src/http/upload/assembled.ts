// An instance put together from metadata and bulk data (PS3.18 10.5.1.4): attributes in memory, pixel data from disk, frames
// encapsulated where they are compressed.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import { isUidShape } from '../../dimse/data/uid.ts';
import { writeDataset } from '../../dimse/data/writer.ts';
import { DicomError } from '../../dimse/errors.ts';
import { bareJpeg2000, readJpeg2000Info, readJpegInfo } from '../../render/codec/codestream.ts';
import type { MediaType } from '../media-type.ts';
import { EXPLICIT_LITTLE } from '../offers.ts';
import { syntaxOf } from './codestream-syntax.ts';
import type { UploadedInstance } from './dicom-part.ts';
import { decodeRaster, isRaster, type Raster } from './raster.ts';
import type { Spooled } from './spool.ts';

/** One part of bulk data. */
export type UploadedBulk = { type: MediaType; bytes: Spooled };
/** The parts that a BulkDataURI stands for, in frame order; empty when there is none. */
export type FindBulk = (uri: string) => readonly UploadedBulk[];

const PIXEL_DATA = Tag.PixelData;
/** Values other than pixel data are held in memory while they are written. */
const LARGEST_VALUE = 256 * 1024 * 1024;
const ITEM = Buffer.from([0xfe, 0xff, 0x00, 0xe0]);
const SEQUENCE_END = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);

function refuse(what: string): DicomError {
  return new DicomError('corrupt', `metadata: ${what}`, { field: 'metadata' });
}

/** The UIDs that a row of the answer is told by. @throws DicomError `corrupt` when one is missing */
export function uidsOf(dataset: Dataset): Omit<UploadedInstance, 'transferSyntaxUid' | 'body'> {
  const uidOf = (tag: string, keyword: string): string => {
    const value = dataset[tag]?.Value?.[0];
    if (typeof value !== 'string' || !isUidShape(value)) throw refuse(`there is no ${keyword}`);
    return value;
  };
  return {
    sopClassUid: uidOf(Tag.SOPClassUID, 'SOPClassUID'),
    sopInstanceUid: uidOf(Tag.SOPInstanceUID, 'SOPInstanceUID'),
    studyInstanceUid: uidOf(Tag.StudyInstanceUID, 'StudyInstanceUID'),
    seriesInstanceUid: uidOf(Tag.SeriesInstanceUID, 'SeriesInstanceUID'),
  };
}

/**
 * The instance that `metadata` and its bulk data make.
 * @throws DicomError `corrupt` when bulk data or a UID is missing, `unsupported-media` for bulk data of no use
 */
export async function assemble(metadata: Dataset, find: FindBulk): Promise<UploadedInstance> {
  // Group 0002 is made anew; a client that sends it nevertheless is not believed (10.5.1.4).
  const dataset = Object.fromEntries(Object.entries(metadata).filter(([tag]) => !tag.startsWith('0002')));
  const uids = uidsOf(dataset);
  const pixels = dataset[PIXEL_DATA];
  const parts = pixels?.BulkDataURI === undefined ? [] : find(pixels.BulkDataURI);
  if (pixels?.BulkDataURI !== undefined && parts.length === 0) throw refuse('the pixel data were not sent');
  const [first] = parts;
  if (first !== undefined && isRaster(first.type.type)) return assemblePicture(dataset, parts, find);
  const syntax = first === undefined ? EXPLICIT_LITTLE : syntaxOf(first.type, first.bytes.head);
  const described = first === undefined ? dataset : describe(dataset, first.bytes.head, syntax, parts.length);
  const [head, tail] = await Promise.all([
    encode(
      pick(described, (tag) => first === undefined || tag < PIXEL_DATA),
      find,
    ),
    encode(
      pick(described, (tag) => first !== undefined && tag > PIXEL_DATA),
      find,
    ),
  ]);
  const vr = pixels?.vr === 'OB' ? 'OB' : 'OW';
  return { ...uids, transferSyntaxUid: syntax, body: write(head, parts, tail, syntax, vr) };
}

/** The instance with its PNG or GIF pictures as native frames; the description is what the pictures are. */
async function assemblePicture(
  dataset: Dataset,
  parts: readonly UploadedBulk[],
  find: FindBulk,
): Promise<UploadedInstance> {
  const wanted = dataset[Tag.SamplesPerPixel]?.Value?.[0];
  const frames: Raster[] = [];
  for (const { bytes } of parts) {
    frames.push(await decodeRaster(await whole(bytes), typeof wanted === 'number' ? wanted : undefined));
  }
  const description = frames[0]?.description ?? {};
  const same = frames.every((frame) => JSON.stringify(frame.description) === JSON.stringify(description));
  if (!same) throw refuse('its pictures differ in size or colour');
  const samples = Buffer.concat(frames.map((frame) => frame.samples));
  const count: Dataset = frames.length > 1 ? { [Tag.NumberOfFrames]: { vr: 'IS', Value: [frames.length] } } : {};
  const bits = description[Tag.BitsAllocated]?.Value?.[0];
  const pixels: Dataset = { [PIXEL_DATA]: { vr: bits === 16 ? 'OW' : 'OB', InlineBinary: samples } };
  return assemble({ ...dataset, ...description, ...count, ...pixels }, find);
}

async function whole(bytes: Spooled): Promise<Buffer> {
  if (bytes.length > LARGEST_VALUE) {
    throw new DicomError('too-large', 'a bulk data value is too large', { field: 'body' });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of bytes.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function pick(dataset: Dataset, wanted: (tag: string) => boolean): Dataset {
  return Object.fromEntries(Object.entries(dataset).filter(([tag]) => wanted(tag)));
}

async function encode(dataset: Dataset, find: FindBulk): Promise<Buffer> {
  const values = new Map<string, Buffer>();
  for (const uri of urisOf(dataset)) {
    const [part, ...others] = find(uri);
    if (part === undefined) throw refuse('bulk data that it names were not sent');
    if (others.length > 0) throw refuse('a value that is no pixel data has several parts');
    values.set(uri, await whole(part.bytes));
  }
  return writeDataset(dataset, EXPLICIT_LITTLE, { bulk: (uri) => values.get(uri) });
}

function urisOf(dataset: Dataset): string[] {
  return Object.values(dataset).flatMap(({ vr, Value = [], BulkDataURI }) => [
    ...(BulkDataURI === undefined || BulkDataURI.startsWith('data:') ? [] : [BulkDataURI]),
    ...(vr === 'SQ' ? Value.flatMap((item) => urisOf(item as Dataset)) : []),
  ]);
}

async function* write(
  head: Buffer,
  parts: readonly UploadedBulk[],
  tail: Buffer,
  syntax: string,
  vr: 'OB' | 'OW',
): AsyncGenerator<Buffer, void, undefined> {
  yield head;
  if (parts.length > 0) {
    if (transferSyntax(syntax)?.encapsulated === true) yield* encapsulated(parts);
    else yield* native(parts, vr);
  }
  if (tail.length > 0) yield tail;
}

function elementHeader(vr: 'OB' | 'OW', length: number): Buffer {
  const header = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.write(vr, 4, 'latin1');
  header.writeUInt32LE(length, 8);
  return header;
}

async function* native(parts: readonly UploadedBulk[], vr: 'OB' | 'OW'): AsyncGenerator<Buffer, void, undefined> {
  const length = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (length > 0xfffffffe)
    throw new DicomError('too-large', 'the pixel data are too large for one element', { field: 'body' });
  yield elementHeader(vr, length + (length % 2));
  for (const { bytes } of parts) yield* bytes.read();
  if (length % 2 === 1) yield Buffer.alloc(1);
}

/** PS3.5 A.4: an empty offset table, one fragment per frame. */
async function* encapsulated(parts: readonly UploadedBulk[]): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.concat([elementHeader('OB', 0xffffffff), ITEM, Buffer.alloc(4)]);
  for (const { bytes } of parts) {
    const skip = bytes.head.length - bareJpeg2000(bytes.head).length;
    const length = bytes.length - skip;
    const size = Buffer.alloc(4);
    size.writeUInt32LE(length + (length % 2));
    yield Buffer.concat([ITEM, size]);
    yield* without(bytes.read(), skip);
    if (length % 2 === 1) yield Buffer.alloc(1);
  }
  yield SEQUENCE_END;
}

async function* without(chunks: AsyncIterable<Buffer>, skip: number): AsyncGenerator<Buffer, void, undefined> {
  let left = skip;
  for await (const chunk of chunks) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

/** The image pixel description that a client may leave out, from the codestream (10.5.2). What it says is kept. */
function describe(dataset: Dataset, head: Buffer, syntax: string, frames: number): Dataset {
  const stored = transferSyntax(syntax);
  if (stored?.encapsulated !== true || dataset[Tag.Rows] !== undefined) return dataset;
  const isJpeg = stored.mediaType === 'image/jpeg' || stored.mediaType === 'image/jls';
  if (!isJpeg && stored.mediaType !== 'image/jp2' && stored.mediaType !== 'image/jphc') return dataset;
  const info = isJpeg ? readJpegInfo(head) : readJpeg2000Info(bareJpeg2000(head));
  const { rows, columns, components, precision, signed = false, lossless, componentTransform = false } = info;
  const grey = components === 1;
  const transformed = isJpeg ? lossless !== true && stored.mediaType === 'image/jpeg' : componentTransform;
  const colour = !transformed ? 'RGB' : isJpeg ? 'YBR_FULL_422' : stored.lossy === true ? 'YBR_ICT' : 'YBR_RCT';
  const made: Dataset = {
    [Tag.SamplesPerPixel]: { vr: 'US', Value: [components] },
    [Tag.PhotometricInterpretation]: { vr: 'CS', Value: [grey ? 'MONOCHROME2' : colour] },
    ...(grey ? {} : { [Tag.PlanarConfiguration]: { vr: 'US', Value: [0] } }),
    ...(frames > 1 ? { [Tag.NumberOfFrames]: { vr: 'IS', Value: [frames] } } : {}),
    [Tag.Rows]: { vr: 'US', Value: [rows] },
    [Tag.Columns]: { vr: 'US', Value: [columns] },
    [Tag.BitsAllocated]: { vr: 'US', Value: [precision > 8 ? 16 : 8] },
    [Tag.BitsStored]: { vr: 'US', Value: [precision] },
    [Tag.HighBit]: { vr: 'US', Value: [precision - 1] },
    [Tag.PixelRepresentation]: { vr: 'US', Value: [signed ? 1 : 0] },
    ...(stored.lossy === true ? { [Tag.LossyImageCompression]: { vr: 'CS', Value: ['01'] } } : {}),
  };
  return { ...made, ...dataset };
}
