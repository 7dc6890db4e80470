// Softcopy presentation states (PS3.3 A.33, PS3.4 Annex N): which there are, and what one of them is about.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { textOf } from '../attributes.ts';
import { readAttributes } from '../frames/image.ts';
import type { Place } from '../frames/source.ts';
import { type Reference, referencesIn } from './references.ts';

/** What a state makes of its images (PS3.4 N.2): grey, the colours they have, or colours out of a palette. */
export type StateKind = 'grayscale' | 'colour' | 'pseudo-colour';

/** PS3.4 Table N.5-1: the states that are applied. Those that blend images or volumes are not. */
const KINDS: Readonly<Record<string, StateKind>> = {
  '1.2.840.10008.5.1.4.1.1.11.1': 'grayscale',
  '1.2.840.10008.5.1.4.1.1.11.2': 'colour',
  '1.2.840.10008.5.1.4.1.1.11.3': 'pseudo-colour',
  '1.2.840.10008.5.1.4.1.1.11.5': 'grayscale', // XA/XRF
};

/** A presentation state, and the images that it is to be applied to. */
export type PresentationState = { kind: StateKind; attributes: Dataset; references: Reference[] };

/** Whether instances of a SOP class are presentation states that can be applied. */
export function isPresentationState(sopClassUid: string): boolean {
  return sopClassUid in KINDS;
}

/**
 * Opens the presentation state in a Part 10 file.
 * @throws DicomError `not-acceptable` when it is none that can be applied, `corrupt` when it refers to no image
 */
export async function openPresentationState(path: Place): Promise<PresentationState> {
  const attributes = await readAttributes(path);
  const kind = KINDS[textOf(attributes, Tag.SOPClassUID) ?? ''];
  if (!kind) throw new DicomError('not-acceptable', 'The instance is no presentation state that can be applied');
  const references = referencesIn(attributes);
  if (references.length === 0) {
    throw new DicomError('corrupt', 'The presentation state refers to no image', { field: 'ReferencedSeriesSequence' });
  }
  return { kind, attributes, references };
}
