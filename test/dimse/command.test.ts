import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Command,
  checkRequired,
  decodeCommand,
  encodeCommand,
  hasDataSet,
  isResponse,
  nameOf,
  PRIORITY,
  requestCommand,
  responseCommand,
} from '../../src/dimse/command.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { hex } from './hex.ts';

/** Annotated command sets (PS3.7 9.3, 10.3): Implicit VR Little Endian, group length first, ascending, even. */
const FIXTURES: readonly { name: string; bytes: Buffer; value: Command }[] = [
  {
    name: 'C-ECHO-RQ',
    bytes: hex(`
      0000 0000 04000000  38000000              # group length 56
      0000 0200 12000000  "1.2.840.10008.1.1" 00  # affected SOP class, padded to 18
      0000 0001 02000000  3000                  # command field 0030H
      0000 1001 02000000  0700                  # message ID 7
      0000 0008 02000000  0101                  # no data set
    `),
    value: { affectedSopClassUid: '1.2.840.10008.1.1', commandField: 0x30, messageId: 7, commandDataSetType: 0x101 },
  },
  {
    name: 'C-STORE-RQ of a C-MOVE',
    bytes: hex(`
      0000 0000 04000000  66000000              # group length 102
      0000 0200 06000000  "1.2.34"              # affected SOP class
      0000 0001 02000000  0100                  # command field 0001H
      0000 1001 02000000  FFFF                  # message ID 65535
      0000 0007 02000000  0000                  # priority medium
      0000 0008 02000000  0100                  # data set follows
      0000 0010 06000000  "1.2.3" 00            # affected SOP instance
      0000 3010 06000000  "MOVER "              # move originator AE title, padded with a space
      0000 3110 02000000  0900                  # move originator message ID 9
      0000 0009 02000000  0000                  # status, out of place: order does not matter when reading
    `),
    value: {
      affectedSopClassUid: '1.2.34',
      commandField: 1,
      messageId: 65535,
      priority: 0,
      commandDataSetType: 1,
      affectedSopInstanceUid: '1.2.3',
      moveOriginatorAeTitle: 'MOVER',
      moveOriginatorMessageId: 9,
      status: 0,
    },
  },
  {
    name: 'N-GET-RQ with a list of attributes',
    bytes: hex(`
      0000 0000 04000000  46000000              # group length 70
      0000 0300 04000000  "1.2" 00              # requested SOP class
      0000 0001 02000000  1001                  # command field 0110H
      0000 1001 02000000  0100                  # message ID 1
      0000 0008 02000000  0101                  # no data set
      0000 0110 04000000  "1.3" 00              # requested SOP instance
      0000 0510 08000000  10001000 20000D00     # attribute identifier list: 0010,0010 and 0020,000D
    `),
    value: {
      requestedSopClassUid: '1.2',
      commandField: 0x110,
      messageId: 1,
      commandDataSetType: 0x101,
      requestedSopInstanceUid: '1.3',
      attributeIdentifierList: ['00100010', '0020000D'],
    },
  },
];

for (const { name, bytes, value } of FIXTURES) {
  describe(name, () => {
    test('decodes', () => assert.deepEqual(decodeCommand(bytes), value));

    test('D-1 is encoded with an exact group length, ascending and even', () => {
      const encoded = encodeCommand(value);
      assert.equal(encoded.readUInt32LE(8), encoded.length - 12);
      const tags: number[] = [];
      for (let offset = 0; offset < encoded.length; offset += 8 + encoded.readUInt32LE(offset + 4)) {
        assert.equal(encoded.readUInt32LE(offset + 4) % 2, 0);
        tags.push(encoded.readUInt16LE(offset + 2));
      }
      assert.deepEqual(
        tags,
        tags.toSorted((a, b) => a - b),
      );
      assert.deepEqual(decodeCommand(encoded), value);
    });

    test('cut anywhere decodes or throws DicomError', () => {
      for (let length = 0; length < bytes.length; length += 1) {
        try {
          decodeCommand(bytes.subarray(0, length));
        } catch (error) {
          assert.ok(error instanceof DicomError && error.kind === 'protocol', String(error));
        }
      }
    });
  });
}

test('D-2 the first fixture is encoded byte for byte', () => {
  const [echo] = FIXTURES;
  assert.deepEqual(echo && encodeCommand(echo.value), echo?.bytes);
});

test('T-65 D-2 empty values have length 0, odd ones are padded', () => {
  const command = requestCommand('C-MOVE', { moveDestination: '', affectedSopClassUid: '1.2', errorComment: 'odd' });
  const bytes = encodeCommand(command);
  assert.ok(bytes.includes(hex('0000 0006 00000000')));
  assert.ok(bytes.includes(hex('0000 0200 04000000 "1.2" 00')));
  assert.ok(bytes.includes(hex('0000 0209 04000000 "odd "')));
});

