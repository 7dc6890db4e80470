// Where a state puts the picture: Spatial Transformation and Displayed Area (PS3.3 C.10.6, C.10.4). Points of the image are
// counted in pixels from the top left corner of its first pixel, so that its last corner is columns, rows.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { numberOf, numbersOf, textOf } from '../attributes.ts';
import { ratioOf } from '../output/aspect.ts';
import { itemsFor, type Target } from './references.ts';

/** Clockwise rotation in degrees, after which the picture may be mirrored left to right (PS3.4 N.2.3.3). */
export type Orientation = { rotation: 0 | 90 | 180 | 270; mirrored: boolean };

/** A rectangle in pixels; the last corner lies outside of it. */
export type Area = { left: number; top: number; right: number; bottom: number };

/** What of the picture is shown, before it is turned; how it is turned; and the size it then gets. */
export type Placement = { area: Area; orientation: Orientation; width: number; height: number };

type Size = { width: number; height: number };

const ROTATIONS = [0, 90, 180, 270] as const;
/** Sides of a picture, and pixels of an area, that can be made. */
const MAX_SIDE = 8192;

/** The orientation that a state asks for. */
export function orientationOf(state: Dataset): Orientation {
  const degrees = (((numberOf(state, Tag.ImageRotation) ?? 0) % 360) + 360) % 360;
  const rotation = ROTATIONS.find((one) => one === degrees) ?? 0;
  return { rotation, mirrored: textOf(state, Tag.ImageHorizontalFlip) === 'Y' };
}

/**
 * The placement that a state asks for. SCALE TO FIT and TRUE SIZE fill the viewport, and without one keep the pixels as they
 * are; MAGNIFY enlarges as it says and then shows as much from the top left as the viewport holds (PS3.18 8.3.5.1.6).
 * @throws DicomError `too-large` for an area or a magnification that cannot be made
 */
export function placementOf(state: Dataset, image: Size, aspect: number, target: Target, viewport?: Size): Placement {
  const item = itemsFor(state, Tag.DisplayedAreaSelectionSequence, target)[0] ?? {};
  const orientation = orientationOf(state);
  const area = areaOf(item, image);
  const turned = orientation.rotation === 90 || orientation.rotation === 270;
  const upright = ratioOf(item, Tag.PresentationPixelSpacing) ?? ratioOf(item, Tag.PresentationPixelAspectRatio);
  const shape = turned ? 1 / (upright ?? aspect) : (upright ?? aspect);
  const [columns, rows] = [area.right - area.left, area.bottom - area.top];
  const pixels = turned ? { width: rows, height: columns } : { width: columns, height: rows };
  const ratio = numberOf(item, Tag.PresentationPixelMagnificationRatio);
  if (textOf(item, Tag.PresentationSizeMode) === 'MAGNIFY' && ratio !== undefined && ratio > 0) {
    return magnified({ area, orientation, ...pixels }, ratio, shape, viewport);
  }
  return bounded({ area, orientation, ...(viewport ? fitted(pixels, shape, viewport) : pixels) });
}

/** The corners may be given in any order: which of them is at the top left depends on the orientation. */
function areaOf(item: Dataset, { width, height }: Size): Area {
  const [x1 = 1, y1 = 1] = numbersOf(item, Tag.DisplayedAreaTopLeftHandCorner);
  const [x2 = width, y2 = height] = numbersOf(item, Tag.DisplayedAreaBottomRightHandCorner);
  const [left, right] = [Math.min(x1, x2) - 1, Math.max(x1, x2)];
  const [top, bottom] = [Math.min(y1, y2) - 1, Math.max(y1, y2)];
  if (right - left > MAX_SIDE || bottom - top > MAX_SIDE) {
    throw new DicomError('too-large', 'The displayed area is beyond the limit', {
      field: 'DisplayedAreaSelectionSequence',
    });
  }
  return { left, top, right, bottom };
}

function fitted(pixels: Size, aspect: number, viewport: Size): Size {
  const scale = Math.min(viewport.width / pixels.width, viewport.height / (pixels.height * aspect));
  return {
    width: Math.max(1, Math.min(viewport.width, Math.round(pixels.width * scale))),
    height: Math.max(1, Math.min(viewport.height, Math.round(pixels.height * aspect * scale))),
  };
}

function magnified(placement: Placement, ratio: number, aspect: number, viewport?: Size): Placement {
  const { area, orientation } = placement;
  const across = Math.min(placement.width, Math.ceil((viewport?.width ?? MAX_SIDE) / ratio));
  const down = Math.min(placement.height, Math.ceil((viewport?.height ?? MAX_SIDE) / (ratio * aspect)));
  return bounded({
    area: topLeftOf(area, orientation, across, down),
    orientation,
    width: Math.round(across * ratio),
    height: Math.max(1, Math.round(down * ratio * aspect)),
  });
}

/** The part of an area that is at the top left once it is turned. */
function topLeftOf(area: Area, { rotation, mirrored }: Orientation, across: number, down: number): Area {
  const turned = rotation === 90 || rotation === 270;
  const [columns, rows] = turned ? [down, across] : [across, down];
  // Without mirroring: which end of the image's columns and rows comes first, in the picture's own directions.
  const lastColumn = turned ? rotation === 270 : (rotation === 180) !== mirrored;
  const lastRow = turned ? (rotation === 90) !== mirrored : rotation === 180;
  const left = lastColumn ? area.right - columns : area.left;
  const top = lastRow ? area.bottom - rows : area.top;
  return { left, top, right: left + columns, bottom: top + rows };
}

function bounded(placement: Placement): Placement {
  if (placement.width > MAX_SIDE || placement.height > MAX_SIDE) {
    throw new DicomError('too-large', 'The magnified picture is beyond the limit', {
      field: 'PresentationPixelMagnificationRatio',
    });
  }
  return placement;
}

/** A point of the image where the placement puts it, in pixels of the finished picture. */
export type Mapping = (x: number, y: number) => [x: number, y: number];

/** From points of the image to points of the finished picture. */
export function mappingOf({ area, orientation, width, height }: Placement): Mapping {
  const { rotation, mirrored } = orientation;
  const [columns, rows] = [area.right - area.left, area.bottom - area.top];
  return (x, y) => {
    const [u, v] = [(x - area.left) / columns, (y - area.top) / rows];
    const [across, down] =
      rotation === 0 ? [u, v] : rotation === 90 ? [1 - v, u] : rotation === 180 ? [1 - u, 1 - v] : [v, 1 - u];
    return [(mirrored ? 1 - across : across) * width, down * height];
  };
}
