// What a codestream says of itself before anything is decoded: size, components, precision, colour marks. Decoders are
// only run on codestreams that pass (PS3.5 8.2: the codestream wins over the attributes, within the stated bounds).

import { DicomError } from '../../dimse/errors.ts';
import { MAX_FRAME_BYTES, type PixelDescription } from '../frames/pixel.ts';

/** Header facts of a codestream. */
export type CodestreamInfo = {
  columns: number;
  rows: number;
  components: number;
  /** Bits of a sample. */
  precision: number;
  /** JPEG 2000 says whether samples are signed; JPEG and JPEG-LS cannot. */
  signed?: boolean;
  /** JPEG 2000: a multiple component transform is used, so that the decoder's output is RGB. */
  componentTransform?: boolean;
  /** JPEG 2000 Part 2: components are mixed in a way that the codestream itself defines (ISO 15444-2 A.3). */
  ownTransform?: boolean;
  /** JPEG 2000 Part 2: the marker of something else that changes what samples come out (ISO 15444-2 A.3). */
  extension?: number;
  /** JPEG 2000: how often the picture was halved, and can be had halved. */
  decompositions?: number;
  /** JPEG: predictive coding, which keeps every bit. */
  lossless?: boolean;
  /** JPEG: transform flag of an Adobe APP14 marker (0 none, 1 YCbCr). */
  adobeTransform?: number;
  /** JPEG: the component identifiers are the letters R, G, B. */
  namedRgb?: boolean;
  /** JPEG: a JFIF marker, which promises YCbCr (ISO 10918-5). */
  jfif?: boolean;
  /** JPEG: some component has fewer samples than another, as chroma has and red, green or blue never. */
  subsampled?: boolean;
};

/** A codestream may show at most this many times the pixels its attributes promise. */
const MAX_AREA_RATIO = 4;

/** Refuses a codestream whose declared size is beyond the limit or far from what the attributes say. */
export function checkSize(info: CodestreamInfo, pixel: PixelDescription): void {
  const area = info.columns * info.rows;
  const bytes = area * info.components * Math.ceil(info.precision / 8);
  if (info.columns < 1 || info.rows < 1 || info.components < 1) throw corrupt('declares an empty image');
  if (bytes > MAX_FRAME_BYTES || area > MAX_AREA_RATIO * pixel.rows * pixel.columns) {
    throw corrupt(`declares ${info.columns}x${info.rows}, the attributes ${pixel.columns}x${pixel.rows}`);
  }
}

/** Real encoders pad with 00, 20 or FF after the end marker; a codestream cut short has none near its end. */
const TAIL = 16;

/** Refuses a JPEG, JPEG-LS or JPEG 2000 codestream without its end marker FFD9 in the last 16 bytes. */
export function checkEnd(bytes: Buffer): void {
  const tail = bytes.subarray(Math.max(0, bytes.length - TAIL));
  if (tail.indexOf('ffd9', 0, 'hex') === -1) throw corrupt('is cut short: no end marker');
}

const FRAME_HEADERS = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf, 0xf7]);

/** SOF3, SOF7, SOF11, SOF15: lossless processes. */
const LOSSLESS_HEADERS = new Set([0xc3, 0xc7, 0xcb, 0xcf]);

/** Reads the frame header of a JPEG (ISO 10918-1 B.2.2) or JPEG-LS (ISO 14495-1 C.2.2) codestream. */
export function readJpegInfo(bytes: Buffer): CodestreamInfo {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) throw corrupt('is not JPEG');
  let adobeTransform: number | undefined;
  let jfif = false;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) throw corrupt('has no marker where one must be');
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2 || at + 2 + length > bytes.length) break;
    const segment = bytes.subarray(at + 4, at + 2 + length);
    if (FRAME_HEADERS.has(marker))
      return {
        ...frameHeader(segment),
        lossless: LOSSLESS_HEADERS.has(marker),
        jfif,
        ...(adobeTransform !== undefined && { adobeTransform }),
      };
    if (marker === 0xee && segment.length >= 12 && segment.toString('latin1', 0, 5) === 'Adobe')
      adobeTransform = segment[11];
    if (marker === 0xe0 && segment.toString('latin1', 0, 4) === 'JFIF') jfif = true;
    if (marker === 0xda) break;
    at += 2 + length;
  }
  throw corrupt('has no frame header');
}

