// The thread that writes files: what it is handed comes to the disk, and what the disk does not take holds nobody.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Disk } from '../../../src/bridge/cache/disk.ts';
import { emptyDir } from '../fixtures.ts';

const BUSY = { name: 'DicomError', kind: 'busy', field: 'cache.dir' };

/** A disk, a folder that does not exist yet, and memory that holds the numbers 0 to 255 over and over. */
async function scene(t: TestContext) {
  const shared = new SharedArrayBuffer(1 << 16);
  const memory = Buffer.from(shared);
  for (let at = 0; at < memory.length; at += 1) memory[at] = at;
  const disk = new Disk(shared);
  t.after(() => disk.close());
  const folder = join(await emptyDir(t), 'files');
  const write = (
    name: string,
    spans: readonly [number, number][],
    more: { isLast?: boolean; isWanted?: () => boolean } = {},
  ) =>
    disk.write({
      path: join(folder, name),
      bytes: spans.map(([from, to]) => memory.subarray(from, to)),
      isLast: more.isLast ?? true,
      isWanted: more.isWanted ?? (() => true),
    });
  return { disk, folder, memory, write, read: (name: string) => readFileSync(join(folder, name)) };
}

/** Files of a folder that are open. */
function openIn(folder: string): string[] {
  const files = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(join('/proc/self/fd', fd));
    } catch {
      return ''; // that by which the folder was read
    }
  });
  return files.filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length + 1));
}

/** Counts what the thread is handed, and holds it back until `goOn`. */
function held(t: TestContext) {
  const { promise, resolve: goOn } = Promise.withResolvers<void>();
  const handed: { thread: Worker; orders: readonly unknown[] }[] = [];
  const { postMessage } = Worker.prototype;
  t.mock.method(Worker.prototype, 'postMessage', function (this: Worker, orders: readonly unknown[]) {
    handed.push({ thread: this, orders });
    void promise.then(() => postMessage.call(this, orders));
  });
  return { handed, goOn };
}

test('several files are handed over together, each private, in a folder that is made anew where it is gone', async (t) => {
  const { handed, goOn } = held(t);
  const { folder, memory, write, read } = await scene(t);
  goOn();
  await Promise.all([
    write('a', [[0, 10]]),
    write('b', [[10, 300]]),
    write('c', [
      [300, 301],
      [5, 6],
    ]),
  ]);
  assert.deepEqual(
    handed.map(({ orders }) => orders.length),
    [3],
  );
  assert.deepEqual(read('a'), memory.subarray(0, 10));
  assert.deepEqual(read('b'), memory.subarray(10, 300));
  assert.deepEqual([...read('c')], [300 & 255, 5]);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, 'a')).mode & 0o777, 0o600);
  rmSync(folder, { recursive: true });
  await write('d', [[0, 1]]);
  assert.deepEqual(readdirSync(folder), ['d']);
});

test('a file is appended to until its last bytes, and closed then', async (t) => {
  const { folder, memory, write, read } = await scene(t);
  await write('other', [[0, 1]]);
  await write('a', [[0, 1000]], { isLast: false });
  assert.deepEqual(openIn(folder), ['a']);
  await write('a', [[1000, 3000]], { isLast: false });
  await write('a', [[3000, 3001]]);
  assert.deepEqual(read('a'), memory.subarray(0, 3001));
  assert.deepEqual(openIn(folder), []);
});

test('a file of which no more comes is closed', async (t) => {
  const { disk, folder, write } = await scene(t);
  await write('other', [[0, 1]]);
  await write('a', [[0, 1]], { isLast: false });
  assert.deepEqual(openIn(folder), ['a']);
  disk.abandon(join(folder, 'a'));
  disk.abandon(join(folder, 'never begun'));
  await write('next', [[0, 1]]);
  assert.deepEqual(openIn(folder), []);
  assert.deepEqual(readdirSync(folder).sort(), ['a', 'next', 'other']);
});

