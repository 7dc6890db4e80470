// The commands of the process, run as a process.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Cache } from '../src/bridge/cache/cache.ts';
import { arriving, emptyDir } from './bridge/fixtures.ts';
import { freePort } from './support/peers.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

function run(args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

async function filled(dir: string): Promise<void> {
  const cache = await Cache.open({ dir, maxBytes: 1 << 30, maxAge: 86_400_000 });
  for (const [study, instance] of [
    ['1.1', '1.1.1.1'],
    ['1.1', '1.1.1.2'],
    ['1.2', '1.2.1.1'],
  ] as const) {
    const file = await cache.write(arriving({ study, series: `${study}.1`, instance }), 'PACS');
    await file.onDisk();
    file.release();
  }
  cache.close();
}

test('cache clear empties the cache, or one study of it', async (t) => {
  const dir = await emptyDir(t);
  await filled(dir);
  const one = await ended(run(['cache', 'clear', '1.1', '--cache-dir', dir]));
  assert.deepEqual([one.code, one.said], [0, '2 instances taken out of the cache\n']);
  assert.equal(readdirSync(`${dir}/files`).length, 1);
  const all = await ended(run(['cache', 'clear', '--cache-dir', dir]));
  assert.deepEqual([all.code, all.said], [0, '1 instances taken out of the cache\n']);
  assert.deepEqual(readdirSync(`${dir}/files`), []);
});

test('a cache that a gateway uses is not cleared under its hands', async (t) => {
  const dir = await emptyDir(t);
  const cache = await Cache.open({ dir, maxBytes: 1 << 30, maxAge: 86_400_000 });
  const { code, said } = await ended(run(['cache', 'clear', '--cache-dir', dir]));
  cache.close();
  assert.equal(code, 1);
  assert.match(said, /in use by another process/);
});

test('a demo that is ended while it starts leaves no folder behind', async (t) => {
  const TMPDIR = await emptyDir(t);
  const ports = ['--pacs', `DEMOPACS@127.0.0.1:${await freePort()}`, '--port', '0', '--dicom-port', '0'];
  const demo = run(['demo', ...ports], { TMPDIR });
  const end = ended(demo);
  while (readdirSync(TMPDIR).length === 0 && demo.exitCode === null) await delay(1);
  await delay(30);
  demo.kill('SIGTERM');
  await end;
  assert.deepEqual(readdirSync(TMPDIR), []);
});

test('a gateway whose log nobody reads goes on answering, and ends when it is told to', async (t) => {
  const [port, dir] = [await freePort(), await emptyDir(t)];
  const ports = ['--pacs', 'PACS@127.0.0.1:1', '--port', String(port), '--dicom-port', '0', '--cache-dir', dir];
  const gateway = run(['serve', ...ports]);
  t.after(() => gateway.kill('SIGKILL'));
  await once(gateway.stdout as Readable, 'readable');
  const health = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).arrayBuffer();
  for (let n = 0; n < 200; n++) await Promise.all(Array.from({ length: 10 }, health));
  const ended = once(gateway, 'exit', { signal: AbortSignal.timeout(30_000) });
  gateway.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});
