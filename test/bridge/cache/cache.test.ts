import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Cache, type CacheOptions, type StoredFile, type WriteOptions } from '../../../src/bridge/cache/cache.ts';
import type { IdentifiedInstance } from '../../../src/bridge/cache/identify.ts';
import { readFileMeta } from '../../../src/dimse/data/part10.ts';
import { ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { arriving, chunks, emptyDir, encoded, type Made } from '../fixtures.ts';

const options = { maxBytes: 1 << 30, maxAge: 86_400_000 };
const made = (instance: string, more: Partial<Made> = {}): Made => ({
  study: '1.1',
  series: '1.1.1',
  instance,
  ...more,
});
const resource = ({ study, series, instance }: Made) => ({ study, series, instance });
const filesOf = (dir: string) => readdirSync(join(dir, 'files'));

function opener(dir: string) {
  return (more: Partial<CacheOptions> = {}) => Cache.open({ dir, ...options, ...more });
}

/** Taken in, and on disk. */
async function written(cache: Cache, instance: IdentifiedInstance, writing: WriteOptions = {}): Promise<StoredFile> {
  const file = await cache.write(instance, 'PACS', writing);
  await file.onDisk();
  return file;
}

async function fill(cache: Cache, ...all: Made[]) {
  for (const one of all) (await written(cache, arriving(one))).release();
}

test('a written instance is a Part 10 file with the data set byte for byte', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)();
  const one = made('1.5');
  const file = await written(cache, arriving(one, { transferSyntaxUid: ImplicitLittle }));
  const bytes = readFileSync(file.path);
  const { dataOffset, transferSyntaxUid, sopInstanceUid, meta } = readFileMeta(bytes);
  assert.equal(dataOffset, file.dataOffset);
  assert.equal(bytes.length, file.size);
  assert.equal(transferSyntaxUid, ImplicitLittle);
  assert.equal(sopInstanceUid, '1.5');
  assert.deepEqual(meta['00020016']?.Value, ['PACS']);
  assert.deepEqual(bytes.subarray(dataOffset), encoded(one, ImplicitLittle));
  file.release();
  cache.close();
});

for (const dir of ['/proc/gateway/cache', '/dev/null/cache', '/proc/1/gateway']) {
  test(`a folder that cannot be made is an error at once: ${dir}`, async () => {
    await assert.rejects(opener(dir)(), { kind: 'busy', field: 'cache.dir' });
  });
}

test('an instance is read from memory before it is on disk, and from disk when it has left the memory', async (t) => {
  const dir = await emptyDir(t);
  // Room for eight slabs: the next instance takes the memory of the first.
  const cache = await opener(dir)({ memoryBytes: 1 << 20 });
  const one = made('1.5', { bytes: 700_000 });
  const file = await cache.write(arriving(one, { chunk: 16_000 }), 'PACS');
  const target = Buffer.alloc(file.size);
  assert.equal(file.read(target, 0), file.size, 'at once: no promise');
  assert.deepEqual(target.subarray(file.dataOffset), encoded(one));
  await file.onDisk();
  const next = await cache.write(arriving(made('1.6', { bytes: 4_500_000 }), { chunk: 16_000 }), 'PACS');
  assert.ok(file.read(target, 0) instanceof Promise, 'from disk');
  assert.equal(await file.read(target.fill(0), 0), file.size);
  assert.deepEqual(target.subarray(file.dataOffset), encoded(one));
  file.release();
  next.release();
  await cache.idle();
  cache.close();
});

test('an instance larger than the memory is written while it comes', async (t) => {
  const cache = await opener(await emptyDir(t))({ memoryBytes: 1 << 20 });
  const one = made('1.5', { bytes: 5_000_000 });
  const file = await written(cache, arriving(one, { chunk: 16_000 }));
  assert.deepEqual(readFileSync(file.path).subarray(file.dataOffset), encoded(one));
  file.release();
  cache.close();
});

test('what is cached is private to its owner', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)();
  const file = await written(cache, arriving(made('1.5')));
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.equal(statSync(join(dir, 'files')).mode & 0o777, 0o700);
  assert.equal(statSync(join(dir, 'index.sqlite')).mode & 0o777, 0o600);
  file.release();
  cache.close();
});

test('what was asked for before its study was forgotten is there for its readers alone', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)();
  const generation = cache.generation('PACS', '1.1');
  cache.forget('PACS', resource(made('1.5')));
  const file = await written(cache, arriving(made('1.5')), { generation });
  cache.setWhole('PACS', { study: '1.1' }, [file], generation);
  assert.deepEqual(
    [cache.open('PACS', resource(made('1.5'))), cache.openWhole('PACS', { study: '1.1' })],
    [undefined, undefined],
  );
  assert.equal(statSync(file.path).size, file.size);
  assert.equal(cache.bytes, 0);
  file.release();
  while (filesOf(dir).length > 0) await delay(1);
  cache.close();
});

