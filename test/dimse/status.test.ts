// The statuses of PS3.7 Annex C and PS3.4 stated a second time, code by code, and compared with the table of the code.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeStatus, type StatusCategory, type StatusService, statusOf } from '../../src/dimse/status.ts';

/** [service, code, category, words of the meaning] */
const SERVICE_STATUSES: readonly [StatusService, number, StatusCategory, string][] = [
  ['C-STORE', 0x0000, 'success', 'success'],
  ['C-STORE', 0xa700, 'failure', 'out of resources'],
  ['C-STORE', 0xa7ff, 'failure', 'out of resources'],
  ['C-STORE', 0xa900, 'failure', 'does not match SOP class'],
  ['C-STORE', 0xc000, 'failure', 'cannot understand'],
  ['C-STORE', 0xcfff, 'failure', 'cannot understand'],
  ['C-STORE', 0xb000, 'warning', 'coercion'],
  ['C-STORE', 0xb006, 'warning', 'discarded'],
  ['C-STORE', 0xb007, 'warning', 'does not match'],
  ['C-STORE', 0x0117, 'failure', 'invalid SOP instance'],
  ['C-STORE', 0x0122, 'failure', 'SOP class not supported'],
  ['C-STORE', 0x0124, 'failure', 'not authorized'],
  ['C-FIND', 0x0000, 'success', 'success'],
  ['C-FIND', 0xa700, 'failure', 'out of resources'],
  ['C-FIND', 0xa900, 'failure', 'identifier'],
  ['C-FIND', 0xc001, 'failure', 'unable to process'],
  ['C-FIND', 0xb001, 'warning', 'limit'],
  ['C-FIND', 0xfe00, 'cancel', 'cancelled'],
  ['C-FIND', 0xff00, 'pending', 'continuing'],
  ['C-FIND', 0xff01, 'pending', 'optional keys'],
  ['C-GET', 0xa701, 'failure', 'number of matches'],
  ['C-GET', 0xa702, 'failure', 'sub-operations'],
  ['C-GET', 0xa900, 'failure', 'identifier'],
  ['C-GET', 0xc123, 'failure', 'unable to process'],
  ['C-GET', 0xb000, 'warning', 'failures or warnings'],
  ['C-GET', 0xfe00, 'cancel', 'cancel'],
  ['C-GET', 0xff00, 'pending', 'continuing'],
  ['C-MOVE', 0xa701, 'failure', 'number of matches'],
  ['C-MOVE', 0xa702, 'failure', 'sub-operations'],
  ['C-MOVE', 0xa801, 'failure', 'destination unknown'],
  ['C-MOVE', 0xa900, 'failure', 'identifier'],
  ['C-MOVE', 0xb000, 'warning', 'one or more failures'],
  ['C-MOVE', 0xff00, 'pending', 'continuing'],
  ['C-ECHO', 0x0000, 'success', 'success'],
  ['C-ECHO', 0x0122, 'failure', 'SOP class not supported'],
  ['N-CREATE', 0xb300, 'warning', 'created with modifications'],
  ['N-CREATE', 0xc309, 'failure', 'not SCHEDULED'],
  ['N-SET', 0xb305, 'warning', 'coerced'],
  ['N-SET', 0xc300, 'failure', 'no longer be updated'],
  ['N-SET', 0xc301, 'failure', 'transaction UID'],
  ['N-SET', 0xc310, 'failure', 'not IN PROGRESS'],
  ['N-ACTION', 0xb304, 'warning', 'CANCELED'],
  ['N-ACTION', 0xb306, 'warning', 'COMPLETED'],
  ['N-ACTION', 0xc302, 'failure', 'already IN PROGRESS'],
  ['N-ACTION', 0xc303, 'failure', 'SCHEDULED'],
  ['N-ACTION', 0xc304, 'failure', 'final state'],
  ['N-ACTION', 0xc307, 'failure', 'does not exist'],
  ['N-ACTION', 0xc308, 'failure', 'AE title is unknown'],
  ['N-ACTION', 0xc311, 'failure', 'already COMPLETED'],
  ['N-ACTION', 0xc312, 'failure', 'cannot be contacted'],
  ['N-ACTION', 0xc313, 'failure', 'chooses not to cancel'],
  ['N-ACTION', 0xc314, 'failure', 'not appropriate'],
  ['N-ACTION', 0xc315, 'failure', 'event reports'],
  ['N-GET', 0xc307, 'failure', 'does not exist'],
];

/** PS3.7 Annex C: the same in every service (D-7). */
const GENERAL_STATUSES: readonly [number, StatusCategory, string][] = [
  [0x0105, 'failure', 'no such attribute'],
  [0x0106, 'failure', 'invalid attribute value'],
  [0x0107, 'warning', 'attribute list error'],
  [0x0110, 'failure', 'processing failure'],
  [0x0111, 'failure', 'duplicate SOP instance'],
  [0x0112, 'failure', 'no such SOP instance'],
  [0x0113, 'failure', 'no such event type'],
  [0x0114, 'failure', 'no such argument'],
  [0x0115, 'failure', 'invalid argument value'],
  [0x0116, 'warning', 'attribute value out of range'],
  [0x0117, 'failure', 'invalid SOP instance'],
  [0x0118, 'failure', 'no such SOP class'],
  [0x0119, 'failure', 'class-instance conflict'],
  [0x0120, 'failure', 'missing attribute'],
  [0x0121, 'failure', 'missing attribute value'],
  [0x0122, 'failure', 'SOP class not supported'],
  [0x0123, 'failure', 'no such action'],
  [0x0124, 'failure', 'not authorized'],
  [0x0210, 'failure', 'duplicate invocation'],
  [0x0211, 'failure', 'unrecognized operation'],
  [0x0212, 'failure', 'mistyped argument'],
  [0x0213, 'failure', 'resource limitation'],
];

const SERVICES: readonly StatusService[] = ['C-ECHO', 'C-FIND', 'C-GET', 'C-MOVE', 'C-STORE', 'N-ACTION', 'N-CREATE'];

for (const [service, code, category, words] of SERVICE_STATUSES) {
  test(`${service} ${code.toString(16).padStart(4, '0')} is a ${category}`, () => {
    const status = statusOf(service, code);
    assert.equal(status.category, category);
    assert.ok(status.meaning.includes(words), status.meaning);
  });
}

for (const [code, category, meaning] of GENERAL_STATUSES) {
  test(`${code.toString(16).padStart(4, '0')} means the same in every service (D-7)`, () => {
    for (const service of SERVICES) assert.deepEqual(statusOf(service, code), { category, meaning });
  });
}

describe('D-6 codes that nobody defined go by their class', () => {
  for (const [code, category] of [
    [0x0001, 'warning'],
    [0xb123, 'warning'],
    [0xa123, 'failure'],
    [0xc123, 'failure'],
    [0x01ff, 'failure'],
    [0x02ff, 'failure'],
    [0x1234, 'failure'],
    [0xff02, 'failure'],
  ] as const) {
    test(code.toString(16).padStart(4, '0'), () => assert.equal(statusOf('C-ECHO', code).category, category));
  }
});

test('a status is described by code and meaning', () => {
  assert.equal(describeStatus('C-GET', 0xa702), 'A702 (out of resources: unable to perform sub-operations)');
  assert.equal(describeStatus('C-STORE', 0x0122), '0122 (SOP class not supported)');
});
