// JPEG 2000 (ISO 15444-1) by OpenJPEG and High-Throughput JPEG 2000 (ISO 15444-15) by OpenJPH.

import { DicomError } from '../../dimse/errors.ts';
import type { PixelDescription } from '../frames/pixel.ts';
import { bareJpeg2000, type CodestreamInfo, checkEnd, checkSize, readJpeg2000Info, withSign } from './codestream.ts';
import { checkLength, type Decoded } from './decoded.ts';
import type { Codecs, ResolutionDecoder } from './wasm.ts';

/** How far to go: stop where the picture is still at least this large. */
export type Reduction = { columns: number; rows: number };

/** What both libraries' bindings bring out; the standard knows up to 38 (ISO 15444-1 A.5.1). */
const MAX_PRECISION = 16;

/** Decodes a JPEG 2000 frame, at a lower resolution where `reduction` allows it. */
export function decodeJpeg2000(
  bytes: Buffer,
  pixel: PixelDescription,
  codecs: Codecs,
  reduction?: Reduction,
): Promise<Decoded> {
  const create = async (): Promise<ResolutionDecoder> => new (await codecs.openjpeg()).J2KDecoder();
  const failed = (cause: unknown): void => codecs.failed('openjpeg', cause, pixel);
  return decode(bytes, pixel, { create, failed, skipsExtensions: true }, reduction);
}

/**
 * Decodes a JPEG 2000 Part 2 frame that is coded as Part 1 would code it. What Part 2 was taken into DICOM for, frames as
 * components of one codestream that is transformed across them (PS3.5 8.2.4, A.4.4), has no decoder: `not-acceptable`.
 */
export async function decodeJpeg2000Part2(
  bytes: Buffer,
  pixel: PixelDescription,
  codecs: Codecs,
  reduction?: Reduction,
): Promise<Decoded> {
  const { components } = readJpeg2000Info(bareJpeg2000(bytes));
  if (components !== pixel.samplesPerPixel) throw noDecoder('Frames as components of one JPEG 2000 codestream');
  return decodeJpeg2000(bytes, pixel, codecs, reduction);
}

/** Decodes an HTJ2K frame, at a lower resolution where `reduction` allows it. */
export function decodeHtj2k(
  bytes: Buffer,
  pixel: PixelDescription,
  codecs: Codecs,
  reduction?: Reduction,
): Promise<Decoded> {
  const create = async (): Promise<ResolutionDecoder> => new (await codecs.openjph()).HTJ2KDecoder();
  return decode(bytes, pixel, { create, failed: (cause) => codecs.failed('openjph', cause, pixel) }, reduction);
}

type Codec = {
  create: () => Promise<ResolutionDecoder>;
  failed: (cause: unknown) => void;
  /** Markers of Part 2 are read over, so that samples would come out as others. */
  skipsExtensions?: true;
};

async function decode(bytes: Buffer, pixel: PixelDescription, codec: Codec, reduction?: Reduction): Promise<Decoded> {
  const codestream = bareJpeg2000(bytes);
  checkEnd(codestream);
  const info = readJpeg2000Info(codestream);
  checkSize(info, pixel);
  if (info.precision > MAX_PRECISION) throw noDecoder(`Samples of ${info.precision} bits in JPEG 2000`);
  if (info.ownTransform) throw noDecoder('The multiple component transformation of JPEG 2000 Part 2');
  if (info.extension !== undefined && codec.skipsExtensions)
    throw noDecoder(`What JPEG 2000 Part 2 adds by marker ${info.extension.toString(16).toUpperCase()}`);
  const decoder = await codec.create();
  try {
    // Neither library brings negative samples of a byte out as they are.
    const isRaised = info.signed === true && info.precision <= 8;
    const given = isRaised ? withSign(codestream, info.components, false) : codestream;
    decoder.getEncodedBuffer(given.length).set(given);
    const size = runDecoder(decoder, info, reduction);
    const data = new Uint8Array(decoder.getDecodedBuffer());
    return checkLength({
      ...size,
      samples: info.components,
      bytesPerSample: info.precision > 8 ? 2 : 1,
      precision: info.precision,
      signed: info.signed === true,
      ...(rgbOutput(info, pixel) ? { photometric: 'RGB' } : {}),
      data: isRaised ? lowered(data, info.precision) : data,
    });
  } catch (cause) {
    codec.failed(cause);
    if (cause instanceof DicomError) throw cause;
    throw new DicomError('corrupt', 'The JPEG 2000 codestream cannot be decoded', { field: 'PixelData', cause });
  } finally {
    decoder.delete();
  }
}

/** Samples that were decoded as if they had no sign, which makes them half their range more (ISO 15444-1 G.1). */
function lowered(data: Uint8Array, precision: number): Uint8Array {
  const half = 2 ** (precision - 1);
  return data.map((sample) => sample - half);
}

function noDecoder(what: string): DicomError {
  return new DicomError('not-acceptable', `${what} cannot be decoded`, { field: 'PixelData' });
}

/** YBR_RCT and YBR_ICT name the transform inside the codestream, which the decoder undoes (PS3.5 8.2.4). */
function rgbOutput(info: CodestreamInfo, pixel: PixelDescription): boolean {
  return info.components === 3 && (info.componentTransform === true || /^YBR_(RCT|ICT)$/.test(pixel.photometric));
}

function runDecoder(
  decoder: ResolutionDecoder,
  info: CodestreamInfo,
  reduction?: Reduction,
): { rows: number; columns: number } {
  const level = reduction ? levelFor(info, reduction) : 0;
  if (level === 0) {
    decoder.decode();
    return { rows: info.rows, columns: info.columns };
  }
  decoder.readHeader();
  decoder.decodeSubResolution(level);
  const { width, height } = decoder.calculateSizeAtDecompositionLevel(level);
  return { rows: height, columns: width };
}

function levelFor({ columns, rows, decompositions = 0 }: CodestreamInfo, wanted: Reduction): number {
  let level = 0;
  while (level < decompositions && columns >> (level + 1) >= wanted.columns && rows >> (level + 1) >= wanted.rows) {
    level += 1;
  }
  return level;
}
