// The rest of a series that is read in order: fetched ahead, behind everybody else.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { drain } from '../fixtures.ts';
import { type Behaviour, type Stored, startFakePacs } from '../peer-pacs.ts';
import { startRetrieval } from '../retrieval.ts';

const never = new AbortController().signal;
const SERIES = { study: '1.1', series: '1.1.1' };
const UIDS = Array.from({ length: 20 }, (_, at) => `1.1.1.${at + 1}`);
const OTHER = { study: '1.2', series: '1.2.1', instance: '1.2.1.1' };

const stored = (): Stored[] => [
  ...UIDS.map((instance, at) => ({
    ...SERIES,
    instance,
    bytes: 20_000,
    more: { '00200013': { vr: 'IS' as const, Value: [at + 1] } },
  })),
  OTHER,
];

/** `asked`: the number of UIDs of each C-GET, 'SERIES' for one without. `sent`: what went out. */
async function rig(
  t: TestContext,
  behaviour: Behaviour = {},
  more: Parameters<typeof startRetrieval>[2] = {},
  how: Parameters<typeof startRetrieval>[3] = {},
) {
  const sent: string[] = [];
  const peer = await startFakePacs(t, stored(), behaviour);
  const before = peer.behaviour.before;
  let list: Stored[] = [];
  peer.behaviour.send = (matching) => {
    list = matching;
    return matching;
  };
  peer.behaviour.before = async (index, level, abort) => {
    const { instance = '' } = list[index] ?? {};
    await before?.(index, level, abort);
    sent.push(instance);
  };
  const { retrieval } = await startRetrieval(
    t,
    [peer],
    { retrieve: 'get', ...more },
    { prefetch: 'series', overtakeAfter: 1, ...how },
  );
  const read = async (...places: number[]) => {
    for (const at of places) {
      const resource = { ...SERIES, instance: UIDS[at] ?? '' };
      assert.deepEqual(await drain(retrieval.retrieve(resource, { signal: never })), [UIDS[at]]);
    }
  };
  const asked = () =>
    peer.asked.get.map((identifier) => identifier['00080018']?.Value?.length ?? identifier['00080052']?.Value?.[0]);
  const rest = async (count: number) => {
    while (sent.length < count) await delay(1);
    await retrieval.idle();
  };
  return { peer, retrieval, read, asked, sent, rest };
}

describe('prefetch of a series', () => {
  for (const [how, places] of [
    ['up', [4, 5, 6]],
    ['down', [9, 8, 7]],
  ] as const) {
    test(`brings the rest, once, when its instances are read in order (${how})`, async (t) => {
      const { read, asked, sent, rest } = await rig(t);
      await read(...places);
      await rest(UIDS.length);
      assert.deepEqual(asked(), [1, 1, 1, 17]);
      await read(...UIDS.keys());
      assert.deepEqual(sent.toSorted(), UIDS.toSorted(), 'each went out once');
    });
  }

  for (const [why, places] of [
    ['read here and there', [1, 5, 3, 9, 2]],
    ['read in part', [1, 2]],
    ['read in steps', [1, 3, 5, 7]],
  ] as const) {
    test(`brings nothing of a series that is ${why}`, async (t) => {
      const { read, asked, retrieval } = await rig(t);
      await read(...places);
      await delay(20);
      await retrieval.idle();
      assert.deepEqual(
        asked(),
        places.map(() => 1),
      );
    });
  }

  for (const [where, how] of [
    ['it is not configured', { prefetch: 'off' }],
    ['nothing is kept', { enabled: false }],
  ] as const) {
    test(`brings nothing where ${where}`, async (t) => {
      const { read, asked, retrieval } = await rig(t, {}, {}, how);
      await read(1, 2, 3, 4);
      await delay(20);
      await retrieval.idle();
      assert.deepEqual(asked(), [1, 1, 1, 1]);
    });
  }

  test('gives way to who waits for its association, and goes on with what is left', async (t) => {
    const gate = Promise.withResolvers<void>();
    let hasReached = false;
    const before = async (index: number) => {
      if (index !== 4) return;
      hasReached = true;
      await gate.promise;
    };
    const { read, asked, sent, retrieval, peer, rest } = await rig(t, { before }, { maxAssociations: 1 });
    await read(0, 1, 2);
    while (!hasReached) await delay(1);
    const urgent = drain(retrieval.retrieve(OTHER, { signal: never }));
    await delay(20);
    gate.resolve();
    assert.deepEqual(await urgent, [OTHER.instance]);
    assert.equal(peer.listener.associations, 1);
    await retrieval.idle();
    const earlier = sent.length;
    assert.ok(earlier < UIDS.length, `${earlier} of ${UIDS.length + 1}`);
    peer.behaviour.before = async () => {
      sent.push('');
    };
    // One of those that it had not brought, and with it the order goes on.
    await read(17, 18, 19);
    await rest(UIDS.length + 1);
    assert.deepEqual(asked().slice(0, 5), [1, 1, 1, 17, 1]);
    assert.equal(asked().length, 9);
  });

  test('does not give way while somebody reads what it brings', async (t) => {
    const gate = Promise.withResolvers<void>();
    let hasReached = false;
    const before = async (index: number) => {
      if (index !== 4) return;
      hasReached = true;
      await gate.promise;
    };
    const { read, asked, retrieval } = await rig(t, { before }, { maxAssociations: 1 });
    await read(0, 1, 2);
    while (!hasReached) await delay(1);
    const series = drain(retrieval.retrieve(SERIES, { signal: never }));
    const urgent = drain(retrieval.retrieve(OTHER, { signal: never }));
    await delay(20);
    gate.resolve();
    assert.deepEqual((await series).toSorted(), UIDS.toSorted());
    assert.deepEqual(await urgent, [OTHER.instance]);
    assert.deepEqual(asked(), [1, 1, 1, 17, 1]);
  });
});
