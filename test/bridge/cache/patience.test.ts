// Who has gone waits for nothing: neither for the disk nor for memory, and takes nothing from those who still wait.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Memory, SLAB } from '../../../src/bridge/cache/memory.ts';
import { inTime, untilAborted } from '../../../src/bridge/cache/patience.ts';

const cancelled = { name: 'DicomError', kind: 'cancelled' };
const never = new Promise<never>(() => {});

/** Memory of which nothing is free, and one slab that can be given back. */
function full(): { memory: Memory; slab: Buffer } {
  const memory = new Memory(8 * SLAB);
  let slab = memory.take();
  for (let next = slab; next !== undefined; next = memory.take()) slab = next;
  assert.ok(slab !== undefined);
  return { memory, slab };
}

for (const [name, wait] of [
  ['the disk', (signal: AbortSignal) => inTime(never, { signal })],
  ['what others wait for too', (signal: AbortSignal) => untilAborted(never, signal)],
  ['memory', (signal: AbortSignal) => full().memory.wait(signal)],
] as const) {
  test(`a client that goes no longer waits for ${name}, and its signal holds nothing of it`, async () => {
    const client = new AbortController();
    const waiting = wait(client.signal);
    client.abort();
    await assert.rejects(waiting, cancelled);
    assert.deepEqual(getEventListeners(client.signal, 'abort'), []);
  });

  test(`a client that has gone does not begin to wait for ${name}`, async () => {
    await assert.rejects(wait(AbortSignal.abort()), cancelled);
  });
}

test('memory that becomes free goes to who still waits, not to a client that has gone', async () => {
  const { memory, slab } = full();
  const client = new AbortController();
  const gone = memory.wait(client.signal);
  const patient = memory.wait(undefined);
  client.abort();
  await assert.rejects(gone, cancelled);
  memory.give([slab]);
  assert.equal(await patient, slab);
});
