// One frame as it is stored: the bare codestream of a compressed frame, or native samples in little endian.

import { DicomError } from '../../dimse/errors.ts';
import type { Scratch } from '../scratch.ts';
import { type FrameLocator, frameLocator, readFrameTable } from './fragments.ts';
import type { Image } from './image.ts';
import { frameBits, MAX_FRAME_BYTES } from './pixel.ts';

/** What of an image its stored frames are read by. */
export type Frames = Pick<Image, 'transferSyntaxUid' | 'pixel' | 'numberOfFrames' | 'source' | 'pixelData'> & {
  /** Attributes before the pixel data; not needed where there is a locator. */
  attributes?: Image['attributes'];
  locator?: Promise<FrameLocator>;
};

/**
 * The bytes of frame `n` (1-based): for encapsulated pixel data its fragments joined, without item tags; else its
 * samples in little endian, one-bit samples shifted so that the frame begins at bit 0. Samples may lie in `scratch`.
 * @throws DicomError `not-found` beyond Number of Frames, `corrupt` when the pixel data is too short
 */
export async function readFrame(image: Frames, n: number, scratch?: Scratch): Promise<Buffer> {
  if (!Number.isInteger(n) || n < 1 || n > image.numberOfFrames) {
    throw new DicomError('not-found', `Frame ${n} does not exist: the instance has ${image.numberOfFrames}`, {
      field: 'NumberOfFrames',
    });
  }
  return image.pixelData.encapsulated ? readFragments(image, n) : readNative(image, n, scratch);
}

async function readFragments(image: Frames, n: number): Promise<Buffer> {
  image.locator ??= readFrameTable(image, image.attributes ?? {}).then((table) => frameLocator(image, table));
  const fragments = await (await image.locator)(n);
  const total = fragments.reduce((sum, fragment) => sum + fragment.length, 0);
  if (total > MAX_FRAME_BYTES) throw new DicomError('too-large', 'The compressed frame is beyond the limit');
  return image.source.reading(async (read) => {
    const chunks: Buffer[] = [];
    for (const { offset, length } of fragments) chunks.push(await read(offset, length));
    const [only] = chunks;
    return chunks.length === 1 && only ? only : Buffer.concat(chunks);
  });
}

async function readNative(image: Frames, n: number, scratch?: Scratch): Promise<Buffer> {
  const { pixel, pixelData, source } = image;
  const bits = frameBits(pixel);
  const firstBit = (n - 1) * bits;
  const start = Math.floor(firstBit / 8);
  const length = Math.ceil((firstBit + bits) / 8) - start;
  if (start + length > pixelData.length) throw tooShort(n);
  const bytes = await readLittleEndian(image, start, length, scratch);
  if (bytes.length < length || pixelData.offset + start + length > source.size) throw tooShort(n);
  return pixel.bitsAllocated === 1 ? alignBits(bytes, firstBit % 8, bits) : bytes;
}

function tooShort(n: number): DicomError {
  return new DicomError('corrupt', `The pixel data ends before frame ${n} does`, { field: 'PixelData' });
}

/**
 * Big endian pixel data is swapped by its sample size; samples of up to 8 bits travel in 16-bit words when the VR is OW
 * (PS3.5 8.1.2), and the reader's little endian view of such a word has its two bytes exchanged.
 */
async function readLittleEndian(image: Frames, start: number, length: number, scratch?: Scratch): Promise<Buffer> {
  const { pixel, pixelData, source } = image;
  if (!pixelData.bigEndian) return source.read(pixelData.offset + start, length, scratch?.take('stored', length));
  const unit = pixel.bitsAllocated > 8 ? pixel.bitsAllocated / 8 : pixelData.vr === 'OW' ? 2 : 1;
  const from = start - (start % unit);
  const to = Math.min(pixelData.length, Math.ceil((start + length) / unit) * unit);
  const bytes = await source.read(pixelData.offset + from, to - from);
  if (bytes.length % unit !== 0) throw new DicomError('corrupt', 'The pixel data ends within a sample');
  if (unit === 2) bytes.swap16();
  else if (unit === 4) bytes.swap32();
  else if (unit === 8) bytes.swap64();
  return bytes.subarray(start - from, start - from + length);
}

/** One-bit samples follow each other across frames (PS3.5 8.1.1): shifts a frame to bit 0 and clears what follows it. */
function alignBits(bytes: Buffer, shift: number, bits: number): Buffer {
  const aligned = Buffer.alloc(Math.ceil(bits / 8));
  for (let index = 0; index < aligned.length; index += 1) {
    aligned[index] = ((bytes[index] ?? 0) >> shift) | ((bytes[index + 1] ?? 0) << (8 - shift));
  }
  const last = bits % 8;
  if (last !== 0) aligned[aligned.length - 1] = (aligned.at(-1) ?? 0) & ((1 << last) - 1);
  return aligned;
}