test('W-R16 an instance is only found under its own study and series', async (t) => {
  const cache = await opener(await emptyDir(t))();
  await fill(cache, made('1.5'));
  assert.equal(cache.open('PACS', { study: '1.1', series: '1.1.2', instance: '1.5' }), undefined);
  assert.equal(cache.open('PACS', { study: '1.2', series: '1.1.1', instance: '1.5' }), undefined);
  const file = cache.open('PACS', { study: '1.1', series: '1.1.1', instance: '1.5' });
  assert.equal(file?.sopInstanceUid, '1.5');
  file?.release();
  cache.close();
});

test('an instance is too old after maxAge', async (t) => {
  const cache = await opener(await emptyDir(t))({ maxAge: 5 });
  await fill(cache, made('1.5'));
  await delay(10);
  assert.equal(cache.open('PACS', resource(made('1.5'))), undefined);
  cache.close();
});

test('what is too old goes off the disk, at the start and within a minute, unless it is being read', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)();
  await fill(cache, made('1.5'), made('1.6'));
  cache.close();
  await delay(10);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const again = await opener(dir)({ maxAge: 5 });
  await until(() => filesOf(dir).length === 0);
  const file = await written(again, arriving(made('1.7')));
  await delay(10);
  t.mock.timers.tick(60_000);
  assert.equal(readFileSync(file.path).length, file.size);
  file.release();
  t.mock.timers.tick(60_000);
  await until(() => filesOf(dir).length === 0);
  assert.equal(again.bytes, 0);
  again.close();
});

test('a body that fails leaves nothing', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)();
  const broken = async function* () {
    yield* chunks(Buffer.alloc(3 << 20), 1 << 16);
    throw new Error('aborted');
  };
  await assert.rejects(cache.write({ ...arriving(made('1.5')), body: broken() }, 'PACS'), /aborted/);
  assert.deepEqual(filesOf(dir), []);
  assert.equal(cache.open('PACS', resource(made('1.5'))), undefined);
  assert.equal(cache.bytes, 0);
  cache.close();
});

test('a study is whole only when it was declared whole, in the order of arrival', async (t) => {
  const cache = await opener(await emptyDir(t))();
  const files = [];
  for (const uid of ['1.9', '1.5', '1.7']) files.push(await written(cache, arriving(made(uid))));
  assert.equal(cache.openWhole('PACS', { study: '1.1' }), undefined);
  cache.setWhole('PACS', { study: '1.1' }, files);
  for (const whole of [
    cache.openWhole('PACS', { study: '1.1' }),
    cache.openWhole('PACS', { study: '1.1', series: '1.1.1' }),
  ]) {
    assert.deepEqual(
      whole?.files.map(({ sopInstanceUid }) => sopInstanceUid),
      ['1.9', '1.5', '1.7'],
    );
    for (const file of whole?.files ?? []) file.release();
  }
  assert.equal(cache.openWhole('PACS', { study: '1.1', series: '1.1.9' }), undefined);
  for (const file of files) file.release();
  cache.close();
});

test('an instance that arrives anew replaces the old one; who reads the old one still can', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)();
  const before = await written(cache, arriving(made('1.5', { bytes: 100 })));
  const after = await written(cache, arriving(made('1.5', { bytes: 200 })));
  assert.equal(readFileSync(before.path).length, before.size);
  assert.equal(after.size, before.size + 100);
  assert.equal(cache.bytes, after.size);
  before.release();
  after.release();
  await until(() => filesOf(dir).length === 1);
  assert.equal(filesOf(dir)[0], after.path.split('/').at(-1));
  cache.close();
});

test('beyond maxBytes the least recently used goes, with the wholeness of its study', async (t) => {
  const dir = await emptyDir(t);
  const probe = await opener(dir)();
  await fill(probe, made('1.1'));
  const size = probe.bytes;
  probe.close();
  const cache = await opener(await emptyDir(t))({ maxBytes: size * 3 });
  const files = [];
  for (const uid of ['1.1', '1.2', '1.3']) files.push(await written(cache, arriving(made(uid))));
  cache.setWhole('PACS', { study: '1.1' }, files);
  for (const file of files) file.release();
  await delay(2);
  cache.open('PACS', resource(made('1.1')))?.release();
  await fill(cache, made('1.4'));
  const left = ['1.1', '1.2', '1.3', '1.4'].filter((uid) => {
    const file = cache.open('PACS', resource(made(uid)));
    file?.release();
    return file !== undefined;
  });
  assert.deepEqual(left, ['1.1', '1.3', '1.4']);
  assert.equal(cache.openWhole('PACS', { study: '1.1' }), undefined);
  cache.close();
});

