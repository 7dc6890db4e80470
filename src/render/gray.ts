// Grayscale: stored values through Modality LUT, VOI LUT and polarity to 8 bits (PS3.3 C.11.1, C.11.2, C.11.6), folded
// into one table wherever the samples are 16 bits or less.

import { Tag } from '../dimse/data/tags.ts';
import { groupOf, itemsOf, numberOf, numbersOf, textOf } from './attributes.ts';
import type { Frame } from './decode.ts';
import type { Image } from './image.ts';
import type { Window } from './options.ts';
import { type Samples, samplesOf } from './samples.ts';
import { fullWindow, isValidWindow, lookUp, readLookupTable, type Transfer, windowTransfer } from './voi.ts';

const PIXEL_VALUE_TRANSFORMATION = Tag.PixelValueTransformationSequence;
const FRAME_VOI_LUT = Tag.FrameVOILUTSequence;

/** What happens to one stored value on its way to the screen. */
type Pipeline = { modality: Transfer; voi: Transfer; inverted: boolean; isPadding: (stored: number) => boolean };

/** Renders the samples of a monochrome frame to 8 bits, one byte a pixel; `n` chooses its functional groups. */
export function renderGray(image: Image, frame: Frame, n: number, window?: Window): Uint8Array {
  const samples = samplesOf(frame);
  const isPadding = paddingOf(image);
  const modality = modalityOf(image, n);
  const chosen = window ? windowTransfer(window) : storedVoi(image, n);
  const voi = chosen ?? windowTransfer(rangeOf(samples, modality, isPadding));
  return fold(samples, { modality, voi, inverted: isInverted(image, frame), isPadding });
}

/** Whether the picture's contrast is fixed without looking at its samples. */
export function hasVoi(image: Image, n: number): boolean {
  return storedVoi(image, n) !== undefined;
}

/** MONOCHROME1, or Presentation LUT Shape INVERSE, which says the same: inverted once. */
function isInverted(image: Image, frame: Frame): boolean {
  return frame.pixel.photometric === 'MONOCHROME1' || textOf(image.attributes, Tag.PresentationLUTShape) === 'INVERSE';
}

function fold(samples: Samples, pipeline: Pipeline): Uint8Array {
  const { cells, extract } = samples;
  const result = new Uint8Array(cells.length);
  const levels = samples.cellBits <= 16 ? 2 ** samples.cellBits : Number.POSITIVE_INFINITY;
  if (levels > cells.length) {
    for (let index = 0; index < result.length; index += 1) result[index] = show(extract(cells[index] ?? 0), pipeline);
    return result;
  }
  const table = new Uint8Array(levels);
  for (let cell = 0; cell < levels; cell += 1) table[cell] = show(extract(cell), pipeline);
  for (let index = 0; index < result.length; index += 1) result[index] = table[cells[index] ?? 0] ?? 0;
  return result;
}

/** Padding and values that are no numbers are black whatever the polarity. */
function show(stored: number, { modality, voi, inverted, isPadding }: Pipeline): number {
  if (isPadding(stored) || !Number.isFinite(stored)) return 0;
  const y = voi(modality(stored));
  return Math.round(255 * (inverted ? 1 - y : y));
}

/** Pixel Padding Value and Range Limit (0028,0120), (0028,0121): the interval between them, both included. */
function paddingOf(image: Image): (stored: number) => boolean {
  const signed = image.pixel.signed;
  const [value, limit] = [
    numberOf(image.attributes, Tag.PixelPaddingValue),
    numberOf(image.attributes, Tag.PixelPaddingRangeLimit),
  ].map((number) => (number === undefined ? undefined : asStored(number, signed)));
  if (value === undefined) return () => false;
  const low = Math.min(value, limit ?? value);
  const high = Math.max(value, limit ?? value);
  return (stored) => stored >= low && stored <= high;
}

/** The VR follows Pixel Representation, but files exist that have the other one. */
function asStored(number: number, signed: boolean): number {
  if (signed) return number > 0x7fff ? number - 0x10000 : number;
  return number < 0 ? number & 0xffff : number;
}

/** Modality LUT Sequence or rescale (PS3.3 C.11.1): never both, identity without either. */
function modalityOf(image: Image, n: number): Transfer {
  const item = itemsOf(image.attributes, Tag.ModalityLUTSequence)[0];
  const table = item && !isAcquisitionLut(image) ? readLookupTable(item, image.pixel.signed) : undefined;
  if (table) return (x) => lookUp(table, x);
  const group = groupOf(image.attributes, n, PIXEL_VALUE_TRANSFORMATION);
  const slope = numberOf(group, Tag.RescaleSlope) ?? 1;
  const intercept = numberOf(group, Tag.RescaleIntercept) ?? 0;
  return slope === 0 || (slope === 1 && intercept === 0) ? (x) => x : (x) => slope * x + intercept;
}

const X_RAY = new Set(['XA', 'RF']);

/** XA and XRF with a LOG or DISP relationship: the table leads to linear X-ray intensity, not to a display (PS3.4 N.2.1.2). */
function isAcquisitionLut({ attributes }: Image): boolean {
  return X_RAY.has(textOf(attributes, Tag.Modality) ?? '') && /^(LOG|DISP)$/.test(textOf(attributes, '00281040') ?? '');
}

const VOI_LUT_FIRST = new Set(['CR', 'DX', 'MG', 'IO', 'PX']);

/** The image's own VOI: its first valid window, its first table; projection radiography prefers the table. */
function storedVoi(image: Image, n: number): Transfer | undefined {
  const group = groupOf(image.attributes, n, FRAME_VOI_LUT);
  const first = windowOf(group);
  const item = itemsOf(group, Tag.VOILUTSequence)[0];
  const table = item && readLookupTable(item, hasNegativeOutput(image, n));
  const preferTable = VOI_LUT_FIRST.has(textOf(image.attributes, Tag.Modality) ?? '');
  if (table && (preferTable || !first)) {
    const maximum = 2 ** table.bits - 1;
    return (x) => lookUp(table, x) / maximum;
  }
  return first && windowTransfer(first);
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

function windowOf(group: Image['attributes']): Window | undefined {
  const centers = numbersOf(group, Tag.WindowCenter);
  const widths = numbersOf(group, Tag.WindowWidth);
  const name = FUNCTIONS[textOf(group, Tag.VOILUTFunction) ?? 'LINEAR'] ?? 'linear';
  return centers
    .map((center, index): Window => ({ center, width: widths[index] ?? 0, function: name }))
    .find(isValidWindow);
}

/** No VOI at all: everything the frame holds between black and white, padding left out. */
function rangeOf(samples: Samples, modality: Transfer, isPadding: (stored: number) => boolean): Window {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const { cells, extract } = samples;
  for (let index = 0; index < cells.length; index += 1) {
    const stored = extract(cells[index] ?? 0);
    if (!Number.isFinite(stored) || isPadding(stored)) continue;
    if (stored < low) low = stored;
    if (stored > high) high = stored;
  }
  return low > high ? fullWindow(0, 0) : spanOf(modality(low), modality(high), samples.isFloat);
}

/** Of floats, and of rescaled values finer than 1, the exact range; of integers the range that counts both ends. */
function spanOf(a: number, b: number, exact: boolean): Window {
  const [low, high] = a < b ? [a, b] : [b, a];
  if (!exact && high - low >= 1) return fullWindow(low, high);
  return { center: (low + high) / 2, width: Math.max(high - low, Number.MIN_VALUE), function: 'linear-exact' };
}
