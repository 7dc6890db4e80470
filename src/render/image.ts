// An image instance opened for pixels: its attributes up to the pixel data, and where the pixel data lies. The file is
// never read whole, except that a deflated data set has to be inflated (PS3.5 A.5).

import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import type { Dataset } from '../dimse/data/dataset.ts';
import { readFileMeta } from '../dimse/data/part10.ts';
import { isIncomplete, readElements } from '../dimse/data/reader.ts';
import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { DicomError } from '../dimse/errors.ts';
import { numberOf } from './attributes.ts';
import type { FrameLocator } from './fragments.ts';
import { type PixelDescription, pixelDescription, type SampleKind } from './pixel.ts';
import { fileSource, memorySource, type Source } from './source.ts';

/** An image instance: header attributes, pixel layout, and the place of its pixel data. */
export type Image = {
  path: string;
  transferSyntaxUid: string;
  /** Every attribute before the pixel data, the Extended Offset Table included. */
  attributes: Dataset;
  pixel: PixelDescription;
  numberOfFrames: number;
  source: Source;
  pixelData: PixelDataElement;
  /** Finds the fragments of a frame; made when the first frame is asked for. */
  locator?: Promise<FrameLocator>;
};

/** The pixel data element: where its value begins and its length, -1 when undefined (encapsulated, PS3.5 A.4). */
export type PixelDataElement = {
  tag: string;
  offset: number;
  length: number;
  encapsulated: boolean;
  bigEndian: boolean;
  words: boolean;
};

const FIRST_READ = 64 * 1024;
const MAX_HEADER = 256 * 1024 * 1024;
const MAX_INFLATED = 1024 * 1024 * 1024;
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';

/** PS3.3 C.7.6.3, C.7.6.24, C.7.6.25: the three elements that can hold an image's samples. */
const PIXEL_DATA: Readonly<Record<string, SampleKind>> = {
  '7FE00008': 'float',
  '7FE00009': 'double',
  '7FE00010': 'integer',
};

const inflate = promisify(inflateRaw);

/**
 * Opens the image in a Part 10 file.
 * @throws DicomError `not-acceptable` when it holds no image, `corrupt` when its header breaks the standard
 */
export async function openImage(path: string): Promise<Image> {
  const file = await fileSource(path);
  const meta = await readMeta(file);
  const syntax = transferSyntax(meta.transferSyntaxUid);
  if (!syntax) throw new DicomError('not-acceptable', `Transfer syntax ${meta.transferSyntaxUid} is not known`);
  const deflated = syntax.deflated === true;
  const source = deflated ? await inflated(file, meta.dataOffset) : file;
  const start = deflated ? 0 : meta.dataOffset;
  const { attributes, stopped } = await readHeader(source, start, deflated ? EXPLICIT_LITTLE : syntax.uid);
  const kind = stopped && PIXEL_DATA[stopped.tag];
  if (!stopped || !kind) throw new DicomError('not-acceptable', 'The instance has no pixel data');
  return {
    path,
    transferSyntaxUid: syntax.uid,
    attributes,
    pixel: pixelDescription(attributes, kind),
    numberOfFrames: Math.max(1, numberOf(attributes, '00280008') ?? 1),
    source,
    pixelData: {
      tag: stopped.tag,
      offset: stopped.offset,
      length: stopped.length,
      encapsulated: stopped.length === -1,
      bigEndian: syntax.endian === 'big',
      words: stopped.vr === 'OW',
    },
  };
}

/** What changes when a file is replaced: a key for caches of opened images. */
export async function versionOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size } = await stat(path);
    return `${path}:${mtimeMs}:${size}`;
  } catch (cause) {
    throw new DicomError('not-found', 'The instance is no longer in the cache', { cause });
  }
}

async function readMeta(file: Source): Promise<{ transferSyntaxUid: string; dataOffset: number }> {
  return growing(file, 0, (bytes) => readFileMeta(bytes));
}

type Header = { attributes: Dataset; stopped?: { tag: string; vr: string; offset: number; length: number } };

async function readHeader(source: Source, start: number, transferSyntaxUid: string): Promise<Header> {
  return growing(source, start, (bytes) => {
    const { dataset, stopped } = readElements(bytes, transferSyntaxUid, { until: '7FE00008' });
    if (!stopped) return { attributes: dataset };
    const { tag, vr, length, valueOffset } = stopped;
    return { attributes: dataset, stopped: { tag, vr, length, offset: start + valueOffset } };
  });
}

/** Parses a head of the bytes, and a longer one as long as the parser finds it cut off. */
async function growing<T>(source: Source, start: number, parse: (bytes: Buffer) => T): Promise<T> {
  for (let length = FIRST_READ; ; length *= 4) {
    const bytes = await source.read(start, length);
    try {
      return parse(bytes);
    } catch (error) {
      const whole = start + length >= source.size;
      if (!isIncomplete(error)) throw error;
      if (whole) throw new DicomError('corrupt', 'The data set ends within an element', { cause: error });
      if (length >= MAX_HEADER) throw new DicomError('too-large', 'The header of the data set is beyond the limit');
    }
  }
}

async function inflated(file: Source, start: number): Promise<Source> {
  const bytes = await file.read(start, file.size - start);
  try {
    return memorySource(await inflate(bytes, { maxOutputLength: MAX_INFLATED }));
  } catch (cause) {
    throw new DicomError('corrupt', 'The deflated data set cannot be inflated', { cause });
  }
}
