// JPEG baseline, extended and lossless (ISO 10918-1), and JPEG XL, by dcmjs-codecs.

import { DicomError } from '../../dimse/errors.ts';
import type { PixelDescription } from '../frames/pixel.ts';
import { type CodestreamInfo, checkEnd, checkSize, readJpegInfo } from './codestream.ts';
import { checkLength, type Decoded } from './decoded.ts';
import type { Codecs } from './wasm.ts';

/**
 * Decodes a JPEG frame. Lossy YCbCr comes out as RGB, lossless samples come out as they are. Where the stream says what
 * its colours are it is believed against Photometric Interpretation (PS3.5 8.2.1).
 */
export async function decodeJpeg(bytes: Buffer, pixel: PixelDescription, codecs: Codecs): Promise<Decoded> {
  checkEnd(bytes);
  const info = readJpegInfo(bytes);
  checkSize(info, pixel);
  const convert = isYbr(info, pixel);
  const data = await decode(bytes, info, pixel, codecs, convert);
  return checkLength({
    rows: info.rows,
    columns: info.columns,
    samples: info.components,
    bytesPerSample: info.precision > 8 ? 2 : 1,
    precision: info.precision,
    ...(info.components === 3 && (convert || (!info.lossless && marksRgb(info))) ? { photometric: 'RGB' } : {}),
    data,
  });
}

function marksRgb(info: CodestreamInfo): boolean {
  return info.namedRgb === true || info.adobeTransform === 0;
}

/** Lossy YCbCr: by an Adobe or JFIF marker or by fewer chroma samples, else by Photometric Interpretation. */
function isYbr(info: CodestreamInfo, pixel: PixelDescription): boolean {
  if (info.components !== 3 || info.lossless || marksRgb(info)) return false;
  const marksYbr = info.adobeTransform === 1 || info.jfif === true || info.subsampled === true;
  return marksYbr || pixel.photometric.startsWith('YBR');
}

async function decode(
  bytes: Buffer,
  info: CodestreamInfo,
  pixel: PixelDescription,
  codecs: Codecs,
  convertColorspaceToRgb: boolean,
): Promise<Uint8Array> {
  const { NativeCodecs, Context } = await codecs.dcmjs();
  const context = new Context({
    width: info.columns,
    height: info.rows,
    bitsAllocated: info.precision > 8 ? 16 : 8,
    bitsStored: info.precision,
    samplesPerPixel: info.components,
    pixelRepresentation: pixel.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: convertColorspaceToRgb ? 'YBR_FULL' : pixel.photometric,
    encodedBuffer: bytes,
  });
  try {
    return NativeCodecs.decodeJpeg(context, { convertColorspaceToRgb }).getDecodedBuffer() ?? new Uint8Array();
  } catch (cause) {
    codecs.failed('dcmjs', cause, pixel);
    throw new DicomError('corrupt', 'The JPEG codestream cannot be decoded', { field: 'PixelData', cause });
  }
}

/** Decodes a JPEG XL frame (ISO 18181); its own header is left to the decoder, whose output must fit the attributes. */
export async function decodeJpegXl(bytes: Buffer, pixel: PixelDescription, codecs: Codecs): Promise<Decoded> {
  const { NativeCodecs, Context } = await codecs.dcmjs();
  const context = new Context({
    width: pixel.columns,
    height: pixel.rows,
    bitsAllocated: pixel.bitsAllocated,
    bitsStored: pixel.bitsStored,
    samplesPerPixel: pixel.samplesPerPixel,
    pixelRepresentation: pixel.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: pixel.photometric,
    encodedBuffer: bytes,
  });
  try {
    const decoded = NativeCodecs.decodeJpegXl(context, {});
    return checkLength({
      rows: pixel.rows,
      columns: pixel.columns,
      samples: pixel.samplesPerPixel,
      bytesPerSample: pixel.bitsAllocated / 8,
      precision: pixel.bitsStored,
      ...(pixel.samplesPerPixel === 3 ? { photometric: 'RGB' } : {}),
      data: decoded.getDecodedBuffer() ?? new Uint8Array(),
    });
  } catch (cause) {
    codecs.failed('dcmjs', cause, pixel);
    throw new DicomError('corrupt', 'The JPEG XL codestream cannot be decoded', { field: 'PixelData', cause });
  }
}
