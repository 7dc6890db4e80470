// Unique identifiers: their syntax (PS3.5 9.1), new ones (PS3.5 B.2), the registry of PS3.6 Annex A, and what this
// implementation calls itself (PS3.7 D.3.3.2).

import { randomBytes } from 'node:crypto';
import { OTHER_UID_ROWS } from './uid-registry.ts';
import { SOP_CLASS_ROWS } from './uid-sop-classes.ts';

export type UidEntry = { uid: string; keyword: string; name: string; type: string; retired: boolean };

/** A UUID-derived UID (PS3.5 B.2) that stands for this software in every association and file. */
export const IMPLEMENTATION_CLASS_UID = '2.25.155501332419803789313388340012676656056';
export const IMPLEMENTATION_VERSION_NAME = 'DICOMWEBGW_0_1';

/** The names in the standard of the letters that the registry's rows use; other types are written out. */
const TYPES: Record<string, string> = {
  M: 'Meta SOP Class',
  T: 'Transfer Syntax',
  S: 'Coding Scheme',
  L: 'LDAP OID',
  I: 'Well-known SOP Instance',
  F: 'Well-known frame of reference',
  C: 'SOP Class',
};

function readRows(rows: string): UidEntry[] {
  return rows
    .trim()
    .split('\n')
    .map((line) => {
      const [suffix = '', keyword = '', name = '', type = '', retired] = line.split('|');
      const uid = `1.2.840.10008.${suffix}`;
      return { uid, keyword, name, type: TYPES[type] ?? type, retired: retired === 'R' };
    });
}

const SOP_CLASSES = readRows(SOP_CLASS_ROWS);

/** PS3.6 Table A-1 by UID. */
export const UID_REGISTRY: ReadonlyMap<string, UidEntry> = new Map(
  [...SOP_CLASSES, ...readRows(OTHER_UID_ROWS)].map((entry) => [entry.uid, entry]),
);

/** The name that PS3.6 Table A-1 gives a UID; undefined for a private or unknown one. */
export function uidName(uid: string): string | undefined {
  return UID_REGISTRY.get(uid)?.name;
}

/** SOP classes of composite instances (PS3.4 Table B.5-1), with the retired, DICOS and DICONDE ones. */
export const STORAGE_SOP_CLASSES: readonly string[] = SOP_CLASSES.filter(
  ({ name }) => /\bStorage\b/.test(name) && !/Commitment|Stored Print|Hardcopy/.test(name),
).map(({ uid }) => uid);

const SHAPE = /^[0-9]+(?:\.[0-9]+)*$/;

/** Digits and dots, at most 128 characters: archives hold instances whose UIDs break PS3.5 9.1 in length, root or zeros. */
export function isUidShape(text: string): boolean {
  return text.length <= 128 && SHAPE.test(text);
}

/** A new UID: `2.25.` and a random UUID (version 4) as a decimal number (PS3.5 B.2). */
export function createUid(): string {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `2.25.${BigInt(`0x${bytes.toString('hex')}`)}`;
}
