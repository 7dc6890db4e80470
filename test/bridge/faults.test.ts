// The fault table a second time: what went wrong, and what the web and a DIMSE peer are told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULTS, faultOf } from '../../src/bridge/faults.ts';
import { DicomError, type DicomErrorDetail, type DicomErrorKind } from '../../src/dimse/errors.ts';

const KINDS: [kind: DicomErrorKind, detail: DicomErrorDetail, fault: string, http: number, dimse: number][] = [
  ['malformed', {}, 'malformed', 400, 0xa900],
  ['corrupt', {}, 'peer-failed', 502, 0x0110],
  ['too-large', {}, 'too-large', 413, 0xa700],
  ['timeout', {}, 'timeout', 504, 0x0110],
  ['timeout', { field: 'body' }, 'too-slow', 408, 0x0110],
  ['cancelled', {}, 'cancelled', 499, 0xfe00],
  ['unreachable', {}, 'unreachable', 502, 0x0110],
  ['rejected', { rejection: { result: 1, source: 1, reason: 7 } }, 'unreachable', 502, 0x0110],
  ['rejected', { rejection: { result: 2, source: 3, reason: 2 } }, 'busy', 503, 0xa700],
  ['aborted', {}, 'unreachable', 502, 0x0110],
  ['no-context', {}, 'unreachable', 502, 0x0110],
  ['no-context', { field: 'abstract-syntax' }, 'not-supported', 501, 0x0122],
  ['protocol', {}, 'peer-failed', 502, 0x0110],
  ['not-found', {}, 'not-found', 404, 0x0112],
  ['not-acceptable', {}, 'not-acceptable', 406, 0x0110],
  ['unsupported-media', {}, 'unsupported-media', 415, 0xc122],
  ['busy', {}, 'busy', 503, 0xa700],
];

for (const [kind, detail, name, http, dimse] of KINDS) {
  test(`${kind} ${JSON.stringify(detail)} is ${name}: HTTP ${http}`, () => {
    const fault = faultOf(new DicomError(kind, 'what happened', detail));
    assert.deepEqual([fault.name, fault.httpStatus, fault.dimseStatus], [name, http, dimse]);
    assert.equal(fault.detail, 'what happened');
  });
}

const STATUSES: [operation: string, status: number, fault: string, http: number][] = [
  ['C-FIND', 0xa700, 'busy', 503],
  ['C-FIND', 0xa900, 'malformed', 400],
  ['C-FIND', 0x0106, 'malformed', 400],
  ['C-FIND', 0x0115, 'malformed', 400],
  ['C-FIND', 0xc001, 'peer-failed', 502],
  ['C-FIND', 0x0122, 'not-supported', 501],
  ['C-FIND', 0x0124, 'not-authorised', 403],
  ['C-FIND', 0x0110, 'peer-failed', 502],
  ['C-FIND', 0x0213, 'busy', 503],
  ['C-GET', 0xa701, 'busy', 503],
  ['C-GET', 0xa702, 'busy', 503],
  ['C-GET', 0xa900, 'peer-failed', 502],
  ['C-GET', 0x0112, 'not-found', 404],
  ['C-GET', 0xc000, 'peer-failed', 502],
  ['C-MOVE', 0xa801, 'peer-failed', 502],
  ['C-MOVE', 0x0124, 'not-authorised', 403],
  ['C-STORE', 0xa700, 'busy', 503],
  ['C-STORE', 0xa901, 'not-stored', 409],
  ['C-STORE', 0xc000, 'not-stored', 409],
  ['C-STORE', 0xc122, 'unsupported-media', 415],
  ['C-STORE', 0x0117, 'not-stored', 409],
  ['C-STORE', 0x0122, 'not-stored', 409],
];

for (const [operation, status, name, http] of STATUSES) {
  test(`Q-D17 ${operation} ${status.toString(16).padStart(4, '0')} is ${name}: HTTP ${http}`, () => {
    const fault = faultOf(new DicomError('status', 'x', { operation, status }));
    assert.deepEqual([fault.name, fault.httpStatus], [name, http]);
  });
}

test('the message of a bug is withheld', () => {
  const fault = faultOf(new TypeError('cannot read DOE^JOHN of undefined'));
  assert.deepEqual([fault.name, fault.httpStatus], ['internal', 500]);
  assert.doesNotMatch(fault.detail, /DOE/);
});

test('busy says when to try again', () => {
  assert.equal(faultOf(new DicomError('busy', 'x')).retryAfter, 5);
  assert.equal(faultOf(new DicomError('timeout', 'x')).retryAfter, undefined);
});

test('every fault has a title', () => {
  for (const { title } of Object.values(FAULTS)) assert.notEqual(title, '');
});
