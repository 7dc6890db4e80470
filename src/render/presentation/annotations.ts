// The annotations of a state (PS3.3 C.10.5) that hold for a frame, layer by layer, as one SVG over the finished picture.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { itemsOf, textOf } from '../attributes.ts';
import type { Rgb } from '../colour/cielab.ts';
import type { Typeface } from '../text/typeface.ts';
import { type Mapping, mappingOf, type Placement } from './displayed-area.ts';
import { graphicObject } from './graphic-objects.ts';
import { layersOf } from './layers.ts';
import { itemsFor, type Target } from './references.ts';
import { type MappingFor, textObject } from './text-objects.ts';

const GRAPHIC_ANNOTATION_UNITS = '00700005';
const WHITE: Rgb = [255, 255, 255];
/** Lines are one pixel wide on pictures up to this size, and grow with it. */
const PIXELS_A_STROKE = 512;

/** SVG of everything that is drawn and written; undefined where there is nothing, `coloured` where not all of it is grey. */
export function annotationsOf(
  state: Dataset,
  target: Target,
  placement: Placement,
  typeface: Typeface,
): { svg: string; coloured: boolean } | undefined {
  const items = itemsFor(state, Tag.GraphicAnnotationSequence, target);
  if (items.length === 0) return undefined;
  const { width, height } = placement;
  const mappingFor = mappingsOf(placement);
  const stroke = Math.max(1, Math.round(Math.min(width, height) / PIXELS_A_STROKE));
  const layers = layersOf(state);
  const order = (item: Dataset): number => layers.findIndex(({ name }) => name === textOf(item, Tag.GraphicLayer));
  const drawn = items
    .toSorted((a, b) => order(a) - order(b))
    .map((item) => drawing(item, layers[order(item)]?.colour ?? WHITE, mappingFor, stroke, typeface))
    .join('');
  if (drawn === '') return undefined;
  const coloured = /#(?!([0-9a-f]{2})\1\1|000")[0-9a-f]{6}/.test(drawn);
  return {
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawn}</svg>`,
    coloured,
  };
}

function drawing(item: Dataset, colour: Rgb, mappingFor: MappingFor, stroke: number, typeface: Typeface): string {
  const graphics = itemsOf(item, Tag.GraphicObjectSequence).map((object) =>
    graphicObject(object, mappingFor(textOf(object, GRAPHIC_ANNOTATION_UNITS)), colour, stroke),
  );
  const texts = itemsOf(item, Tag.TextObjectSequence).map((object) =>
    textObject(object, mappingFor, colour, stroke, typeface),
  );
  return graphics.join('') + texts.join('');
}

/** DISPLAY counts in fractions of what the state shows, as it is shown; PIXEL, and MATRIX of a single tile, in pixels of the image. */
function mappingsOf(placement: Placement): MappingFor {
  const ofImage = mappingOf(placement);
  const { width, height, part } = placement;
  const [across, down] = [width / (part.xmax - part.xmin), height / (part.ymax - part.ymin)];
  const ofDisplay: Mapping = (x, y) => [(x - part.xmin) * across, (y - part.ymin) * down];
  return (unit) => (unit === 'DISPLAY' ? ofDisplay : ofImage);
}
