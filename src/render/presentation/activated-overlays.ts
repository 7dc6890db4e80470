// Overlays that a state activates (PS3.3 C.11.7), of the image or of the state itself: those it doesn't name are not shown.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { textOf } from '../attributes.ts';
import { type Canvas, canvasFor, fill } from '../canvas/canvas.ts';
import { isSet, OVERLAY_GROUPS, type Overlay, readOverlay } from '../canvas/overlay.ts';
import type { Frame } from '../codec/decode.ts';
import type { Rgb } from '../colour/cielab.ts';
import { layersOf } from './layers.ts';

/** An overlay in the colour of its layer. */
export type ActivatedOverlay = { overlay: Overlay; colour: Rgb };

const OVERLAY_ACTIVATION_LAYER = '1001';
const OVERLAY_DATA = '3000';

/** The overlays that lie on frame `n`, the lowest layer first. */
export function activatedOverlays(state: Dataset, image: Dataset, n: number, frame: Frame): ActivatedOverlay[] {
  const layers = layersOf(state);
  const order = (group: string): number =>
    layers.findIndex(({ name }) => name === textOf(state, group + OVERLAY_ACTIVATION_LAYER));
  return OVERLAY_GROUPS.filter((group) => order(group) >= 0)
    .toSorted((a, b) => order(a) - order(b))
    .flatMap((group) => {
      const overlay = readOverlay(state[group + OVERLAY_DATA] ? state : image, group, n, frame);
      return overlay ? [{ overlay, colour: layers[order(group)]?.colour ?? [255, 255, 255] }] : [];
    });
}

/** The picture with the overlays on it, drawn in place unless grey has to become colour. */
export function withOverlays<C extends Canvas>(picture: C, overlays: ActivatedOverlay[]): C {
  let canvas = picture;
  for (const { overlay, colour } of overlays) {
    canvas = canvasFor(canvas, colour);
    fill(canvas, colour, (column, row) => isSet(overlay, column, row));
  }
  return canvas;
}
