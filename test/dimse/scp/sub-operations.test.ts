// Counts of sub-operations beyond what their 16 bits hold (PS3.7 9.3.3.2, US of E.1-1): told as FFFF, never wrapped to a small number.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Command } from '../../../src/dimse/command.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import type { Instance } from '../../../src/dimse/index.ts';
import type { Request } from '../../../src/dimse/scp/request.ts';
import { performSubOperations } from '../../../src/dimse/scp/sub-operations.ts';
import { CT, GET } from '../proposals.ts';
import { EXPLICIT } from '../scripted-peer.ts';

/** One more than fits. */
const MANY = 0x1_0000;

/** What is told of so many instances that all end with `status`, where `total` was announced. */
async function told(count: number, status: number, total = count) {
  let first: Command | undefined;
  let last: Command | undefined;
  let list: Buffer | undefined;
  const context = { id: 1, abstractSyntax: GET, transferSyntaxUid: EXPLICIT };
  const messages = {
    send: async ({ command }: { command: Command }, data?: Buffer) => {
      first ??= command;
      last = command;
      list = data;
    },
  };
  const request = {
    message: { contextId: 1, command: { commandField: 0x10, messageId: 1, commandDataSetType: 0 } },
    dialogue: { messages, context: () => context },
    context: { signal: new AbortController().signal },
  } as unknown as Request;
  const body = (async function* () {})();
  const one: Instance = { sopClassUid: CT, sopInstanceUid: '1.2', transferSyntaxUid: EXPLICIT, body };
  const instances = (async function* () {
    for (let sent = 0; sent < count; sent += 1) yield one;
  })();
  await performSubOperations(request, { total, instances }, async () => ({ status }));
  return { first, last, list };
}

describe('E.1 counts of sub-operations have 16 bits', () => {
  test('remaining', async () => {
    const { first, last } = await told(2, 0, MANY + 1);
    assert.equal(first?.numberOfRemainingSuboperations, 0xffff);
    assert.equal(last?.numberOfCompletedSuboperations, 2);
  });
  test('completed', async () => {
    const { last } = await told(MANY, 0x0000);
    assert.deepEqual([last?.numberOfCompletedSuboperations, last?.status], [0xffff, 0x0000]);
  });
  test('with a warning', async () => {
    const { last } = await told(MANY, 0xb000);
    assert.deepEqual([last?.numberOfWarningSuboperations, last?.status], [0xffff, 0xb000]);
  });
  test('failed, and every one of them is in the list', async () => {
    const { last, list } = await told(MANY, 0xa700);
    assert.deepEqual([last?.numberOfFailedSuboperations, last?.status], [0xffff, 0xa702]);
    const { '00080058': uids } = readDataset(list ?? Buffer.alloc(0), EXPLICIT);
    assert.equal(uids?.Value?.length, MANY);
  });
});
