// The profile that an image's colours are stored in: of its attributes, of the optical path of a frame, or of the codestream
// (PS3.18 8.3.5.1.5; PS3.3 C.11.15, C.8.12.5).

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { JpegBaseline, JpegExtended } from '../../dimse/data/transfer-syntax.ts';
import { groupOf, itemsOf, textOf } from '../attributes.ts';
import { readFrame } from '../frames/frames.ts';
import type { Image } from '../frames/image.ts';

const OPTICAL_PATH_SEQUENCE = '00480105';
const OPTICAL_PATH_IDENTIFIER = '00480106';
const OPTICAL_PATH_IDENTIFICATION_SEQUENCE = '00480207';
const JPEG = new Set<string>([JpegBaseline, JpegExtended]);
const HEADER = 128;

/** The profile of frame `n`; undefined where there is none for RGB. */
export async function storedProfile(image: Image, n: number): Promise<Uint8Array | undefined> {
  return profileIn(image.attributes) ?? opticalProfile(image.attributes, n) ?? (await codestreamProfile(image, n));
}

/** The ICC Profile of a data set. */
export function profileIn(dataset: Dataset): Uint8Array | undefined {
  const bytes = dataset[Tag.ICCProfile]?.InlineBinary;
  return bytes && checked(bytes);
}

/** What is no profile of an RGB space can neither be embedded in a picture nor converted from. */
function checked(bytes: Uint8Array): Uint8Array | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEADER || buffer.toString('latin1', 36, 40) !== 'acsp') return undefined;
  const size = buffer.readUInt32BE(0);
  return size <= buffer.length && buffer.toString('latin1', 16, 20) === 'RGB ' ? buffer.subarray(0, size) : undefined;
}

function opticalProfile(attributes: Dataset, n: number): Uint8Array | undefined {
  const paths = itemsOf(attributes, OPTICAL_PATH_SEQUENCE);
  const identifier = textOf(groupOf(attributes, n, OPTICAL_PATH_IDENTIFICATION_SEQUENCE), OPTICAL_PATH_IDENTIFIER);
  const named = paths.find((path) => textOf(path, OPTICAL_PATH_IDENTIFIER) === identifier) ?? paths[0];
  return named && profileIn(named);
}

async function codestreamProfile(image: Image, n: number): Promise<Uint8Array | undefined> {
  if (!JPEG.has(image.transferSyntaxUid) || image.pixel.samplesPerPixel !== 3) return undefined;
  const chunks = new Map<number, Buffer>();
  for (const segment of iccSegments(await readFrame(image, n))) chunks.set(segment[0] ?? 0, segment.subarray(2));
  return checked(Buffer.concat([...chunks].sort(([a], [b]) => a - b).map(([, chunk]) => chunk)));
}

const ICC_MARKER = 'ICC_PROFILE\0';

/** What follows the name in the APP2 segments of a profile: number, count, and a part of it (ICC.1 B.4). */
function* iccSegments(jpeg: Buffer): Generator<Buffer, void> {
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff && jpeg[at + 1] !== 0xda; ) {
    const length = jpeg.readUInt16BE(at + 2);
    const body = jpeg.subarray(at + 4, at + 2 + length);
    const name = body.toString('latin1', 0, ICC_MARKER.length);
    if (jpeg[at + 1] === 0xe2 && name === ICC_MARKER) yield body.subarray(ICC_MARKER.length);
    at += 2 + length;
  }
}
