// A disk that hangs, as one on a network does whose server has gone: writing to the cache never ends. The answers go out all the same.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Stored, startFakePacs } from '../bridge/peer-pacs.ts';
import { startGateway } from '../support/gateway.ts';
import { type Answer, ask } from './chaos/answer.ts';

const us = (value: number) => ({ vr: 'US' as const, Value: [value] });
const IMAGE = {
  '00280002': us(1),
  '00280004': { vr: 'CS' as const, Value: ['MONOCHROME2'] },
  '00280010': us(16),
  '00280011': us(16),
  '00280100': us(16),
  '00280101': us(16),
  '00280102': us(15),
  '00280103': us(0),
};
const STUDIES = ['1.1', '1.2', '1.3'];
const images = (): Stored[] =>
  STUDIES.flatMap((study) =>
    [1, 2, 3].map((n) => ({ study, series: `${study}.1`, instance: `${study}.1.${n}`, more: IMAGE })),
  );

/** From now on the thread that writes files is as if it hung in the disk; `hanging` counts what it was handed. */
function hangDisk(t: TestContext) {
  const { promise, resolve: goOn } = Promise.withResolvers<void>();
  const disk = { hanging: 0, goOn };
  const { postMessage } = Worker.prototype;
  t.mock.method(Worker.prototype, 'postMessage', function (this: Worker, message: unknown, ...rest: []) {
    if (!Array.isArray(message)) return postMessage.call(this, message, ...rest);
    disk.hanging += 1;
    void promise.then(() => postMessage.call(this, message));
  });
  return disk;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

test('a disk that hangs: every answer goes out, no copy is kept, nobody waits for it again, and it is used when it answers', async (t) => {
  const peer = await startFakePacs(t, images());
  const pacs = { aeTitle: peer.aeTitle, host: '127.0.0.1', port: peer.port };
  const settings = { DICOMWEB_PACS_0_RETRIEVE: 'get' };
  const [first, second, third] = STUDIES.map((study) => `/dicomweb/studies/${study}`);
  const picture = `${first}/series/1.1.1/instances/1.1.1.1/rendered?accept=image/png`;
  const right = new Map<string, Answer>();
  const plain = await startGateway(t, [pacs], settings);
  for (const path of [first, second, third, `${first}/metadata`, picture]) {
    const answer = await ask(plain.origin, path ?? '');
    assert.ok(typeof answer !== 'string' && answer.status === 200);
    right.set(path ?? '', answer);
  }
  const { origin, config } = await startGateway(t, [pacs], settings);
  const isRight = async (path = '') => assert.deepEqual(await ask(origin, path), right.get(path), path);
  const kept = () => readdirSync(join(config.cache.dir, 'files')).length;
  const disk = hangDisk(t);
  peer.asked.get.length = 0;

  // These wait for no disk.
  await isRight(first);
  await isRight(`${first}/metadata`);
  assert.ok(disk.hanging > 0, 'it hangs');
  // The renderer reads files: it waits until the disk is given up, and is handed the bytes then.
  await isRight(picture);
  await until(() => kept() === 0);
  const tried = disk.hanging;
  await isRight(second);
  await isRight(second);
  assert.equal(disk.hanging, tried, 'a disk that hangs is not given more');
  const retrieved = peer.asked.get.length;
  await isRight(second);
  assert.equal(peer.asked.get.length, retrieved + 1, 'no copy was kept');

  const handed = disk.hanging;
  disk.goOn();
  await until(() => disk.hanging > handed);
  await isRight(third);
  await until(() => kept() === 3);
  const before = peer.asked.get.length;
  await isRight(third);
  assert.equal(peer.asked.get.length, before, 'the copy is used');
});
