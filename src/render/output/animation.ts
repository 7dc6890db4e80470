// A multi-frame image as one animated picture.

import { DicomError } from '../../dimse/errors.ts';
import type { Codecs } from '../codec/wasm.ts';
import type { Image } from '../frames/image.ts';
import type { RenderOptions } from '../options.ts';
import { renderPicture } from '../picture.ts';
import type { Scratch } from '../scratch.ts';
import { annotationOf } from '../text/annotation.ts';
import type { Typeface } from '../text/typeface.ts';
import { pixelAspect } from './aspect.ts';
import { frameTimes } from './cine.ts';
import { encodePages, type Page, pageOf } from './encode.ts';
import { viewportSize } from './viewport.ts';

/** Pixels of all pages together: what is held in memory at once, three bytes each. */
const MAX_PIXELS = 64 * 1024 * 1024;
/** Browsers show a GIF page of less than 20 ms for 100 ms. */
const MIN_DELAY_MS = 20;

/** What a worker thread keeps; each frame lies in `scratch` until it is a page. */
type Tools = { codecs: Codecs; typeface: Typeface; scratch: Scratch };

/**
 * Renders all frames into one animated GIF or WebP.
 * @throws DicomError `too-large` when the pages together are more than can be held; a smaller viewport helps
 */
export async function renderAnimation(
  image: Image,
  { codecs, typeface, scratch }: Tools,
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
    pages.push(await pageOf(await renderPicture(image, n, codecs, options, scratch), options, overlay));
  }
  const delays = frameTimes(image).map((time) => Math.max(MIN_DELAY_MS, Math.round(time)));
  return encodePages(pages, delays, options);
}
