// Attribute matching of the C-FIND provider: does an entity's attribute satisfy a key of the identifier? What the entity does
// not have matches no value: an archive knows what it has.

import type { Attribute } from '../dimse/data/dataset.ts';
import { keyOf } from '../dimse/data/matching/match.ts';
import { verdictOn } from '../dimse/data/matching/verdict.ts';

/** True when the value (or its absence) satisfies the key; several values of the key are alternatives. */
export function matches(key: Attribute, entity: Attribute | undefined): boolean {
  return verdictOn(keyOf('', key), entity) === 'match';
}
