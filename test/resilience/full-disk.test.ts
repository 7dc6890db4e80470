// A disk that is full in truth: a small file system of its own. What is asked for comes whole, the copies are dropped, and when
// there is room again what is retrieved is kept again.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Stored, startFakePacs } from '../bridge/peer-pacs.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/peers.ts';
import { type Answer, ask } from './chaos/answer.ts';

/** Of the disk, and of an instance: two of the three fit where nothing else is. */
const DISK = 8 << 20;
const INSTANCE = 3 << 20;
const STORED: Stored[] = [1, 2, 3].map((n) => ({
  study: '1.7',
  series: '1.77',
  instance: `1.77.${n}`,
  bytes: INSTANCE,
}));
const STUDY = '/dicomweb/studies/1.7';

/** A file system in memory, unmounted after the test; undefined where that isn't allowed. */
async function smallDisk(t: TestContext): Promise<string | undefined> {
  const dir = await tempDir();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=0700`, 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    rmSync(dir, { recursive: true });
    return undefined;
  }
  t.after(() => {
    execFileSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true });
  });
  return dir;
}

async function start(t: TestContext, dir: string, settings: Record<string, string> = {}) {
  const peer = await startFakePacs(t, STORED);
  const pacs = { aeTitle: peer.aeTitle, host: '127.0.0.1', port: peer.port };
  const gateway = await startGateway(t, [pacs], { DICOMWEB_PACS_0_RETRIEVE: 'get', ...settings }, undefined, dir);
  return { peer, gateway };
}

/** The answer of a gateway that has room. */
async function rightAnswer(t: TestContext, path: string): Promise<Answer> {
  const { gateway } = await start(t, join(await tempDir(t), 'cache'));
  return ask(gateway.origin, path);
}

for (const [what, path] of [
  ['a study', STUDY],
  ['a study as ZIP', `${STUDY}?accept=${encodeURIComponent('application/zip')}`],
] as const) {
  test(`a full disk: ${what} comes whole, its copies are dropped, and are kept when there is room again`, async (t) => {
    const disk = await smallDisk(t);
    if (disk === undefined) return t.skip('no file system may be mounted here');
    const right = await rightAnswer(t, path);
    assert.ok(typeof right !== 'string' && right.status === 200 && right.content.length === STORED.length);
    const { peer, gateway } = await start(t, join(disk, 'cache'));
    const files = () => readdirSync(join(gateway.config.cache.dir, 'files'));
    const { bavail, bsize } = statfsSync(disk);
    const other = join(disk, 'other');
    writeFileSync(other, Buffer.alloc(bavail * bsize - (1 << 20)));
    for (const times of [1, 2]) {
      assert.deepEqual(await ask(gateway.origin, path), right);
      assert.equal(peer.asked.get.length, times, 'nothing could be kept');
      while (files().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    rmSync(other);
    const one = `${STUDY}/series/1.77/instances/1.77.2`;
    await ask(gateway.origin, one);
    const asked = peer.asked.get.length;
    while (files().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await ask(gateway.origin, one);
    assert.equal(peer.asked.get.length, asked, 'the second time from the cache');
  });
}
