// Display shutters (PS3.3 C.7.6.11, C.7.6.15): what lies outside of them is covered with one shade. Several shapes combine:
// only what is inside all of them is seen.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { numberOf, numbersOf } from '../attributes.ts';
import { cielabOf, type Rgb } from '../colour/cielab.ts';
import { type Canvas, canvasFor, fill } from './canvas.ts';
import { isSet, OVERLAY_GROUPS, type Overlay, readOverlay } from './overlay.ts';

/** Says of a pixel, 0-based, whether a shape leaves it to be seen. */
type Shape = (column: number, row: number) => boolean;

/** A shutter: its shapes, and the colour that covers what they leave out. */
export type Shutter = { shapes: Shape[]; colour: Rgb };

const SHUTTER_OVERLAY_GROUP = '00181623';
const PRESENTATION_COLOUR = '00181624';

/**
 * The shutter of a data set for frame `n`; undefined without one. `aspect` is the height of a pixel over its width, since the
 * radius of a circle is counted along a row.
 */
export function readShutter(dataset: Dataset, n: number, aspect = 1): Shutter | undefined {
  const names = (dataset[Tag.ShutterShape]?.Value ?? []).map((value) => String(value).trim());
  const shapes = names.map((name) => shapeOf(name, dataset, n, aspect)).filter((shape) => shape !== undefined);
  if (shapes.length === 0) return undefined;
  const level = Math.round((numberOf(dataset, Tag.ShutterPresentationValue) ?? 0) / 257);
  return { shapes, colour: cielabOf(dataset, PRESENTATION_COLOUR) ?? [level, level, level] };
}

function shapeOf(name: string, dataset: Dataset, n: number, aspect: number): Shape | undefined {
  switch (name) {
    case 'RECTANGULAR':
      return rectangle(dataset);
    case 'CIRCULAR':
      return circle(dataset, aspect);
    case 'POLYGONAL':
      return polygon(numbersOf(dataset, Tag.VerticesOfThePolygonalShutter));
    case 'BITMAP':
      return bitmap(overlayOf(dataset, n));
    default:
      return undefined;
  }
}

/** The edges are part of what is seen. */
function rectangle(dataset: Dataset): Shape {
  const left = numberOf(dataset, Tag.ShutterLeftVerticalEdge) ?? Number.NEGATIVE_INFINITY;
  const right = numberOf(dataset, Tag.ShutterRightVerticalEdge) ?? Number.POSITIVE_INFINITY;
  const upper = numberOf(dataset, Tag.ShutterUpperHorizontalEdge) ?? Number.NEGATIVE_INFINITY;
  const lower = numberOf(dataset, Tag.ShutterLowerHorizontalEdge) ?? Number.POSITIVE_INFINITY;
  return (column, row) => column + 1 >= left && column + 1 <= right && row + 1 >= upper && row + 1 <= lower;
}

function circle(dataset: Dataset, aspect: number): Shape | undefined {
  const [centerRow, centerColumn] = numbersOf(dataset, Tag.CenterOfCircularShutter);
  const radius = numberOf(dataset, Tag.RadiusOfCircularShutter);
  if (centerRow === undefined || centerColumn === undefined || radius === undefined) return undefined;
  return (column, row) => Math.hypot(column + 1 - centerColumn, (row + 1 - centerRow) * aspect) <= radius;
}

/** Vertices as row and column in turns; the last one is joined to the first. */
function polygon(vertices: number[]): Shape | undefined {
  const corners: [column: number, row: number][] = [];
  for (let at = 0; at + 1 < vertices.length; at += 2) corners.push([vertices[at + 1] ?? 0, vertices[at] ?? 0]);
  if (corners.length < 3) return undefined;
  let crossings: number[][] = [];
  let crossedRow = Number.NaN;
  return (column, row) => {
    if (row !== crossedRow)
      crossings = [crossingsOf(corners, (y) => y > row + 1, row), crossingsOf(corners, (y) => y >= row + 1, row)];
    crossedRow = row;
    return crossings.some((xs) => xs.includes(column + 1) || xs.filter((x) => x < column + 1).length % 2 === 1);
  };
}

/**
 * Where the edges of a polygon cross a row. What `below` says of a corner on the row decides whether edges that only touch it
 * count: asked both ways, the edges are part of what is seen.
 */
function crossingsOf(corners: [column: number, row: number][], below: (y: number) => boolean, row: number): number[] {
  return corners.flatMap(([x1, y1], index) => {
    const [x2, y2] = corners[(index + 1) % corners.length] ?? [x1, y1];
    return below(y1) === below(y2) ? [] : [x1 + ((row + 1 - y1) * (x2 - x1)) / (y2 - y1)];
  });
}

function overlayOf(dataset: Dataset, n: number): Overlay | undefined {
  const group = numberOf(dataset, SHUTTER_OVERLAY_GROUP)?.toString(16).toUpperCase();
  return group !== undefined && OVERLAY_GROUPS.includes(group) ? readOverlay(dataset, group, n) : undefined;
}

/** Ones are covered (C.7.6.15.1). */
function bitmap(overlay: Overlay | undefined): Shape | undefined {
  return overlay && ((column, row) => !isSet(overlay, column, row));
}

/** The picture with everything outside the shutter covered, drawn in place unless grey has to become colour. */
export function shuttered<C extends Canvas>(picture: C, { shapes, colour }: Shutter): C {
  const canvas = canvasFor(picture, colour);
  fill(canvas, colour, (column, row) => !shapes.every((shape) => shape(column, row)));
  return canvas;
}
