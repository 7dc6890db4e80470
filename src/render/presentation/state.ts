// Softcopy presentation states (PS3.3 A.33, PS3.4 Annex N): which there are, and what one of them is about.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { itemsOf, textOf } from '../attributes.ts';
import { readAttributes } from '../image.ts';
import { type Reference, referencesIn } from './references.ts';

/** What a state makes of its images (PS3.4 N.2): grey, the colours they have, colours out of a palette, one upon another. */
export type StateKind = 'grayscale' | 'colour' | 'pseudo-colour' | 'blending';

/** PS3.4 Table N.5-1: the states that are applied. Volumetric states and the like are not. */
const KINDS: Readonly<Record<string, StateKind>> = {
  '1.2.840.10008.5.1.4.1.1.11.1': 'grayscale',
  '1.2.840.10008.5.1.4.1.1.11.2': 'colour',
  '1.2.840.10008.5.1.4.1.1.11.3': 'pseudo-colour',
  '1.2.840.10008.5.1.4.1.1.11.4': 'blending',
  '1.2.840.10008.5.1.4.1.1.11.5': 'grayscale', // XA/XRF
};

/** A presentation state. `references` are the images to show; of a blending those that lie below. */
export type PresentationState = { kind: StateKind; attributes: Dataset; references: Reference[] };

const BLENDING_SEQUENCE = '00700402';
const BLENDING_POSITION = '00700405';

/** Whether instances of a SOP class are presentation states that can be applied. */
export function isPresentationState(sopClassUid: string): boolean {
  return sopClassUid in KINDS;
}

/**
 * Opens the presentation state in a Part 10 file.
 * @throws DicomError `not-acceptable` when it is none that can be applied, `corrupt` when it refers to no image
 */
export async function openPresentationState(path: string): Promise<PresentationState> {
  const attributes = await readAttributes(path);
  const kind = KINDS[textOf(attributes, Tag.SOPClassUID) ?? ''];
  if (!kind) throw new DicomError('not-acceptable', 'The instance is no presentation state that can be applied');
  const below = kind === 'blending' ? blendingInput(attributes, 'UNDERLYING') : attributes;
  const references = below ? referencesIn(below) : [];
  if (references.length === 0) {
    throw new DicomError('corrupt', 'The presentation state refers to no image', { field: 'ReferencedSeriesSequence' });
  }
  return { kind, attributes, references };
}

/** The item of a blending that says what lies below or above (PS3.3 C.11.14). */
export function blendingInput(attributes: Dataset, position: 'UNDERLYING' | 'SUPERIMPOSED'): Dataset | undefined {
  return itemsOf(attributes, BLENDING_SEQUENCE).find((item) => textOf(item, BLENDING_POSITION) === position);
}
