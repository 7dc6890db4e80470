// A multi-frame image as one animated picture, at the speed it was taken or is meant to be shown with (PS3.3 C.7.6.5).

import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { numberOf, numbersOf } from '../attributes.ts';
import type { Codecs } from '../codec/wasm.ts';
import type { Image } from '../frames/image.ts';
import type { RenderOptions } from '../options.ts';
import { renderPicture } from '../picture.ts';
import { annotationOf } from '../text/annotation.ts';
import type { Typeface } from '../text/typeface.ts';
import { pixelAspect } from './aspect.ts';
import { encodePages, type Page, pageOf } from './encode.ts';
import { viewportSize } from './viewport.ts';

/** Pixels of all pages together: what is held in memory at once, three bytes each. */
const MAX_PIXELS = 64 * 1024 * 1024;
const DEFAULT_DELAY_MS = 100;
/** Browsers show a GIF page of less than 20 ms for 100 ms. */
const MIN_DELAY_MS = 20;

/**
 * Renders all frames into one animated GIF or WebP.
 * @throws DicomError `too-large` when the pages together are more than can be held; a smaller viewport helps
 */
export async function renderAnimation(
  image: Image,
  codecs: Codecs,
  typeface: Typeface,
  options: RenderOptions,
): Promise<Buffer> {
  const { columns: width, rows: height } = image.pixel;
  const source = { width, height };
  const aspect = pixelAspect(image.attributes, 1);
  const size = options.viewport ? viewportSize({ ...source, source, aspect }, options.viewport) : source;
  if (size.width * size.height * image.numberOfFrames > MAX_PIXELS) {
    throw new DicomError('too-large', `${image.numberOfFrames} frames are too many for one animation of this size`, {
      field: 'viewport',
    });
  }
  const pages: Page[] = [];
  for (let n = 1; n <= image.numberOfFrames; n += 1) {
    const overlay = annotationOf(image, n, options, typeface);
    pages.push(await pageOf(await renderPicture(image, n, codecs, options), options, overlay));
  }
  return encodePages(pages, delaysOf(image), options);
}

const FRAME_TIME_VECTOR = '00181065';

/** Frame Time Vector, Frame Time, Recommended Display Frame Rate or Cine Rate, in milliseconds a frame. */
function delaysOf({ attributes, numberOfFrames }: Image): number[] {
  const steps = numbersOf(attributes, FRAME_TIME_VECTOR);
  const rate = numberOf(attributes, Tag.RecommendedDisplayFrameRate) ?? numberOf(attributes, Tag.CineRate);
  const time = numberOf(attributes, Tag.FrameTime) || (rate ? 1000 / rate : DEFAULT_DELAY_MS);
  return Array.from({ length: numberOfFrames }, (_, index) => {
    // The vector has the time between a frame and the one before it; the last frame is shown as long as the one before.
    const step = steps[Math.min(index + 1, steps.length - 1)] ?? time;
    return Math.max(MIN_DELAY_MS, Math.round(step));
  });
}
