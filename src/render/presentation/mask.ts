// Mask subtraction (PS3.3 C.7.6.10, PS3.4 N.2.1.2): a contrast frame less the mean of its mask frames, both after the
// Modality LUT, which a state uses to bring them into logarithmic space.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { numberOf, numbersOf, textOf } from '../attributes.ts';
import type { Frame } from '../codec/decode.ts';
import { samplesOf } from '../gray/samples.ts';
import type { Stage } from '../gray/voi.ts';
import { itemsFor, type Target } from './references.ts';

/** Mask frames, 1-based, and how far they are moved, in pixels. */
export type Mask = { frames: number[]; down: number; across: number };

const MASK_SUBTRACTION_SEQUENCE = '00286100';
const MASK_OPERATION = '00286101';
const APPLICABLE_FRAME_RANGE = '00286102';
const MASK_FRAME_NUMBERS = '00286110';
const MASK_SUB_PIXEL_SHIFT = '00286114';
const TID_OFFSET = '00286120';
/** Frames that one mask is the mean of. */
const MAX_FRAMES = 64;

/** The mask that a state gives a frame; undefined without one. */
export function maskFor(state: Dataset, target: Target, numberOfFrames: number): Mask | undefined {
  const item = itemsFor(state, MASK_SUBTRACTION_SEQUENCE, target).find((one) => isApplicable(one, target.frame));
  if (!item) return undefined;
  const frames = framesOf(item, target.frame).filter((frame) => frame >= 1 && frame <= numberOfFrames);
  const [down = 0, across = 0] = numbersOf(item, MASK_SUB_PIXEL_SHIFT);
  return frames.length === 0 ? undefined : { frames: frames.slice(0, MAX_FRAMES), down, across };
}

/** Pairs of the first and the last frame. */
function isApplicable(item: Dataset, frame: number): boolean {
  const ends = numbersOf(item, APPLICABLE_FRAME_RANGE);
  if (ends.length < 2) return true;
  return ends.some((first, index) => index % 2 === 0 && frame >= first && frame <= (ends[index + 1] ?? first));
}

/** Of a time interval difference the frame as many before as TID Offset says; 1 when it says nothing. */
function framesOf(item: Dataset, frame: number): number[] {
  if (textOf(item, MASK_OPERATION) === 'TID') return [frame - (numberOf(item, TID_OFFSET) ?? 1)];
  return numbersOf(item, MASK_FRAME_NUMBERS);
}

/** The difference as a frame of floats, which the VOI is then applied to. */
export function subtracted(
  contrast: Frame,
  masks: Frame[],
  { down, across }: Mask,
  modality: Stage | undefined,
): Frame {
  const { rows, columns } = contrast.pixel;
  const result = Float32Array.from(valuesOf(contrast, modality));
  for (const mask of masks) {
    const values = valuesOf(mask, modality);
    for (let row = 0, at = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1, at += 1) {
        const value =
          down === 0 && across === 0 ? values[at] : moved(values, rows, columns, row - down, column - across);
        result[at] = (result[at] ?? 0) - (value ?? 0) / masks.length;
      }
    }
  }
  const pixel = {
    ...contrast.pixel,
    kind: 'float' as const,
    bitsAllocated: 32,
    bitsStored: 32,
    highBit: 31,
    signed: true,
  };
  return { pixel, data: new Uint8Array(result.buffer) };
}

function valuesOf(frame: Frame, modality: Stage | undefined): Float64Array {
  const { cells, unpack } = samplesOf(frame);
  const values = new Float64Array(cells.length);
  unpack(cells, values);
  modality?.(values);
  return values;
}

/** Between four pixels; at the edge the last one goes on. */
function moved(values: Float64Array, rows: number, columns: number, row: number, column: number): number {
  const [y, x] = [Math.floor(row), Math.floor(column)];
  const [dy, dx] = [row - y, column - x];
  const pick = (r: number, c: number): number =>
    values[Math.min(rows - 1, Math.max(0, r)) * columns + Math.min(columns - 1, Math.max(0, c))] ?? 0;
  const upper = pick(y, x) * (1 - dx) + pick(y, x + 1) * dx;
  return upper * (1 - dy) + (pick(y + 1, x) * (1 - dx) + pick(y + 1, x + 1) * dx) * dy;
}
