// Phantom MR of a head: axial slices of 256², T1 or T2 by the brightness of its tissues; single-frame and enhanced.

import { gaussian, turbulence } from './noise.ts';
import { type Contents, greyPixels, type InstanceContents } from './phantom.ts';
import { createPlane, type Plane, soften, toWords } from './plane.ts';

const MR_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.4';
const SIZE = 256;
const SPACING_MM = 0.9375;
const THICKNESS_MM = 6;

/** Brightness of tissues, 0 … 4095. */
type Contrast = { scalp: number; skull: number; fluid: number; grey: number; white: number; lesion: number };
export const T1: Contrast = { scalp: 1750, skull: 120, fluid: 260, grey: 780, white: 1120, lesion: 620 };
export const T2: Contrast = { scalp: 900, skull: 90, fluid: 1900, grey: 980, white: 700, lesion: 1500 };

export function mrSlices(count: number, contrast: Contrast): InstanceContents[] {
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    sopClassUid: MR_IMAGE_STORAGE,
    build: () => mrSlice(index, count, contrast),
  }));
}

function mrSlice(index: number, count: number, contrast: Contrast): Contents {
  const z = index * THICKNESS_MM;
  return {
    ImageType: ['ORIGINAL', 'PRIMARY', 'M'],
    ScanningSequence: 'SE',
    SequenceVariant: 'NONE',
    ScanOptions: null,
    MRAcquisitionType: '2D',
    RepetitionTime: contrast === T2 ? 4200 : 520,
    EchoTime: contrast === T2 ? 96 : 14,
    EchoTrainLength: 1,
    MagneticFieldStrength: 1.5,
    SliceThickness: THICKNESS_MM,
    ImagePositionPatient: positionOf(z),
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    SliceLocation: z,
    PixelSpacing: [SPACING_MM, SPACING_MM],
    ...greyPixels({ rows: SIZE, columns: SIZE, bitsStored: 12, words: headWords(index, count, contrast) }),
    WindowCenter: 900,
    WindowWidth: 1800,
  };
}

export const MR_GEOMETRY = { size: SIZE, spacing: SPACING_MM, thickness: THICKNESS_MM };

export function positionOf(z: number): number[] {
  const corner = (-SIZE * SPACING_MM) / 2;
  return [corner, corner, z];
}

/** Stored values of one slice, 12 of 16 bits; `index` from the base of the skull upwards. */
export function headWords(index: number, count: number, contrast: Contrast): Buffer {
  return toWords(head((index + 1) / (count + 1), index, contrast), 4095);
}

function head(height: number, seed: number, contrast: Contrast): Plane {
  const plane = createPlane(SIZE, SIZE, 0);
  const scale = Math.sqrt(Math.max(0.02, 1 - ((height - 0.42) / 0.66) ** 2));
  const folds = turbulence(seed * 3 + 5, 3);
  const grain = gaussian(seed + 300);
  for (let index = 0; index < plane.samples.length; index += 1) {
    const x = ((index % SIZE) - SIZE / 2) / (SIZE / 2) / scale;
    const y = (Math.floor(index / SIZE) - SIZE / 2) / (SIZE / 2) / scale;
    plane.samples[index] = tissue(x, y, height, folds, contrast);
  }
  soften(plane);
  for (let index = 0; index < plane.samples.length; index += 1) {
    const value = plane.samples[index] ?? 0;
    plane.samples[index] = Math.abs(value + grain() * 16);
  }
  return plane;
}

/** Brightness at a point of the slice: x and y in units of the head's half length. */
function tissue(
  x: number,
  y: number,
  height: number,
  folds: (x: number, y: number) => number,
  contrast: Contrast,
): number {
  const radius = Math.hypot(x / 0.74, y / 0.9);
  if (radius > 1) return 0;
  if (radius > 0.93) return contrast.scalp;
  if (radius > 0.865) return contrast.skull;
  const wave = folds(x * 6 + 40, y * 6 + 40) - 0.5;
  const cleft = Math.abs(x + wave * 0.03) < 0.012 && (y < -0.25 || y > 0.3);
  if (radius > 0.83 || cleft) return contrast.fluid;
  if (isVentricle(x, y, height)) return contrast.fluid;
  if (Math.hypot(x - 0.3, y + 0.2, (height - 0.6) * 1.4) < 0.085) return contrast.lesion;
  const nucleus = height < 0.62 && Math.hypot((Math.abs(x) - 0.2) / 0.11, (y - 0.02) / 0.2) < 1;
  const depth = 0.66 + 0.1 * Math.sin(Math.atan2(y, x) * 13 + wave * 14) + wave * 0.28;
  const sulcus = radius > 0.72 && wave > 0.17;
  if (sulcus) return contrast.fluid;
  return radius > depth || nucleus ? contrast.grey : contrast.white * (1 + wave * 0.06);
}

function isVentricle(x: number, y: number, height: number): boolean {
  const size = 1 - ((height - 0.52) / 0.2) ** 2;
  if (size <= 0) return false;
  const arm = Math.abs(x) - 0.07 - 0.16 * Math.abs(y) * size;
  return Math.hypot(arm / (0.055 * size), y / (0.38 * size)) < 1;
}
