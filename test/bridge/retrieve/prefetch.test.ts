// The rest of a series that is read in order: fetched ahead, behind everybody else.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { contextOf, StudyRootFind } from '../../../src/bridge/retrieve/contexts.ts';
import { drain } from '../fixtures.ts';
import { type Behaviour, type Stored, startFakePacs } from '../peer-pacs.ts';
import { startRetrieval } from '../retrieval.ts';

const never = new AbortController().signal;
const SERIES = { study: '1.1', series: '1.1.1' };
const UIDS = Array.from({ length: 20 }, (_, at) => `1.1.1.${at + 1}`);
const OTHER = { study: '1.2', series: '1.2.1', instance: '1.2.1.1' };
const THIRD = { study: '1.3', series: '1.3.1', instance: '1.3.1.1' };
const WAYS = ['get', 'move'] as const;

const stored = (): Stored[] => [
  ...UIDS.map((instance, at) => ({
    ...SERIES,
    instance,
    bytes: 20_000,
    more: { '00200013': { vr: 'IS' as const, Value: [at + 1] } },
  })),
  OTHER,
  THIRD,
];

/** `asked`: the number of UIDs of each C-GET or C-MOVE, 'SERIES' for one without. `sent`: what went out. */
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
  const { retrieval, pacs } = await startRetrieval(
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
    peer.asked[more.retrieve === 'move' ? 'move' : 'get'].map(
      (identifier) => identifier['00080018']?.Value?.length ?? identifier['00080052']?.Value?.[0],
    );
  const rest = async (count: number) => {
    while (sent.length < count) await delay(1);
    await retrieval.idle();
  };
  /** Takes the only association as soon as the third instance has come, so that the prefetch waits; gives it back. */
  const readAndHold = async () => {
    const [one] = pacs;
    await read(0, 1);
    const third = Promise.withResolvers<void>();
    const sending = peer.behaviour.before;
    peer.behaviour.before = async (...args) => {
      await third.promise;
      await sending?.(...args);
    };
    const reading = read(2);
    while (asked().length < 3) await delay(1);
    const held = one?.lease(contextOf(StudyRootFind), { signal: never });
    third.resolve();
    await reading;
    const lease = await held;
    await delay(20);
    peer.asked.find.length = 0;
    return () => lease?.release();
  };
  const studiesAsked = () => peer.asked.find.map((identifier) => identifier['0020000D']?.Value?.[0]);
  return { peer, retrieval, read, asked, sent, rest, readAndHold, studiesAsked };
}

/** A PACS that stops before it sends its instance of `place`, until the gate is opened. */
function stopAt(place: number) {
  const gate = Promise.withResolvers<void>();
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const before = async (index: number) => {
    if (index !== place) return;
    resolve();
    await gate.promise;
  };
  return { before, reached, gate };
}

