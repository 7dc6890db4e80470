// RLE Lossless (PS3.5 Annex G): one PackBits segment for each byte of each sample, most significant byte first.

import { DicomError } from '../../dimse/errors.ts';
import type { PixelDescription } from '../frames/pixel.ts';
import type { Decoded } from './decoded.ts';
import type { Unpacker } from './unpacker.ts';
import type { Codecs } from './wasm.ts';

const HEADER_BYTES = 64;
const MAX_SEGMENTS = 15;

/** Decodes one frame; `corrupt` when the segments don't give every byte of the frame. */
export function decodeRle(bytes: Buffer, pixel: PixelDescription, { unpacker }: Codecs): Decoded {
  if (pixel.bitsAllocated === 1) return decodeBits(bytes, pixel, unpacker);
  const bytesPerSample = pixel.bitsAllocated / 8;
  const stride = bytesPerSample * pixel.samplesPerPixel;
  const offsets = segmentOffsets(bytes, stride);
  const segments = offsets.map((from, segment) => {
    const sample = Math.floor(segment / bytesPerSample);
    const byte = sample * bytesPerSample + bytesPerSample - 1 - (segment % bytesPerSample);
    return { from, end: offsets[segment + 1] ?? bytes.length, byte };
  });
  const data = unpacker.unpack(bytes, segments, pixel.rows * pixel.columns, stride);
  if (!data) throw corrupt('ends before its frame does');
  return {
    rows: pixel.rows,
    columns: pixel.columns,
    samples: pixel.samplesPerPixel,
    bytesPerSample,
    precision: pixel.bitsAllocated,
    data,
  };
}

/** One-bit samples: a single segment holds the packed bits of the frame (PS3.5 8.2.2, G.2). */
function decodeBits(bytes: Buffer, pixel: PixelDescription, unpacker: Unpacker): Decoded {
  const [from = HEADER_BYTES] = segmentOffsets(bytes, 1);
  const length = Math.ceil((pixel.rows * pixel.columns) / 8);
  const packed = unpacker.unpack(bytes, [{ from, end: bytes.length, byte: 0 }], length, 1);
  if (!packed) throw corrupt('ends before its frame does');
  const data = new Uint8Array(pixel.rows * pixel.columns);
  for (let index = 0; index < data.length; index += 1) data[index] = ((packed[index >> 3] ?? 0) >> (index & 7)) & 1;
  return { rows: pixel.rows, columns: pixel.columns, samples: 1, bytesPerSample: 1, precision: 1, data };
}

function segmentOffsets(bytes: Buffer, expected: number): number[] {
  if (bytes.length < HEADER_BYTES) throw corrupt('is shorter than its header');
  const count = bytes.readUInt32LE(0);
  if (count > MAX_SEGMENTS || count !== expected) throw corrupt(`has ${count} segments instead of ${expected}`);
  const offsets = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(4 + 4 * index));
  if (offsets.some((offset, index) => offset < HEADER_BYTES || offset < (offsets[index - 1] ?? 0))) {
    throw corrupt('has segments out of order');
  }
  return offsets;
}

function corrupt(what: string): DicomError {
  return new DicomError('corrupt', `The RLE frame ${what}`, { field: 'PixelData' });
}

const LONGEST_RUN = 128;

/** Encodes one frame of native samples, colour by pixel; one-bit samples are one segment of packed bits. */
export function encodeRle(data: Uint8Array, pixel: PixelDescription): Uint8Array {
  const bytesPerSample = Math.max(1, pixel.bitsAllocated / 8);
  const stride = pixel.bitsAllocated === 1 ? 1 : bytesPerSample * pixel.samplesPerPixel;
  if (stride > MAX_SEGMENTS) {
    throw new DicomError('not-acceptable', `RLE cannot hold pixels of ${stride} bytes`, { field: 'BitsAllocated' });
  }
  const row = Math.ceil(data.length / stride / pixel.rows);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(stride, 0);
  const segments: Uint8Array[] = [];
  let offset = HEADER_BYTES;
  for (let segment = 0; segment < stride; segment += 1) {
    const sample = Math.floor(segment / bytesPerSample);
    const byte = bytesPerSample - 1 - (segment % bytesPerSample);
    const packed = pack(data, sample * bytesPerSample + byte, stride, row);
    header.writeUInt32LE(offset, 4 + 4 * segment);
    segments.push(packed);
    offset += packed.length;
  }
  return Buffer.concat([header, ...segments]);
}

/** PackBits of every `stride`-th byte; a run never crosses the end of a row (PS3.5 G.3.1), and the length is even. */
function pack(data: Uint8Array, at: number, stride: number, row: number): Uint8Array {
  const count = Math.ceil((data.length - at) / stride);
  const out = new Uint8Array(2 * count + 2 * Math.ceil(count / row) + 2);
  const byteAt = (index: number): number => data[at + index * stride] ?? 0;
  let length = 0;
  for (let start = 0; start < count; start += row) {
    const end = Math.min(count, start + row);
    for (let index = start; index < end; ) {
      const run = runLength(byteAt, index, end);
      if (run > 1) {
        out[length] = 257 - run;
        out[length + 1] = byteAt(index);
        length += 2;
        index += run;
        continue;
      }
      const literal = literalLength(byteAt, index, end);
      out[length] = literal - 1;
      for (let offset = 0; offset < literal; offset += 1) out[length + 1 + offset] = byteAt(index + offset);
      length += 1 + literal;
      index += literal;
    }
  }
  return out.subarray(0, length + (length % 2));
}

type ByteAt = (index: number) => number;

function runLength(byteAt: ByteAt, from: number, end: number): number {
  const value = byteAt(from);
  let to = from + 1;
  while (to < end && to - from < LONGEST_RUN && byteAt(to) === value) to += 1;
  return to - from;
}

/** Up to where three equal bytes begin: a run of two costs as much as two literal bytes. */
function literalLength(byteAt: ByteAt, from: number, end: number): number {
  let to = from + 1;
  while (to < end && to - from < LONGEST_RUN) {
    if (to + 2 < end && byteAt(to) === byteAt(to + 1) && byteAt(to) === byteAt(to + 2)) break;
    to += 1;
  }
  return to - from;
}
