// One frame decoded to samples: the transfer syntax chooses the codec, and the attributes are corrected by what the
// codestream says of itself (PS3.5 8.2: the codestream wins).

import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import {
  DeflatedFrame,
  EncapsulatedUncompressed,
  HtJpeg2000,
  HtJpeg2000Lossless,
  HtJpeg2000LosslessRpcl,
  Jpeg2000,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegExtended,
  JpegLossless,
  JpegLosslessSv1,
  JpegLsLossless,
  JpegLsNearLossless,
  JpegXl,
  JpegXlLossless,
  JpegXlRecompression,
  RleLossless,
} from '../../dimse/data/transfer-syntax.ts';
import { DicomError } from '../../dimse/errors.ts';
import { readFrame } from '../frames/frames.ts';
import type { Image } from '../frames/image.ts';
import { frameBits, type PixelDescription } from '../frames/pixel.ts';
import type { Scratch } from '../scratch.ts';
import { type Decoded, interleave } from './decoded.ts';
import { decodeJpeg, decodeJpegXl } from './jpeg.ts';
import { decodeHtj2k, decodeJpeg2000, decodeJpeg2000Part2, type Reduction } from './jpeg2000.ts';
import { decodeJpegLs } from './jpegls.ts';
import { decodeRle } from './rle.ts';
import type { Codecs } from './wasm.ts';

/** Samples of one frame in native little endian; `pixel` describes exactly these bytes. */
export type Frame = {
  pixel: PixelDescription;
  data: Uint8Array;
  /** Where what is made of the samples may be put, when it is used up before the thread's next frame. */
  scratch?: Scratch | undefined;
};

type Decoder = (
  bytes: Buffer,
  pixel: PixelDescription,
  codecs: Codecs,
  reduction?: Reduction,
) => Decoded | Promise<Decoded>;

/** PS3.5 A.4: which codec reads the fragments of which transfer syntax. */
const DECODERS: Readonly<Record<string, Decoder>> = {
  [JpegBaseline]: decodeJpeg,
  [JpegExtended]: decodeJpeg,
  '1.2.840.10008.1.2.4.53': decodeJpeg, // Spectral Selection, retired
  '1.2.840.10008.1.2.4.55': decodeJpeg, // Full Progression, retired
  [JpegLossless]: decodeJpeg,
  [JpegLosslessSv1]: decodeJpeg,
  [JpegLsLossless]: decodeJpegLs,
  [JpegLsNearLossless]: decodeJpegLs,
  [Jpeg2000Lossless]: decodeJpeg2000,
  [Jpeg2000]: decodeJpeg2000,
  '1.2.840.10008.1.2.4.92': decodeJpeg2000Part2, // lossless only
  '1.2.840.10008.1.2.4.93': decodeJpeg2000Part2,
  [JpegXlLossless]: decodeJpegXl,
  [JpegXlRecompression]: decodeJpegXl,
  [JpegXl]: decodeJpegXl,
  [HtJpeg2000Lossless]: decodeHtj2k,
  [HtJpeg2000LosslessRpcl]: decodeHtj2k,
  [HtJpeg2000]: decodeHtj2k,
  [RleLossless]: decodeRle,
};

const inflate = promisify(inflateRaw);

/** Whether frames of this transfer syntax can be decoded; the native ones always can. */
export function isDecodable(image: Image): boolean {
  const { transferSyntaxUid, pixelData } = image;
  return (
    !pixelData.encapsulated ||
    transferSyntaxUid in DECODERS ||
    transferSyntaxUid === EncapsulatedUncompressed ||
    transferSyntaxUid === DeflatedFrame
  );
}

/**
 * Decodes frame `n` (1-based). One-bit samples come as one byte each, YBR_FULL_422 as stored. With `scratch` the samples may
 * lie in it.
 * @throws DicomError `not-acceptable` without a decoder, `not-found` beyond the last frame, `corrupt` for broken data
 */
export async function decodeFrame(
  image: Image,
  n: number,
  codecs: Codecs,
  reduction?: Reduction,
  scratch?: Scratch,
): Promise<Frame> {
  if (!isDecodable(image)) {
    throw new DicomError('not-acceptable', `There is no decoder for transfer syntax ${image.transferSyntaxUid}`);
  }
  const bytes = await storedFrame(image, n, scratch);
  const decoder = image.pixelData.encapsulated ? DECODERS[image.transferSyntaxUid] : undefined;
  const frame = decoder
    ? described(await decoder(bytes, image.pixel, codecs, reduction), image.pixel)
    : native(await uncompressed(bytes, image), image.pixel);
  return scratch ? { ...frame, scratch } : frame;
}

const JPEG_2000_PART_2 = new Set(['1.2.840.10008.1.2.4.92', '1.2.840.10008.1.2.4.93']);