test('what is being read is never evicted, and goes when it was read', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)({ maxBytes: 0 });
  const first = await written(cache, arriving(made('1.1')));
  const second = await written(cache, arriving(made('1.2')));
  assert.equal(filesOf(dir).length, 2);
  const shared = cache.share(first);
  first.release();
  assert.equal(readFileSync(shared.path).length, shared.size);
  shared.release();
  shared.release();
  await until(() => filesOf(dir).length === 1);
  assert.equal(readFileSync(second.path).length, second.size);
  second.release();
  await until(() => filesOf(dir).length === 0);
  cache.close();
});

test('a cache that was closed is there again', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)();
  const file = await written(cache, arriving(made('1.5')));
  cache.setWhole('PACS', { study: '1.1' }, [file]);
  file.release();
  const { bytes } = cache;
  cache.close();
  const again = await opener(dir)();
  assert.equal(again.bytes, bytes);
  const whole = again.openWhole('PACS', { study: '1.1' });
  assert.equal(whole?.files.length, 1);
  for (const one of whole?.files ?? []) one.release();
  again.close();
});

test('files that the index does not know, and rows without a file, are cleared away', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)();
  const file = await written(cache, arriving(made('1.5')));
  cache.setWhole('PACS', { study: '1.1' }, [file]);
  file.release();
  cache.close();
  writeFileSync(join(dir, 'files', 'half.part'), 'half');
  writeFileSync(join(dir, 'files', 'stray.dcm'), 'stray');
  truncateSync(file.path, 10);
  const again = await opener(dir)();
  assert.deepEqual(filesOf(dir), []);
  assert.equal(again.bytes, 0);
  assert.equal(again.open('PACS', resource(made('1.5'))), undefined);
  assert.equal(again.openWhole('PACS', { study: '1.1' }), undefined);
  again.close();
});

/** A process that fills the cache; resolves when it has reported `enough` instances written. */
async function startWriter(dir: string, round: number, enough: number) {
  const child = fork(new URL('./writer.ts', import.meta.url), [dir, String(round)]);
  const exited = once(child, 'exit');
  let written = 0;
  await new Promise<void>((resolve, reject) => {
    child.on('message', () => {
      written += 1;
      if (written >= enough) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the writer ended by itself: ${code}`)));
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
    return written;
  };
  return { kill };
}

test('a file that somebody removed is no longer counted once it was looked for', async (t) => {
  const dir = await emptyDir(t);
  const cache = await opener(dir)();
  await fill(cache, made('1.5'), made('1.6'));
  const { bytes } = cache;
  const file = cache.open('PACS', resource(made('1.5')));
  rmSync(file?.path ?? '');
  file?.release();
  assert.equal(cache.open('PACS', resource(made('1.5'))), undefined);
  assert.equal(cache.bytes, bytes / 2);
  cache.close();
});

test('a second process is told that the cache is in use', async (t) => {
  const dir = await emptyDir(t);
  const writer = await startWriter(dir, 0, 1);
  await assert.rejects(opener(dir)(), { kind: 'busy', field: 'cache.dir' });
  await writer.kill();
});

test('a process that is killed at any moment leaves only whole files', async (t) => {
  const dir = await emptyDir(t);
  for (let round = 0; round < 3; round += 1) {
    const writer = await startWriter(dir, round, 1 + round * 3);
    const written = await writer.kill();
    const cache = await opener(dir)();
    const names = filesOf(dir);
    assert.ok(names.length >= written, `${names.length} of ${written} instances reported written are there`);
    for (let at = 0; at < written; at += 1) {
      const file = cache.open('PACS', { study: '1.1', series: '1.1.1', instance: `1.${round}.${at}` });
      assert.ok(file, `instance ${at} was reported written`);
      assert.deepEqual(
        readFileSync(file.path).subarray(file.dataOffset),
        encoded(made(`1.${round}.${at}`, { bytes: 300_000 })),
      );
      file.release();
    }
    const whole = cache.openWhole('PACS', { study: `1.9.${round}` });
    assert.equal(whole, undefined);
    for (const name of names) assert.match(name, /\.dcm$/);
    cache.close();
  }
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(1);
}
