// The images that a presentation state is about (PS3.3 C.11.11), and which parts of it hold for which of them.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { itemsOf, numbersOf, textOf } from '../attributes.ts';

/** An image that a state refers to; without `frames` all of its frames. */
export type Reference = { series: string; instance: string; frames?: readonly number[] };

/** A frame of an image, 1-based. */
export type Target = { instance: string; frame: number };

const SERIES_INSTANCE_UID = '0020000E';

/** The images of a data set's Referenced Series Sequence, in the order in which they stand there. */
export function referencesIn(dataset: Dataset): Reference[] {
  return itemsOf(dataset, Tag.ReferencedSeriesSequence).flatMap((item) => {
    const series = textOf(item, SERIES_INSTANCE_UID);
    if (series === undefined) return [];
    return itemsOf(item, Tag.ReferencedImageSequence).flatMap((image): Reference[] => {
      const instance = textOf(image, Tag.ReferencedSOPInstanceUID);
      const frames = numbersOf(image, Tag.ReferencedFrameNumber);
      if (instance === undefined) return [];
      return [{ series, instance, ...(frames.length > 0 && { frames }) }];
    });
  });
}

/** The items of a sequence that hold for a frame: those that name it, or name no image at all. */
export function itemsFor(dataset: Dataset, sequence: string, target: Target): Dataset[] {
  return itemsOf(dataset, sequence).filter((item) => holdsFor(item, target));
}

function holdsFor(item: Dataset, { instance, frame }: Target): boolean {
  const images = itemsOf(item, Tag.ReferencedImageSequence);
  if (images.length === 0) return true;
  return images.some((image) => {
    const frames = numbersOf(image, Tag.ReferencedFrameNumber);
    const named = textOf(image, Tag.ReferencedSOPInstanceUID) === instance;
    return named && (frames.length === 0 || frames.includes(frame));
  });
}
