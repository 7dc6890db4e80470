// Where a state puts the picture: Spatial Transformation and Displayed Area (PS3.3 C.10.6, C.10.4). Points of the image are
// counted in pixels from the top left corner of its first pixel, so that its last corner is columns, rows.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { numberOf, numbersOf, textOf } from '../attributes.ts';
import type { Part } from '../options.ts';
import { ratioOf } from '../output/aspect.ts';
import { itemsFor, type Target } from './references.ts';

/** Clockwise rotation in degrees, after which the picture may be mirrored left to right (PS3.4 N.2.3.3). */
export type Orientation = { rotation: 0 | 90 | 180 | 270; mirrored: boolean };

/** A rectangle in pixels; the last corner lies outside of it. */
export type Area = { left: number; top: number; right: number; bottom: number };

/** What of the picture is shown, before it is turned; how it is turned; the size it then gets; and which part of what the state shows it is. */
export type Placement = { area: Area; orientation: Orientation; width: number; height: number; part: Part };

type Size = { width: number; height: number };
/** A rectangle in pixels of the turned picture. */
type Rectangle = Size & { x: number; y: number };
/** What is asked for of the picture under a state: its region first, then its size (PS3.18 9.5.2.4). */
type Wish = { part?: Part; viewport?: Size };

const WHOLE: Part = { xmin: 0, ymin: 0, xmax: 1, ymax: 1 };

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
export function placementOf(state: Dataset, image: Size, aspect: number, target: Target, wish: Wish = {}): Placement {
  const item = itemsFor(state, Tag.DisplayedAreaSelectionSequence, target)[0] ?? {};
  const orientation = orientationOf(state);
  const { area, part } = partOf(areaOf(item, image), orientation, wish.part);
  const { viewport } = wish;
  const turned = orientation.rotation === 90 || orientation.rotation === 270;
  const upright = ratioOf(item, Tag.PresentationPixelSpacing) ?? ratioOf(item, Tag.PresentationPixelAspectRatio);
  const shape = turned ? 1 / (upright ?? aspect) : (upright ?? aspect);
  const [columns, rows] = [area.right - area.left, area.bottom - area.top];
  const pixels = turned ? { width: rows, height: columns } : { width: columns, height: rows };
  const ratio = numberOf(item, Tag.PresentationPixelMagnificationRatio);
  if (textOf(item, Tag.PresentationSizeMode) === 'MAGNIFY' && ratio !== undefined && ratio > 0) {
    return magnified({ area, orientation, part, ...pixels }, ratio, shape, viewport);
  }
  return bounded({ area, orientation, part, ...(viewport ? fitted(pixels, shape, viewport) : pixels) });
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

/** The area of a part of what is shown, in whole pixels, and which part that is to the pixel. */
function partOf(area: Area, orientation: Orientation, part: Part = WHOLE): { area: Area; part: Part } {
  const turned = orientation.rotation === 90 || orientation.rotation === 270;
  const [columns, rows] = [area.right - area.left, area.bottom - area.top];
  const [width, height] = turned ? [rows, columns] : [columns, rows];
  const [x, y] = [Math.floor(part.xmin * width), Math.floor(part.ymin * height)];
  const [right, bottom] = [
    Math.max(x + 1, Math.round(part.xmax * width)),
    Math.max(y + 1, Math.round(part.ymax * height)),
  ];
  return {
    area: cutFrom(area, orientation, { x, y, width: right - x, height: bottom - y }),
    part: { xmin: x / width, ymin: y / height, xmax: right / width, ymax: bottom / height },
  };
}

function fitted(pixels: Size, aspect: number, viewport: Size): Size {
  const scale = Math.min(viewport.width / pixels.width, viewport.height / (pixels.height * aspect));
  return {
    width: Math.max(1, Math.min(viewport.width, Math.round(pixels.width * scale))),
    height: Math.max(1, Math.min(viewport.height, Math.round(pixels.height * aspect * scale))),
  };
}

function magnified(placement: Placement, ratio: number, aspect: number, viewport?: Size): Placement {
  const { area, orientation, part } = placement;
  const across = Math.min(placement.width, Math.ceil((viewport?.width ?? MAX_SIDE) / ratio));
  const down = Math.min(placement.height, Math.ceil((viewport?.height ?? MAX_SIDE) / (ratio * aspect)));
  return bounded({
    area: cutFrom(area, orientation, { x: 0, y: 0, width: across, height: down }),
    orientation,
    part,
    width: Math.round(across * ratio),
    height: Math.max(1, Math.round(down * ratio * aspect)),
  });
}

/** The part of an area that a rectangle holds once the area is turned. */
function cutFrom(area: Area, { rotation, mirrored }: Orientation, { x, y, width, height }: Rectangle): Area {
  const turned = rotation === 90 || rotation === 270;
  const [column, columns, row, rows] = turned ? [y, height, x, width] : [x, width, y, height];
  // Which end of the image's columns and rows comes first, in the picture's own directions.
  const lastColumn = turned ? rotation === 270 : (rotation === 180) !== mirrored;
  const lastRow = turned ? (rotation === 90) !== mirrored : rotation === 180;
  const left = lastColumn ? area.right - column - columns : area.left + column;
  const top = lastRow ? area.bottom - row - rows : area.top + row;
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
