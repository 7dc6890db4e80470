import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCommand } from '../../../src/dimse/command.ts';
import type { Exchange } from '../../../src/dimse/exchange.ts';
import { subOperationsOf } from '../../../src/dimse/scu/sub-operations.ts';
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
