// An image instance opened for pixels: its attributes up to the pixel data, and where the pixel data lies. The file is
// never read whole, except that a deflated data set has to be inflated (PS3.5 A.5).

import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { readFileMeta } from '../../dimse/data/part10.ts';
import { isIncomplete, readElements } from '../../dimse/data/reader.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { Deflated, ExplicitLittle, type TransferSyntax, transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import { DicomError } from '../../dimse/errors.ts';
import { numberOf } from '../attributes.ts';
import type { FrameLocator, PixelDataElement } from './fragments.ts';
import { type PixelDescription, pixelDescription, type SampleKind } from './pixel.ts';
import { memorySource, type Place, type Source, sourceAt } from './source.ts';

/** An image instance: header attributes, pixel layout, and the place of its pixel data. */
export type Image = {
  transferSyntaxUid: string;
  /** Every attribute before the pixel data, the Extended Offset Table included. */
  attributes: Dataset;
  pixel: PixelDescription;
  numberOfFrames: number;
  source: Source;
  /** The encoded attributes before the pixel data. */
  header: { offset: number; length: number };
  pixelData: PixelDataElement;
  /** Finds the fragments of a frame; made when the first frame is asked for. */
  locator?: Promise<FrameLocator>;
};

const FIRST_READ = 64 * 1024;
const MAX_HEADER = 256 * 1024 * 1024;
const MAX_INFLATED = 1024 * 1024 * 1024;

/** PS3.3 C.7.6.3, C.7.6.24, C.7.6.25: the three elements that can hold an image's samples. */
const PIXEL_DATA: Readonly<Record<string, SampleKind>> = {
  [Tag.FloatPixelData]: 'float',
  [Tag.DoubleFloatPixelData]: 'double',
  [Tag.PixelData]: 'integer',
};

/** Items and delimitation items, which are no attributes (PS3.5 7.5). */
const ITEM_GROUP = 'FFFE';

const inflate = promisify(inflateRaw);

/** A Part 10 file: its transfer syntax, and where its data set begins. */
export type PartTen = { source: Source; syntax: TransferSyntax; dataOffset: number };

/** Opens a Part 10 file; `not-acceptable` where its transfer syntax is not known. */
export async function openPartTen(place: Place | Source): Promise<PartTen> {
  const isSource = typeof place === 'object' && 'reading' in place;
  const source = isSource ? place : await sourceAt(place);
  const { transferSyntaxUid, dataOffset } = await growing(source, 0, (bytes) => readFileMeta(bytes));
  const syntax = transferSyntax(transferSyntaxUid);
  if (!syntax) throw new DicomError('not-acceptable', `Transfer syntax ${transferSyntaxUid} is not known`);
  return { source, syntax, dataOffset };
}

/**
 * Opens the image in a Part 10 file.
 * @throws DicomError `not-acceptable` when it holds no image, `corrupt` when its header breaks the standard
 */
export async function openImage(place: Place | Source): Promise<Image> {
  const file = await openPartTen(place);
  const { syntax } = file;
  const source = syntax.deflated ? await inflated(file) : file.source;
  const start = syntax.deflated ? 0 : file.dataOffset;
  const header = await readHeader(source, start, syntax.deflated ? ExplicitLittle : syntax.uid);
  const { attributes, end, stopped } = header;
  const kind = stopped && PIXEL_DATA[stopped.tag];
  if (stopped?.tag.startsWith(ITEM_GROUP)) throw new DicomError('corrupt', 'An item stands where attributes must be');
  if (!stopped || !kind) {
    throw new DicomError('not-acceptable', 'The instance has no pixel data', { field: 'PixelData' });
  }
  return {
    transferSyntaxUid: syntax.uid,
    attributes,
    pixel: pixelDescription(attributes, kind),
    numberOfFrames: isVideo(syntax) ? 1 : Math.max(1, numberOf(attributes, Tag.NumberOfFrames) ?? 1),
    source,
    header: { offset: start, length: end - start },
    pixelData: {
      tag: stopped.tag,
      vr: stopped.vr,
      offset: stopped.offset,
      length: stopped.length,
      encapsulated: stopped.length === -1,
      bigEndian: syntax.endian === 'big',
    },
  };
}

/** A video is one stream, whatever Number of Frames says (PS3.5 8.2.5): its pictures have no bytes of their own. */
function isVideo({ mediaType }: TransferSyntax): boolean {
  return mediaType?.startsWith('video/') === true;
}

/** The attributes of an instance that need not be an image, up to its pixel data if it has one. */
export async function readAttributes(place: Place): Promise<Dataset> {
  const file = await openPartTen(place);
  const { deflated, uid } = file.syntax;
  const source = deflated ? await inflated(file) : file.source;
  return (await readHeader(source, deflated ? 0 : file.dataOffset, deflated ? ExplicitLittle : uid)).attributes;
}

/** The attributes before the pixel data exactly as encoded, so that they can be written again unchanged. */
export async function readStoredHeader(image: Image): Promise<Dataset> {
  const { offset, length } = image.header;
  const bytes = await image.source.read(offset, length);
  return readElements(bytes, encodingOf(image), { keepText: true }).dataset;
}

/** The transfer syntax of the bytes in `image.source`. */
export function encodingOf({ transferSyntaxUid }: Image): string {
  return transferSyntaxUid === Deflated ? ExplicitLittle : transferSyntaxUid;
}

/** What changes when a file is replaced: a key for caches of opened images. Waits for the disk: for workers. */
export function versionOf(path: string): string {
  try {
    const { mtimeMs, size } = statSync(path);
    return `${path}:${mtimeMs}:${size}`;
  } catch (cause) {
    throw new DicomError('not-found', 'The instance is no longer in the cache', { cause });
  }
}

type Stop = { tag: string; vr: string; offset: number; length: number };
type Header = { attributes: Dataset; end: number; stopped?: Stop };

async function readHeader(source: Source, start: number, transferSyntaxUid: string): Promise<Header> {
  return growing(source, start, (bytes): Header | undefined => {
    const { dataset, end, stopped } = readElements(bytes, transferSyntaxUid, { until: Tag.FloatPixelData });
    const header = { attributes: dataset, end: start + end };
    if (!stopped) return start + bytes.length < source.size ? undefined : header;
    const { tag, vr, length, valueOffset } = stopped;
    return { ...header, stopped: { tag, vr, length, offset: start + valueOffset } };
  });
}

/** Parses a head of the bytes, and a longer one as long as it is found cut off, or cut between two elements. */
async function growing<T>(source: Source, start: number, parse: (bytes: Buffer) => T | undefined): Promise<T> {
  for (let length = FIRST_READ; ; length *= 4) {
    const bytes = await source.read(start, length);
    try {
      const parsed = parse(bytes);
      if (parsed !== undefined) return parsed;
    } catch (error) {
      const whole = start + length >= source.size;
      if (!isIncomplete(error)) throw error;
      if (whole) throw new DicomError('corrupt', 'The data set ends within an element', { cause: error });
      if (length >= MAX_HEADER) throw new DicomError('too-large', 'The header of the data set is beyond the limit');
    }
  }
}

async function inflated({ source, dataOffset }: PartTen): Promise<Source> {
  const bytes = await source.read(dataOffset, source.size - dataOffset);
  try {
    return memorySource(await inflate(bytes, { maxOutputLength: MAX_INFLATED }));
  } catch (cause) {
    throw new DicomError('corrupt', 'The deflated data set cannot be inflated', { cause });
  }
}
