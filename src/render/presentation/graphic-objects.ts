// Graphic objects of an annotation (PS3.3 C.10.5) as SVG paths in pixels of the finished picture.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { itemsOf, numberOf, numbersOf, textOf } from '../attributes.ts';
import { cielabOf, type Rgb } from '../colour/cielab.ts';
import type { Mapping } from './displayed-area.ts';
import { hex } from './layers.ts';

export type Point = readonly [x: number, y: number];

const GRAPHIC_FILLED = '00700024';
const LINE_STYLE_SEQUENCE = '00700232';
const FILL_STYLE_SEQUENCE = '00700233';
const PATTERN_ON_COLOUR = '00700251';
const LINE_THICKNESS = '00700253';
const LINE_DASHING_STYLE = '00700254';
const PATTERN_ON_OPACITY = '00700284';
/** How far the control points of a quarter of a circle lie from its ends, in radii. */
const QUARTER = 0.5522847498;
/** Points of one object; more are no drawing by hand. */
const MAX_POINTS = 100_000;

/** One object; empty when it holds too few points. `stroke` is the width of a line where the object names none. */
export function graphicObject(item: Dataset, mapping: Mapping, colour: Rgb, stroke: number): string {
  const points = pointsOf(numbersOf(item, Tag.GraphicData), mapping);
  const type = textOf(item, Tag.GraphicType) ?? '';
  if (type === 'POINT') return dot(points[0], styleOf(item, colour, stroke));
  const path = pathOf(type, item, points, mapping);
  return path === undefined ? '' : `<path d="${path}" ${paintOf(item, colour, stroke)}/>`;
}

/** Numbers in turns of x and y. */
export function pointsOf(numbers: number[], mapping: Mapping): Point[] {
  const points: Point[] = [];
  for (let at = 0; at + 1 < numbers.length && points.length < MAX_POINTS; at += 2) {
    points.push(mapping(numbers[at] ?? 0, numbers[at + 1] ?? 0));
  }
  return points;
}

function pathOf(type: string, item: Dataset, points: Point[], mapping: Mapping): string | undefined {
  switch (type) {
    case 'POLYLINE':
      return points.length > 1 ? `M${points.map(at).join('L')}` : undefined;
    case 'INTERPOLATED':
      return points.length > 1 ? curve(points) : undefined;
    case 'CIRCLE':
      return circle(numbersOf(item, Tag.GraphicData), mapping);
    case 'ELLIPSE':
      return ellipse(points);
    default:
      return undefined;
  }
}

/** To a hundredth of a pixel. */
const at = ([x, y]: Point): string => `${x.toFixed(2)} ${y.toFixed(2)}`;

/** A curve through all points, by the spline of Catmull and Rom; closed where the first point is also the last. */
function curve(points: Point[]): string {
  const first: Point = points[0] ?? [0, 0];
  const last: Point = points.at(-1) ?? first;
  const closed = points.length > 3 && first[0] === last[0] && first[1] === last[1];
  const before = closed ? (points.at(-2) ?? first) : first;
  const after = closed ? (points[1] ?? last) : last;
  const all = [before, ...points, after];
  const parts = points.slice(1).map((end, index) => {
    const [p0, p1, p3] = [all[index] ?? end, all[index + 1] ?? end, all[index + 3] ?? end];
    const one: Point = [p1[0] + (end[0] - p0[0]) / 6, p1[1] + (end[1] - p0[1]) / 6];
    const two: Point = [end[0] - (p3[0] - p1[0]) / 6, end[1] - (p3[1] - p1[1]) / 6];
    return `C${at(one)} ${at(two)} ${at(end)}`;
  });
  return `M${at(first)}${parts.join('')}`;
}

/** Its center and a point on it; round in the image, and so where its pixels are oblong an ellipse of the finished picture. */
function circle([x = 0, y = 0, px, py]: number[], mapping: Mapping): string | undefined {
  if (px === undefined || py === undefined) return undefined;
  const radius = Math.hypot(px - x, py - y);
  return round(mapping(x, y), mapping(x + radius, y), mapping(x, y + radius));
}

/** The ends of its major and then of its minor axis. */
function ellipse([a, b, c, d]: Point[]): string | undefined {
  if (!a || !b || !c || !d) return undefined;
  return round([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], b, d);
}

/** What a circle becomes whose center and ends of two radii, a right angle apart, lie there: four cubic curves. */
function round([x, y]: Point, end: Point, side: Point): string {
  const [ux, uy] = [end[0] - x, end[1] - y];
  const [vx, vy] = [side[0] - x, side[1] - y];
  const spot = (u: number, v: number): string => at([x + u * ux + v * vx, y + u * uy + v * vy]);
  const quarter = (u: number, v: number): string =>
    `C${spot(u - QUARTER * v, v + QUARTER * u)} ${spot(-v + QUARTER * u, u + QUARTER * v)} ${spot(-v, u)}`;
  return `M${spot(1, 0)}${quarter(1, 0)}${quarter(0, 1)}${quarter(-1, 0)}${quarter(0, -1)}Z`;
}

type Style = { colour: string; width: number; dashed: boolean };

function styleOf(item: Dataset, colour: Rgb, stroke: number): Style {
  const style = itemsOf(item, LINE_STYLE_SEQUENCE)[0] ?? {};
  const thickness = numberOf(style, LINE_THICKNESS) ?? 0;
  return {
    colour: hex(cielabOf(style, PATTERN_ON_COLOUR) ?? colour),
    width: thickness > 0 ? Math.min(thickness * stroke, 64) : stroke,
    dashed: textOf(style, LINE_DASHING_STYLE) === 'DASHED',
  };
}

function paintOf(item: Dataset, layer: Rgb, stroke: number): string {
  const { colour, width, dashed } = styleOf(item, layer, stroke);
  const line = `stroke="${colour}" stroke-width="${width}"${dashed ? ` stroke-dasharray="${4 * width}"` : ''}`;
  if (textOf(item, GRAPHIC_FILLED) !== 'Y') return `fill="none" ${line}`;
  const style = itemsOf(item, FILL_STYLE_SEQUENCE)[0] ?? {};
  const fill = cielabOf(style, PATTERN_ON_COLOUR);
  const opacity = Math.min(1, Math.max(0, numberOf(style, PATTERN_ON_OPACITY) ?? 1));
  return `fill="${fill ? hex(fill) : colour}" fill-opacity="${opacity}" ${line}`;
}

function dot(point: Point | undefined, { colour, width }: Style): string {
  return point
    ? `<circle cx="${point[0].toFixed(2)}" cy="${point[1].toFixed(2)}" r="${2 * width}" fill="${colour}"/>`
    : '';
}
