// The data set: the DICOM JSON model (PS3.18 Annex F) held in memory. There is no second model.

import type { Vr } from './vr.ts';

/** The component groups of a PN value (PS3.18 F.2.2); absent groups are left out. */
export type PersonName = { Alphabetic?: string; Ideographic?: string; Phonetic?: string };

/** One value: text, number (SV and UV beyond 2^53 as text), PN groups, sequence item; `null` is an empty value among others. */
export type Value = string | number | PersonName | Dataset | null;

/**
 * One attribute: at most one of `Value`, `InlineBinary` and `BulkDataURI`; none of them when its length is zero.
 * In memory InlineBinary is the value field itself, little endian; only JSON and XML carry it as base64.
 */
export type Attribute = { vr: Vr; Value?: Value[]; InlineBinary?: Uint8Array; BulkDataURI?: string };

/** Attributes by tag, eight upper-case hex digits. JavaScript does not keep tag order: writers sort (PS3.18 F.2.2). */
export type Dataset = { [tag: string]: Attribute };
