// TABLE of PS3.8 9.3 and Annex D, PS3.7 D.3.3: every PDU, item and sub-item, stated once; decode, encode and types follow.

import { DicomError } from '../errors.ts';
import {
  aeTitle,
  bytes,
  cursorOver,
  type Decoded,
  list,
  prefixed,
  reserved,
  struct,
  tagged,
  text,
  u8,
  u16,
  u32,
  written,
} from './wire.ts';

/** The one application context of DICOM (PS3.7 A.2.1). */
export const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';

const userInformationItem = tagged(u16, {
  'maximum-length': [0x51, struct({ maximumLength: u32 })],
  'implementation-class-uid': [0x52, struct({ uid: text })],
  'asynchronous-operations-window': [0x53, struct({ invoked: u16, performed: u16 })],
  'role-selection': [0x54, struct({ sopClassUid: prefixed(u16, text), scu: u8, scp: u8 })],
  'implementation-version-name': [0x55, struct({ name: text })],
  'extended-negotiation': [0x56, struct({ sopClassUid: prefixed(u16, text), information: bytes })],
  // Its second byte is a version, 0, and not reserved (PS3.7 D.3.3.6); written 00 and not tested like the others.
  'common-extended-negotiation': [
    0x57,
    struct({
      sopClassUid: prefixed(u16, text),
      serviceClassUid: prefixed(u16, text),
      relatedGeneralSopClassUids: prefixed(u16, list(prefixed(u16, text))),
    }),
  ],
  'user-identity': [
    0x58,
    struct({ identityType: u8, responseRequested: u8, primary: prefixed(u16, bytes), secondary: prefixed(u16, bytes) }),
  ],
  'user-identity-response': [0x59, struct({ response: prefixed(u16, bytes) })],
});

const syntaxItem = tagged(u16, {
  'abstract-syntax': [0x30, struct({ uid: text })],
  'transfer-syntax': [0x40, struct({ uid: text })],
});

const item = tagged(u16, {
  'application-context': [0x10, struct({ uid: text })],
  'presentation-context': [0x20, struct({ id: u8, r1: reserved(3), syntaxes: list(syntaxItem) })],
  'presentation-context-result': [
    0x21,
    struct({ id: u8, r1: reserved(1), result: u8, r2: reserved(1), syntaxes: list(syntaxItem) }),
  ],
  'user-information': [0x50, struct({ items: list(userInformationItem) })],
});

const associate = struct({
  protocolVersion: u16,
  r1: reserved(2),
  calledAeTitle: aeTitle,
  callingAeTitle: aeTitle,
  r2: reserved(32),
  items: list(item),
});

const pdv = struct({ contextId: u8, control: u8, fragment: bytes });

export const pdu = tagged(u32, {
  'associate-rq': [0x01, associate],
  'associate-ac': [0x02, associate],
  'associate-rj': [0x03, struct({ r1: reserved(1), result: u8, source: u8, reason: u8 })],
  'p-data-tf': [0x04, struct({ values: list(prefixed(u32, pdv)) })],
  'release-rq': [0x05, struct({ r1: reserved(4) })],
  'release-rp': [0x06, struct({ r1: reserved(4) })],
  abort: [0x07, struct({ r1: reserved(2), source: u8, reason: u8 })],
});

export type Pdu = Decoded<typeof pdu>;
export type AssociateRq = Extract<Pdu, { type: 'associate-rq' }>;
export type AssociateAc = Extract<Pdu, { type: 'associate-ac' }>;
export type UserInformationItem = Decoded<typeof userInformationItem>;
export type Item = Decoded<typeof item>;

/** The name the standard gives each PDU, for logs and errors. */
export const PDU_NAMES: { readonly [K in Pdu['type']]: string } = {
  'associate-rq': 'A-ASSOCIATE-RQ',
  'associate-ac': 'A-ASSOCIATE-AC',
  'associate-rj': 'A-ASSOCIATE-RJ',
  'p-data-tf': 'P-DATA-TF',
  'release-rq': 'A-RELEASE-RQ',
  'release-rp': 'A-RELEASE-RP',
  abort: 'A-ABORT',
  unknown: 'unrecognized PDU',
};

export const encodePdu = (value: Pdu): Buffer => written(pdu, value);

/** One whole PDU, from its type byte on. Throws DicomError('protocol') that names the field. */
export function decodePdu(whole: Buffer): Pdu {
  const from = cursorOver(whole);
  const value = pdu.read(from);
  if (from.offset < from.end) {
    throw new DicomError('protocol', `${PDU_NAMES[value.type]}: ${from.end - from.offset} bytes too many`, {
      field: 'PDU-length',
    });
  }
  return value;
}

/** Message control header of a PDV (PS3.8 E.2); the other bits are sent 0 and not tested. */
export const CONTROL = { command: 0x01, last: 0x02 } as const;
