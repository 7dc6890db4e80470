// Grayscale: the Modality LUT, VOI LUT, Presentation LUT and polarity that an image asks for (PS3.3 C.11.1, C.11.2, C.11.4,
// C.11.6), and its stored values through them to 8 bits.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { groupOf, itemsOf, numberOf, numbersOf, textOf } from '../attributes.ts';
import type { Frame } from '../codec/decode.ts';
import type { Image } from '../frames/image.ts';
import type { PixelDescription } from '../frames/pixel.ts';
import type { Window } from '../options.ts';
import { type Samples, samplesOf } from './samples.ts';
import { blank, CHUNK, type Interval, type Shades, throughPipeline } from './tones.ts';
import {
  fullWindow,
  isValidWindow,
  readLookupTable,
  rescaleStage,
  type Stage,
  tableStage,
  windowStage,
} from './voi.ts';

const PIXEL_VALUE_TRANSFORMATION = Tag.PixelValueTransformationSequence;
const FRAME_VOI_LUT = Tag.FrameVOILUTSequence;

/** The shades of a monochrome frame, in 8 or 16 bits; `n` chooses its functional groups. */
export function renderGray(image: Image, frame: Frame, n: number, window?: Window, depth: 8 | 16 = 8): Shades {
  const samples = samplesOf(frame);
  const padding = paddingOf(image);
  const modality = modalityOf(image, n);
  const chosen = window ? windowStage(window) : storedVoi(image, n);
  const voi = chosen ?? windowStage(rangeOf(samples, modality, padding));
  const presentation = presentationLut(image.attributes);
  const inverted = presentation === undefined && isInverted(image, frame);
  return throughPipeline(samples, { padding, modality, voi, presentation, inverted }, depth);
}

/** Whether the picture's contrast is fixed without looking at its samples. */
export function hasVoi(image: Image, n: number): boolean {
  return storedVoi(image, n) !== undefined;
}

/** MONOCHROME1, or Presentation LUT Shape INVERSE, which says the same: inverted once. */
function isInverted(image: Image, frame: Frame): boolean {
  return frame.pixel.photometric === 'MONOCHROME1' || textOf(image.attributes, Tag.PresentationLUTShape) === 'INVERSE';
}

/** Presentation LUT Sequence (PS3.3 C.11.4, C.11.6): 0…1 over the whole table, whose entries are P-values of 0…1 again. */
export function presentationLut(dataset: Dataset): Stage | undefined {
  const item = itemsOf(dataset, Tag.PresentationLUTSequence)[0];
  const table = item && readLookupTable(item, false);
  if (!table) return undefined;
  const { entries, bits } = table;
  const last = entries.length - 1;
  return (values) => {
    for (let index = 0; index < values.length; index += 1) {
      const y = values[index] ?? 0;
      if (!Number.isNaN(y)) values[index] = (entries[Math.round(y * last)] ?? 0) / (2 ** bits - 1);
    }
  };
}

/** Pixel Padding Value and Range Limit (0028,0120), (0028,0121): the interval between them, both included. */
export function paddingOf({ attributes, pixel }: Image): Interval | undefined {
  const [value, limit] = [
    numberOf(attributes, Tag.PixelPaddingValue),
    numberOf(attributes, Tag.PixelPaddingRangeLimit),
  ].map((number) => (number === undefined ? undefined : asStored(number, pixel)));
  if (value === undefined) return undefined;
  return { low: Math.min(value, limit ?? value), high: Math.max(value, limit ?? value) };
}

/** The VR follows Pixel Representation, but files exist that have the other one. */
function asStored(number: number, { signed, bitsAllocated }: PixelDescription): number {
  if (bitsAllocated > 16) return number;
  if (signed) return number > 0x7fff ? number - 0x10000 : number;
  return number < 0 ? number & 0xffff : number;
}

const RT_DOSE = '1.2.840.10008.5.1.4.1.1.481.2';
const DOSE_GRID_SCALING = '3004000E';

/** The image's own Modality LUT; of a dose its scaling, which makes values doses (PS3.3 C.8.8.3). */
function modalityOf(image: Image, n: number): Stage | undefined {
  const { attributes, pixel } = image;
  if (textOf(attributes, Tag.SOPClassUID) === RT_DOSE) {
    const scaling = numberOf(attributes, DOSE_GRID_SCALING) ?? 0;
    return scaling > 0 ? rescaleStage(scaling, 0) : undefined;
  }
  const table = isAcquisitionLut(image) ? undefined : modalityTable(attributes, pixel.signed);
  return table ?? rescaleIn(groupOf(attributes, n, PIXEL_VALUE_TRANSFORMATION));
}

/** Modality LUT Sequence or rescale of a data set (PS3.3 C.11.1): never both, identity without either. */
export function modalityIn(dataset: Dataset, signed: boolean): Stage | undefined {
  return modalityTable(dataset, signed) ?? rescaleIn(dataset);
}

function modalityTable(dataset: Dataset, signed: boolean): Stage | undefined {
  const item = itemsOf(dataset, Tag.ModalityLUTSequence)[0];
  const table = item && readLookupTable(item, signed);
  return table && tableStage(table, 1);
}

