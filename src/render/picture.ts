// The rendering pipeline on one screen: frame → samples → LUTs or colour → 8-bit picture (PS3.4 N.2, PS3.18 8.3.5.1).

import type { Reduction } from './codec/jpeg2000.ts';
import type { Codecs } from './codec/wasm.ts';
import { renderColour } from './colour.ts';
import { decodeFrame } from './decode.ts';
import { hasVoi, renderGray } from './gray.ts';
import type { Image } from './image.ts';
import type { RenderOptions } from './options.ts';
import { supplementalPalette, withSupplementalColours } from './supplemental-palette.ts';

/** A picture of one (grey) or three (RGB) bytes a pixel. `scale` is its size relative to the source picture. */
export type Picture = {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
  source: { width: number; height: number };
};

/** Renders frame `n` (1-based) of an image to a picture, still uncropped. */
export async function renderPicture(image: Image, n: number, codecs: Codecs, options: RenderOptions): Promise<Picture> {
  const frame = await decodeFrame(image, n, codecs, reductionFor(image, n, options));
  const { rows: height, columns: width, photometric } = frame.pixel;
  const size = { width, height, source: sourceSize(image, frame.pixel) };
  if (photometric === 'MONOCHROME1' || photometric === 'MONOCHROME2') {
    const gray = renderGray(image, frame, n, options.window);
    const palette = supplementalPalette(image, frame, n);
    return palette
      ? { ...size, channels: 3, data: withSupplementalColours(frame, gray, palette) }
      : { ...size, channels: 1, data: gray };
  }
  return { ...size, channels: 3, data: renderColour(image, frame) };
}

function sourceSize(image: Image, decoded: { rows: number; columns: number }): { width: number; height: number } {
  const { rows, columns } = image.pixel;
  const reduced = decoded.columns < columns && decoded.rows < rows;
  return reduced ? { width: columns, height: rows } : { width: decoded.columns, height: decoded.rows };
}

/**
 * A whole picture that is to be shown smaller need not be decoded in full. Where its contrast comes from the samples'
 * own range this would change it, so that only thumbnails may.
 */
function reductionFor(image: Image, n: number, options: RenderOptions): Reduction | undefined {
  const { viewport, window, thumbnail } = options;
  if (!viewport || viewport.region) return undefined;
  const fixed = image.pixel.samplesPerPixel > 1 || window !== undefined || thumbnail === true || hasVoi(image, n);
  if (!fixed) return undefined;
  const { rows, columns } = image.pixel;
  const scale = Math.min(viewport.width / columns, viewport.height / rows);
  return scale < 1 ? { columns: Math.ceil(columns * scale), rows: Math.ceil(rows * scale) } : undefined;
}