/** Part 2 may have put many frames into one codestream (PS3.5 A.4.4): then there is none to be found for each. */
async function storedFrame(image: Image, n: number, scratch?: Scratch): Promise<Buffer> {
  try {
    return await readFrame(image, n, scratch);
  } catch (cause) {
    const mayShare = JPEG_2000_PART_2.has(image.transferSyntaxUid) && image.numberOfFrames > 1;
    if (!mayShare || !(cause instanceof DicomError) || cause.kind !== 'corrupt') throw cause;
    throw new DicomError('not-acceptable', 'Frames that are not one JPEG 2000 codestream each cannot be decoded', {
      field: 'PixelData',
      cause,
    });
  }
}

async function uncompressed(bytes: Buffer, image: Image): Promise<Buffer> {
  const length = Math.ceil(frameBits(image.pixel) / 8);
  const deflated = image.pixelData.encapsulated && image.transferSyntaxUid === DeflatedFrame;
  const plain = deflated ? await inflateFrame(bytes, length) : bytes;
  if (plain.length < length) throw new DicomError('corrupt', 'The frame is shorter than its attributes say');
  return plain.subarray(0, length);
}

/** One spare byte is allowed for: an odd frame is padded before it is deflated (PS3.5 A.4.13). */
async function inflateFrame(bytes: Buffer, length: number): Promise<Buffer> {
  try {
    return await inflate(bytes, { maxOutputLength: length + 1 });
  } catch (cause) {
    throw new DicomError('corrupt', 'The deflated frame cannot be inflated', { field: 'PixelData', cause });
  }
}

function native(bytes: Buffer, pixel: PixelDescription): Frame {
  if (pixel.bitsAllocated !== 1) return { pixel, data: bytes };
  const data = new Uint8Array(pixel.rows * pixel.columns * pixel.samplesPerPixel);
  for (let index = 0; index < data.length; index += 1) data[index] = ((bytes[index >> 3] ?? 0) >> (index & 7)) & 1;
  return { pixel: { ...pixel, bitsAllocated: 8, bitsStored: 1, highBit: 0 }, data };
}

/** The attributes as the codestream corrects them: its size, components, precision, signedness and colour. */
function described(decoded: Decoded, pixel: PixelDescription): Frame {
  const bitsStored = Math.min(pixel.bitsStored, decoded.precision);
  return {
    data: decoded.data,
    pixel: {
      ...pixel,
      rows: decoded.rows,
      columns: decoded.columns,
      samplesPerPixel: decoded.samples,
      bitsAllocated: decoded.bytesPerSample * 8,
      bitsStored,
      highBit: pixel.highBit < decoded.precision && bitsStored === pixel.bitsStored ? pixel.highBit : bitsStored - 1,
      signed: pixel.signed || decoded.signed === true,
      planar: 0,
      photometric: photometricOf(decoded, pixel),
    },
  };
}

function photometricOf(decoded: Decoded, pixel: PixelDescription): string {
  if (decoded.photometric) return decoded.photometric;
  const colour = pixel.samplesPerPixel > 1;
  if (decoded.samples === 1) return colour ? 'MONOCHROME2' : pixel.photometric;
  if (!colour) return 'RGB';
  return pixel.photometric === 'YBR_FULL_422' ? 'YBR_FULL' : pixel.photometric;
}

/**
 * The frame as native Pixel Data hold it: colour by pixel, in the container of Bits Allocated or in a larger one where the
 * codestream's samples need it, one-bit samples packed.
 */
export function nativeFrame(frame: Frame, stored: PixelDescription): Frame {
  const { pixel, data } = frame;
  if (stored.bitsAllocated === 1 && pixel.bitsStored === 1) {
    return { pixel: { ...pixel, bitsAllocated: 1 }, data: packBits(data) };
  }
  const bitsAllocated = Math.max(pixel.bitsAllocated, stored.bitsAllocated);
  const wide = pixel.bitsAllocated === bitsAllocated ? data : widen(frame, bitsAllocated);
  const native = { pixel: { ...pixel, bitsAllocated }, data: wide };
  return { pixel: { ...native.pixel, planar: 0 }, data: byPixel(native) };
}

function byPixel({ pixel, data }: Frame): Uint8Array {
  return pixel.planar === 1 ? interleaved(data, pixel) : data;
}

function interleaved(data: Uint8Array, pixel: PixelDescription): Uint8Array {
  return interleave(data, pixel.samplesPerPixel, pixel.bitsAllocated / 8);
}

function packBits(data: Uint8Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(data.length / 8));
  for (let index = 0; index < data.length; index += 1) {
    packed[index >> 3] = (packed[index >> 3] ?? 0) | (((data[index] ?? 0) & 1) << (index & 7));
  }
  return packed;
}

/** Samples into a larger container, their sign kept. */
function widen({ pixel, data }: Frame, bitsAllocated: number): Uint8Array {
  const from = pixel.bitsAllocated / 8;
  const to = bitsAllocated / 8;
  const count = data.length / from;
  const result = new Uint8Array(count * to);
  for (let index = 0; index < count; index += 1) {
    const negative = pixel.signed && ((data[index * from + from - 1] ?? 0) & 0x80) !== 0;
    for (let byte = 0; byte < to; byte += 1) {
      result[index * to + byte] = byte < from ? (data[index * from + byte] ?? 0) : negative ? 0xff : 0;
    }
  }
  return result;
}
