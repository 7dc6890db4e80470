import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lease, LeaseOptions } from '../../../src/bridge/pacs/lease.ts';
import { Pool, type PoolOptions } from '../../../src/bridge/pacs/pool.ts';
import { createReach } from '../../../src/bridge/pacs/reach.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import type { Association, ProposedContext } from '../../../src/dimse/index.ts';

const FIND: ProposedContext = { abstractSyntax: '1.1', transferSyntaxes: ['1.2.840.10008.1.2'] };
const CT: ProposedContext = { abstractSyntax: '1.2', transferSyntaxes: ['1.2.840.10008.1.2'] };
const MR: ProposedContext = { abstractSyntax: '1.3', transferSyntaxes: ['1.2.840.10008.1.2'] };
const never = new AbortController().signal;

/** A peer that accepts everything and remembers what was done to it. */
function fakePeer(settings: Partial<PoolOptions> = {}) {
  const opened: { contexts: readonly ProposedContext[]; association: Association; hangUp(): void }[] = [];
  const ended: string[] = [];
  let gate = Promise.resolve();
  let lingers = false;
  const connect = async (contexts: readonly ProposedContext[]) => {
    await gate;
    const closed = Promise.withResolvers<void>();
    let open = true;
    const end = (how: string) => {
      if (open) ended.push(how);
      open = false;
      if (how === 'peer' || !lingers) closed.resolve();
    };
    const association = {
      peer: 'PACS@test:104',
      contexts: contexts.map(({ abstractSyntax, transferSyntaxes }, index) => ({
        id: index * 2 + 1,
        abstractSyntax,
        transferSyntaxUid: transferSyntaxes[0] ?? '',
        roles: { scu: true, scp: false },
      })),
      rejected: [],
      closed: closed.promise,
      get isOpen() {
        return open;
      },
      release: async () => end('release'),
      abort: () => end('abort'),
    } as unknown as Association;
    opened.push({ contexts, association, hangUp: () => end('peer') });
    return association;
  };
  const pool = new Pool({
    connect,
    peer: 'PACS@test:104',
    maxAssociations: 2,
    maxWaiting: 10,
    idle: 60_000,
    maxAge: 60_000,
    maxRequests: 1000,
    ...settings,
  });
  return { pool, opened, ended, hold: (until: Promise<void>) => (gate = until), linger: () => (lingers = true) };
}

