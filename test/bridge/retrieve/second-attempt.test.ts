// What one retrieve breaks off and a further attempt brings: for who asked for one instance, and for who is in the middle of it.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { FollowedFile, GrowingFile } from '../../../src/bridge/cache/cache.ts';
import { resumed } from '../../../src/bridge/retrieve/resumed.ts';
import { ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { collect, drain, encoded } from '../fixtures.ts';
import { type Behaviour, type Stored, startFakePacs } from '../peer-pacs.ts';
import { startRetrieval } from '../retrieval.ts';

const never = new AbortController().signal;
const SERIES = { study: '1.1', series: '1.1.1' };
const SMALL: Stored = { ...SERIES, instance: '1.1.1.1' };
const LARGE: Stored = { ...SERIES, instance: '1.1.1.2', bytes: 4 << 20 };
const MIDWAY = 3 << 20;

const levels = (asked: { [tag: string]: { Value?: unknown[] } }[]) => asked.map((one) => one['00080052']?.Value?.[0]);

describe('an instance that joined the retrieve of its series', () => {
  /** The series breaks before its first instance, as soon as the gate is opened. */
  async function rig(t: TestContext, failure: (abort: () => void) => void) {
    const gate = Promise.withResolvers<void>();
    const peer = await startFakePacs(t, [SMALL, { ...SERIES, instance: '1.1.1.3' }], {
      before: async (_, level, abort) => {
        if (level !== 'SERIES') return;
        await gate.promise;
        failure(abort);
        await delay(20);
      },
    });
    const { retrieval } = await startRetrieval(t, [peer], { retrieve: 'get' });
    const series = drain(retrieval.retrieve(SERIES, { signal: never }));
    series.catch(() => {});
    while (peer.asked.get.length === 0) await delay(1);
    return { peer, retrieval, series, gate };
  }

  for (const how of ['retrieve', 'follow'] as const) {
    test(`is fetched alone when that fails (${how})`, async (t) => {
      const { peer, retrieval, series, gate } = await rig(t, (abort) => abort());
      const one = collect<FollowedFile>(retrieval[how]({ ...SERIES, instance: SMALL.instance }, { signal: never }));
      await delay(5);
      gate.resolve();
      await assert.rejects(series, { kind: 'aborted' });
      const files = await one;
      assert.deepEqual(
        files.map(({ sopInstanceUid }) => sopInstanceUid),
        [SMALL.instance],
      );
      for (const file of files) file.release();
      assert.deepEqual(new Set(levels(peer.asked.get)), new Set(['SERIES', 'IMAGE']));
    });
  }

  test('shares its end when the gateway closes', async (t) => {
    const { peer, retrieval, series, gate } = await rig(t, () => {});
    const one = drain(retrieval.retrieve({ ...SERIES, instance: SMALL.instance }, { signal: never }));
    one.catch(() => {});
    await delay(5);
    const closed = retrieval.close();
    gate.resolve();
    await closed;
    for (const both of [series, one]) await assert.rejects(both, { kind: 'cancelled' });
    assert.deepEqual(levels(peer.asked.get), ['SERIES']);
  });
});

describe('who follows an instance while it comes', () => {
  /** The series breaks in the middle of its large instance, when that much of it has been read; IMAGE level sends `second`. */
  async function rig(t: TestContext, retrieve: 'get' | 'move', second: Stored | undefined) {
    const isRead = Promise.withResolvers<void>();
    const behaviour: Behaviour = {
      within: async (sent, level, abort) => {
        if (level !== 'SERIES' || sent < MIDWAY) return;
        await isRead.promise;
        if (retrieve === 'get') abort();
        throw new DicomError('aborted', 'as told');
      },
      send: (matching, level) => (level === 'SERIES' ? matching : second === undefined ? [] : [second]),
    };
    const peer = await startFakePacs(t, [SMALL, LARGE], behaviour);
    const { retrieval } = await startRetrieval(t, [peer], { retrieve });
    const files = retrieval.follow(SERIES, { signal: never });
    const found: FollowedFile[] = [];
    for (;;) {
      const next = await files.next();
      if (next.done === true) assert.fail('nothing that grows');
      found.push(next.value);
      if (next.value.size === undefined) break;
    }
    const [growing] = found.filter(({ size }) => size === undefined);
    t.after(async () => {
      for (const file of found) file.release();
      await files.return();
    });
    return { peer, file: growing ?? assert.fail(), goOn: isRead.resolve, files };
  }

  const read = async (file: FollowedFile, from: number, to: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(to - from);
    let filled = 0;
    while (filled < bytes.length) {
      const count = await file.read(bytes.subarray(filled, filled + 100_000), from + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  };

  for (const retrieve of ['get', 'move'] as const) {
    test(`goes on in the second attempt, with the same bytes (${retrieve})`, async (t) => {
      const { peer, file, goOn, files } = await rig(t, retrieve, LARGE);
      const early = await read(file, 0, MIDWAY - (1 << 20));
      goOn();
      const rest = await read(file, early.length, 8 << 20);
      assert.ok(Buffer.concat([early, rest]).subarray(file.dataOffset).equals(encoded(LARGE)));
      assert.deepEqual(levels(peer.asked[retrieve]), ['SERIES', 'IMAGE']);
      assert.equal(file.size, undefined);
      const whole = 'whole' in file ? await file.whole() : assert.fail();
      assert.equal(whole.sopInstanceUid, LARGE.instance);
      whole.release();
      // It is not given once more.
      const left = (await collect(files)).map((one) => {
        one.release();
        return one.sopInstanceUid;
      });
      assert.ok(!left.includes(LARGE.instance));
    });
  }

  test('goes on after reading here and there', async (t) => {
    const { file, goOn } = await rig(t, 'get', LARGE);
    const expected = Buffer.concat([(await read(file, 0, file.dataOffset)) as Buffer, encoded(LARGE)]);
    const at = 1 << 20;
    assert.ok((await read(file, at, at + 70_000)).equals(expected.subarray(at, at + 70_000)));
    goOn();
    assert.ok((await read(file, MIDWAY, MIDWAY + 200_000)).equals(expected.subarray(MIDWAY, MIDWAY + 200_000)));
  });

  for (const [what, second] of [
    ['with other attributes', { ...LARGE, more: { '00100020': { vr: 'LO', Value: ['T-2'] } } }],
    ['with other pixels', { ...LARGE, more: { '7FE00010': { vr: 'OW', InlineBinary: Buffer.alloc(4 << 20, 1) } } }],
    ['shorter than what was read', { ...LARGE, bytes: 1 << 20 }],
    ['in another transfer syntax', { ...LARGE, transferSyntaxUid: ImplicitLittle }],
    ['not at all', undefined],
  ] as [string, Stored | undefined][]) {
    test(`is told when it comes again ${what}`, async (t) => {
      const { file, goOn } = await rig(t, 'get', second);
      const early = await read(file, 0, MIDWAY - (1 << 20));
      goOn();
      await assert.rejects(read(file, early.length, 8 << 20), { kind: 'aborted' });
    });
  }

  test('no longer waits for a second attempt when it has gone', async (t) => {
    const gate = Promise.withResolvers<void>();
    const { peer, file, goOn } = await rig(t, 'get', LARGE);
    peer.behaviour.before = async (_, level) => (level === 'IMAGE' ? gate.promise : undefined);
    await read(file, 0, MIDWAY - (1 << 20));
    goOn();
    const rest = read(file, MIDWAY - (1 << 20), 8 << 20);
    while (peer.asked.get.length < 2) await delay(1);
    file.release();
    gate.resolve();
    await assert.rejects(rest, { kind: 'aborted' });
  });

  test('lets go of a second attempt that comes when it has gone', async () => {
    const compared = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    let isHeld = true;
    const facts = { transferSyntaxUid: ImplicitLittle, dataOffset: 0, size: undefined };
    const first = { ...facts, read: async () => 1, whole: assert.fail, release: () => {} } as unknown as GrowingFile;
    const second = {
      ...facts,
      read: async (target: Buffer) => {
        target.fill(0);
        reached.resolve();
        await compared.promise;
        return 1;
      },
      release: () => {
        isHeld = false;
      },
    } as unknown as GrowingFile;
    const file = resumed(first, async () => second);
    await file.read(Buffer.alloc(1), 0);
    first.read = () => Promise.reject(new DicomError('aborted', 'as told'));
    const rest = assert.rejects(file.read(Buffer.alloc(1), 1), { kind: 'aborted' });
    await reached.promise;
    file.release();
    compared.resolve();
    await rest;
    assert.equal(isHeld, false);
  });
});
