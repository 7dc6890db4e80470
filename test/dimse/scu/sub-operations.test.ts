import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCommand } from '../../../src/dimse/command.ts';
import { Exchange } from '../../../src/dimse/exchange.ts';
import type { Body } from '../../../src/dimse/message.ts';
import { finalCounts, subOperationsOf } from '../../../src/dimse/scu/sub-operations.ts';
import { hex } from '../hex.ts';

/** A final C-GET-RSP: no data set, 1 completed, 2 failed. */
const FINAL = `
  0000 0001 02000000  1080                  # C-GET-RSP
  0000 2001 02000000  0100                  # to message 1
  0000 0008 02000000  0101                  # no data set
  0000 0009 02000000  00B0                  # status B000
  0000 2110 02000000  0100                  # completed
  0000 2210 02000000  0200                  # failed
`;
const counts = { status: 0xb000, completed: 1, failed: 2 };

test('failed SOP Instance UIDs are taken from a command set that carries them', async () => {
  const command = decodeCommand(hex(`${FINAL}  0800 5800 0C000000  "1.2.3" 5C "1.2.45" `));
  assert.deepEqual(await subOperationsOf({ contextId: 1, command }, {} as Exchange), {
    ...counts,
    failedSopInstanceUids: ['1.2.3', '1.2.45'],
  });
});

test('without a list of them nothing is said', async () => {
  for (const list of ['', '0800 5800 00000000']) {
    const command = decodeCommand(hex(FINAL + list));
    const { failedSopInstanceUids = [], ...said } = await subOperationsOf({ contextId: 1, command }, {} as Exchange);
    assert.deepEqual([said, failedSopInstanceUids], [counts, []]);
  }
});

test('an empty value in their list is none', async () => {
  const command = decodeCommand(hex(FINAL));
  const dataset = async () => ({ '00080058': { vr: 'UI', Value: ['1.2.3', null, '1.2.45'] } });
  const body = {} as Body;
  const said = await subOperationsOf({ contextId: 1, command, body }, { dataset } as unknown as Exchange);
  assert.deepEqual(said.failedSopInstanceUids, ['1.2.3', '1.2.45']);
});

test('the error of a retrieve that failed says how many did, of how many', () => {
  const command = decodeCommand(hex(FINAL));
  const context = { id: 1, abstractSyntax: '1.2', transferSyntaxUid: '1.3', roles: { scu: true, scp: false } };
  const exchange = new Exchange(
    { peer: 'PACS@host:104' } as ConstructorParameters<typeof Exchange>[0],
    'C-GET',
    context,
    1,
  );
  const ended = { status: 0xa702, completed: 2, warning: 3, failed: 1 };
  assert.throws(() => finalCounts({ contextId: 1, command }, ended, exchange), /, 1 of 6 failed$/);
});
