// Annotated PDUs (PS3.8 9.3, Annex D; PS3.7 D.3.3): each with the value it stands for.

import type { Pdu } from '../../../src/dimse/ul/pdu.ts';
import { hex } from '../hex.ts';

export type PduFixture = { name: string; bytes: Buffer; value: Pdu };

const USER_INFORMATION_MINIMAL = `
  50 00 0026                                    # user information, 38 bytes
    51 00 0004  00004000                        # maximum length 16384
    52 00 0007  "1.2.3.4"                       # implementation class UID
    53 00 0004  0005 0003                       # asynchronous operations: invoked 5, performed 3
    55 00 0007  "VERSION"                       # implementation version name
`;

export const PDU_FIXTURES: readonly PduFixture[] = [
  {
    name: 'A-ASSOCIATE-RQ, one context, two transfer syntaxes',
    bytes: hex(`
      01 00 000000DE                            # type, reserved, length 222
      0001 0000                                 # protocol version 1, reserved
      "ANY-SCP         "                        # called AE title
      "ECHOSCU         "                        # calling AE title
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      10 00 0015  "1.2.840.10008.3.1.1.1"       # application context
      20 00 0053                                # presentation context, 83 bytes
        01 00 00 00                             # ID 1, reserved
        30 00 0011  "1.2.840.10008.1.1"         # abstract syntax: Verification
        40 00 0011  "1.2.840.10008.1.2"         # transfer syntax: Implicit VR Little Endian
        40 00 0013  "1.2.840.10008.1.2.1"       # Explicit VR Little Endian
        90 00 000A  "not for us"                # of a later edition
      ${USER_INFORMATION_MINIMAL}
    `),
    value: {
      type: 'associate-rq',
      protocolVersion: 1,
      calledAeTitle: 'ANY-SCP',
      callingAeTitle: 'ECHOSCU',
      items: [
        { type: 'application-context', uid: '1.2.840.10008.3.1.1.1' },
        {
          type: 'presentation-context',
          id: 1,
          syntaxes: [
            { type: 'abstract-syntax', uid: '1.2.840.10008.1.1' },
            { type: 'transfer-syntax', uid: '1.2.840.10008.1.2' },
            { type: 'transfer-syntax', uid: '1.2.840.10008.1.2.1' },
            { type: 'unknown', code: 0x90, bytes: Buffer.from('not for us') },
          ],
        },
        {
          type: 'user-information',
          items: [
            { type: 'maximum-length', maximumLength: 16384 },
            { type: 'implementation-class-uid', uid: '1.2.3.4' },
            { type: 'asynchronous-operations-window', invoked: 5, performed: 3 },
            { type: 'implementation-version-name', name: 'VERSION' },
          ],
        },
      ],
    },
  },
  {
    name: 'A-ASSOCIATE-RQ with every user information sub-item',
    bytes: hex(`
      01 00 000000CF                            # type, reserved, length 207
      0001 0000                                 # protocol version 1, reserved
      "CALLED          "                        # called AE title
      "CALLING         "                        # calling AE title
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      10 00 0015  "1.2.840.10008.3.1.1.1"       # application context
      50 00 006E                                # user information, 110 bytes
        51 00 0004  00000000                    # maximum length: no limit
        52 00 0003  "1.2"                       # implementation class UID
        53 00 0004  0000 0001                   # asynchronous operations: any, 1
        54 00 0009  0005 "1.2.3" 00 01          # role selection: SCU no, SCP yes
        55 00 0001  "V"                         # implementation version name
        56 00 000A  0005 "1.2.4" 010001         # extended negotiation, 3 bytes of information
        57 00 001C  0005 "1.2.5" 0003 "1.4"     # common extended negotiation: SOP class, service class,
                    000E 0005 "1.2.6" 0005 "1.2.7"  # related general SOP classes
        58 00 000D  02 01 0004 "user" 0003 "pw!"    # user identity: name and passcode, response wanted
        7F 00 0002  ABCD                        # of a later edition
    `),
    value: {
      type: 'associate-rq',
      protocolVersion: 1,
      calledAeTitle: 'CALLED',
      callingAeTitle: 'CALLING',
      items: [
        { type: 'application-context', uid: '1.2.840.10008.3.1.1.1' },
        {
          type: 'user-information',
          items: [
            { type: 'maximum-length', maximumLength: 0 },
            { type: 'implementation-class-uid', uid: '1.2' },
            { type: 'asynchronous-operations-window', invoked: 0, performed: 1 },
            { type: 'role-selection', sopClassUid: '1.2.3', scu: 0, scp: 1 },
            { type: 'implementation-version-name', name: 'V' },
            { type: 'extended-negotiation', sopClassUid: '1.2.4', information: Buffer.from([1, 0, 1]) },
            {
              type: 'common-extended-negotiation',
              sopClassUid: '1.2.5',
              serviceClassUid: '1.4',
              relatedGeneralSopClassUids: ['1.2.6', '1.2.7'],
            },
            {
              type: 'user-identity',
              identityType: 2,
              responseRequested: 1,
              primary: Buffer.from('user'),
              secondary: Buffer.from('pw!'),
            },
            { type: 'unknown', code: 0x7f, bytes: Buffer.from([0xab, 0xcd]) },
          ],
        },
      ],
    },
  },
  {
    name: 'A-ASSOCIATE-AC, one context accepted, one refused',
    bytes: hex(`
      02 00 000000C2                            # type, reserved, length 194
      0001 0000                                 # protocol version 1, reserved
      "ANY-SCP         "                        # echoed, not tested
      "ECHOSCU         "
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      10 00 0015  "1.2.840.10008.3.1.1.1"       # application context
      21 00 0019                                # presentation context, 25 bytes
        01 00 00 00                             # ID 1, reserved, result 0 acceptance, reserved
        40 00 0011  "1.2.840.10008.1.2"         # transfer syntax
      21 00 0019                                # presentation context, 25 bytes
        03 00 04 00                             # ID 3, reserved, result 4 transfer syntaxes not supported, reserved
        40 00 0011  "1.2.840.10008.1.2"         # not significant
      50 00 0027                                # user information, 39 bytes
        51 00 0004  00020000                    # maximum length 131072
        52 00 0007  "1.2.3.4"                   # implementation class UID
        55 00 0006  "SERVER"                    # implementation version name
        59 00 0006  0004 "okay"                 # server response to the user identity
    `),
    value: {
      type: 'associate-ac',
      protocolVersion: 1,
      calledAeTitle: 'ANY-SCP',
      callingAeTitle: 'ECHOSCU',
      items: [
        { type: 'application-context', uid: '1.2.840.10008.3.1.1.1' },
        {
          type: 'presentation-context-result',
          id: 1,
          result: 0,
          syntaxes: [{ type: 'transfer-syntax', uid: '1.2.840.10008.1.2' }],
        },
        {
          type: 'presentation-context-result',
          id: 3,
          result: 4,
          syntaxes: [{ type: 'transfer-syntax', uid: '1.2.840.10008.1.2' }],
        },
        {
          type: 'user-information',
          items: [
            { type: 'maximum-length', maximumLength: 131072 },
            { type: 'implementation-class-uid', uid: '1.2.3.4' },
            { type: 'implementation-version-name', name: 'SERVER' },
            { type: 'user-identity-response', response: Buffer.from('okay') },
          ],
        },
      ],
    },
  },
  {
    name: 'A-ASSOCIATE-RJ',
    bytes: hex(`
      03 00 00000004                            # type, reserved, length 4
      00 01 01 07                               # reserved, permanent, service-user, called AE title not recognized
    `),
    value: { type: 'associate-rj', result: 1, source: 1, reason: 7 },
  },
  {
    name: 'P-DATA-TF, two PDVs',
    bytes: hex(`
      04 00 00000010                            # type, reserved, length 16
      00000004  01 03  0102                     # PDV of 4 bytes: context 1, command, last
      00000004  01 00  0304                     # PDV of 4 bytes: context 1, data set, not last
    `),
    value: {
      type: 'p-data-tf',
      values: [
        { contextId: 1, control: 3, fragment: Buffer.from([1, 2]) },
        { contextId: 1, control: 0, fragment: Buffer.from([3, 4]) },
      ],
    },
  },
  {
    name: 'A-RELEASE-RQ',
    bytes: hex('05 00 00000004  00000000'),
    value: { type: 'release-rq' },
  },
  {
    name: 'A-RELEASE-RP',
    bytes: hex('06 00 00000004  00000000'),
    value: { type: 'release-rp' },
  },
  {
    name: 'A-ABORT',
    bytes: hex(`
      07 00 00000004                            # type, reserved, length 4
      00 00 02 06                               # reserved, service-provider, invalid PDU parameter value
    `),
    value: { type: 'abort', source: 2, reason: 6 },
  },
];