function frameHeader(segment: Buffer): CodestreamInfo {
  const components = segment[5] ?? 0;
  if (segment.length < 6 + 3 * components) throw corrupt('has a short frame header');
  const identifiers = Array.from({ length: components }, (_, index) => segment[6 + 3 * index] ?? 0);
  const sampling = Array.from({ length: components }, (_, index) => segment[7 + 3 * index]);
  return {
    precision: segment[0] ?? 0,
    rows: segment.readUInt16BE(1),
    columns: segment.readUInt16BE(3),
    components,
    namedRgb: String.fromCharCode(...identifiers) === 'RGB',
    subsampled: sampling.some((factors) => factors !== sampling[0]),
  };
}

const SIGNATURE_BOX = '0000000c6a502020';
const START_OF_CODESTREAM = 'ff4fff51';

/** The bare JPEG 2000 codestream, out of a JP2 file where an encoder left one in. */
export function bareJpeg2000(bytes: Buffer): Buffer {
  if (bytes.subarray(0, 8).toString('hex') !== SIGNATURE_BOX) return bytes;
  const start = bytes.indexOf(START_OF_CODESTREAM, 0, 'hex');
  return start === -1 ? bytes : bytes.subarray(start);
}

/** Reads SIZ and COD of a JPEG 2000 codestream (ISO 15444-1 A.5.1, A.6.1). */
export function readJpeg2000Info(bytes: Buffer): CodestreamInfo {
  if (bytes.length < 46 || bytes.subarray(0, 4).toString('hex') !== START_OF_CODESTREAM) {
    throw corrupt('is not JPEG 2000');
  }
  const components = bytes.readUInt16BE(40);
  const depth = bytes[42] ?? 0;
  return {
    columns: bytes.readUInt32BE(8) - bytes.readUInt32BE(16),
    rows: bytes.readUInt32BE(12) - bytes.readUInt32BE(20),
    components,
    precision: (depth & 0x7f) + 1,
    signed: (depth & 0x80) !== 0,
    ...codingStyle(bytes),
  };
}

const FIRST_SIZE = 42;
const SIZE_BYTES = 3;

/** A copy of a JPEG 2000 codestream that says of its components that they have a sign, or none (Ssiz, ISO 15444-1 A.5.1). */
export function withSign(bytes: Uint8Array, components: number, signed: boolean): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = FIRST_SIZE, end = at + components * SIZE_BYTES; at < Math.min(end, copy.length); at += SIZE_BYTES) {
    copy[at] = ((copy[at] ?? 0) & 0x7f) | (signed ? 0x80 : 0);
  }
  return copy;
}

const CODING_STYLE = 0xff52;
const START_OF_TILE = 0xff90;
/** MCT, MCC and MCO: arrays, what they are applied to, and in which order. */
const OWN_TRANSFORM = new Set([0xff74, 0xff75, 0xff77]);
/** DCO, VMS, DFS, ADS, NLT, CBD and ATK: offsets, masking, decompositions, curves and depths of samples, wavelets. */
const EXTENSIONS = new Set([0xff70, 0xff71, 0xff72, 0xff73, 0xff76, 0xff78, 0xff79]);

type CodingStyle = Pick<CodestreamInfo, 'componentTransform' | 'ownTransform' | 'extension' | 'decompositions'>;

function codingStyle(bytes: Buffer): CodingStyle {
  const style: CodingStyle = {};
  for (let at = 2; at + 10 <= bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes.readUInt16BE(at);
    if (marker === START_OF_TILE) break;
    if (OWN_TRANSFORM.has(marker)) style.ownTransform = true;
    if (EXTENSIONS.has(marker)) style.extension ??= marker;
    if (marker !== CODING_STYLE) continue;
    const transform = bytes[at + 8] ?? 0;
    style.componentTransform = transform === 1;
    if (transform > 1) style.ownTransform = true;
    style.decompositions = bytes[at + 9] ?? 0;
  }
  return style;
}

function corrupt(what: string): DicomError {
  return new DicomError('corrupt', `The codestream ${what}`, { field: 'PixelData' });
}
