// Supplemental palettes (PS3.3 C.7.6.19): a grey picture whose upper values are colours, as in perfusion maps. Values below
// the first mapped one stay grey through the VOI, the others are looked up and not touched by any window.

import { Tag } from '../../dimse/data/tags.ts';
import { groupOf, textOf } from '../attributes.ts';
import type { Frame } from '../codec/decode.ts';
import type { Image } from '../frames/image.ts';
import { samplesOf } from '../gray/samples.ts';
import { lookUp } from '../gray/voi.ts';
import { type Palette, readPalette } from './palette.ts';

/** CT, MR and PET Image Frame Type Sequence, where a frame says whether it has colours. */
const FRAME_TYPES = ['00189329', '00189226', '00189751'];

/** The palette of a monochrome frame whose Pixel Presentation promises colours. */
export function supplementalPalette(image: Image, frame: Frame, n: number): Palette | undefined {
  const { attributes } = image;
  const types = FRAME_TYPES.map((tag) => groupOf(attributes, n, tag)).filter((group) => group !== attributes);
  const presentation =
    textOf(types[0] ?? attributes, Tag.PixelPresentation) ?? textOf(attributes, Tag.PixelPresentation);
  return presentation === 'COLOR' || presentation === 'MIXED' ? readPalette(attributes, frame.pixel.signed) : undefined;
}

/** RGB of a frame: the grey of each pixel, or its colour. */
export function withSupplementalColours(frame: Frame, gray: ArrayLike<number>, palette: Palette): Uint8Array {
  const { cells, extract } = samplesOf(frame);
  const result = new Uint8Array(gray.length * 3);
  const [red, green, blue] = palette;
  for (let index = 0, to = 0; index < gray.length; index += 1, to += 3) {
    const stored = extract(cells[index] ?? 0);
    const shade = gray[index] ?? 0;
    const coloured = stored >= red.first;
    result[to] = coloured ? lookUp(red, stored) : shade;
    result[to + 1] = coloured ? lookUp(green, stored) : shade;
    result[to + 2] = coloured ? lookUp(blue, stored) : shade;
  }
  return result;
}
