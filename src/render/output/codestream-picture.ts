// Pictures that sharp has no encoder for: JPEG 2000, HTJ2K and JPEG XL, by the encoders of frames and so without loss.

import sharp, { type Sharp } from 'sharp';
import { HtJpeg2000Lossless, Jpeg2000Lossless, JpegXlLossless } from '../../dimse/data/transfer-syntax.ts';
import { encodeFrame } from '../codec/encode.ts';
import type { Codecs } from '../codec/wasm.ts';
import type { RenderedMediaType } from '../options.ts';

/** The encoder of a media type, and the brand of its file format where it has boxes (ISO 15444-1 I.5.2, ISO 15444-15 D). */
const FORMATS = {
  'image/jp2': { transferSyntaxUid: Jpeg2000Lossless, brand: 'jp2 ' },
  'image/jph': { transferSyntaxUid: HtJpeg2000Lossless, brand: 'jph ' },
  'image/jxl': { transferSyntaxUid: JpegXlLossless, brand: undefined },
} as const satisfies Partial<Record<RenderedMediaType, unknown>>;

export type CodestreamMediaType = keyof typeof FORMATS;

export function isCodestreamType(mediaType: RenderedMediaType): mediaType is CodestreamMediaType {
  return mediaType in FORMATS;
}

/** Encodes a picture of 8 bits a sample, with the profile that it carries where `isProfiled`. */
export async function codestreamPicture(
  image: Sharp,
  mediaType: CodestreamMediaType,
  codecs: Codecs,
  isProfiled: boolean,
): Promise<Buffer> {
  const { profile, shown } = isProfiled ? await profileOf(image) : { profile: undefined, shown: image };
  const { data, info } = await shown.raw().toBuffer({ resolveWithObject: true });
  const { width: columns, height: rows, channels } = info;
  const { transferSyntaxUid, brand } = FORMATS[mediaType];
  const bits = { bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false, kind: 'integer', planar: 0 } as const;
  const photometric = channels === 1 ? 'MONOCHROME2' : 'RGB';
  const pixel = { ...bits, rows, columns, samplesPerPixel: channels, photometric };
  const { bytes } = await encodeFrame(transferSyntaxUid, pixel, data, codecs);
  const codestream = Buffer.from(bytes);
  return brand === undefined ? codestream : boxed(codestream, { rows, columns, channels, brand, profile });
}

/** Sharp tells the profile of a file only, and converts to sRGB what is not told to keep it. */
async function profileOf(image: Sharp): Promise<{ profile: Buffer | undefined; shown: Sharp }> {
  const png = await image.png({ compressionLevel: 0 }).toBuffer();
  return { profile: (await sharp(png).metadata()).icc, shown: sharp(png).keepIccProfile() };
}

type Facts = { rows: number; columns: number; channels: number; brand: string; profile: Buffer | undefined };

const SIGNATURE = '0d0a870a';
/** Compression type of JPEG 2000, colour space known, no intellectual property. */
const IMAGE_HEADER_END = [7, 0, 0];
const [ENUMERATED, RESTRICTED_ICC, ANY_ICC] = [1, 2, 3];
const [SRGB, GREY] = [16, 17];

/** A codestream in the boxes of its file format (ISO 15444-1 I). */
function boxed(codestream: Buffer, { rows, columns, channels, brand, profile }: Facts): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(rows, 0);
  size.writeUInt32BE(columns, 4);
  const header = box('ihdr', size, Buffer.from([0, channels, 7, ...IMAGE_HEADER_END]));
  const enumerated = Buffer.from([ENUMERATED, 0, 0, 0, 0, 0, channels === 1 ? GREY : SRGB]);
  const colour = profile ? Buffer.concat([Buffer.from([methodOf(profile), 0, 0]), profile]) : enumerated;
  const brands = profile && methodOf(profile) === ANY_ICC ? [brand, 'jpx '] : [brand];
  return Buffer.concat([
    box('jP  ', Buffer.from(SIGNATURE, 'hex')),
    box('ftyp', Buffer.from(brand), Buffer.alloc(4), Buffer.from(brands.join(''))),
    box('jp2h', header, box('colr', colour)),
    box('jp2c', codestream),
  ]);
}

/** A profile of three primaries is one that every reader knows; others are those of JPX (ISO 15444-2 M.11.7.3). */
function methodOf(profile: Buffer): number {
  return profile.includes('rXYZ') && !profile.includes('A2B0') ? RESTRICTED_ICC : ANY_ICC;
}

function box(type: string, ...contents: Buffer[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + contents.reduce((sum, { length }) => sum + length, 0));
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...contents]);
}
