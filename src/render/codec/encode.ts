// Encoders: native samples to one frame of a compressed transfer syntax, without loss wherever it isn't JPEG Baseline.

import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import {
  DeflatedFrame,
  EncapsulatedUncompressed,
  HtJpeg2000Lossless,
  HtJpeg2000LosslessRpcl,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegLossless,
  JpegLosslessSv1,
  JpegLsLossless,
  JpegXlLossless,
  RleLossless,
} from '../../dimse/data/transfer-syntax.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { PixelDescription } from '../frames/pixel.ts';
import { samplesOf } from '../gray/samples.ts';
import { encodeBaseline } from './baseline.ts';
import { readJpeg2000Info, withSign } from './codestream.ts';
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
    transferSyntaxUid === JpegBaseline ||
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
  if (pixel.kind !== 'integer') throw noPlace('Float samples'); // PS3.5 A.4: only (7FE0,0010) is ever encapsulated
  if (transferSyntaxUid === EncapsulatedUncompressed) return { bytes: data, photometric };
  if (transferSyntaxUid === DeflatedFrame) return { bytes: await deflate(data), photometric };
  if (transferSyntaxUid === RleLossless) return { bytes: encodeRle(data, pixel), photometric };
  if (transferSyntaxUid === JpegBaseline) return encodeBaseline(pixel, data, codecs);
  const encode = JPEG_FAMILY[transferSyntaxUid];
  if (!encode) throw new DicomError('not-acceptable', `There is no encoder for transfer syntax ${transferSyntaxUid}`);
  if (pixel.bitsAllocated !== 8 && pixel.bitsAllocated !== 16) throw noPlace(`Samples of ${pixel.bitsAllocated} bits`);
  const deepColour = pixel.samplesPerPixel > 1 && pixel.bitsAllocated > 8;
  if (deepColour && JPEG_2000.has(transferSyntaxUid)) throw noPlace('Colour of more than 8 bits');
  const isSignedByte = JPEG_2000.has(transferSyntaxUid) && pixel.signed && pixel.bitsAllocated === 8;
  const bytes = await (isSignedByte ? runOnSignedBytes : run)(encode, transferSyntaxUid, pixel, data, codecs);
  const ybr = JPEG_2000.has(transferSyntaxUid) && readJpeg2000Info(Buffer.from(bytes)).componentTransform;
  return { bytes, photometric: ybr ? 'YBR_RCT' : photometric };
}

function noPlace(what: string): DicomError {
  return new DicomError('not-acceptable', `${what} cannot be encoded in this transfer syntax`, {
    field: 'BitsAllocated',
  });
}

/**
 * Bits Stored where every sample lies within them, else all bits of the cell, so that old overlays above the samples are
 * kept too. JPEG and JPEG-LS know no signs: a negative sample needs the whole cell.
 */
function precisionOf(transferSyntaxUid: string, pixel: PixelDescription, data: Uint8Array): number {
  const { bitsAllocated, bitsStored, highBit, signed } = pixel;
  // The encoders read cells of the size that the precision needs: 8 bits in a 16-bit cell would be read as bytes.
  if (bitsStored <= 8 || bitsStored === bitsAllocated || highBit !== bitsStored - 1) return bitsAllocated;
  if (signed && !JPEG_2000.has(transferSyntaxUid)) return bitsAllocated;
  const { cells, extract } = samplesOf({ pixel, data });
  const sign = bitsAllocated === 16 ? (cell: number) => (cell << 16) >> 16 : (cell: number) => (cell << 24) >> 24;
  for (const cell of cells) if (extract(cell) !== (signed ? sign(cell) : cell)) return bitsAllocated;
  return bitsStored;
}

/**
 * The encoders of JPEG 2000 and HTJ2K take negative samples of 8 bits for large ones. Samples that are 128 more and have no sign
 * are coded the same, but for the flag that says so: the DC level shift makes them what they were (ISO 15444-1 G.1).
 */
async function runOnSignedBytes(...[encode, uid, pixel, data, codecs]: Parameters<typeof run>): Promise<Uint8Array> {
  const raised = new Uint8Array(data).map((byte) => byte ^ 0x80);
  return withSign(await run(encode, uid, { ...pixel, signed: false }, raised, codecs), pixel.samplesPerPixel, true);
}

async function run(
  encode: Encode,
  transferSyntaxUid: string,
  pixel: PixelDescription,
  data: Uint8Array,
  codecs: Codecs,
): Promise<Uint8Array> {
  const { NativeCodecs, Context } = await codecs.dcmjs();
  const context = new Context({
    width: pixel.columns,
    height: pixel.rows,
    bitsAllocated: pixel.bitsAllocated,
    bitsStored: precisionOf(transferSyntaxUid, pixel, data),
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
    codecs.failed('dcmjs', cause, pixel);
    throw new DicomError('not-acceptable', 'The frame cannot be encoded in this transfer syntax', { cause });
  }
  throw new DicomError('not-acceptable', 'The frame cannot be encoded in this transfer syntax');
}
