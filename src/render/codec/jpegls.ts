// JPEG-LS (ISO 14495-1), by CharLS.

import { DicomError } from '../../dimse/errors.ts';
import type { PixelDescription } from '../frames/pixel.ts';
import { checkEnd, checkSize, readJpegInfo } from './codestream.ts';
import { checkLength, type Decoded, interleave } from './decoded.ts';
import type { Codecs } from './wasm.ts';

/** Interleave mode of a scan (ISO 14495-1 C.2.3): the components follow each other as whole planes. */
const INTERLEAVE_NONE = 0;

/** Decodes a JPEG-LS frame. */
export async function decodeJpegLs(bytes: Buffer, pixel: PixelDescription, codecs: Codecs): Promise<Decoded> {
  checkEnd(bytes);
  const info = readJpegInfo(bytes);
  checkSize(info, pixel);
  const { JpegLSDecoder } = await codecs.charls();
  const decoder = new JpegLSDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const bytesPerSample = info.precision > 8 ? 2 : 1;
    const data = new Uint8Array(decoder.getDecodedBuffer());
    const byPlane = decoder.getInterleaveMode() === INTERLEAVE_NONE;
    return checkLength({
      rows: info.rows,
      columns: info.columns,
      samples: info.components,
      bytesPerSample,
      precision: info.precision,
      data: byPlane ? interleave(data, info.components, bytesPerSample) : data,
    });
  } catch (cause) {
    codecs.failed('charls', cause, pixel);
    if (cause instanceof DicomError) throw cause;
    throw new DicomError('corrupt', 'The JPEG-LS codestream cannot be decoded', { field: 'PixelData', cause });
  } finally {
    decoder.delete();
  }
}
