// The worker threads: time limit, cancellation, queue, and that nothing that happens in one outlives it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { JpegLosslessSv1, JpegXlLossless } from '../../src/dimse/data/transfer-syntax.ts';
import { Pool } from '../../src/render/pool.ts';
import { createRenderer } from '../../src/render/render.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from './fixtures.ts';

const dir = fixtureFolder();
const pixel = pixelOf();
const frame = samples(pixel);
const small = await writeFixture(dir, { transferSyntaxUid: JpegLosslessSv1, pixel, frames: [frame] });
const huge = pixelOf({ rows: 4096, columns: 4096 });
const slow = await writeFixture(dir, {
  pixel: huge,
  frames: [Uint8Array.from({ length: 4096 * 4096 }, (_, at) => (at * 2654435761) >>> 24)],
});
/** Encoding noise in JPEG XL takes seconds. */
const SLOW_JOB = { task: 'encode', path: slow, frame: 1, transferSyntaxUid: JpegXlLossless } as const;
const QUICK_JOB = { task: 'decode', path: small, frame: 1 } as const;

test('a job beyond the time limit is a timeout, and the next one runs in a new thread', async () => {
  const pool = new Pool({ threads: 1, timeoutMs: 3000 });
  after(() => pool.close());
  await assert.rejects(pool.run(SLOW_JOB), { name: 'DicomError', kind: 'timeout' });
  assert.deepEqual(Buffer.from((await pool.run(QUICK_JOB)).bytes), Buffer.from(frame));
});

test('a job beyond the memory limit is an error, and the next one runs in a new thread', async () => {
  const pool = new Pool({ threads: 1, heapMb: 48 });
  after(() => pool.close());
  const item = { '00081155': { vr: 'UI' as const, Value: ['1.2.3'] } };
  const attributes = { '00081140': { vr: 'SQ' as const, Value: Array.from({ length: 300_000 }, () => item) } };
  const path = await writeFixture(dir, { pixel, frames: [frame], attributes });
  await assert.rejects(pool.run({ task: 'decode', path, frame: 1 }), { name: 'DicomError', kind: 'corrupt' });
  assert.deepEqual(Buffer.from((await pool.run(QUICK_JOB)).bytes), Buffer.from(frame));
});

test('a job that no thread can be started for meets its time limit, where nothing else keeps the process', async () => {
  const dying = "import { isMainThread } from 'node:worker_threads'; if (!isMainThread) process.exit(1);";
  const job = `
    import { Pool } from ${JSON.stringify(import.meta.resolve('../../src/render/pool.ts'))};
    const pool = new Pool({ threads: 1, timeoutMs: 500 });
    for (let at = 0; at < 2; at++) await pool.run({}).catch(({ kind }) => console.log(kind));
  `;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(dying)}`, '--input-type=module', '-e', job];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  assert.match(stdout, /timeout\n$/);
});

test('the time limit does not run while a job waits for its turn', async () => {
  const pool = new Pool({ threads: 1, timeoutMs: 3000 });
  after(() => pool.close());
  const killed = [
    assert.rejects(pool.run(SLOW_JOB), { kind: 'timeout' }),
    assert.rejects(pool.run(SLOW_JOB), { kind: 'timeout' }),
  ];
  const waited = await pool.run(QUICK_JOB);
  assert.equal(waited.bytes.length, frame.length);
  await Promise.all(killed);
});

test('a caller who gives up is answered at once, and the thread goes on', async () => {
  const pool = new Pool({ threads: 1 });
  after(() => pool.close());
  await pool.run(QUICK_JOB);
  const leaving = new AbortController();
  const given = assert.rejects(pool.run(SLOW_JOB, leaving.signal), { kind: 'cancelled' });
  setImmediate(() => leaving.abort());
  await given;
  assert.equal((await pool.run(QUICK_JOB)).bytes.length, frame.length);
});

test('a caller who gives up while waiting leaves the queue', async () => {
  const pool = new Pool({ threads: 1, maxWaiting: 1 });
  after(() => pool.close());
  const first = pool.run(QUICK_JOB);
  const leaving = new AbortController();
  const waiting = assert.rejects(pool.run(QUICK_JOB, leaving.signal), { kind: 'cancelled' });
  await assert.rejects(pool.run(QUICK_JOB), { kind: 'busy' });
  leaving.abort();
  await waiting;
  const next = pool.run(QUICK_JOB);
  assert.equal((await first).bytes.length, (await next).bytes.length);
});

test('a signal that is already aborted starts nothing', async () => {
  const pool = new Pool({ threads: 1 });
  after(() => pool.close());
  await assert.rejects(pool.run(QUICK_JOB, AbortSignal.abort()), { kind: 'cancelled' });
});

test('closing ends what runs and what waits', async () => {
  const pool = new Pool({ threads: 1 });
  const running = assert.rejects(pool.run(SLOW_JOB), { kind: 'cancelled' });
  const waiting = assert.rejects(pool.run(QUICK_JOB), { kind: 'cancelled' });
  await pool.close();
  await Promise.all([running, waiting]);
  await assert.rejects(pool.run(QUICK_JOB), { kind: 'cancelled' });
});

test('errors keep their kind and field across threads', async () => {
  const renderer = createRenderer({ threads: 1 });
  after(() => renderer.close());
  await assert.rejects(renderer.decode(small, 2), {
    name: 'DicomError',
    kind: 'not-found',
    field: 'NumberOfFrames',
    message: /Frame 2 .* has 1/,
  });
});

test('a file that is replaced is opened again', async () => {
  const renderer = createRenderer({ threads: 1 });
  after(() => renderer.close());
  const path = await writeFixture(dir, { pixel, frames: [frame] });
  const before = await renderer.decode(path, 1);
  const other = await writeFixture(dir, {
    pixel: { ...pixel, rows: 6, columns: 8 },
    frames: [samples({ ...pixel, rows: 6, columns: 8 })],
  });
  await rename(other, path);
  const now = await renderer.decode(path, 1);
  assert.deepEqual([before.bytes.length, now.bytes.length], [12 * 16, 6 * 8]);
});
