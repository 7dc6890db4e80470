// JPEG Baseline (PS3.5 8.2.1): the one lossy encoder, for who names that transfer syntax.

import { DicomError } from '../../dimse/errors.ts';
import type { PixelDescription } from '../frames/pixel.ts';
import type { Codecs } from './wasm.ts';

/** Quality of libjpeg, at which compression cannot be seen. */
const QUALITY = 90;
/** Chroma at half the columns, which YBR_FULL_422 promises, in dcmjs-codecs' numbering. */
const SAMPLING_422 = 1;

/** Encodes one frame of 8 bits, grey or RGB. @throws DicomError `not-acceptable` for other samples */
export async function encodeBaseline(
  pixel: PixelDescription,
  data: Uint8Array,
  codecs: Codecs,
): Promise<{ bytes: Uint8Array; photometric: string }> {
  const { photometric, samplesPerPixel, bitsAllocated, bitsStored, signed } = pixel;
  const grey = samplesPerPixel === 1 && photometric.startsWith('MONOCHROME');
  const fits = bitsAllocated === 8 && bitsStored === 8 && !signed && pixel.kind === 'integer';
  if (!fits || !(grey || photometric === 'RGB')) {
    throw new DicomError('not-acceptable', 'JPEG Baseline holds grey and RGB of 8 bits', { field: 'BitsStored' });
  }
  const { NativeCodecs, Context } = await codecs.dcmjs();
  const context = new Context({
    width: pixel.columns,
    height: pixel.rows,
    bitsAllocated,
    bitsStored,
    samplesPerPixel,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: photometric,
    decodedBuffer: data,
  });
  try {
    const parameters = { lossy: true, quality: QUALITY, sampleFactor: SAMPLING_422 };
    const bytes = NativeCodecs.encodeJpeg(context, parameters).getEncodedBuffer();
    if (bytes && bytes.length > 0) return { bytes, photometric: grey ? photometric : 'YBR_FULL_422' };
  } catch (cause) {
    codecs.failed('dcmjs', cause, pixel);
    throw new DicomError('not-acceptable', 'The frame cannot be encoded in this transfer syntax', { cause });
  }
  throw new DicomError('not-acceptable', 'The frame cannot be encoded in this transfer syntax');
}
