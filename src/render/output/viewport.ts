// A picture into the viewport (PS3.18 8.3.5.1.3), by sharp: as large as fits, in the shape that it has on a display.

import sharp, { type Sharp } from 'sharp';
import { DicomError } from '../../dimse/errors.ts';
import type { Viewport } from '../options.ts';
import type { Picture } from '../picture.ts';

/** What of a picture its size in a viewport depends on. */
export type Extent = Pick<Picture, 'width' | 'height' | 'source' | 'aspect'>;

/** A picture at the size that a presentation state gave it, or in a viewport; without either, pixel by pixel. */
export function placed(picture: Picture, viewport: Viewport | undefined): Sharp {
  const { width, height, size } = picture;
  if (size) return width === size.width && height === size.height ? open(picture) : scaled(open(picture), width, size);
  return viewport ? intoViewport(picture, viewport) : open(picture);
}

function open({ data, width, height, channels }: Picture): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** Crops the region, mirrors it, and scales it to the largest size inside the viewport that keeps its aspect ratio. */
function intoViewport(picture: Picture, viewport: Viewport): Sharp {
  const { left, top, columns, rows } = regionOf(picture, viewport);
  const { width, height } = viewportSize(picture, viewport);
  let image = open(picture).extract({ left, top, width: columns, height: rows });
  if ((viewport.region?.height ?? 0) < 0) image = image.flip();
  if ((viewport.region?.width ?? 0) < 0) image = image.flop();
  return scaled(image, columns, { width, height });
}

function scaled(image: Sharp, columns: number, { width, height }: Size): Sharp {
  return image.resize({ width, height, fit: 'fill', kernel: width < columns ? 'lanczos3' : 'cubic' });
}

/**
 * The size that a picture has in a viewport.
 * @throws DicomError `malformed` for a region outside the picture
 */
export function viewportSize(picture: Extent, viewport: Viewport): Size {
  const region = regionOf(picture, viewport);
  const aspect = picture.aspect ?? 1;
  const scale = Math.min(viewport.width / region.width, viewport.height / (region.height * aspect));
  return {
    width: Math.max(1, Math.min(viewport.width, Math.round(region.width * scale))),
    height: Math.max(1, Math.min(viewport.height, Math.round(region.height * aspect * scale))),
  };
}

type Size = { width: number; height: number };

type Crop = { left: number; top: number; columns: number; rows: number; width: number; height: number };

/** The region in whole pixels of the picture, cut to it; `width` and `height` are those in the source picture. */
function regionOf(picture: Extent, { region }: Viewport): Crop {
  const { width, height, source } = picture;
  if (!region) return { left: 0, top: 0, columns: width, rows: height, ...source };
  const left = Math.floor(region.x);
  const top = Math.floor(region.y);
  const right = Math.min(width, region.width === undefined ? width : Math.round(region.x + Math.abs(region.width)));
  const bottom = Math.min(
    height,
    region.height === undefined ? height : Math.round(region.y + Math.abs(region.height)),
  );
  const columns = right - left;
  const rows = bottom - top;
  if (columns < 1 || rows < 1) {
    throw new DicomError('malformed', 'The parameter viewport names a region outside the picture', {
      field: 'viewport',
    });
  }
  return { left, top, columns, rows, width: columns, height: rows };
}
