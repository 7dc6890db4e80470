// Overlay planes (PS3.3 C.9.2): one bit a pixel, in groups 6000 to 601E, stored by themselves or, retired, in the unused bits
// of the image's own samples.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { numberOf, numbersOf } from '../attributes.ts';
import type { Frame } from '../codec/decode.ts';
import { samplesOf } from '../gray/samples.ts';
import { wordBytes } from '../gray/voi.ts';

/** Bits of a plane, one byte each, and where its first lies on the picture, both 0-based; it may lie outside. */
export type Overlay = { rows: number; columns: number; top: number; left: number; bits: Uint8Array };

/** The groups that overlays can be in, as their four hex digits. */
export const OVERLAY_GROUPS: readonly string[] = Array.from({ length: 16 }, (_, index) =>
  (0x6000 + 2 * index).toString(16).toUpperCase(),
);

/** Elements of an overlay group. */
const ROWS = '0010';
const COLUMNS = '0011';
const NUMBER_OF_FRAMES = '0015';
const ORIGIN = '0050';
const IMAGE_FRAME_ORIGIN = '0051';
const BITS_ALLOCATED = '0100';
const BIT_POSITION = '0102';
const DATA = '3000';

/**
 * The overlay of a group that lies on frame `n` (1-based) of a picture; undefined where the group has none for it, or is
 * broken. `frame` holds the picture's samples, for overlays in their unused bits.
 */
export function readOverlay(dataset: Dataset, group: string, n: number, frame?: Frame): Overlay | undefined {
  const of = (element: string): number | undefined => numberOf(dataset, group + element);
  const [rows, columns] = [of(ROWS), of(COLUMNS)];
  if (!rows || !columns) return undefined;
  const index = planeIndex(of(NUMBER_OF_FRAMES), of(IMAGE_FRAME_ORIGIN) ?? 1, n);
  if (index === undefined) return undefined;
  const [row = 1, column = 1] = numbersOf(dataset, group + ORIGIN);
  const data = wordBytes(dataset, group + DATA);
  const bits = data
    ? unpacked(data, index * rows * columns, rows * columns)
    : frame && embedded(frame, rows, columns, of(BITS_ALLOCATED), of(BIT_POSITION));
  return bits && { rows, columns, top: row - 1, left: column - 1, bits };
}

/** Whether an overlay has a one at a pixel of the picture, 0-based. */
export function isSet({ rows, columns, top, left, bits }: Overlay, column: number, row: number): boolean {
  const [x, y] = [column - left, row - top];
  return x >= 0 && y >= 0 && x < columns && y < rows && bits[y * columns + x] === 1;
}

/** A plane without a number of frames lies on every frame; several lie on the frames from the Image Frame Origin on (C.9.3). */
function planeIndex(planes: number | undefined, origin: number, n: number): number | undefined {
  if (planes === undefined) return 0;
  const index = n - origin;
  return index >= 0 && index < planes ? index : undefined;
}

/** Lowest bit first, planes and rows following each other without padding (PS3.5 8.1.2). */
function unpacked(data: Uint8Array, first: number, count: number): Uint8Array | undefined {
  if (first + count > data.length * 8) return undefined;
  const bits = new Uint8Array(count);
  for (let index = 0, bit = first; index < count; index += 1, bit += 1) {
    bits[index] = ((data[bit >> 3] ?? 0) >> (bit & 7)) & 1;
  }
  return bits;
}

/** Only bits that no sample uses can be an overlay's. */
function embedded(
  frame: Frame,
  rows: number,
  columns: number,
  bitsAllocated: number | undefined,
  position: number | undefined,
): Uint8Array | undefined {
  const { pixel } = frame;
  const matches = bitsAllocated === pixel.bitsAllocated && rows === pixel.rows && columns === pixel.columns;
  if (!matches || pixel.kind !== 'integer' || position === undefined) return undefined;
  const unused = position > pixel.highBit || position <= pixel.highBit - pixel.bitsStored;
  if (!unused || position < 0 || position >= pixel.bitsAllocated || pixel.bitsAllocated > 32) return undefined;
  const { cells } = samplesOf(frame);
  return Uint8Array.from({ length: rows * columns }, (_, index) => ((cells[index] ?? 0) >>> position) & 1);
}
