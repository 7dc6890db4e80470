// What JPEG Baseline cannot hold as it is (PS3.5 8.2.1): colours of a palette, and YCbCr, whose encoder takes RGB.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import type { Frame } from '../codec/decode.ts';
import { renderColour } from '../colour/colour.ts';
import type { Image } from '../frames/image.ts';
import type { PixelDescription } from '../frames/pixel.ts';

const PALETTE = 'PALETTE COLOR';

/** A native frame with its colours as RGB of 8 bits by pixel; grey and RGB as they are, and what has more than 8 bits a colour. */
export function asRgb(image: Image, frame: Frame): Frame {
  const { photometric, samplesPerPixel, bitsAllocated } = frame.pixel;
  const isYbr = samplesPerPixel === 3 && bitsAllocated === 8 && /^YBR_(FULL|PARTIAL)/.test(photometric);
  if (photometric !== PALETTE && !isYbr) return frame;
  const pixel: PixelDescription = {
    ...frame.pixel,
    samplesPerPixel: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    signed: false,
    planar: 0,
    photometric: 'RGB',
  };
  return { pixel, data: renderColour(image, frame) };
}

/** Tables of a palette, and what is said of its indices. */
const OF_PALETTE: readonly string[] = [
  Tag.RedPaletteColorLookupTableDescriptor,
  Tag.GreenPaletteColorLookupTableDescriptor,
  Tag.BluePaletteColorLookupTableDescriptor,
  Tag.PaletteColorLookupTableUID,
  Tag.RedPaletteColorLookupTableData,
  Tag.GreenPaletteColorLookupTableData,
  Tag.BluePaletteColorLookupTableData,
  Tag.SegmentedRedPaletteColorLookupTableData,
  Tag.SegmentedGreenPaletteColorLookupTableData,
  Tag.SegmentedBluePaletteColorLookupTableData,
  '00280106', // Smallest Image Pixel Value
  '00280107', // Largest Image Pixel Value
  Tag.PixelPaddingValue,
  Tag.PixelPaddingRangeLimit,
];

/** A header without its palette, where the pixels have none any more (PS3.3 C.7.9). */
export function withoutPalette(dataset: Dataset, before: PixelDescription, now: PixelDescription): Dataset {
  if (before.photometric !== PALETTE || now.photometric === PALETTE) return dataset;
  return Object.fromEntries(Object.entries(dataset).filter(([tag]) => !OF_PALETTE.includes(tag)));
}
