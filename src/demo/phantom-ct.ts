// Phantom CT of a chest: axial slices of 512² in Hounsfield units, with rescale and three windows.

import { gaussian, random, turbulence } from './noise.ts';
import { type Contents, greyPixels, type InstanceContents } from './phantom.ts';
import { createPlane, type Plane, paint, soften, toWords } from './plane.ts';

const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2';
const SIZE = 512;
const SPACING_MM = 0.742188;
const THICKNESS_MM = 5;
/** Hounsfield units of what is painted. */
const HU = {
  air: -1000,
  fat: -105,
  muscle: 55,
  lung: -860,
  vessel: 30,
  heart: 48,
  blood: 210,
  liver: 115,
  bone: 620,
  marrow: 240,
  canal: 25,
  table: -420,
};
const INTERCEPT = -1024;

/** The slices of the series, from the top of the lungs down to the liver. */
export function ctSlices(count: number): InstanceContents[] {
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    sopClassUid: CT_IMAGE_STORAGE,
    build: () => ctSlice(index, count),
  }));
}

function ctSlice(index: number, count: number): Contents {
  const z = -index * THICKNESS_MM;
  const plane = chest(index / Math.max(1, count - 1), index);
  return {
    ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    AcquisitionNumber: 1,
    KVP: 120,
    SliceThickness: THICKNESS_MM,
    ImagePositionPatient: [(-SIZE * SPACING_MM) / 2, (-SIZE * SPACING_MM) / 2, z],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    SliceLocation: z,
    PixelSpacing: [SPACING_MM, SPACING_MM],
    ...greyPixels({
      rows: SIZE,
      columns: SIZE,
      bitsStored: 12,
      words: toWords(plane, 4095, -INTERCEPT),
    }),
    RescaleIntercept: INTERCEPT,
    RescaleSlope: 1,
    RescaleType: 'HU',
    WindowCenter: [40, -600, 400],
    WindowWidth: [400, 1500, 1800],
    WindowCenterWidthExplanation: ['MEDIASTINUM', 'LUNG', 'BONE'],
  };
}

/** One slice; `depth` runs from 0 (top) to 1 (bottom). */
function chest(depth: number, seed: number): Plane {
  const plane = createPlane(SIZE, SIZE, HU.air);
  const girth = 0.92 + 0.08 * Math.sin(depth * Math.PI);
  paint(plane, { x: 0, y: 0.74, rx: 0.8, ry: 0.14 }, HU.table);
  paint(plane, { x: 0, y: 0.68, rx: 0.78, ry: 0.14 }, HU.air);
  paint(plane, { x: 0, y: 0, rx: 0.86 * girth, ry: 0.6 * girth }, HU.fat);
  paint(plane, { x: 0, y: 0.01, rx: 0.8 * girth, ry: 0.53 * girth }, HU.muscle);
  paintLungs(plane, depth, girth);
  paintRibs(plane, depth, girth);
  paintMediastinum(plane, depth);
  paintSpine(plane);
  soften(plane);
  addGrain(plane, seed);
  return plane;
}

function paintLungs(plane: Plane, depth: number, girth: number): void {
  const fill = Math.min(1, 0.45 + depth * 1.6) * (depth > 0.75 ? 1 - (depth - 0.75) * 1.1 : 1);
  const vessels = random(Math.round(depth * 1000) + 17);
  for (const side of [-1, 1]) {
    const lung = { x: side * 0.4 * girth, y: -0.01, rx: 0.29 * fill, ry: 0.43 * fill, turn: side * -8 };
    paint(plane, lung, HU.lung);
    for (let count = 0; count < 60; count += 1) {
      const angle = vessels() * 2 * Math.PI;
      const radius = Math.sqrt(vessels()) * 0.88;
      const x = lung.x + Math.cos(angle) * radius * lung.rx;
      const y = lung.y + Math.sin(angle) * radius * lung.ry;
      const size = 0.003 + 0.011 * vessels() * (1 - radius * 0.6);
      paint(plane, { x, y, rx: size * (1 + vessels() * 2), ry: size, turn: vessels() * 180 }, HU.vessel, 0.85);
    }
  }
  if (depth > 0.62) {
    const dome = Math.min(1, (depth - 0.62) / 0.3);
    paint(plane, { x: -0.38, y: 0, rx: 0.31 * dome, ry: 0.4 * dome }, HU.liver);
  }
}

