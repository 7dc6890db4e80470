// Phantom mammogram: 3328 × 4096, 12 of 16 bits, MONOCHROME2 for presentation; drawn at a quarter of its pixels and
// interpolated, with grain at full size.

import { attributes } from './attributes.ts';
import { random, turbulence } from './noise.ts';
import { type Contents, greyPixels, type InstanceContents } from './phantom.ts';
import { littleEndian } from './plane.ts';

const MAMMOGRAPHY_FOR_PRESENTATION = '1.2.840.10008.5.1.4.1.1.1.2';
const ROWS = 4096;
const COLUMNS = 3328;
const SPACING_MM = 0.07;
const STEP = 4;

export function mammogram(): InstanceContents {
  return { number: 1, sopClassUid: MAMMOGRAPHY_FOR_PRESENTATION, build };
}

function build(): Contents {
  return {
    ImageType: ['DERIVED', 'PRIMARY'],
    PresentationIntentType: 'FOR PRESENTATION',
    ImageLaterality: 'L',
    ViewPosition: 'MLO',
    ViewCodeSequence: [
      attributes({
        CodeValue: 'R-10226',
        CodingSchemeDesignator: 'SRT',
        CodeMeaning: 'medio-lateral oblique',
        ViewModifierCodeSequence: [],
      }),
    ],
    PatientOrientation: ['P', 'FL'],
    PixelIntensityRelationship: 'LOG',
    PixelIntensityRelationshipSign: 1,
    PresentationLUTShape: 'IDENTITY',
    BurnedInAnnotation: 'NO',
    LossyImageCompression: '00',
    ImagerPixelSpacing: [SPACING_MM, SPACING_MM],
    KVP: 29,
    ...greyPixels({ rows: ROWS, columns: COLUMNS, bitsStored: 12, words: littleEndian(enlarge(draw())) }),
    RescaleIntercept: 0,
    RescaleSlope: 1,
    RescaleType: 'US',
    WindowCenter: 2048,
    WindowWidth: 3600,
  };
}

type Small = { width: number; height: number; samples: Float32Array };

/** The picture at one sample for STEP × STEP pixels: chest wall at the left, pectoral muscle above, gland inside fat. */
function draw(): Small {
  const width = COLUMNS / STEP + 1;
  const height = ROWS / STEP + 1;
  const samples = new Float32Array(width * height);
  const gland = turbulence(401, 4);
  const strands = turbulence(977, 4);
  for (let index = 0; index < samples.length; index += 1) {
    const x = (index % width) / width;
    const y = Math.floor(index / width) / height;
    samples[index] = density(x, y, gland, strands);
  }
  speckle({ width, height, samples });
  return { width, height, samples };
}

function density(
  x: number,
  y: number,
  gland: (x: number, y: number) => number,
  strands: (x: number, y: number) => number,
): number {
  const reach = 0.78 * Math.sqrt(Math.max(0, 1 - ((y - 0.54) / 0.44) ** 2));
  const inside = reach - x;
  if (inside <= 0) return 40;
  const edge = Math.min(1, inside / 0.09);
  const muscle = x < 0.4 - y * 0.78 ? 900 : 0;
  const middle = Math.exp(-(((x - 0.33) / 0.22) ** 2) - ((y - 0.55) / 0.2) ** 2);
  const tissue = gland(x * 22, y * 27);
  const ridge = 1 - Math.abs(strands(x * 34 + 9, y * 34 + y * x * 20) - 0.5) * 2;
  const mass = Math.hypot(x - 0.42, (y - 0.46) * 1.23) < 0.035 + tissue * 0.012 ? 620 : 0;
  return 700 + edge * (500 + 1150 * middle * tissue + 420 * ridge ** 6 * (0.4 + middle)) + muscle * edge + mass;
}

/** A cluster of microcalcifications. */
function speckle(small: Small): void {
  const next = random(31);
  for (let count = 0; count < 26; count += 1) {
    const x = Math.round((0.29 + 0.035 * (next() - 0.5)) * small.width);
    const y = Math.round((0.63 + 0.035 * (next() - 0.5)) * small.height);
    small.samples[y * small.width + x] = 3700 + 300 * next();
  }
}

/** Bilinear interpolation to full size, plus grain. */
function enlarge({ width, samples }: Small): Uint16Array {
  const words = new Uint16Array(ROWS * COLUMNS);
  const grain = grainTable();
  let at = 0;
  for (let y = 0; y < ROWS; y += 1) {
    const top = (y >> 2) * width;
    const dy = (y & (STEP - 1)) / STEP;
    // Each row reads the grain from another place, or the eye finds the period.
    let shift = Math.imul(y + 1, 40503) & 0xffff;
    for (let cell = 0; cell < COLUMNS / STEP; cell += 1) {
      const a = samples[top + cell] ?? 0;
      const b = samples[top + cell + 1] ?? 0;
      const left = a + ((samples[top + width + cell] ?? 0) - a) * dy;
      const right = b + ((samples[top + width + cell + 1] ?? 0) - b) * dy;
      const slope = (right - left) / STEP;
      for (let dx = 0; dx < STEP; dx += 1) {
        words[at] = left + slope * dx + (grain[shift & 0xffff] ?? 0);
        at += 1;
        shift += 1;
      }
    }
  }
  return words;
}

function grainTable(): Uint8Array {
  const next = random(5);
  return Uint8Array.from({ length: 0x10000 }, () => (next() + next()) * 24);
}
