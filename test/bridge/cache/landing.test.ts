// A disk that fails in the middle of a large instance: who reads behind finds its first bytes there still.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Disk, givenUp, type Writing } from '../../../src/bridge/cache/disk.ts';
import { Landing } from '../../../src/bridge/cache/landing.ts';
import { Memory, SLAB } from '../../../src/bridge/cache/memory.ts';
import { diskReader } from '../../../src/bridge/cache/stored-file.ts';
import { emptyDir } from '../fixtures.ts';

test('what is on disk of a large instance stays there for its readers when the disk takes no more of it', async (t) => {
  const memory = new Memory(10 * SLAB);
  const disk = new Disk(memory.shared);
  t.after(() => disk.close());
  let writes = 0;
  const { write } = disk;
  t.mock.method(disk, 'write', (writing: Writing) => {
    writes += 1;
    return writes === 1 ? write.call(disk, writing) : Promise.reject(givenUp());
  });
  const path = join(await emptyDir(t), 'one');
  const landing = new Landing({ path, memory, disk, onGone: () => {} });
  const sent = Buffer.from(Uint8Array.from({ length: 16 * SLAB }, (_, at) => at ^ (at >> 8) ^ (at >> 16)));
  const follower = landing.follow();
  async function* body() {
    for (let at = 0; at < sent.length; at += 100_000) yield sent.subarray(at, at + 100_000);
  }
  const filled = landing.fill(Buffer.alloc(0), body(), {});
  await assert.rejects(landing.stored, { kind: 'busy' });
  assert.ok(landing.written > 0 && landing.isReadable);
  // Whatever was asked of the disk meanwhile has been done.
  await write.call(disk, {
    path: `${path}-other`,
    bytes: [memory.lend(memory.take() ?? sent, 0, 1)?.bytes ?? sent],
    isLast: true,
    isWanted: () => true,
  });
  const reader = diskReader(path);
  const read: Buffer[] = [];
  const target = Buffer.alloc(300_000);
  for (let at = 0; at < sent.length; ) {
    follower.at = at;
    const wanted = target.subarray(0, Math.max(0, landing.written - at));
    const bytes = landing.copy(target, at) ?? (await reader.read(wanted, at));
    if (bytes === 0) await landing.more(at, new AbortController().signal);
    read.push(Buffer.from(target.subarray(0, bytes)));
    at += bytes;
  }
  await filled;
  assert.ok(Buffer.concat(read).equals(sent));
  follower.leave();
  reader.close();
  landing.discard();
});