function paintRibs(plane: Plane, depth: number, girth: number): void {
  for (let rib = 0; rib < 9; rib += 1) {
    const angle = ((rib * 40 + depth * 130) % 360) * (Math.PI / 180);
    if (Math.abs(Math.sin(angle) + 1) < 0.12) continue;
    const x = Math.cos(angle) * 0.735 * girth;
    const y = Math.sin(angle) * 0.475 * girth;
    const turn = (Math.atan2(Math.cos(angle) * 0.475, -Math.sin(angle) * 0.735) * 180) / Math.PI;
    paint(plane, { x, y, rx: 0.075, ry: 0.021, turn }, HU.bone);
    paint(plane, { x, y, rx: 0.06, ry: 0.009, turn }, HU.marrow);
  }
  paint(plane, { x: 0, y: -0.49 * girth, rx: 0.1, ry: 0.028 }, HU.bone);
  paint(plane, { x: 0, y: -0.49 * girth, rx: 0.085, ry: 0.014 }, HU.marrow);
}

function paintMediastinum(plane: Plane, depth: number): void {
  paint(plane, { x: 0, y: -0.08, rx: 0.15, ry: 0.33 }, HU.fat);
  paint(plane, { x: 0, y: 0.02, rx: 0.12, ry: 0.2 }, HU.muscle, 0.8);
  paint(plane, { x: 0.01, y: 0.06, rx: 0.045, ry: 0.038 }, depth < 0.45 ? HU.air : HU.muscle);
  paint(plane, { x: 0.15, y: 0.2, rx: 0.058, ry: 0.058 }, HU.blood);
  if (depth < 0.55) {
    paint(plane, { x: -0.05, y: -0.14, rx: 0.07, ry: 0.07 }, HU.blood);
    paint(plane, { x: 0.06, y: -0.16, rx: 0.055, ry: 0.05 }, HU.blood);
  }
  if (depth > 0.35 && depth < 0.9) {
    const size = Math.sin(((depth - 0.35) / 0.55) * Math.PI);
    paint(plane, { x: 0.13, y: -0.16, rx: 0.31 * size, ry: 0.25 * size, turn: 28 }, HU.fat);
    paint(plane, { x: 0.13, y: -0.16, rx: 0.29 * size, ry: 0.23 * size, turn: 28 }, HU.heart + 60);
    paint(plane, { x: 0.22, y: -0.15, rx: 0.13 * size, ry: 0.1 * size, turn: 28 }, HU.blood);
    paint(plane, { x: 0.02, y: -0.21, rx: 0.11 * size, ry: 0.11 * size }, HU.blood - 20);
  }
}

function paintSpine(plane: Plane): void {
  paint(plane, { x: 0, y: 0.31, rx: 0.12, ry: 0.1 }, HU.bone);
  paint(plane, { x: 0, y: 0.31, rx: 0.1, ry: 0.08 }, HU.marrow);
  for (const side of [-1, 1]) {
    paint(plane, { x: side * 0.15, y: 0.44, rx: 0.13, ry: 0.024, turn: side * 22 }, HU.bone - 150);
  }
  paint(plane, { x: 0, y: 0.48, rx: 0.025, ry: 0.055 }, HU.bone - 100);
  paint(plane, { x: 0, y: 0.435, rx: 0.062, ry: 0.05 }, HU.bone);
  paint(plane, { x: 0, y: 0.435, rx: 0.045, ry: 0.036 }, HU.canal);
}

function addGrain(plane: Plane, seed: number): void {
  const grain = gaussian(seed + 1);
  const tissue = turbulence(seed + 100, 3);
  const { samples, width } = plane;
  for (let index = 0; index < samples.length; index += 1) {
    const value = samples[index] ?? 0;
    const texture = value > -200 ? (tissue((index % width) / 9, Math.floor(index / width) / 9) - 0.5) * 22 : 0;
    samples[index] = value + texture + grain() * 9;
  }
}
