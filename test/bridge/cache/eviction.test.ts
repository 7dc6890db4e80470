// What may not leave the cache while somebody reads it: files, and instances that still arrive.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Cache, type CacheOptions, type FollowedFile, type Growing } from '../../../src/bridge/cache/cache.ts';
import { arriving, emptyDir, encoded, type Made } from '../fixtures.ts';

const never = new AbortController().signal;
const made = (instance: string, bytes = 100_000): Made => ({ study: '1.1', series: '1.1.1', instance, bytes });
const LARGE = made('1.9', 6 << 20);

async function openCache(t: TestContext, more: Partial<CacheOptions>) {
  const dir = await emptyDir(t);
  const cache = await Cache.open({ dir, maxBytes: 1 << 30, maxAge: 86_400_000, ...more });
  t.after(() => cache.close());
  const fill = async (one: Made) => {
    const file = await cache.write(arriving(one), 'PACS');
    await file.onDisk();
    file.release();
  };
  const isHere = (one: Made) => {
    const file = cache.open('PACS', one);
    file?.release();
    return file !== undefined;
  };
  return { cache, fill, isHere, files: () => readdirSync(join(dir, 'files')).length };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

test('in place of what is being read the next oldest goes', async (t) => {
  const { cache, fill, isHere, files } = await openCache(t, { maxBytes: 250_000 });
  const [oldest, next, newest] = [made('1.1'), made('1.2'), made('1.3')];
  await fill(oldest);
  await fill(next);
  const read = cache.open('PACS', oldest);
  await delay(2);
  // Used since, and yet the first to go: the other is being read.
  cache.open('PACS', next)?.release();
  await fill(newest);
  await until(() => files() === 2);
  assert.deepEqual([oldest, next, newest].map(isHere), [true, false, true]);
  read?.release();
  assert.ok(isHere(oldest), 'and it stays when it was read');
});

describe('an instance that is followed while it comes', () => {
  /** A cache whose memory holds a part of it, that has half of it, and one who follows it. */
  async function rig(t: TestContext, more: Partial<CacheOptions> = {}) {
    const { cache, ...rest } = await openCache(t, { memoryBytes: 3 << 20, ...more });
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<Growing>();
    const instance = arriving(LARGE, { chunk: 64_000 });
    const body = halting(instance.body, LARGE.bytes ?? 0, gate.promise);
    const written = cache.write({ ...instance, body }, 'PACS', { onGrowing: begun.resolve });
    const file = (await begun.promise).open(never);
    return { cache, ...rest, file, written, goOn: gate.resolve };
  }

  async function* halting(body: AsyncIterable<Buffer>, size: number, gate: Promise<void>): AsyncGenerator<Buffer> {
    let sent = 0;
    for await (const chunk of body) {
      if (sent <= size / 2 && sent + chunk.length > size / 2) await gate;
      sent += chunk.length;
      yield chunk;
    }
  }

  async function read(file: FollowedFile, from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.alloc(to - from);
    let filled = 0;
    while (filled < bytes.length) {
      const count = await file.read(bytes.subarray(filled, filled + 65_536), from + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  for (const [what, clear] of [
    ['everything is evicted', async (_: Cache, fill: (one: Made) => Promise<void>) => fill(made('1.2'))],
    ['the cache is cleared', async (cache: Cache) => void cache.clear()],
    ['it is stored anew', async (cache: Cache) => cache.forget('PACS', LARGE)],
  ] as const) {
    test(`is read to its end although ${what}, before and behind its last byte`, async (t) => {
      const { cache, file, written, goOn, fill, files } = await rig(t, { maxBytes: 0 });
      const early = await read(file, 0, 1 << 20);
      await clear(cache, fill);
      goOn();
      const middle = await read(file, early.length, 4 << 20);
      const whole = await written;
      await whole.onDisk();
      whole.release();
      await clear(cache, fill);
      // Nothing of it is in memory any more when that is needed for others.
      await fill(made('1.3', 5 << 20));
      const rest = await read(file, early.length + middle.length, 8 << 20);
      const all = Buffer.concat([early, middle, rest]);
      assert.ok(all.subarray(file.dataOffset).equals(encoded(LARGE)));
      file.release();
      await until(() => files() === 0);
    });
  }
});