describe('pool', () => {
  test('a released association serves the next request for the same contexts', async () => {
    const { pool, opened } = fakePeer();
    const first = await pool.lease([FIND], { signal: never });
    first.release();
    const second = await pool.lease([FIND], { signal: never });
    assert.equal(second.association, first.association);
    assert.deepEqual([first.reused, second.reused], [false, true]);
    assert.equal(opened.length, 1);
  });

  test('an idle association serves a request for part of its contexts', async () => {
    const { pool, opened } = fakePeer();
    (await pool.lease([FIND, CT], { signal: never })).release();
    (await pool.lease([CT], { signal: never })).release();
    assert.equal(opened.length, 1);
  });

  test('what is always proposed makes a retrieve association serve queries', async () => {
    const { pool, opened } = fakePeer({ always: [FIND] });
    (await pool.lease([CT], { signal: never })).release();
    (await pool.lease([FIND], { signal: never })).release();
    assert.deepEqual(
      opened.map(({ contexts }) => contexts),
      [[CT, FIND]],
    );
  });

  test('an exact request shares an association with nothing but its like', async () => {
    const { pool, opened } = fakePeer({ always: [FIND], maxAssociations: 3 });
    (await pool.lease([CT, MR], { signal: never })).release();
    (await pool.lease([CT], { signal: never, exact: true })).release();
    assert.equal(opened.length, 2);
    (await pool.lease([CT], { signal: never, exact: true })).release();
    (await pool.lease([CT, FIND], { signal: never, exact: true })).release();
    assert.equal(opened.length, 2);
  });

  test('other contexts get another association', async () => {
    const { pool, opened } = fakePeer();
    (await pool.lease([CT], { signal: never })).release();
    (await pool.lease([MR], { signal: never })).release();
    assert.equal(opened.length, 2);
  });

  test('never more than maxAssociations, also when many ask at once', async () => {
    const { pool, opened } = fakePeer();
    let most = 0;
    await Promise.all(
      Array.from({ length: 9 }, async () => {
        const lease = await pool.lease([FIND], { signal: never });
        most = Math.max(most, pool.size);
        await delay(0);
        lease.release();
      }),
    );
    assert.equal(most, 2);
    assert.equal(opened.length, 2);
  });

  test('at the cap an unsuitable idle association, the oldest, makes room', async () => {
    const { pool, opened, ended } = fakePeer();
    const leases = [await pool.lease([CT], { signal: never }), await pool.lease([CT], { signal: never })];
    for (const lease of leases) lease.release();
    const lease = await pool.lease([MR], { signal: never });
    assert.deepEqual(ended, ['release']);
    assert.equal(opened[0]?.association.isOpen, false);
    assert.equal(opened[1]?.association.isOpen, true);
    assert.equal(pool.size, 2);
    lease.release();
  });

  test('as many prefetches as are needed are told to give way, once, and none while there is a place', async () => {
    const { pool } = fakePeer({ maxAssociations: 3 });
    const told: string[] = [];
    const prefetch = (name: string) =>
      pool.lease([FIND], { signal: never, priority: 'prefetch', onWanted: () => told.push(name) });
    const one = await prefetch('one');
    const two = await prefetch('two');
    const view = await pool.lease([FIND], { signal: never });
    assert.deepEqual(told, []);
    const behind = prefetch('three');
    assert.deepEqual(told, [], 'a prefetch takes nothing from another');
    const urgent = pool.lease([FIND], { signal: never });
    assert.deepEqual(told, ['one']);
    const more = pool.lease([FIND], { signal: never });
    assert.deepEqual(told, ['one', 'two']);
    one.release();
    two.release();
    (await urgent).release();
    (await more).release();
    (await behind).release();
    view.release();
    assert.deepEqual(told, ['one', 'two']);
    await pool.close();
  });

  test('waiting is first come first served, interactive before prefetch', async () => {
    const { pool } = fakePeer({ maxAssociations: 1 });
    const held = await pool.lease([FIND], { signal: never });
    const order: string[] = [];
    const ask = async (name: string, priority: 'interactive' | 'prefetch') => {
      const lease = await pool.lease([FIND], { signal: never, priority });
      order.push(name);
      lease.release();
    };
    const all = [
      ask('prefetch 1', 'prefetch'),
      ask('view 1', 'interactive'),
      ask('prefetch 2', 'prefetch'),
      ask('view 2', 'interactive'),
    ];
    held.release();
    await Promise.all(all);
    assert.deepEqual(order, ['view 1', 'view 2', 'prefetch 1', 'prefetch 2']);
  });

  test('a prefetch that somebody waits for by now is interactive from then on, and gives way no more', async () => {
    const { pool } = fakePeer({ maxAssociations: 1 });
    const held = await pool.lease([FIND], { signal: never });
    const order: string[] = [];
    const told: string[] = [];
    const raising = new AbortController();
    const ask = async (name: string, options: Partial<LeaseOptions> = {}) => {
      const lease = await pool.lease([FIND], { signal: never, onWanted: () => told.push(name), ...options });
      order.push(name);
      await delay(1);
      lease.release();
    };
    const all = [
      ask('prefetch 1', { priority: 'prefetch' }),
      ask('prefetch 2', { priority: 'prefetch', raised: raising.signal }),
      ask('view 1', { onWanted: undefined }),
    ];
    raising.abort();
    all.push(
      ask('view 2', { onWanted: undefined }),
      ask('prefetch 3', { priority: 'prefetch', raised: raising.signal }),
    );
    held.release();
    await Promise.all(all);
    assert.deepEqual(order, ['view 1', 'prefetch 2', 'view 2', 'prefetch 3', 'prefetch 1']);
    assert.deepEqual(told, []);
  });

  test('where too many wait a prefetch is refused, not the view that comes last', async () => {
    const { pool } = fakePeer({ maxAssociations: 1, maxWaiting: 1 });
    const held = await pool.lease([FIND], { signal: never });
    const prefetch = assert.rejects(pool.lease([FIND], { signal: never, priority: 'prefetch' }), { kind: 'busy' });
    const view = pool.lease([FIND], { signal: never });
    await prefetch;
    held.release();
    (await view).release();
  });

  test('more waiting than maxWaiting is busy', async () => {
    const { pool } = fakePeer({ maxAssociations: 1, maxWaiting: 1 });
    const held = await pool.lease([FIND], { signal: never });
    const waiting = pool.lease([FIND], { signal: never });
    await assert.rejects(pool.lease([FIND], { signal: never }), { name: 'DicomError', kind: 'busy' });
    held.release();
    (await waiting).release();
  });

  test('who waits can leave, and is not served afterwards', async () => {
    const { pool } = fakePeer({ maxAssociations: 1 });
    const held = await pool.lease([FIND], { signal: never });
    const leaving = new AbortController();
    const waiting = pool.lease([FIND], { signal: leaving.signal });
    leaving.abort();
    await assert.rejects(waiting, { kind: 'cancelled' });
    assert.equal(pool.waiting, 0);
    held.release();
    (await pool.lease([FIND], { signal: never })).release();
  });

  test('an association that was opened for somebody who left is kept for others', async () => {
    const { pool, opened, hold } = fakePeer();
    const { promise, resolve } = Promise.withResolvers<void>();
    hold(promise);
    const leaving = new AbortController();
    const waiting = pool.lease([FIND], { signal: leaving.signal });
    leaving.abort();
    await assert.rejects(waiting, { kind: 'cancelled' });
    resolve();
    await delay(0);
    const lease = await pool.lease([FIND], { signal: never });
    assert.equal(opened.length, 1);
    lease.release();
  });

  test('a broken association is not lent again', async () => {
    const { pool, opened } = fakePeer();
    const lease = await pool.lease([FIND], { signal: never });
    opened[0]?.hangUp();
    lease.release();
    await delay(0);
    assert.equal(pool.size, 0);
    (await pool.lease([FIND], { signal: never })).release();
    assert.equal(opened.length, 2);
  });

  test('an idle association that the peer closes frees its place', async () => {
    const { pool, opened } = fakePeer();
    (await pool.lease([FIND], { signal: never })).release();
    opened[0]?.hangUp();
    await delay(0);
    assert.equal(pool.size, 0);
  });

  test('drop aborts', async () => {
    const { pool, ended } = fakePeer();
    const lease = await pool.lease([FIND], { signal: never });
    lease.drop();
    lease.release();
    assert.deepEqual(ended, ['abort']);
    await delay(0);
    assert.equal(pool.size, 0);
  });

  for (const [how, give] of [
    ['dropped', (lease: Lease) => lease.drop()],
    ['given back broken', (lease: Lease) => [lease.association.abort(), lease.release()]],
    ['released for its age', (lease: Lease) => lease.release()],
  ] as const) {
    test(`the place of an association that was ${how} is free when the peer has closed it, not before`, async () => {
      const { pool, opened, linger } = fakePeer({ maxAssociations: 1, maxRequests: 1 });
      linger();
      give(await pool.lease([CT], { signal: never }));
      const second = pool.lease([CT], { signal: never });
      await delay(20);
      assert.deepEqual([opened.length, pool.size, pool.waiting], [1, 1, 1]);
      opened[0]?.hangUp();
      await second;
      assert.deepEqual([opened.length, pool.size], [2, 1]);
    });
  }

  test('the end of a pool waits for no peer that does not close what was aborted', async () => {
    const { pool, linger } = fakePeer();
    linger();
    (await pool.lease([CT], { signal: never })).drop();
    await pool.close();
    assert.equal(pool.size, 0);
  });

  test('an association that served maxRequests is released', async () => {
    const { pool, opened, ended } = fakePeer({ maxRequests: 2 });
    for (let at = 0; at < 3; at += 1) (await pool.lease([FIND], { signal: never })).release();
    assert.equal(opened.length, 2);
    assert.deepEqual(ended, ['release']);
  });

  test('an association that is too old is released', async () => {
    const { pool, ended } = fakePeer({ maxAge: 0 });
    (await pool.lease([FIND], { signal: never })).release();
    await delay(0);
    assert.deepEqual(ended, ['release']);
    assert.equal(pool.size, 0);
  });

  test('an idle association is released after its time', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { pool, ended } = fakePeer({ idle: 1000 });
    (await pool.lease([FIND], { signal: never })).release();
    t.mock.timers.tick(999);
    assert.deepEqual(ended, []);
    t.mock.timers.tick(1);
    assert.deepEqual(ended, ['release']);
  });

  test('a failed connect is told to who asked, and its place is free', async () => {
    const refuse = () => Promise.reject(new DicomError('unreachable', 'nobody there'));
    const { pool } = fakePeer({ connect: refuse });
    await assert.rejects(pool.lease([FIND], { signal: never }), { kind: 'unreachable' });
    assert.equal(pool.size, 0);
  });

  test('close refuses who waits, releases what is idle, aborts what is on loan', async () => {
    const { pool, ended } = fakePeer();
    const idle = await pool.lease([FIND], { signal: never });
    await pool.lease([FIND], { signal: never });
    idle.release();
    const held = pool.lease([MR], { signal: never });
    await held;
    const waiting = pool.lease([MR], { signal: never });
    const closing = pool.close();
    await assert.rejects(waiting, { kind: 'cancelled' });
    await closing;
    assert.equal(pool.size, 0);
    assert.deepEqual(ended.sort(), ['abort', 'abort', 'release']);
    await assert.rejects(pool.lease([FIND], { signal: never }), { kind: 'cancelled' });
  });
});

