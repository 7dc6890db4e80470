// De-identification of a data set by the Basic Application Level Confidentiality Profile with the Clean Pixel Data option
// (PS3.15 E.2, E.3.1), which PS3.18 9.4.1.2.1 demands. Pure: attributes in, attributes out; pixel data are not touched.

import type { Attribute, Dataset, Value } from '../dataset.ts';
import { lookup } from '../dictionary.ts';
import { Tag } from '../tags.ts';
import { dummyOf, TELLING } from './dummy.ts';
import { actionOf } from './profile.ts';

/** Gives a UID its replacement: the same one for the same UID. */
export type ReplaceUid = (uid: string) => string;

/** PS3.6 Annex A: the standard's own UIDs name no instance. */
const STANDARD_ROOT = '1.2.840.10008.';

/** CID 7050 De-identification Method. */
const METHODS: readonly (readonly [code: string, meaning: string])[] = [
  ['113100', 'Basic Application Confidentiality Profile'],
  ['113101', 'Clean Pixel Data Option'],
];

/**
 * The data set without what could identify the patient, and with the attributes that say so (PS3.15 E.1.1).
 * @param dataset text may be as encoded (`keepText`): nothing but ASCII is added
 * @param options.hasPixels it has pixel data, and nothing is burned into them: `refusalToClean` has seen to it
 */
export function deidentify(dataset: Dataset, replaceUid: ReplaceUid, { hasPixels }: { hasPixels: boolean }): Dataset {
  const unburned: Dataset = hasPixels ? { [Tag.BurnedInAnnotation]: { vr: 'CS', Value: ['NO'] } } : {};
  return { ...cleanedItem(dataset, replaceUid, false), ...unburned, ...statement() };
}

/** @param emptied every value that could tell anything is to go, not only those that the profile names */
function cleanedItem(item: Dataset, replaceUid: ReplaceUid, emptied: boolean): Dataset {
  const cleaned: Dataset = {};
  for (const [tag, attribute] of Object.entries(item)) {
    const left = cleanedAttribute(tag, attribute, replaceUid, emptied);
    if (left !== undefined) cleaned[tag] = left;
  }
  return cleaned;
}

function cleanedAttribute(
  tag: string,
  attribute: Attribute,
  replaceUid: ReplaceUid,
  emptied: boolean,
): Attribute | undefined {
  const { vr, Value = [] } = attribute;
  const named = actionOf(tag);
  // Commands, file meta information and directories have no place in a data set: the profile does not look for names there.
  if (tag < '00080000') return undefined;
  // What the dictionary doesn't know may hold anything.
  if (named === 'X' || (named === 'K' && (vr === 'UN' || lookup(tag) === undefined))) return undefined;
  if (named === 'Z') return { vr };
  const isEmpty = Value.length === 0 && attribute.InlineBinary === undefined && attribute.BulkDataURI === undefined;
  if (isEmpty) return { vr };
  if (vr === 'UI') return named === 'K' ? attribute : { vr, Value: Value.map((uid) => replacement(uid, replaceUid)) };
  const within = (isEmptied: boolean) => (one: Dataset) => cleanedItem(one, replaceUid, isEmptied);
  if (named === 'D') return dummyOf(attribute, within(true));
  if (vr === 'SQ') return { vr, Value: Value.map((one) => within(emptied)(one as Dataset)) };
  // A UID of another VR than UI is none that could be replaced.
  if (named === 'U') return undefined;
  return TELLING.has(vr) || emptied ? dummyOf(attribute, within(true)) : attribute;
}

function replacement(uid: Value, replaceUid: ReplaceUid): Value {
  if (typeof uid !== 'string' || uid === '') return uid;
  const bare = uid.replace(/[\0 ]+$/, '');
  return bare.startsWith(STANDARD_ROOT) ? bare : replaceUid(bare);
}

/** PS3.15 E.1.1 items 5 and 6, and E.2: dates were removed. */
function statement(): Dataset {
  const item = ([code, meaning]: (typeof METHODS)[number]): Dataset => ({
    [Tag.CodeValue]: { vr: 'SH', Value: [code] },
    [Tag.CodingSchemeDesignator]: { vr: 'SH', Value: ['DCM'] },
    [Tag.CodeMeaning]: { vr: 'LO', Value: [meaning] },
  });
  return {
    [Tag.PatientIdentityRemoved]: { vr: 'CS', Value: ['YES'] },
    [Tag.DeidentificationMethod]: { vr: 'LO', Value: METHODS.map(([, meaning]) => meaning) },
    [Tag.DeidentificationMethodCodeSequence]: { vr: 'SQ', Value: METHODS.map(item) },
    [Tag.LongitudinalTemporalInformationModified]: { vr: 'CS', Value: ['REMOVED'] },
  };
}
