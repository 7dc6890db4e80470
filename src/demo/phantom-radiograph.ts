// Phantom chest radiograph by computed radiography: MONOCHROME1, 10 of 16 bits, so that 0 is the brightest.

import { gaussian, random, turbulence } from './noise.ts';
import { type Contents, greyPixels, type InstanceContents } from './phantom.ts';
import { createPlane, type Plane, paint, soften, toWords } from './plane.ts';

const COMPUTED_RADIOGRAPHY_STORAGE = '1.2.840.10008.5.1.4.1.1.1';
const ROWS = 1760;
const COLUMNS = 1760;
const MAX = 1023;

export function radiograph(): InstanceContents {
  return { number: 1, sopClassUid: COMPUTED_RADIOGRAPHY_STORAGE, build };
}

function build(): Contents {
  return {
    ImageType: ['ORIGINAL', 'PRIMARY'],
    ViewPosition: 'PA',
    PatientOrientation: ['L', 'F'],
    KVP: 110,
    PlateType: 'PHANTOM',
    ImagerPixelSpacing: [0.2, 0.2],
    // MONOCHROME1: what absorbs most is stored as 0 and shown white (PS3.3 C.7.6.3.1.2).
    ...greyPixels({
      rows: ROWS,
      columns: COLUMNS,
      bitsStored: 10,
      words: toWords(chest(), MAX, MAX, -1),
      inverse: true,
    }),
    WindowCenter: 570,
    WindowWidth: 860,
  };
}

/** The chest from behind, by whiteness: 0 (air) … 1023 (dense). */
function chest(): Plane {
  const plane = createPlane(COLUMNS, ROWS, 40);
  paint(plane, { x: 0, y: 0.35, rx: 0.98, ry: 1.25 }, 560);
  paint(plane, { x: 0, y: -0.86, rx: 0.24, ry: 0.34 }, 600);
  paint(plane, { x: 0, y: 0.95, rx: 1, ry: 0.6 }, 690);
  for (const side of [-1, 1]) paintLung(plane, side);
  paint(plane, { x: 0, y: 0, rx: 0.115, ry: 1.2 }, 800, 0.75);
  for (let disc = -9; disc < 10; disc += 1) paint(plane, { x: 0, y: disc * 0.1, rx: 0.1, ry: 0.012 }, 640, 0.5);
  paint(plane, { x: 0.02, y: -0.55, rx: 0.035, ry: 0.3 }, 300, 0.5);
  paint(plane, { x: 0.17, y: 0.2, rx: 0.28, ry: 0.29, turn: 32 }, 760, 0.9);
  paint(plane, { x: 0.1, y: -0.22, rx: 0.1, ry: 0.13 }, 720, 0.8);
  for (const side of [-1, 1]) {
    for (let rib = 0; rib < 10; rib += 1) paintRib(plane, side, rib);
    paint(plane, { x: side * 0.4, y: -0.64, rx: 0.4, ry: 0.022, turn: side * -14 }, 850, 0.55);
  }
  soften(plane);
  soften(plane);
  addGrain(plane);
  return plane;
}

function paintLung(plane: Plane, side: number): void {
  const height = side < 0 ? 0.58 : 0.62;
  paint(plane, { x: side * 0.4, y: -0.02, rx: 0.33, ry: height, turn: side * -6 }, 190);
  paint(plane, { x: side * 0.45, y: height - 0.02, rx: 0.42, ry: 0.18, turn: side * 8 }, 700);
  const next = random(side + 40);
  for (let count = 0; count < 130; count += 1) {
    const away = next() ** 1.7;
    const angle = (next() - 0.5) * 2.6;
    const x = side * (0.16 + away * 0.46 * Math.cos(angle));
    const y = 0.02 + away * 0.5 * Math.sin(angle);
    const size = 0.008 * (1.2 - away);
    paint(plane, { x, y, rx: size * 7, ry: size, turn: side * ((angle * 180) / Math.PI) }, 520, 0.35);
  }
}

/** A rib as a run of short strokes along its arch: it comes from the spine, and sinks towards the side. */
function paintRib(plane: Plane, side: number, rib: number): void {
  const top = -0.62 + rib * 0.12;
  const width = 0.36 + 0.3 * Math.sin(((rib + 2) / 12) * Math.PI);
  for (let step = 0; step <= 60; step += 1) {
    const along = step / 60;
    const x = side * (0.1 + width * Math.sin(along * 1.5));
    const y = top + 0.36 * along ** 1.8 - 0.06 * Math.sin(along * Math.PI);
    paint(plane, { x, y, rx: 0.014, ry: 0.019 }, 640, 0.1);
  }
}

function addGrain(plane: Plane): void {
  const grain = gaussian(8);
  const tissue = turbulence(60, 4);
  for (let index = 0; index < plane.samples.length; index += 1) {
    const x = index % COLUMNS;
    const y = Math.floor(index / COLUMNS);
    plane.samples[index] = (plane.samples[index] ?? 0) + (tissue(x / 60, y / 60) - 0.5) * 70 + grain() * 6;
  }
}
