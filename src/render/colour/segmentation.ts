// Segmentations (PS3.3 A.51, C.8.20): what a frame's values mean as colours. The server decides how they are rendered
// (PS3.18 8.3.5.1): a segment in its Recommended Display CIELab Value, its absence black.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { groupOf, itemsOf, numberOf, textOf } from '../attributes.ts';
import type { Frame } from '../codec/decode.ts';
import type { Image } from '../frames/image.ts';
import { samplesOf } from '../gray/samples.ts';
import { cielabOf, type Rgb } from './cielab.ts';

const SEGMENT_IDENTIFICATION_SEQUENCE = '0062000A';
const REFERENCED_SEGMENT_NUMBER = '0062000B';
const RECOMMENDED_DISPLAY_CIELAB = '0062000D';
const MAXIMUM_FRACTIONAL_VALUE = '0062000E';
/** Segmentation and Label Map Segmentation Storage. */
const SOP_CLASSES = new Set(['1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.66.7']);
const WHITE: Rgb = [255, 255, 255];
/** Degrees between the hues of two segments without a colour: no two of them come close for long. */
const GOLDEN_ANGLE = 137.508;

/** RGB of a monochrome frame of a segmentation; undefined for other images. */
export function renderSegmentation(image: Image, frame: Frame, n: number): Uint8Array | undefined {
  const { attributes } = image;
  if (!SOP_CLASSES.has(textOf(attributes, Tag.SOPClassUID) ?? '')) return undefined;
  const type = textOf(attributes, Tag.SegmentationType) ?? 'BINARY';
  if (type === 'LABELMAP') return labels(frame, coloursOf(attributes));
  const full = type === 'FRACTIONAL' ? (numberOf(attributes, MAXIMUM_FRACTIONAL_VALUE) ?? 255) : 1;
  return tinted(frame, colourOf(attributes, n), full);
}

/** The colour of the one segment that a frame shows; white where the segment has none. */
function colourOf(attributes: Dataset, n: number): Rgb {
  const group = groupOf(attributes, n, SEGMENT_IDENTIFICATION_SEQUENCE);
  const number = numberOf(group, REFERENCED_SEGMENT_NUMBER);
  const segment = segmentsOf(attributes).find((one) => numberOf(one, Tag.SegmentNumber) === number);
  return (segment && cielabOf(segment, RECOMMENDED_DISPLAY_CIELAB)) ?? WHITE;
}

function segmentsOf(attributes: Dataset): Dataset[] {
  return itemsOf(attributes, Tag.SegmentSequence);
}

/** The colours of a label map by segment number, which is what its values are. */
function coloursOf(attributes: Dataset): Map<number, Rgb> {
  const colours = new Map<number, Rgb>();
  for (const segment of segmentsOf(attributes)) {
    const number = numberOf(segment, Tag.SegmentNumber) ?? 0;
    // Segment 0 is the background.
    if (number > 0) colours.set(number, cielabOf(segment, RECOMMENDED_DISPLAY_CIELAB) ?? hue(number * GOLDEN_ANGLE));
  }
  return colours;
}

/** A bright colour of a hue in degrees. */
function hue(degrees: number): Rgb {
  const level = (shift: number): number =>
    Math.round(255 * (0.65 + 0.35 * Math.cos(((degrees + shift) * Math.PI) / 180)));
  return [level(0), level(-120), level(120)];
}

function tinted(frame: Frame, [red, green, blue]: Rgb, full: number): Uint8Array {
  const { cells, extract } = samplesOf(frame);
  const result = new Uint8Array(cells.length * 3);
  for (let index = 0, to = 0; index < cells.length; index += 1, to += 3) {
    const share = Math.min(1, extract(cells[index] ?? 0) / full);
    result[to] = Math.round(red * share);
    result[to + 1] = Math.round(green * share);
    result[to + 2] = Math.round(blue * share);
  }
  return result;
}

function labels(frame: Frame, colours: Map<number, Rgb>): Uint8Array {
  const { cells, extract } = samplesOf(frame);
  const result = new Uint8Array(cells.length * 3);
  for (let index = 0, to = 0; index < cells.length; index += 1, to += 3) {
    const colour = colours.get(extract(cells[index] ?? 0));
    if (colour) result.set(colour, to);
  }
  return result;
}