describe('prefetch of a series', () => {
  for (const [how, places, retrieve] of [
    ['up', [4, 5, 6], 'get'],
    ['down', [9, 8, 7], 'get'],
    ['up', [4, 5, 6], 'move'],
  ] as const) {
    test(`brings the rest, once, when its instances are read in order (${how}, ${retrieve})`, async (t) => {
      const { read, asked, sent, rest } = await rig(t, {}, { retrieve });
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

  /** Asks for these at once, one after the other; they come in the order of `arrivals`, which are places among them. */
  async function overlapping(t: TestContext, places: readonly number[], arrivals: readonly number[]) {
    const gates = places.map(() => Promise.withResolvers<void>());
    let begun = 0;
    const before = async () => {
      begun += 1;
      await gates[begun - 1]?.promise;
    };
    const { read, ...more } = await rig(t, { before });
    const arrive = async (at: number) => {
      gates[at]?.resolve();
      await reading[at];
      await delay(20);
    };
    const reading: Promise<void>[] = [];
    for (const place of places) {
      reading.push(read(place));
      while (begun < reading.length) await delay(1);
    }
    for (const at of arrivals) await arrive(at);
    return { ...more, arrive };
  }

  test('goes by the order in which instances are asked for, not in which they come', async (t) => {
    const { asked, rest } = await overlapping(t, [4, 5, 6], [2, 0, 1]);
    await rest(UIDS.length);
    assert.deepEqual(asked(), [1, 1, 1, 17]);
  });

  test('sees an order in the middle of requests that are under way', async (t) => {
    const { asked, arrive, rest } = await overlapping(t, [9, 4, 5, 6], [2, 3, 1]);
    // What is left to be fetched is decided before the first one comes.
    while (asked().length < 5) await delay(1);
    await arrive(0);
    await rest(UIDS.length);
    assert.deepEqual(asked(), [1, 1, 1, 1, 17]);
  });

  test('takes no order for one that is only that of their coming', async (t) => {
    const { asked, retrieval } = await overlapping(t, [4, 6, 5], [0, 2, 1]);
    await retrieval.idle();
    assert.deepEqual(asked(), [1, 1, 1]);
  });

  test('passes over a request that was given up', async (t) => {
    const { read, retrieval, asked, rest } = await rig(t);
    await read(4, 5);
    const leaving = new AbortController();
    const left = drain(retrieval.retrieve({ ...SERIES, instance: UIDS[15] ?? '' }, { signal: leaving.signal }));
    leaving.abort();
    await assert.rejects(left, { kind: 'cancelled' });
    await retrieval.idle();
    const before = asked().length;
    await read(6);
    await rest(UIDS.length);
    assert.deepEqual(asked().slice(before), [1, 17]);
  });

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

  for (const retrieve of WAYS)
    test(`gives way to who waits for its association, and goes on with what is left (${retrieve})`, async (t) => {
      const { before, reached, gate } = stopAt(4);
      const { read, asked, sent, retrieval, peer, rest } = await rig(t, { before }, { maxAssociations: 1, retrieve });
      await read(0, 1, 2);
      await reached;
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

  for (const retrieve of WAYS)
    test(`does not give way while somebody reads what it brings (${retrieve})`, async (t) => {
      const { before, reached, gate } = stopAt(4);
      const { read, asked, retrieval } = await rig(t, { before }, { maxAssociations: 1, retrieve });
      await read(0, 1, 2);
      await reached;
      const series = drain(retrieval.retrieve(SERIES, { signal: never }));
      const urgent = drain(retrieval.retrieve(OTHER, { signal: never }));
      await delay(20);
      gate.resolve();
      assert.deepEqual((await series).toSorted(), UIDS.toSorted());
      assert.deepEqual(await urgent, [OTHER.instance]);
      assert.deepEqual(asked(), [1, 1, 1, 17, 1]);
    });

  for (const retrieve of WAYS) {
    test(`asks what there is behind everybody else, too (${retrieve})`, async (t) => {
      const { retrieval, readAndHold, studiesAsked } = await rig(t, {}, { maxAssociations: 1, retrieve });
      const giveBack = await readAndHold();
      const view = drain(retrieval.retrieve(OTHER, { signal: never }));
      // So that it waits, too.
      await delay(5);
      giveBack();
      assert.deepEqual(await view, [OTHER.instance]);
      assert.equal(studiesAsked()[0], OTHER.study);
      await retrieval.idle();
    });

    test(`waits no longer than others once its series is asked for (${retrieve})`, async (t) => {
      const { retrieval, readAndHold, studiesAsked, asked } = await rig(t, {}, { maxAssociations: 1, retrieve });
      const giveBack = await readAndHold();
      const first = drain(retrieval.retrieve(OTHER, { signal: never }));
      const series = drain(retrieval.retrieve(SERIES, { signal: never }));
      await delay(1);
      const last = drain(retrieval.retrieve(THIRD, { signal: never }));
      giveBack();
      assert.deepEqual((await series).toSorted(), UIDS.toSorted());
      assert.deepEqual([await first, await last], [[OTHER.instance], [THIRD.instance]]);
      assert.deepEqual(studiesAsked().slice(0, 3), [OTHER.study, SERIES.study, THIRD.study]);
      assert.equal(asked().filter((uids) => uids === 17).length, 1, 'the retrieve of the prefetch');
    });
  }

  test('an instance alone does not make the prefetch of its series as urgent', async (t) => {
    const { retrieval, readAndHold, studiesAsked, read } = await rig(t, {}, { maxAssociations: 1 });
    const giveBack = await readAndHold();
    const alone = read(9);
    await delay(20);
    const view = drain(retrieval.retrieve(OTHER, { signal: never }));
    giveBack();
    await Promise.all([alone, view]);
    assert.equal(studiesAsked().indexOf(OTHER.study), 1, 'only the query for the instance goes before');
  });

  for (const retrieve of WAYS) {
    test(`brings the rest where large instances are read while they still arrive (${retrieve})`, async (t) => {
      const { peer, retrieval, asked, rest } = await rig(t, {}, { retrieve });
      const large = peer.stored.filter(({ study }) => study === SERIES.study).slice(0, 5);
      peer.stored.splice(0, peer.stored.length, ...large.map((one) => ({ ...one, bytes: 3 << 20 })));
      let isSeen = Promise.withResolvers<void>();
      peer.behaviour.within = async (sent) => (sent < 5 << 19 ? undefined : isSeen.promise);
      for (const { instance } of large.slice(0, 3)) {
        isSeen = Promise.withResolvers<void>();
        for await (const file of retrieval.follow({ ...SERIES, instance }, { signal: never })) {
          assert.equal(file.size, undefined);
          isSeen.resolve();
          file.release();
        }
      }
      await rest(large.length);
      assert.deepEqual(asked(), [1, 1, 1, 2]);
    });
  }
});
