// The Image Pixel Module (PS3.3 C.7.6.3): what one frame's samples look like, read once and checked once.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { numberOf, textOf } from '../attributes.ts';

/** Pixel Data, Float Pixel Data or Double Float Pixel Data: PS3.5 8.1.1 and 8.1. */
export type SampleKind = 'integer' | 'float' | 'double';

/** How the samples of a frame are laid out. */
export type PixelDescription = {
  rows: number;
  columns: number;
  samplesPerPixel: number;
  bitsAllocated: number;
  bitsStored: number;
  highBit: number;
  signed: boolean;
  kind: SampleKind;
  /** Photometric Interpretation (0028,0004) in the standard's spelling. */
  photometric: string;
  /** 0 colour by pixel, 1 colour by plane. */
  planar: 0 | 1;
};

/** No frame larger than this is decoded, whatever its header or codestream says. */
export const MAX_FRAME_BYTES = 512 * 1024 * 1024;

const BITS_ALLOCATED = new Set([1, 8, 16, 32, 64]);
const SAMPLES_PER_PIXEL = new Set([1, 3, 4]);

/** Reads and checks the module; `not-acceptable` when the data set is no image, `corrupt` when it contradicts itself. */
export function pixelDescription(dataset: Dataset, kind: SampleKind): PixelDescription {
  const rows = numberOf(dataset, Tag.Rows);
  const columns = numberOf(dataset, Tag.Columns);
  if (!rows || !columns) throw new DicomError('corrupt', 'Rows or Columns is missing', { field: 'Rows' });
  const samplesPerPixel = numberOf(dataset, Tag.SamplesPerPixel) ?? 1;
  const bitsAllocated = kind === 'double' ? 64 : kind === 'float' ? 32 : (numberOf(dataset, Tag.BitsAllocated) ?? 8);
  const bitsStored = clampBits(numberOf(dataset, Tag.BitsStored), bitsAllocated);
  if (!BITS_ALLOCATED.has(bitsAllocated)) {
    throw new DicomError('not-acceptable', `Bits Allocated ${bitsAllocated} is not supported`, {
      field: 'BitsAllocated',
    });
  }
  if (!SAMPLES_PER_PIXEL.has(samplesPerPixel)) {
    throw new DicomError('not-acceptable', `Samples per Pixel ${samplesPerPixel} is not supported`, {
      field: 'SamplesPerPixel',
    });
  }
  if (rows * columns * samplesPerPixel * bitsAllocated > MAX_FRAME_BYTES * 8) {
    throw new DicomError('too-large', `A frame of ${columns}x${rows} is beyond the limit`, { field: 'Rows' });
  }
  return {
    rows,
    columns,
    samplesPerPixel,
    bitsAllocated,
    bitsStored,
    highBit: highBitOf(numberOf(dataset, Tag.HighBit), bitsStored, bitsAllocated),
    signed: numberOf(dataset, Tag.PixelRepresentation) === 1,
    kind,
    photometric: photometricOf(dataset, samplesPerPixel),
    planar: samplesPerPixel > 1 && numberOf(dataset, Tag.PlanarConfiguration) === 1 ? 1 : 0,
  };
}

function clampBits(bits: number | undefined, allocated: number): number {
  return bits === undefined || bits < 1 || bits > allocated ? allocated : bits;
}

function highBitOf(highBit: number | undefined, stored: number, allocated: number): number {
  return highBit === undefined || highBit < stored - 1 || highBit >= allocated ? stored - 1 : highBit;
}

function photometricOf(dataset: Dataset, samplesPerPixel: number): string {
  return (
    textOf(dataset, Tag.PhotometricInterpretation)?.toUpperCase() ?? (samplesPerPixel === 1 ? 'MONOCHROME2' : 'RGB')
  );
}

/** Whether two pixels share one pair of chroma samples in native data: 2 bytes a pixel (PS3.3 C.7.6.3.1.2). */
export function isPacked422(pixel: PixelDescription): boolean {
  return pixel.samplesPerPixel === 3 && /^YBR_(FULL|PARTIAL)_422$/.test(pixel.photometric);
}

/** Bits of one native frame; not rounded, since frames of one-bit pixels follow each other without padding (PS3.5 8.1.1). */
export function frameBits(pixel: PixelDescription): number {
  const samples = isPacked422(pixel) ? 2 : pixel.samplesPerPixel;
  return pixel.rows * pixel.columns * samples * pixel.bitsAllocated;
}
