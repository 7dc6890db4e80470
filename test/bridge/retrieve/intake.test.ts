// Instances of a C-GET on their way to the disk: overlapping, few at a time, and none lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdentifiedInstance } from '../../../src/bridge/cache/identify.ts';
import { Intake } from '../../../src/bridge/retrieve/intake.ts';

async function* bytes(): AsyncGenerator<Buffer, void> {
  yield Buffer.alloc(8);
}

function instance(number: number): IdentifiedInstance {
  const uids = { studyInstanceUid: '1.2', seriesInstanceUid: '1.2.3', sopInstanceUid: `1.2.3.${number}` };
  return { ...uids, sopClassUid: '1.2.840.10008.5.1.4.1.1.2', transferSyntaxUid: '1.2.840.10008.1.2.1', body: bytes() };
}

/** A disk on which each write ends when the test says so. */
function slowDisk() {
  const writes: PromiseWithResolvers<void>[] = [];
  const receive = async ({ body }: IdentifiedInstance) => {
    const write = Promise.withResolvers<void>();
    writes.push(write);
    for await (const _ of body);
    await write.promise;
  };
  return { writes, receive };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('an instance that has come whole does not hold up the next while it is written', async () => {
  const { writes, receive } = slowDisk();
  const intake = new Intake(receive);
  await intake.take(instance(1));
  await intake.take(instance(2));
  assert.equal(writes.length, 2);
  for (const { resolve } of writes) resolve();
  await intake.settle();
});

test('a disk that does not keep up lets only so many come', async () => {
  const { writes, receive } = slowDisk();
  const intake = new Intake(receive);
  for (let number = 1; number < 4; number += 1) await intake.take(instance(number));
  let taken = false;
  const fourth = intake.take(instance(4)).then(() => (taken = true));
  await turn();
  assert.equal(taken, false);
  writes[0]?.resolve();
  await fourth;
  for (const { resolve } of writes) resolve();
  await intake.settle();
});

test('settling waits for every write', async () => {
  const { writes, receive } = slowDisk();
  const intake = new Intake(receive);
  await intake.take(instance(1));
  let settled = false;
  const all = intake.settle().then(() => (settled = true));
  await turn();
  assert.equal(settled, false);
  writes[0]?.resolve();
  await all;
});

test('a write that fails after its instance was taken fails the next one, and the whole', async () => {
  const { writes, receive } = slowDisk();
  const intake = new Intake(receive);
  await intake.take(instance(1));
  writes[0]?.reject(new Error('disk'));
  await turn();
  await assert.rejects(intake.take(instance(2)), /disk/);
  writes[1]?.resolve();
  await assert.rejects(intake.settle(), /disk/);
});