describe('reach', () => {
  const rejection = (result: number) =>
    new DicomError('rejected', 'no', { rejection: { result, source: 3, reason: 2 } });

  test('D-30 a transient rejection is tried again', async () => {
    const reach = createReach({ peer: 'P', initialDelay: 1, maxDelay: 1 });
    let attempts = 0;
    const result = await reach(async () => {
      attempts += 1;
      if (attempts < 3) throw rejection(2);
      return 'in';
    }, never);
    assert.equal(result, 'in');
    assert.equal(attempts, 3);
  });

  test('D-30 a permanent rejection is not', async () => {
    const reach = createReach({ peer: 'P', initialDelay: 1 });
    let attempts = 0;
    const attempt = async () => {
      attempts += 1;
      throw rejection(1);
    };
    await assert.rejects(reach(attempt, never), { kind: 'rejected' });
    assert.equal(attempts, 1);
  });

  test('after failures in a row nothing is tried for a while', async () => {
    const reach = createReach({ peer: 'PACS@h:1', failures: 2, pause: 60_000 });
    let attempts = 0;
    const attempt = async () => {
      attempts += 1;
      throw new DicomError('unreachable', 'connection refused');
    };
    for (let at = 0; at < 4; at += 1) await assert.rejects(reach(attempt, never), { kind: 'unreachable' });
    assert.equal(attempts, 2);
  });

  test('a rejection does not count as an outage', async () => {
    const reach = createReach({ peer: 'P', failures: 2, pause: 60_000 });
    let attempts = 0;
    const attempt = async () => {
      attempts += 1;
      throw rejection(1);
    };
    for (let at = 0; at < 4; at += 1) await assert.rejects(reach(attempt, never), { kind: 'rejected' });
    assert.equal(attempts, 4);
  });
});