test('what nobody wants any more is not written', async (t) => {
  const { folder, write } = await scene(t);
  const unwanted = write('a', [[0, 10]], { isWanted: () => false });
  await Promise.all([assert.rejects(unwanted, BUSY), write('b', [[0, 10]])]);
  assert.deepEqual(readdirSync(folder), ['b']);
});

test('what the disk refuses is told with its code, and refuses nothing else', async (t) => {
  const { folder, write, read } = await scene(t);
  await write('a', [[0, 10]]);
  writeFileSync(join(folder, 'file'), '');
  await Promise.all([
    assert.rejects(write('a', [[0, 20]]), { ...BUSY, message: /EEXIST/ }),
    assert.rejects(write('file/b', [[0, 20]]), { ...BUSY, message: /ENOTDIR/ }),
    write('c', [[7, 8]]),
  ]);
  assert.equal(read('a').length, 10);
  assert.deepEqual([...read('c')], [7]);
});

test('a disk that hangs is given up, nobody waits for it any more, and it is used when it answers', async (t) => {
  const { handed, goOn } = held(t);
  const { disk, folder, write, read } = await scene(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let isWanted = true;
  const first = [
    assert.rejects(write('a', [[0, 1]], { isLast: false, isWanted: () => isWanted }), BUSY),
    assert.rejects(write('read', [[0, 1]], { isLast: false }), BUSY),
  ];
  disk.hurry();
  const second = assert.rejects(write('b', [[0, 1]]), BUSY);
  t.mock.timers.tick(10_000);
  await Promise.all([...first, second]);
  isWanted = false;
  await assert.rejects(write('c', [[0, 1]]), BUSY);
  assert.equal(handed.length, 1, 'a disk that hangs is not given more');
  t.mock.timers.reset();
  goOn();
  // What it wrote after all goes where nobody wants it any more.
  while (handed.length < 2) await new Promise(setImmediate);
  await write('d', [[3, 4]]);
  assert.deepEqual([...read('d')], [3]);
  assert.deepEqual(readdirSync(folder).sort(), ['d', 'read']);
  assert.deepEqual(openIn(folder), []);
});

test('a thread that dies fails what it was handed, and another takes its place', async (t) => {
  const { handed, goOn } = held(t);
  const { disk, write, read } = await scene(t);
  const lost = assert.rejects(write('a', [[0, 1]]), { ...BUSY, message: /thread ended/ });
  disk.hurry();
  await handed[0]?.thread.terminate();
  await lost;
  goOn();
  await write('b', [[9, 10]]);
  assert.deepEqual([...read('b')], [9]);
  assert.equal(new Set(handed.map(({ thread }) => thread)).size, 2);
});

test('a thread that has nothing to do holds no process', async (t) => {
  const folder = await emptyDir(t);
  const source = new URL('../../../src/bridge/cache/disk.ts', import.meta.url).href;
  const script = `import(${JSON.stringify(source)}).then(({ Disk }) => {
    const shared = new SharedArrayBuffer(8);
    const disk = new Disk(shared);
    const one = { path: ${JSON.stringify(join(folder, 'a'))}, bytes: [Buffer.from(shared)], isLast: true, isWanted: () => true };
    if (process.argv[1] === 'writing') disk.write(one).then(() => console.log('written'));
  });`;
  for (const [doing, said] of [
    ['nothing', ''],
    ['writing', 'written\n'],
  ] as const) {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, doing], {
      timeout: 20_000,
    });
    assert.equal(stdout, said);
  }
});

test('a disk that is closed writes what it was given before its thread ends', async (t) => {
  const { handed, goOn } = held(t);
  const { disk, write, read } = await scene(t);
  const written = write('a', [[0, 1]]);
  disk.close();
  goOn();
  await written;
  assert.deepEqual([...read('a')], [0]);
  const [one] = handed;
  await new Promise((resolve) => one?.thread.once('exit', resolve));
});
