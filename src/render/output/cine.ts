// The speed that frames were taken or are meant to be shown with (PS3.3 C.7.6.5).

import { Tag } from '../../dimse/data/tags.ts';
import { numberOf, numbersOf } from '../attributes.ts';
import type { Image } from '../frames/image.ts';

const FRAME_TIME_VECTOR = '00181065';
/** Where nothing is said: slow enough to see every frame. */
const DEFAULT_MS = 100;
/** What lies outside of it is a mistake of its writer. */
const SHORTEST_MS = 1;
const LONGEST_MS = 60_000;

/** How long each frame is shown, in milliseconds: Frame Time Vector, Frame Time, Recommended Display Frame Rate or Cine Rate. */
export function frameTimes({ attributes, numberOfFrames }: Pick<Image, 'attributes' | 'numberOfFrames'>): number[] {
  const steps = numbersOf(attributes, FRAME_TIME_VECTOR);
  const rate = numberOf(attributes, Tag.RecommendedDisplayFrameRate) || numberOf(attributes, Tag.CineRate);
  const time = numberOf(attributes, Tag.FrameTime) || (rate ? 1000 / rate : DEFAULT_MS);
  return Array.from({ length: numberOfFrames }, (_, index) => {
    // The vector has the time between a frame and the one before it; the last frame is shown as long as the one before.
    const step = steps[Math.min(index + 1, steps.length - 1)] ?? time;
    return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, step));
  });
}
