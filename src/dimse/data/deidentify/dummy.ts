// Values that say nothing, for attributes that must have one (PS3.15 E.1.1, action D).

import type { Attribute, Dataset, Value } from '../dataset.ts';
import type { Vr } from '../vr.ts';

const TEXT = 'ANONYMIZED';

/** One value for each VR; what is not here is binary. */
const DUMMIES: Readonly<Partial<Record<Vr, Value>>> = {
  ...{ AE: TEXT, CS: TEXT, LO: TEXT, LT: TEXT, SH: TEXT, ST: TEXT, UC: TEXT, UT: TEXT, UR: 'about:blank' },
  ...{ AS: '000Y', DA: '19000101', DT: '19000101000000', TM: '000000', AT: '00000000' },
  ...{ DS: '0', IS: '0', FD: 0, FL: 0, SL: 0, SS: 0, SV: 0, UL: 0, US: 0, UV: 0 },
};

/** VRs whose unlisted attributes are dates, times and names all the same (PS3.15 E.1.1 note 4). */
export const TELLING: ReadonlySet<Vr> = new Set<Vr>(['DA', 'DT', 'TM', 'PN']);

/** The attribute with a value that says nothing, and as many as before; UIDs and items are for `withItem`. */
export function dummyOf({ vr, Value = [] }: Attribute, withItem: (item: Dataset) => Dataset): Attribute {
  if (vr === 'SQ') return { vr, Value: Value.map((item) => withItem(item as Dataset)) };
  if (vr === 'PN') return { vr, Value: [{ Alphabetic: TEXT }] };
  const dummy = DUMMIES[vr];
  if (dummy === undefined) return { vr, InlineBinary: new Uint8Array(8) };
  return { vr, Value: Array.from({ length: Math.max(1, Value.length) }, () => dummy) };
}