function rescaleIn(group: Dataset): Stage | undefined {
  const slope = numberOf(group, Tag.RescaleSlope) ?? 1;
  const intercept = numberOf(group, Tag.RescaleIntercept) ?? 0;
  return slope === 0 || (slope === 1 && intercept === 0) ? undefined : rescaleStage(slope, intercept);
}

const X_RAY = new Set(['XA', 'RF']);

/** XA and XRF with a LOG or DISP relationship: the table leads to linear X-ray intensity, not to a display (PS3.4 N.2.1.2). */
function isAcquisitionLut({ attributes }: Image): boolean {
  return X_RAY.has(textOf(attributes, Tag.Modality) ?? '') && /^(LOG|DISP)$/.test(textOf(attributes, '00281040') ?? '');
}

const VOI_LUT_FIRST = new Set(['CR', 'DX', 'MG', 'IO', 'PX']);

/** The image's own VOI; projection radiography prefers the table. */
function storedVoi(image: Image, n: number): Stage | undefined {
  const group = groupOf(image.attributes, n, FRAME_VOI_LUT);
  const preferTable = VOI_LUT_FIRST.has(textOf(image.attributes, Tag.Modality) ?? '');
  return voiIn(group, hasNegativeOutput(image, n), preferTable, image.pixel.kind !== 'integer');
}

/**
 * The first valid window, or the first table, of a data set; `signed` says whether values that reach it can be negative. What
 * LINEAR takes off center and width counts whole numbers: `continuous` values have LINEAR_EXACT in its place.
 */
export function voiIn(group: Dataset, signed: boolean, preferTable: boolean, continuous = false): Stage | undefined {
  const first = windowOf(group, continuous ? 'linear-exact' : 'linear');
  const item = itemsOf(group, Tag.VOILUTSequence)[0];
  const table = item && readLookupTable(item, signed);
  if (table && (preferTable || !first)) return tableStage(table, 2 ** table.bits - 1);
  return first && windowStage(first);
}

/** Whether the values that reach the VOI LUT can be negative: then so is its first mapped value (PS3.3 C.11.2.1.1). */
function hasNegativeOutput(image: Image, n: number): boolean {
  if (itemsOf(image.attributes, Tag.ModalityLUTSequence).length > 0) return false;
  const group = groupOf(image.attributes, n, PIXEL_VALUE_TRANSFORMATION);
  return image.pixel.signed || (numberOf(group, Tag.RescaleIntercept) ?? 0) < 0;
}

const FUNCTIONS: Readonly<Record<string, Window['function']>> = {
  LINEAR: 'linear',
  LINEAR_EXACT: 'linear-exact',
  SIGMOID: 'sigmoid',
};

function windowOf(group: Dataset, plain: Window['function']): Window | undefined {
  const centers = numbersOf(group, Tag.WindowCenter);
  const widths = numbersOf(group, Tag.WindowWidth);
  const named = FUNCTIONS[textOf(group, Tag.VOILUTFunction) ?? 'LINEAR'] ?? 'linear';
  const name = named === 'linear' ? plain : named;
  return centers
    .map((center, index): Window => ({ center, width: widths[index] ?? 0, function: name }))
    .find(isValidWindow);
}

/** No VOI at all: everything the frame holds between black and white, padding left out. */
function rangeOf(samples: Samples, modality: Stage | undefined, padding: Interval | undefined): Window {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cells of presentCells(samples)) {
    const values = new Float64Array(cells.length);
    samples.unpack(cells, values);
    if (padding) blank(values, padding);
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] ?? 0;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return fullWindow(0, 0);
  const ends = Float64Array.of(low, high);
  modality?.(ends);
  return spanOf(ends[0] ?? 0, ends[1] ?? 0, samples.isFloat);
}

/** The cells of a frame, in chunks; where few values are possible, each that occurs once. */
function* presentCells({ cells, usedBits }: Samples): Generator<ArrayLike<number>, void> {
  if (usedBits > 16) {
    for (let from = 0; from < cells.length; from += CHUNK) yield cells.subarray(from, from + CHUNK);
    return;
  }
  const seen = new Uint8Array(2 ** usedBits);
  const used = seen.length - 1;
  for (let index = 0; index < cells.length; index += 1) seen[(cells[index] ?? 0) & used] = 1;
  const present = new Uint32Array(seen.length);
  let count = 0;
  for (let cell = 0; cell < seen.length; cell += 1) {
    if (seen[cell] === 1) {
      present[count] = cell;
      count += 1;
    }
  }
  yield present.subarray(0, count);
}

/** Of floats, and of rescaled values finer than 1, the exact range; of integers the range that counts both ends. */
function spanOf(a: number, b: number, exact: boolean): Window {
  const [low, high] = a < b ? [a, b] : [b, a];
  if (!exact && high - low >= 1) return fullWindow(low, high);
  return { center: (low + high) / 2, width: Math.max(high - low, Number.MIN_VALUE), function: 'linear-exact' };
}
