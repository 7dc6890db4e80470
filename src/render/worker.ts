// What runs in a worker thread: one job in, bytes or a described failure out. Only places and options come in, so that
// no pixel crosses between threads but those of the result.

import { LRUCache } from 'lru-cache';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import sharp from 'sharp';
import { JpegBaseline } from '../dimse/data/transfer-syntax.ts';
import { DicomError, type DicomErrorKind } from '../dimse/errors.ts';
import { asDeclared } from './codec/declared.ts';
import { decodeFrame, nativeFrame } from './codec/decode.ts';
import { encodeFrame } from './codec/encode.ts';
import { Codecs } from './codec/wasm.ts';
import { unpacked422 } from './colour/colour.ts';
import { type Image, openImage, readAttributes, versionOf } from './frames/image.ts';
import type { PixelDescription } from './frames/pixel.ts';
import type { Place } from './frames/source.ts';
import { pictureOfPixmap } from './movie/pixmap.ts';
import type { RenderOptions } from './options.ts';
import { renderAnimation } from './output/animation.ts';
import { pixelAspect } from './output/aspect.ts';
import { encodePicture, evened, type Overlay, pageOf } from './output/encode.ts';
import { renderPicture } from './picture.ts';
import { present } from './presentation/present.ts';
import { openPresentationState } from './presentation/state.ts';
import { type ReportMediaType, renderReport } from './report/report.ts';
import { Scratch } from './scratch.ts';
import { annotationOf } from './text/annotation.ts';
import { iconOf } from './text/icon.ts';
import { Typeface } from './text/typeface.ts';
import { asRgb } from './transcode/as-rgb.ts';
import { type PlotMediaType, renderWaveform } from './waveform/render.ts';

/** Work for a thread. Frames are 1-based. */
export type Job =
  | { task: 'render'; path: Place; frame: number; options: RenderOptions }
  | { task: 'present'; state: Place; path: Place; frame: number; options: RenderOptions }
  | { task: 'animate'; path: Place; options: RenderOptions }
  | { task: 'page'; path: Place; frame: number; options: RenderOptions }
  | { task: 'still'; path: string; frame: number; pixmap: Uint8Array; options: RenderOptions }
  | { task: 'icon'; word: string; options: RenderOptions }
  | { task: 'report'; path: Place; mediaType: ReportMediaType; base: string }
  | { task: 'plot'; path: Place; mediaType: PlotMediaType; options: Omit<RenderOptions, 'mediaType'> }
  /** `declared`: in the colour space and the order that the header declares. */
  | { task: 'decode'; path: Place; frame: number; declared?: true }
  /** `whole`: with a header of its own, which can say that colours are others. */
  | { task: 'encode'; path: Place; frame: number; transferSyntaxUid: string; whole?: true };

/** Bytes, and what they are: of a decoded or encoded frame the description of its samples, of a page its size. */
export type Product = { bytes: Uint8Array; pixel?: PixelDescription; size?: { width: number; height: number } };

/** An error cannot cross threads with its fields: it goes as plain data. */
export type Outcome = Product | { failure: { kind: DicomErrorKind; message: string; field?: string } };

const IMAGES_KEPT = 8;

sharp.cache(false);
sharp.concurrency(1);

const images = new LRUCache<string, Image>({ max: IMAGES_KEPT });
const codecs = new Codecs();
const scratch = new Scratch();
const typeface = new Typeface();

/** Runs one job. */
export default async function run(job: Job): Promise<unknown> {
  try {
    const { bytes, ...rest } = await perform(job);
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
    const outcome: Outcome = { bytes: whole, ...rest };
    return move({ [transferableSymbol]: [whole.buffer], [valueSymbol]: outcome });
  } catch (error) {
    return { failure: describe(error) } satisfies Outcome;
  }
}

async function perform(job: Job): Promise<Product> {
  if (job.task === 'icon') {
    return { bytes: new Uint8Array(await encodePicture(await iconOf(job.word, typeface), job.options, codecs)) };
  }
  if (job.task === 'report') {
    return { bytes: new Uint8Array(renderReport(await readAttributes(job.path), job.mediaType, job.base)) };
  }
  if (job.task === 'plot') {
    const attributes = await readAttributes(job.path);
    return {
      bytes: new Uint8Array(await renderWaveform(attributes, job.mediaType, job.options, { codecs, typeface })),
    };
  }
  const image = await opened(job.path);
  switch (job.task) {
    case 'render': {
      const picture = await renderPicture(image, job.frame, codecs, job.options, scratch);
      const overlay = annotationOf(image, job.frame, job.options, typeface);
      // Copied: memory of a native addon cannot be handed to another thread.
      return { bytes: new Uint8Array(await encodePicture(picture, job.options, codecs, overlay)) };
    }
    case 'present': {
      const state = await openPresentationState(job.state);
      const tools = { codecs, typeface, scratch };
      const { picture, options, overlay } = await present(state, image, job.frame, tools, job.options);
      const annotation = annotationOf(image, job.frame, options, typeface);
      return { bytes: new Uint8Array(await encodePicture(picture, options, codecs, both(overlay, annotation))) };
    }
    case 'page': {
      const picture = await renderPicture(image, job.frame, codecs, job.options, scratch);
      const overlay = annotationOf(image, job.frame, job.options, typeface);
      const { data, info } = await evened(await pageOf(picture, job.options, overlay));
      return { bytes: new Uint8Array(data), size: { width: info.width, height: info.height } };
    }
    case 'still': {
      const picture = pictureOfPixmap(job.pixmap, pixelAspect(image.attributes, 1));
      const overlay = annotationOf(image, job.frame, job.options, typeface);
      return { bytes: new Uint8Array(await encodePicture(picture, job.options, codecs, overlay)) };
    }
    case 'animate':
      return { bytes: new Uint8Array(await renderAnimation(image, { codecs, typeface, scratch }, job.options)) };
    case 'decode': {
      const native = nativeFrame(await decodeFrame(image, job.frame, codecs), image.pixel);
      const { pixel, data } = job.declared ? asDeclared(native, image.pixel) : native;
      return { bytes: data, pixel };
    }
    case 'encode': {
      const native = nativeFrame(await decodeFrame(image, job.frame, codecs), image.pixel);
      const isChanged = job.transferSyntaxUid === JpegBaseline && job.whole === true;
      const { pixel, data } = isChanged ? asRgb(image, native) : unpacked422(native);
      const { bytes, photometric } = await encodeFrame(job.transferSyntaxUid, pixel, data, codecs);
      return { bytes, pixel: { ...pixel, photometric } };
    }
  }
}

/** One overlay over another, where there are two (PS3.18 8.3.5.1: annotation comes last). */
function both(below: Overlay | undefined, above: Overlay | undefined): Overlay | undefined {
  if (!below || !above) return below ?? above;
  return (width, height) => {
    const size = `width="${width}" height="${height}"`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${below(width, height)}${above(width, height)}</svg>`;
  };
}

async function opened(path: Place): Promise<Image> {
  // Bytes come from a disk that fails: they are not kept here, too.
  if (typeof path !== 'string') return openImage(path);
  const version = versionOf(path);
  const known = images.get(version);
  if (known) return known;
  const image = await openImage(path);
  images.set(version, image);
  return image;
}

function describe(error: unknown): { kind: DicomErrorKind; message: string; field?: string } {
  if (error instanceof DicomError) {
    const { kind, message, field } = error;
    return { kind, message, ...(field !== undefined && { field }) };
  }
  return { kind: 'corrupt', message: 'The image cannot be processed' };
}
