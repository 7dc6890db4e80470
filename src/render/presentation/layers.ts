// Graphic layers (PS3.3 C.10.7): in which order overlays and annotations lie above the picture, and in which colour.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { itemsOf, numberOf, textOf } from '../attributes.ts';
import { cielabOf, type Rgb } from '../colour/cielab.ts';

/** A layer; the one with the lowest order is drawn first. */
export type Layer = { name: string; order: number; colour: Rgb };

const ORDER = '00700062';
const GRAYSCALE_VALUE = '00700066';
const CIELAB_VALUE = '00700401';
const WHITE: Rgb = [255, 255, 255];

/** The layers of a state, lowest first. */
export function layersOf(state: Dataset): Layer[] {
  return itemsOf(state, Tag.GraphicLayerSequence)
    .map((item): Layer => {
      const grey = numberOf(item, GRAYSCALE_VALUE);
      const level = Math.round((grey ?? 65535) / 257);
      return {
        name: textOf(item, Tag.GraphicLayer) ?? '',
        order: numberOf(item, ORDER) ?? 0,
        colour: cielabOf(item, CIELAB_VALUE) ?? (grey === undefined ? WHITE : [level, level, level]),
      };
    })
    .sort((a, b) => a.order - b.order);
}

/** A colour as SVG writes it. */
export function hex([red, green, blue]: Rgb): string {
  return `#${[red, green, blue].map((level) => level.toString(16).padStart(2, '0')).join('')}`;
}
