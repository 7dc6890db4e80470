// The order in which the frames of a presentation state are shown (PS3.18 8.3.5.1.6): by Dimension Index Values, else by
// position in the patient, else as the state refers to them.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { groupOf, numbersOf } from '../attributes.ts';

/** A frame, 1-based, of an image with these attributes. */
export type Framed = { attributes: Dataset; frame: number };

const FRAME_CONTENT_SEQUENCE = '00209111';
const DIMENSION_INDEX_VALUES = '00209157';
const PLANE_POSITION_SEQUENCE = '00209113';
const PLANE_ORIENTATION_SEQUENCE = '00209116';
const PLANE_POSITION_VOLUME_SEQUENCE = '0020930E';
const IMAGE_POSITION_VOLUME = '00209301';

type Key = (framed: Framed) => number[];

/** The first of these that every frame has decides. */
const KEYS: readonly Key[] = [
  ({ attributes, frame }) => numbersOf(groupOf(attributes, frame, FRAME_CONTENT_SEQUENCE), DIMENSION_INDEX_VALUES),
  depthOf,
  ({ attributes, frame }) =>
    numbersOf(groupOf(attributes, frame, PLANE_POSITION_VOLUME_SEQUENCE), IMAGE_POSITION_VOLUME).toReversed(),
];

/** The frames in their order; those that nothing tells apart stay as they came. */
export function inOrder<F extends Framed>(frames: readonly F[]): F[] {
  const keyed = KEYS.map((key) => frames.map((framed) => ({ framed, key: key(framed) })));
  const chosen = keyed.find((all) => all.every(({ key }) => key.length > 0));
  return chosen ? chosen.toSorted((a, b) => compared(a.key, b.key)).map(({ framed }) => framed) : [...frames];
}

function compared(a: number[], b: number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? value);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** How far a plane lies along its normal, in millimetres. */
function depthOf({ attributes, frame }: Framed): number[] {
  const [x, y, z] = numbersOf(groupOf(attributes, frame, PLANE_POSITION_SEQUENCE), Tag.ImagePositionPatient);
  const orientation = numbersOf(groupOf(attributes, frame, PLANE_ORIENTATION_SEQUENCE), Tag.ImageOrientationPatient);
  if (x === undefined || y === undefined || z === undefined || orientation.length < 6) return [];
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = orientation;
  return [(b * f - c * e) * x + (c * d - a * f) * y + (a * e - b * d) * z];
}
