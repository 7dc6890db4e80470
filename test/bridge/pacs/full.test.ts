// A PACS that takes fewer associations than it may be asked for.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectorOf } from '../../../src/bridge/pacs/pacs.ts';
import { Pool } from '../../../src/bridge/pacs/pool.ts';
import { createReach } from '../../../src/bridge/pacs/reach.ts';
import { contextOf, StudyRootFind, Verification } from '../../../src/bridge/retrieve/contexts.ts';
import { startFakePacs } from '../peer-pacs.ts';
import { configOf, GATEWAY } from '../retrieval.ts';

const never = new AbortController().signal;
const contexts = contextOf(Verification);

/** A pool of four in front of a listener that takes two; tries after a rejection come fast and are few. */
async function twoOfFour(t: TestContext) {
  const peer = await startFakePacs(t, [], { listening: { maxAssociations: 2 } });
  const config = configOf(peer);
  const open = connectorOf({ config, aeTitle: GATEWAY });
  const reach = createReach({ peer: 'P', retries: 2, initialDelay: 1, maxDelay: 1 });
  let attempts = 0;
  const pool = new Pool({
    peer: 'P',
    maxAssociations: config.maxAssociations,
    maxWaiting: config.maxWaiting,
    idle: config.idle,
    maxAge: config.maxAge,
    maxRequests: config.maxRequests,
    connect: (proposed, signal, isFinal) =>
      reach(
        (attempt) => {
          attempts += 1;
          return open(proposed, attempt);
        },
        signal,
        isFinal,
      ),
  });
  t.after(() => pool.close());
  const waited = async (count: number) => {
    while (pool.waiting < count) await delay(1);
  };
  return { pool, waited, attempts: () => attempts };
}

describe('a PACS that takes fewer associations than maxAssociations', () => {
  test('who was rejected as one too many waits for those on loan, however long they are', async (t) => {
    const { pool, waited, attempts } = await twoOfFour(t);
    const held = [await pool.lease(contexts, { signal: never }), await pool.lease(contexts, { signal: never })];
    const third = pool.lease(contexts, { signal: never });
    await waited(1);
    assert.equal(attempts(), 3);
    const fourth = pool.lease(contexts, { signal: never });
    await waited(2);
    assert.equal(attempts(), 3, 'that the PACS was full is remembered');
    held[0]?.release();
    (await third).release();
    (await fourth).release();
    held[1]?.release();
  });

  test('who was rejected first is served first', async (t) => {
    const { pool, waited } = await twoOfFour(t);
    const held = [await pool.lease(contexts, { signal: never }), await pool.lease(contexts, { signal: never })];
    const order: string[] = [];
    const ask = async (name: string) => {
      const lease = await pool.lease(contexts, { signal: never });
      order.push(name);
      lease.release();
    };
    const first = ask('first');
    await waited(1);
    const second = ask('second');
    for (const lease of held) lease.release();
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first', 'second']);
  });

  test('one that asks for something else gets the place of an idle one', async (t) => {
    const { pool, waited } = await twoOfFour(t);
    const held = [await pool.lease(contexts, { signal: never }), await pool.lease(contexts, { signal: never })];
    const other = pool.lease(contextOf(StudyRootFind), { signal: never });
    await waited(1);
    held[0]?.release();
    (await other).release();
    held[1]?.release();
  });

  test('who waits can leave', async (t) => {
    const { pool, waited } = await twoOfFour(t);
    const held = [await pool.lease(contexts, { signal: never }), await pool.lease(contexts, { signal: never })];
    const leaving = new AbortController();
    const third = pool.lease(contexts, { signal: leaving.signal });
    await waited(1);
    leaving.abort();
    await assert.rejects(third, { kind: 'cancelled' });
    assert.equal(pool.waiting, 0);
    for (const lease of held) lease.release();
  });

  test('40 at once are all served', async (t) => {
    const { pool } = await twoOfFour(t);
    const ask = async () => {
      const lease = await pool.lease(contexts, { signal: never });
      await lease.association.echo({ signal: never });
      lease.release();
    };
    await Promise.all(Array.from({ length: 40 }, ask));
    assert.equal(pool.waiting, 0);
  });
});
