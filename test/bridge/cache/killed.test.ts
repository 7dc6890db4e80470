import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Cache } from '../../../src/bridge/cache/cache.ts';
import { below, randomFrom } from '../../dimse/fuzz/mutation.ts';
import { emptyDir, encoded } from '../fixtures.ts';
import { documentOf, KINDS, MAX_BYTES, madeAt, TOGETHER } from './churned.ts';

const ROUNDS = 8;
/** Instances written at least, so that eviction has begun in most rounds, and milliseconds more. */
const REACH = 60;
const MORE = 30;

/** Kills a process that fills the cache, when it has reported `enough` and some time after; what it reported last. */
async function killedAfter(dir: string, enough: number, ms: number, keeping = 'on'): Promise<number> {
  const child = fork(new URL('./churner.ts', import.meta.url), [dir, keeping]);
  const exited = once(child, 'exit');
  let last = -1;
  await new Promise<void>((resolve, reject) => {
    child.on('message', (at) => {
      last = Number(at);
      if (last >= enough) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the process ended by itself: ${code}`)));
  });
  await delay(ms);
  child.kill('SIGKILL');
  await exited;
  return last;
}

function bytesIn(folder: string): number {
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}

test('a process that is killed while it writes, documents and evicts leaves what is right, and nothing else', async (t) => {
  const random = randomFrom(1);
  let documents = 0;
  let wholes = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const dir = await emptyDir(t);
    const last = await killedAfter(dir, below(random, REACH), below(random, MORE));
    const cache = await Cache.open({ dir, maxBytes: MAX_BYTES, maxAge: 86_400_000 });
    let bytes = 0;
    for (let at = 0; at <= last + TOGETHER; at += 1) {
      const made = madeAt(at);
      const file = cache.open('PACS', made);
      if (file === undefined) continue;
      bytes += file.size;
      assert.ok(readFileSync(file.path).subarray(file.dataOffset).equals(encoded(made)), made.instance);
      for (const kind of KINDS) {
        const document = file.document(kind);
        if (document === undefined) continue;
        documents += 1;
        bytes += document.length;
        assert.ok(document.equals(documentOf(made, kind)), `${kind} of ${made.instance}`);
      }
      file.release();
    }
    for (let study = 0; study <= (last + TOGETHER) / TOGETHER; study += 1) {
      const whole = cache.openWhole('PACS', { study: `1.${study}` });
      if (whole === undefined) continue;
      wholes += 1;
      assert.equal(whole.files.length, TOGETHER);
      for (const file of whole.files) file.release();
    }
    assert.equal(cache.bytes, bytes, 'what is counted is what is there');
    assert.ok(bytes <= MAX_BYTES);
    // What the start evicts goes off the disk behind it; a file that the index does not know would stay.
    while (bytesIn(join(dir, 'files')) > bytes) await delay(5);
    cache.close();
  }
  assert.ok(documents > 0 && wholes > 0, 'that was too early, always');
});

test('a process that keeps nothing and is killed leaves nothing that is found, and what it left goes at the next start', async (t) => {
  let left = 0;
  for (const enabled of [false, true]) {
    const dir = await emptyDir(t);
    const last = await killedAfter(dir, REACH, 5, 'off');
    left += readdirSync(join(dir, 'files')).length;
    const cache = await Cache.open({ dir, enabled, maxBytes: MAX_BYTES, maxAge: 86_400_000 });
    for (let at = 0; at <= last + TOGETHER; at += 1) assert.equal(cache.open('PACS', madeAt(at)), undefined);
    assert.deepEqual([readdirSync(join(dir, 'files')), cache.bytes], [[], 0]);
    cache.close();
  }
  assert.ok(left > 0, 'it was not killed while something was there');
});