test('D-3 0101H means no data set, any other value means that one follows', () => {
  const command = requestCommand('C-FIND', {});
  assert.equal(hasDataSet(command), false);
  for (const commandDataSetType of [0x0000, 0x0001, 0x0102, 0xfefe]) {
    assert.equal(hasDataSet({ ...command, commandDataSetType }), true);
  }
});

test('a response echoes message ID and SOP class, the requested one too (T-64)', () => {
  const request = requestCommand('N-GET', {
    messageId: 5,
    requestedSopClassUid: '1.2',
    requestedSopInstanceUid: '1.3',
  });
  const response = responseCommand(request, 0x0112);
  assert.deepEqual(response, {
    affectedSopClassUid: '1.2',
    commandField: 0x8110,
    messageIdBeingRespondedTo: 5,
    commandDataSetType: 0x0101,
    status: 0x0112,
  });
  assert.equal(isResponse(response), true);
});

describe('what a message cannot do without', () => {
  const complete: readonly [Command, string][] = [
    [
      requestCommand('C-STORE', { messageId: 1, affectedSopClassUid: '1', affectedSopInstanceUid: '2' }),
      'affectedSopInstanceUid',
    ],
    [requestCommand('C-MOVE', { messageId: 1, affectedSopClassUid: '1', moveDestination: 'X' }), 'moveDestination'],
    [requestCommand('C-CANCEL', { messageIdBeingRespondedTo: 1 }), 'messageIdBeingRespondedTo'],
    [
      requestCommand('N-SET', { messageId: 1, requestedSopClassUid: '1', requestedSopInstanceUid: '2' }),
      'requestedSopClassUid',
    ],
    [requestCommand('N-CREATE', { messageId: 1, affectedSopClassUid: '1' }), 'affectedSopClassUid'],
    [responseCommand(requestCommand('C-ECHO', { messageId: 1 }), 0), 'status'],
  ];
  for (const [command, field] of complete) {
    test(`${nameOf(command)} needs ${field}`, () => {
      checkRequired(command);
      const lacking = { ...command, [field]: undefined };
      assert.throws(() => checkRequired(lacking), { name: 'DicomError', kind: 'protocol', field });
    });
  }
});

test('elements that nobody knows, and retired ones, are skipped', () => {
  const bytes = Buffer.concat([
    hex('0000 0000 04000000 00000000  0000 0100 04000000 "XXXX"  0000 0001 02000000 3080'),
    hex('0000 FF7F 02000000 0000'),
  ]);
  assert.deepEqual(decodeCommand(bytes), { commandField: 0x8030, commandDataSetType: 0x0101 });
});

test('elements of other groups are skipped, though some peers put them into responses', () => {
  const bytes = hex('0000 0001 02000000 1080  0800 6000 02000000 "CT"  0000 0009 02000000 00B0');
  assert.deepEqual(decodeCommand(bytes), { commandField: 0x8010, commandDataSetType: 0x0101, status: 0xb000 });
});

test('a command set without command field is refused', () => {
  assert.throws(() => decodeCommand(hex('0000 1001 02000000 0100')), { kind: 'protocol', field: 'commandField' });
});

test('commands are called by their names, unknown ones by their numbers', () => {
  assert.equal(nameOf(requestCommand('C-FIND', {})), 'C-FIND-RQ');
  assert.equal(nameOf({ commandField: 0x8130, commandDataSetType: 0x101 }), 'N-ACTION-RSP');
  assert.equal(nameOf({ commandField: 0x0777, commandDataSetType: 0x101 }), 'command 0777H');
});

test('D-4 priorities are MEDIUM 0000H, HIGH 0001H, LOW 0002H', () => {
  assert.deepEqual(PRIORITY, { medium: 0x0000, high: 0x0001, low: 0x0002 });
});

test('D-9 what a status is about goes both ways: offending elements, comment, ID, attributes, event and action type', () => {
  const about = {
    offendingElement: ['00100010', '0020000D'],
    errorComment: 'not so',
    errorId: 7,
    attributeIdentifierList: ['00400252'],
    eventTypeId: 1,
    actionTypeId: 2,
  };
  const response = responseCommand(requestCommand('N-ACTION', { messageId: 3 }), 0x0110, about);
  const decoded = decodeCommand(encodeCommand(response));
  assert.deepEqual(decoded, response);
  assert.deepEqual({ ...decoded, ...about }, decoded);
});
