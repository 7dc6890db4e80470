// Text objects of an annotation (PS3.3 C.10.5): always upright, in their box or beside their anchor, whichever way the picture
// is turned.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { itemsOf, numbersOf, textOf } from '../attributes.ts';
import { cielabOf, type Rgb } from '../colour/cielab.ts';
import type { Typeface } from '../text/typeface.ts';
import type { Mapping } from './displayed-area.ts';
import { type Point, pointsOf } from './graphic-objects.ts';
import { hex } from './layers.ts';

/** Finds the mapping for coordinates of a unit, PIXEL or DISPLAY. */
export type MappingFor = (unit: string | undefined) => Mapping;

const BOUNDING_BOX_UNITS = '00700003';
const ANCHOR_POINT_UNITS = '00700004';
const BOTTOM_RIGHT = '00700011';
const JUSTIFICATION = '00700012';
const ANCHOR_POINT = '00700014';
const ANCHOR_POINT_VISIBILITY = '00700015';
const TEXT_STYLE_SEQUENCE = '00700231';
const TEXT_COLOUR = '00700241';
/** The letters of the typeface are drawn on a grid of 16, and so are never smaller. */
const GRID = 16;
const LINE_HEIGHT = 1.15;
const MAX_LINES = 64;

type Box = { left: number; top: number; right: number; bottom: number };

/** One object: its lines, and the line from its box to an anchor that is to be seen. */
export function textObject(
  item: Dataset,
  mappingFor: MappingFor,
  layer: Rgb,
  stroke: number,
  typeface: Typeface,
): string {
  const lines = linesOf(item);
  const box = boxOf(item, mappingFor);
  const anchor = pointsOf(numbersOf(item, ANCHOR_POINT), mappingFor(textOf(item, ANCHOR_POINT_UNITS)))[0];
  if (lines.length === 0 || (!box && !anchor)) return '';
  const colour = hex(cielabOf(itemsOf(item, TEXT_STYLE_SEQUENCE)[0] ?? {}, TEXT_COLOUR) ?? layer);
  const leader =
    box && anchor && textOf(item, ANCHOR_POINT_VISIBILITY) === 'Y'
      ? line(nearest(box, anchor), anchor, colour, stroke)
      : '';
  const size = sizeOf(lines, box, typeface);
  const [x, top, alignment] = box ? placeIn(box, textOf(item, JUSTIFICATION)) : besides(anchor ?? [0, 0], size);
  const words = lines.map((text, index) =>
    typeface.draw(text, {
      x,
      y: top + size * (0.85 + index * LINE_HEIGHT),
      size,
      fill: colour,
      anchor: alignment,
      shadow: '#000',
    }),
  );
  return leader + words.join('');
}

function linesOf(item: Dataset): string[] {
  const value = item[Tag.UnformattedTextValue]?.Value?.[0];
  return typeof value === 'string'
    ? value
        .trimEnd()
        .split(/\r\n|\n|\r/)
        .slice(0, MAX_LINES)
    : [];
}

/** Which of its corners is which depends on how the picture is turned. */
function boxOf(item: Dataset, mappingFor: MappingFor): Box | undefined {
  const mapping = mappingFor(textOf(item, BOUNDING_BOX_UNITS));
  const [one] = pointsOf(numbersOf(item, Tag.BoundingBoxTopLeftHandCorner), mapping);
  const [other] = pointsOf(numbersOf(item, BOTTOM_RIGHT), mapping);
  if (!one || !other) return undefined;
  return {
    left: Math.min(one[0], other[0]),
    top: Math.min(one[1], other[1]),
    right: Math.max(one[0], other[0]),
    bottom: Math.max(one[1], other[1]),
  };
}

/** The largest size, in whole grids, at which the lines fit into their box; they need not fit (C.10.5.1.1). */
function sizeOf(lines: string[], box: Box | undefined, typeface: Typeface): number {
  if (!box) return GRID;
  const widest = Math.max(...lines.map((text) => typeface.width(text, GRID)), 1);
  const across = (GRID * (box.right - box.left)) / widest;
  const down = (box.bottom - box.top) / (lines.length * LINE_HEIGHT);
  return GRID * Math.max(1, Math.floor(Math.min(across, down, 8 * GRID) / GRID));
}

type Anchored = [x: number, top: number, alignment: 'start' | 'middle' | 'end'];

function placeIn({ left, right, top }: Box, justification: string | undefined): Anchored {
  if (justification === 'RIGHT') return [right, top, 'end'];
  return justification === 'CENTER' ? [(left + right) / 2, top, 'middle'] : [left, top, 'start'];
}

function besides([x, y]: Point, size: number): Anchored {
  return [x + size / 4, y - size / 2, 'start'];
}

function nearest({ left, right, top, bottom }: Box, [x, y]: Point): Point {
  return [Math.min(right, Math.max(left, x)), Math.min(bottom, Math.max(top, y))];
}

function line([x1, y1]: Point, [x2, y2]: Point, colour: string, stroke: number): string {
  return `<path d="M${x1.toFixed(2)} ${y1.toFixed(2)}L${x2.toFixed(2)} ${y2.toFixed(2)}" fill="none" stroke="${colour}" stroke-width="${stroke}"/>`;
}
