// Lossless encoders: native samples to one frame of a compressed transfer syntax.

import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import {
  DeflatedFrame,
  EncapsulatedUncompressed,
  HtJpeg2000Lossless,
  HtJpeg2000LosslessRpcl,
  Jpeg2000Lossless,
  JpegLossless,
  JpegLosslessSv1,
  JpegLsLossless,
  JpegXlLossless,
  RleLossless,
} from '../../dimse/data/transfer-syntax.ts';
import { DicomError } from '../../dimse/errors.ts';
import { readJpeg2000Info } from '../codestream.ts';
import type { PixelDescription } from '../pixel.ts';
import { encodeRle } from './rle.ts';
import type { Codecs, DcmjsCodecs } from './wasm.ts';

/** An encoded frame, and the colour space its samples are in now. */
export type Encoded = { bytes: Uint8Array; photometric: string };

type Context = InstanceType<DcmjsCodecs['Context']>;
type Encode = (codecs: DcmjsCodecs['NativeCodecs'], context: Context) => Context;

/** Progression order RPCL in dcmjs-codecs' numbering. */
const RPCL = 2;
/** Selection value 1: first-order prediction (PS3.5 A.4.2). */
const FIRST_ORDER = { lossy: false, predictor: 1, pointTransform: 0 };

const JPEG_FAMILY: Readonly<Record<string, Encode>> = {
  [JpegLossless]: (codecs, context) => codecs.encodeJpeg(context, FIRST_ORDER),
  [JpegLosslessSv1]: (codecs, context) => codecs.encodeJpeg(context, FIRST_ORDER),
  [JpegLsLossless]: (codecs, context) => codecs.encodeJpegLs(context, { lossy: false }),
  [Jpeg2000Lossless]: (codecs, context) => codecs.encodeJpeg2000(context, transformed(context)),
  [HtJpeg2000Lossless]: (codecs, context) => codecs.encodeHtJpeg2000(context, { lossy: false }),
  [HtJpeg2000LosslessRpcl]: (codecs, context) =>
    codecs.encodeHtJpeg2000(context, { lossy: false, progressionOrder: RPCL }),
  [JpegXlLossless]: (codecs, context) => codecs.encodeJpegXl(context, { lossy: false }),
};

/** The multiple component transform is for RGB; samples in YBR_FULL stay as they are (PS3.5 8.2.4). */
function transformed(context: Context): { lossy: boolean } {
  const parameters = { lossy: false, allowMct: context.getPhotometricInterpretation() === 'RGB' ? 1 : 0 };
  return parameters;
}

const JPEG_2000 = new Set<string>([Jpeg2000Lossless, HtJpeg2000Lossless, HtJpeg2000LosslessRpcl]);

const deflate = promisify(deflateRaw);

/** Whether frames can be encoded in this transfer syntax. */
export function isEncodable(transferSyntaxUid: string): boolean {
  return (
    transferSyntaxUid in JPEG_FAMILY ||
    transferSyntaxUid === RleLossless ||
    transferSyntaxUid === DeflatedFrame ||
    transferSyntaxUid === EncapsulatedUncompressed
  );
}

/**
 * Encodes one frame of native little endian samples, colour by pixel, one-bit samples packed.
 * @throws DicomError `not-acceptable` where the transfer syntax cannot hold such samples
 */
export async function encodeFrame(
  transferSyntaxUid: string,
  pixel: PixelDescription,
  data: Uint8Array,
  codecs: Codecs,
): Promise<Encoded> {
  const { photometric } = pixel;
  if (transferSyntaxUid === EncapsulatedUncompressed) return { bytes: data, photometric };
  if (transferSyntaxUid === DeflatedFrame) return { bytes: await deflate(data), photometric };
  if (transferSyntaxUid === RleLossless) return { bytes: encodeRle(data, pixel), photometric };
  const encode = JPEG_FAMILY[transferSyntaxUid];
  if (!encode) throw new DicomError('not-acceptable', `There is no encoder for transfer syntax ${transferSyntaxUid}`);
  if (pixel.kind !== 'integer' || (pixel.bitsAllocated !== 8 && pixel.bitsAllocated !== 16)) {
    throw new DicomError(
      'not-acceptable',
      `Samples of ${pixel.bitsAllocated} bits have no place in this transfer syntax`,
      {
        field: 'BitsAllocated',
      },
    );
  }
  const bytes = await run(encode, pixel, data, codecs);
  const ybr = JPEG_2000.has(transferSyntaxUid) && readJpeg2000Info(Buffer.from(bytes)).componentTransform;
  return { bytes, photometric: ybr ? 'YBR_RCT' : photometric };
}

async function run(encode: Encode, pixel: PixelDescription, data: Uint8Array, codecs: Codecs): Promise<Uint8Array> {
  const { NativeCodecs, Context } = await codecs.dcmjs();
  const context = new Context({
    width: pixel.columns,
    height: pixel.rows,
    bitsAllocated: pixel.bitsAllocated,
    // All bits of the cell are kept: what lies above Bits Stored is part of the stored value's cell (PS3.5 8.1.1).
    bitsStored: pixel.bitsAllocated,
    samplesPerPixel: pixel.samplesPerPixel,
    pixelRepresentation: pixel.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: pixel.photometric,
    decodedBuffer: data,
  });
  try {
    const bytes = encode(NativeCodecs, context).getEncodedBuffer();
    if (bytes && bytes.length > 0) return bytes;
  } catch (cause) {
    codecs.discard('dcmjs');
    throw new DicomError('not-acceptable', 'The frame cannot be encoded in this transfer syntax', { cause });
  }
  throw new DicomError('not-acceptable', 'The frame cannot be encoded in this transfer syntax');
}
