// The rendering pipeline on one screen: frame → samples → LUTs or colour → shutter → picture (PS3.4 N.2, PS3.18 8.3.5.1).

import { groupOf } from './attributes.ts';
import type { Canvas } from './canvas/canvas.ts';
import { readShutter, type Shutter, shuttered } from './canvas/shutter.ts';
import { decodeFrame, type Frame } from './codec/decode.ts';
import type { Reduction } from './codec/jpeg2000.ts';
import type { Codecs } from './codec/wasm.ts';
import { renderColour } from './colour/colour.ts';
import { renderColourRange } from './colour/colour-range.ts';
import { renderSegmentation } from './colour/segmentation.ts';
import { supplementalPalette, withSupplementalColours } from './colour/supplemental-palette.ts';
import type { Image } from './frames/image.ts';
import { hasVoi, renderGray } from './gray/gray.ts';
import { storedProfile } from './icc/stored-profile.ts';
import type { RenderOptions } from './options.ts';
import { pixelAspect } from './output/aspect.ts';
import type { Scratch } from './scratch.ts';

/** A picture that is still uncropped and unscaled. */
export type Picture = Canvas & {
  /** The size of the image that it is a picture of, where it was decoded at a lower resolution. */
  source: { width: number; height: number };
  /** The height of a pixel over its width, 1 when absent. */
  aspect?: number;
  /** The ICC profile that its colours are in; looked for where one is asked for. */
  profile?: Uint8Array;
  /** The size that it is to be scaled to, whatever the viewport. */
  size?: { width: number; height: number };
};

/** Renders frame `n` (1-based) of an image to a picture; with `scratch` it may lie there, until the thread's next one. */
export async function renderPicture(
  image: Image,
  n: number,
  codecs: Codecs,
  options: RenderOptions,
  scratch?: Scratch,
): Promise<Picture> {
  const aspect = pixelAspect(image.attributes, n);
  const shutter = shutterOf(image, n, aspect);
  const reduction = shutter ? undefined : reductionFor(image, n, options, aspect);
  const frame = await decodeFrame(image, n, codecs, reduction, scratch);
  const picture: Picture = { ...colours(image, frame, n, options), source: sourceSize(image, frame.pixel), aspect };
  const profile = options.iccProfile === undefined ? undefined : await storedProfile(image, n);
  return { ...(shutter ? shuttered(picture, shutter) : picture), ...(profile && { profile }) };
}

/** The picture of a frame by what its image says of itself. */
export function colours(image: Image, frame: Frame, n: number, { window, depth }: Tones = {}): Canvas {
  const { rows: height, columns: width, photometric } = frame.pixel;
  if (photometric !== 'MONOCHROME1' && photometric !== 'MONOCHROME2') {
    return { width, height, channels: 3, data: renderColour(image, frame) };
  }
  const segments = renderSegmentation(image, frame, n);
  if (segments) return { width, height, channels: 3, data: segments };
  // Who asks for a window wants to see the values.
  const mapped = window ? undefined : renderColourRange(image, frame, n);
  if (mapped) return { width, height, channels: 3, data: mapped };
  const palette = supplementalPalette(image, frame, n);
  if (palette) {
    const data = withSupplementalColours(frame, renderGray(image, frame, n, window), palette);
    return { width, height, channels: 3, data };
  }
  return { width, height, channels: 1, data: renderGray(image, frame, n, window, depth) };
}

type Tones = Pick<RenderOptions, 'window' | 'depth'>;

/** The shutter of a classic image, or of a frame of an enhanced one. */
function shutterOf({ attributes }: Image, n: number, aspect: number): Shutter | undefined {
  return readShutter(groupOf(attributes, n, FRAME_DISPLAY_SHUTTER_SEQUENCE), n, aspect);
}

const FRAME_DISPLAY_SHUTTER_SEQUENCE = '00189472';

function sourceSize(image: Image, decoded: { rows: number; columns: number }): { width: number; height: number } {
  const { rows, columns } = image.pixel;
  const reduced = decoded.columns < columns && decoded.rows < rows;
  return reduced ? { width: columns, height: rows } : { width: decoded.columns, height: decoded.rows };
}

/**
 * A whole picture that is to be shown smaller need not be decoded in full. Where its contrast comes from the samples'
 * own range this would change it, so that only thumbnails may.
 */
function reductionFor(image: Image, n: number, options: RenderOptions, aspect: number): Reduction | undefined {
  const { viewport, window, thumbnail } = options;
  if (!viewport || viewport.region) return undefined;
  const fixed = image.pixel.samplesPerPixel > 1 || window !== undefined || thumbnail === true || hasVoi(image, n);
  if (!fixed) return undefined;
  const { rows, columns } = image.pixel;
  const scale = Math.min(viewport.width / columns, viewport.height / (rows * aspect)) * Math.max(1, aspect);
  return scale < 1 ? { columns: Math.ceil(columns * scale), rows: Math.ceil(rows * scale) } : undefined;
}
