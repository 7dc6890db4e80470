// The grayscale transformations of a state (PS3.4 N.2.1): they replace the image's own, and what a state leaves out is
// identity, whatever the image says of itself.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { itemsOf, numbersOf, textOf } from '../attributes.ts';
import type { Frame } from '../codec/decode.ts';
import type { Image } from '../frames/image.ts';
import type { PixelDescription } from '../frames/pixel.ts';
import { modalityIn, paddingOf, presentationLut, voiIn } from '../gray/gray.ts';
import { samplesOf } from '../gray/samples.ts';
import { type Interval, throughPipeline } from '../gray/tones.ts';
import { type Stage, windowStage } from '../gray/voi.ts';
import { itemsFor, type Target } from './references.ts';

/** `subtracted`: the samples are differences of what the Modality LUT gave; `polarity`: the Presentation LUT is applied. */
export type Tones = { subtracted?: boolean; polarity?: boolean };

/** The shades of a monochrome frame under a state, 0…255. */
export function softcopyShades(
  state: Dataset,
  image: Image,
  frame: Frame,
  target: Target,
  { subtracted = false, polarity = true }: Tones = {},
): Uint8Array {
  const modality = subtracted ? undefined : modalityIn(state, image.pixel.signed);
  const full = rangeOf(state, image.pixel);
  const range = subtracted ? { low: full.low - full.high, high: full.high - full.low } : full;
  const item = itemsFor(state, Tag.SoftcopyVOILUTSequence, target)[0];
  const voi = (item && voiIn(item, range.low < 0, false)) ?? identity(range);
  const presentation = polarity ? presentationLut(state) : undefined;
  const inverted = polarity && presentation === undefined && textOf(state, Tag.PresentationLUTShape) === 'INVERSE';
  const padding = subtracted ? undefined : paddingOf(image);
  return throughPipeline(samplesOf(frame), { padding, modality, voi, presentation, inverted });
}

/** The Modality LUT of a state. */
export function softcopyModality(state: Dataset, { pixel }: Image): Stage | undefined {
  return modalityIn(state, pixel.signed);
}

/** Every value that the Modality LUT of a state can give. */
function rangeOf(state: Dataset, { bitsStored, signed }: PixelDescription): Interval {
  const table = itemsOf(state, Tag.ModalityLUTSequence)[0];
  const bits = table && (numbersOf(table, Tag.LUTDescriptor)[2] ?? 16) & 0xff;
  if (bits !== undefined) return { low: 0, high: 2 ** bits - 1 };
  const ends = signed ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] : [0, 2 ** bitsStored - 1];
  const values = Float64Array.from(ends);
  modalityIn(state, signed)?.(values);
  return { low: Math.min(...values), high: Math.max(...values) };
}

/** No VOI: the whole range, however little of it the image uses. */
function identity({ low, high }: Interval): Stage {
  return windowStage({ center: (low + high) / 2, width: high - low, function: 'linear-exact' });
}
