// The shape of a pixel: its height over its width, from the spacing between pixels or from the Pixel Aspect Ratio
// (PS3.3 C.7.6.3.1.7), which is only meant for images without a spacing.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { groupOf, numbersOf } from '../attributes.ts';

const NOMINAL_SCANNED_PIXEL_SPACING = '00182010';
/** Row spacing and column spacing, in the order in which one goes before the other. */
const SPACINGS = [Tag.PixelSpacing, Tag.ImagerPixelSpacing, NOMINAL_SCANNED_PIXEL_SPACING];
/** A pixel more oblong than this is a mistake of its writer. */
const MOST = 100;

/** The aspect of the pixels of frame `n`; 1 where nothing says otherwise. */
export function pixelAspect(attributes: Dataset, n: number): number {
  const measures = groupOf(attributes, n, Tag.PixelMeasuresSequence);
  for (const tag of SPACINGS) {
    const aspect = ratioOf(tag === Tag.PixelSpacing ? measures : attributes, tag);
    if (aspect !== undefined) return aspect;
  }
  return ratioOf(attributes, Tag.PixelAspectRatio) ?? 1;
}

/** Vertical over horizontal; undefined where the attribute is missing or means nothing. */
export function ratioOf(dataset: Dataset, tag: string): number | undefined {
  const [vertical, horizontal] = numbersOf(dataset, tag);
  const ratio = (vertical ?? 0) / (horizontal ?? 0);
  return ratio > 1 / MOST && ratio < MOST ? ratio : undefined;
}
