// Documents: what is made out of instances and kept beside them, through the cache that keeps both.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { Cache } from '../../../src/bridge/cache/cache.ts';

const SOURCE = 'PACS';
const RESOURCE = { study: '1.1', series: '1.2', instance: '1.3' };
const dirs: string[] = [];

afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'documents-'));
  dirs.push(dir);
  return dir;
}

const opened = (dir: string, maxBytes = 1e6) => Cache.open({ dir, maxBytes, maxAge: 1e9 });

const write = async (cache: Cache, sopInstanceUid = '1.3', length = 1000) => {
  const file = await cache.write(
    {
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid,
      studyInstanceUid: '1.1',
      seriesInstanceUid: '1.2',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      body: (async function* () {
        yield Buffer.alloc(length);
      })(),
    },
    SOURCE,
  );
  await file.onDisk();
  return file;
};

test('what was kept beside an instance is there at once, and after a restart', async () => {
  const dir = newDir();
  const cache = await opened(dir);
  const file = await write(cache);
  file.keep('metadata', Buffer.from('made once'));
  assert.equal(file.document('metadata')?.toString(), 'made once');
  assert.equal(file.document('thumbnail'), undefined);
  file.release();
  cache.close();
  const again = await opened(dir);
  assert.equal(again.open(SOURCE, RESOURCE)?.document('metadata')?.toString(), 'made once');
  again.close();
});

test('a document goes with its instance: forgotten, it is not there for the one that comes in its place', async () => {
  const cache = await opened(newDir());
  const file = await write(cache);
  file.keep('metadata', Buffer.from('of the first'));
  cache.forget(SOURCE, RESOURCE);
  file.keep('metadata', Buffer.from('of the first, made too late'));
  assert.equal(file.document('metadata'), undefined);
  file.release();
  const next = await write(cache);
  assert.equal(next.document('metadata'), undefined);
  next.release();
  cache.close();
});

test('an instance that is retrieved anew has no document of the one it replaces', async () => {
  const cache = await opened(newDir());
  const first = await write(cache);
  first.keep('metadata', Buffer.from('of the first'));
  const second = await write(cache);
  assert.equal(second.document('metadata'), undefined);
  cache.close();
});

test('documents count towards the size of the cache and are evicted with their instances', async () => {
  const cache = await opened(newDir(), 20_000);
  const first = await write(cache, '1.3');
  const before = cache.bytes;
  first.keep('metadata', Buffer.alloc(9000));
  first.keep('metadata', Buffer.alloc(8000));
  assert.equal(cache.bytes, before + 8000);
  first.release();
  const second = await write(cache, '1.4', 15_000);
  assert.equal(cache.bytes, second.size);
  assert.equal(cache.open(SOURCE, RESOURCE), undefined, 'the older one had to go');
  second.release();
  cache.close();
});

test('a very large document is not kept, nor counted', async () => {
  const cache = await opened(newDir(), 1e8);
  const file = await write(cache);
  const before = cache.bytes;
  file.keep('metadata', Buffer.alloc(4 * 1024 * 1024 + 1));
  assert.ok(file.document('metadata') === undefined);
  assert.equal(cache.bytes, before);
  file.keep('metadata', Buffer.alloc(4 * 1024 * 1024));
  assert.equal(cache.bytes, before + 4 * 1024 * 1024);
  file.release();
  cache.close();
});
