// Colour photometric interpretations (PS3.3 C.7.6.3.1.2) to RGB, 8 bits a sample, colour by pixel.

import { DicomError } from '../../dimse/errors.ts';
import type { Frame } from '../codec/decode.ts';
import type { Image } from '../frames/image.ts';
import { isPacked422, type PixelDescription } from '../frames/pixel.ts';
import { samplesOf } from '../gray/samples.ts';
import { lookUp } from '../gray/voi.ts';
import { readPalette } from './palette.ts';

/** Renders a colour frame to RGB; `not-acceptable` for the retired HSV, ARGB and CMYK. */
export function renderColour(image: Image, frame: Frame): Uint8Array {
  const { photometric, samplesPerPixel } = frame.pixel;
  if (photometric === 'PALETTE COLOR') return throughPalette(image, frame);
  if (samplesPerPixel !== 3) throw notSupported(photometric);
  const bytes = toBytes(unpacked422(frame));
  if (photometric === 'RGB' || photometric === 'YBR_RCT' || photometric === 'YBR_ICT') return bytes;
  if (/^YBR_(FULL|PARTIAL)/.test(photometric)) return fromYbr(bytes, photometric);
  throw notSupported(photometric);
}

function notSupported(photometric: string): DicomError {
  return new DicomError('not-acceptable', `Photometric Interpretation ${photometric} cannot be rendered`, {
    field: 'PhotometricInterpretation',
  });
}

function throughPalette(image: Image, frame: Frame): Uint8Array {
  const palette = readPalette(image.attributes, frame.pixel.signed);
  if (!palette)
    throw new DicomError('corrupt', 'The palette is missing or broken', { field: 'RedPaletteColorLookupTableData' });
  const { cells, extract } = samplesOf(frame);
  const result = new Uint8Array(cells.length * 3);
  const known = new Map<number, [number, number, number]>();
  for (let index = 0; index < cells.length; index += 1) {
    const cell = cells[index] ?? 0;
    let rgb = known.get(cell);
    if (!rgb) {
      const stored = extract(cell);
      rgb = [lookUp(palette[0], stored), lookUp(palette[1], stored), lookUp(palette[2], stored)];
      known.set(cell, rgb);
    }
    result[index * 3] = rgb[0];
    result[index * 3 + 1] = rgb[1];
    result[index * 3 + 2] = rgb[2];
  }
  return result;
}

/** Samples to 8 bits by their full range, colour by pixel. */
function toBytes(frame: Frame): Uint8Array {
  const { pixel, data } = frame;
  if (pixel.bitsAllocated === 8 && pixel.bitsStored === 8 && !pixel.signed) {
    return pixel.planar === 1 ? byPixel(data, pixel) : data;
  }
  const { cells, extract } = samplesOf(frame);
  const scale = 255 / (2 ** pixel.bitsStored - 1);
  const shift = pixel.signed ? 2 ** (pixel.bitsStored - 1) : 0;
  const result = Uint8Array.from(cells, (cell) => Math.round((extract(cell) + shift) * scale));
  return pixel.planar === 1 ? byPixel(result, pixel) : result;
}

function byPixel(planes: Uint8Array, { rows, columns }: PixelDescription): Uint8Array {
  const pixels = rows * columns;
  const result = new Uint8Array(pixels * 3);
  for (let index = 0; index < pixels; index += 1) {
    result[index * 3] = planes[index] ?? 0;
    result[index * 3 + 1] = planes[pixels + index] ?? 0;
    result[index * 3 + 2] = planes[2 * pixels + index] ?? 0;
  }
  return result;
}

/** Native YBR_FULL_422 with its chroma repeated for each pixel; other frames as they are. */
export function unpacked422(frame: Frame): Frame {
  const { pixel, data } = frame;
  if (!isPacked422(pixel)) return frame;
  const result = new Uint8Array(pixel.rows * pixel.columns * 3);
  for (let from = 0, to = 0; to < result.length; from += 4, to += 6) {
    const blue = data[from + 2] ?? 0;
    const red = data[from + 3] ?? 0;
    result[to] = data[from] ?? 0;
    result[to + 1] = blue;
    result[to + 2] = red;
    if (to + 3 >= result.length) break;
    result[to + 3] = data[from + 1] ?? 0;
    result[to + 4] = blue;
    result[to + 5] = red;
  }
  return { pixel: { ...pixel, photometric: pixel.photometric.replace('_422', '') }, data: result };
}

/** Luma scale and offset, and what red, green and blue take of CB and CR. */
type Matrix = { scale: number; offset: number; red: number; greenBlue: number; greenRed: number; blue: number };

/** Inverses of the equations of PS3.3 C.7.6.3.1.2. */
const FULL: Matrix = { scale: 1, offset: 0, red: 1.402, greenBlue: -0.344136, greenRed: -0.714136, blue: 1.772 };
const PARTIAL: Matrix = { scale: 1.1644, offset: 16, red: 1.596, greenBlue: -0.3917, greenRed: -0.8129, blue: 2.0173 };

function fromYbr(ybr: Uint8Array, photometric: string): Uint8Array {
  const { scale, offset, red, greenBlue, greenRed, blue } = photometric.includes('PARTIAL') ? PARTIAL : FULL;
  const result = new Uint8ClampedArray(ybr.length);
  for (let index = 0; index + 2 < ybr.length; index += 3) {
    const y = scale * ((ybr[index] ?? 0) - offset);
    const cb = (ybr[index + 1] ?? 0) - 128;
    const cr = (ybr[index + 2] ?? 0) - 128;
    result[index] = y + red * cr;
    result[index + 1] = y + greenBlue * cb + greenRed * cr;
    result[index + 2] = y + blue * cb;
  }
  return new Uint8Array(result.buffer);
}
