// CIELab colours as DICOM encodes them (PS3.3 C.10.7.1.1): PCS-Values of the profile connection space, D50, to sRGB.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { numbersOf } from '../attributes.ts';

/** Red, green and blue, 0…255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** D50 and the Bradford matrix to D65 linear sRGB, as ICC.1 and IEC 61966-2-1 have them. */
const WHITE = [0.9642, 1, 0.8249] as const;
const TO_LINEAR = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
] as const;

/** The colour in an attribute of three CIELab values; undefined without. */
export function cielabOf(dataset: Dataset, tag: string): Rgb | undefined {
  const [l, a, b] = numbersOf(dataset, tag);
  return l === undefined || a === undefined || b === undefined ? undefined : cielabToRgb([l, a, b]);
}

/** 0…65535 is 0…100 of L*, and −128…127 of a* and b*, whose zero is 0x8080. */
export function cielabToRgb([l, a, b]: readonly [number, number, number]): Rgb {
  const lightness = (l / 65535) * 100;
  const fy = (lightness + 16) / 116;
  const fx = fy + (a / 257 - 128) / 500;
  const fz = fy - (b / 257 - 128) / 200;
  const xyz = [WHITE[0] * cube(fx), WHITE[1] * cube(fy), WHITE[2] * cube(fz)] as const;
  const [red, green, blue] = TO_LINEAR.map((row) => gamma(row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2]));
  return [red ?? 0, green ?? 0, blue ?? 0];
}

function cube(f: number): number {
  return f > 6 / 29 ? f ** 3 : 3 * (6 / 29) ** 2 * (f - 4 / 29);
}

function gamma(linear: number): number {
  const value = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055));
}
