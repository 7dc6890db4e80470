// When the PACS is asked whether what is cached is still what it has, and what is fetched when it is not.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { StudyRootGet } from '../../../src/bridge/retrieve/contexts.ts';
import { believedFor } from '../../../src/bridge/retrieve/freshness.ts';
import { drain } from '../fixtures.ts';
import { type Behaviour, type Stored, startFakePacs } from '../peer-pacs.ts';
import { startRetrieval } from '../retrieval.ts';

const never = new AbortController().signal;
const STUDY = { study: '1.1' };
const ONE = { study: '1.1', series: '1.1.1' };
const WHOLE = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.2.1', '1.1.2.2', '1.1.2.3'];

const of = (instance: string): Stored => ({ study: '1.1', series: instance.slice(0, 5), instance, bytes: 20_000 });

/** `sent`: what went out, one list for each C-GET or C-MOVE with its level in front. `finds`: levels asked since the last call. */
async function rig(t: TestContext, policy: string, behaviour: Behaviour = {}, more = {}) {
  const sent: string[][] = [];
  const send = (matching: Stored[], level: string) => {
    sent.push([level, ...matching.map(({ instance }) => instance)]);
    return behaviour.send?.(matching, level) ?? matching;
  };
  const peer = await startFakePacs(t, WHOLE.map(of), { ...behaviour, send });
  const { retrieval, cache } = await startRetrieval(t, [peer], more, { checkAfter: believedFor(policy) });
  const read = async (resource: { study: string } = STUDY) => {
    const uids = await drain(retrieval.retrieve(resource, { signal: never }));
    await retrieval.idle();
    return uids;
  };
  const finds = () => peer.asked.find.splice(0).map((identifier) => identifier['00080052']?.Value?.[0]);
  return { peer, retrieval, cache, sent, read, finds };
}

test('all instances are told beforehand where they are in the cache, and only there', async (t) => {
  const { retrieval } = await rig(t, 'after 60 s');
  const told: string[][] = [];
  const onWhole = (files: readonly { sopInstanceUid: string }[]) => {
    told.push(files.map(({ sopInstanceUid }) => sopInstanceUid));
  };
  for (const resource of [STUDY, STUDY, { ...ONE, instance: '1.1.1.2' }]) {
    await drain(retrieval.retrieve(resource, { signal: never, onWhole }));
    await retrieval.idle();
  }
  assert.deepEqual(told, [WHOLE, ['1.1.1.2']]);
});

describe('the policy', () => {
  test('always: the count is asked at every request, and nothing is retrieved twice', async (t) => {
    const { read, finds, sent } = await rig(t, 'always');
    await read();
    finds();
    assert.deepEqual([await read(), await read(), await read(ONE)], [WHOLE, WHOLE, WHOLE.slice(0, 3)]);
    assert.deepEqual(finds(), ['STUDY', 'STUDY', 'SERIES']);
    assert.deepEqual(sent, [['STUDY', ...WHOLE]]);
  });

  test('never: the PACS is not asked, whatever it has by now', async (t) => {
    const { read, finds, peer } = await rig(t, 'never');
    await read();
    finds();
    peer.stored.push(of('1.1.1.4'));
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
    assert.deepEqual(await read(), WHOLE);
    assert.deepEqual(finds(), []);
  });

  test('after N s: the count is asked once that time is over, and then believed for as long', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const { read, finds } = await rig(t, 'after 60 s');
    await read();
    finds();
    const asked = [];
    for (const seconds of [59, 2, 58, 3]) {
      t.mock.timers.tick(seconds * 1000);
      await read();
      asked.push(finds().length);
    }
    assert.deepEqual(asked, [0, 1, 0, 1]);
  });

  test('requests at one time share one question', async (t) => {
    const { read, retrieval, finds } = await rig(t, 'always');
    await read();
    finds();
    const all = await Promise.all(
      Array.from({ length: 20 }, () => drain(retrieval.retrieve(STUDY, { signal: never }))),
    );
    assert.ok(all.every((uids) => uids.length === WHOLE.length));
    assert.deepEqual(finds(), ['STUDY']);
  });

  test('who leaves while it is asked takes the answer from nobody else', async (t) => {
    const { read, retrieval } = await rig(t, 'always');
    await read();
    const leaving = new AbortController();
    const left = drain(retrieval.retrieve(STUDY, { signal: leaving.signal }));
    const staying = drain(retrieval.retrieve(STUDY, { signal: never }));
    leaving.abort();
    await assert.rejects(left, { kind: 'cancelled' });
    assert.deepEqual(await staying, WHOLE);
  });

  test('a PACS that is down takes away nothing that is here', async (t) => {
    const { read, peer } = await rig(t, 'always');
    await read();
    await peer.close();
    assert.deepEqual(await read(), WHOLE);
  });

  test('one instance is given as it is here, without a question', async (t) => {
    const { read, finds } = await rig(t, 'always');
    await read();
    finds();
    await read({ ...ONE, instance: '1.1.1.2' } as { study: string });
    assert.deepEqual(finds(), []);
  });
});

describe('what is fetched', () => {
  for (const [way, behaviour] of [
    ['C-GET', {}],
    ['C-MOVE', { refuse: [StudyRootGet] }],
  ] as const) {
    test(`${way}: of a series that grew, only what is new, behind what was there`, async (t) => {
      const { read, peer, sent } = await rig(t, 'always', behaviour);
      await read();
      peer.stored.splice(1, 0, of('1.1.1.4'), of('1.1.1.5'));
      assert.deepEqual(await read(), [...WHOLE, '1.1.1.4', '1.1.1.5']);
      assert.deepEqual(sent.slice(1), [['IMAGE', '1.1.1.4', '1.1.1.5']]);
      assert.deepEqual(await read(), [...WHOLE, '1.1.1.4', '1.1.1.5']);
      assert.equal(sent.length, 2);
    });
  }

  test('nothing else comes in another order than it came in', async (t) => {
    const { read, peer } = await rig(t, 'always', { send: (matching) => matching.toReversed() });
    await read();
    peer.stored.push(of('1.1.1.4'));
    assert.deepEqual(await read(), [...WHOLE.toReversed(), '1.1.1.4']);
  });

  test('of a study that got a series, this series, whose instances need no list', async (t) => {
    const { read, finds, peer, sent } = await rig(t, 'always');
    await read();
    peer.stored.push(of('1.1.3.1'), of('1.1.3.2'));
    finds();
    assert.deepEqual(await read(), [...WHOLE, '1.1.3.1', '1.1.3.2']);
    assert.deepEqual(sent.slice(1), [['SERIES', '1.1.3.1', '1.1.3.2']]);
    // Its count, once to compare and once for the retrieve; the series; the instances of those that are here.
    assert.deepEqual(finds(), ['STUDY', 'STUDY', 'SERIES', 'IMAGE', 'IMAGE']);
  });

  test('of a PACS that gives no counts, only what is new, too', async (t) => {
    const { read, peer, sent } = await rig(t, 'always', { counts: false });
    await read();
    peer.stored.push(of('1.1.3.1'), of('1.1.2.4'));
    assert.deepEqual((await read()).toSorted(), [...WHOLE, '1.1.2.4', '1.1.3.1'].toSorted());
    assert.deepEqual(sent.slice(1).toSorted(), [
      ['IMAGE', '1.1.2.4'],
      ['IMAGE', '1.1.3.1'],
    ]);
  });

  test('nothing where the PACS has fewer: what it no longer lists is gone from here', async (t) => {
    const { read, peer, sent, cache } = await rig(t, 'always');
    await read();
    peer.stored.splice(1, 1);
    assert.deepEqual(await read(), [WHOLE[0], ...WHOLE.slice(2)]);
    assert.equal(sent.length, 1);
    assert.equal(cache.open(peer.aeTitle, { ...ONE, instance: '1.1.1.2' }), undefined);
    assert.equal(cache.openWhole(peer.aeTitle, STUDY)?.files.length, 5);
  });

  test('where some went and more came, what came', async (t) => {
    const { read, peer, sent } = await rig(t, 'always');
    await read();
    peer.stored.splice(0, 1, of('1.1.1.7'), of('1.1.1.8'));
    assert.deepEqual(await read(), [...WHOLE.slice(1), '1.1.1.7', '1.1.1.8']);
    assert.deepEqual(sent.slice(1), [['IMAGE', '1.1.1.7', '1.1.1.8']]);
  });

  test('a study that is gone from the PACS is not found, nor is any instance of it', async (t) => {
    const { read, peer } = await rig(t, 'always');
    await read();
    peer.stored.length = 0;
    await assert.rejects(read(), { kind: 'not-found' });
    await assert.rejects(read({ ...ONE, instance: '1.1.1.1' } as { study: string }), { kind: 'not-found' });
  });

  test('of a study to which something was stored by way of the gateway, that', async (t) => {
    const { read, peer, sent, cache } = await rig(t, 'never');
    await read();
    peer.stored.push(of('1.1.2.4'));
    cache.forget(peer.aeTitle, { study: '1.1', series: '1.1.2', instance: '1.1.2.4' });
    assert.deepEqual(await read(), [...WHOLE, '1.1.2.4']);
    assert.deepEqual(sent.slice(1), [['IMAGE', '1.1.2.4']]);
  });

  test('of a retrieve that was given up late, the rest', async (t) => {
    const gate = Promise.withResolvers<void>();
    const before = async (index: number, level: string) =>
      level === 'STUDY' && index === 4 ? gate.promise : undefined;
    const { read, retrieval, sent, cache } = await rig(t, 'always', { before });
    const leaving = retrieval.retrieve(STUDY, { signal: never });
    for (let at = 0; at < 4; at += 1) (await leaving.next()).value?.release();
    await leaving.return();
    gate.resolve();
    await retrieval.idle();
    const held = cache.held('FAKEPACS', STUDY);
    for (const file of held) file.release();
    assert.deepEqual(await read(), WHOLE);
    assert.deepEqual(
      sent.slice(1).flatMap(([, ...uids]) => uids),
      WHOLE.slice(held.length),
    );
  });

  test('all in one retrieve where less than half is here', async (t) => {
    const { read, sent } = await rig(t, 'always');
    await read({ ...ONE, instance: '1.1.1.2' } as { study: string });
    assert.deepEqual(await read(), WHOLE);
    assert.deepEqual(sent, [
      ['IMAGE', '1.1.1.2'],
      ['STUDY', ...WHOLE],
    ]);
  });

  test('again at the next request what did not come, and until then the study is no whole', async (t) => {
    let isBroken = true;
    const { read, peer, sent, cache } = await rig(t, 'always', {
      send: (matching) => (isBroken ? matching.filter(({ instance }) => instance !== '1.1.1.4') : matching),
      before: async (_index, _level, abort) => {
        if (isBroken && peer.stored.length > WHOLE.length) {
          abort();
          await delay(5);
        }
      },
    });
    await read();
    peer.stored.push(of('1.1.1.4'));
    await assert.rejects(read());
    const failed = sent.length;
    isBroken = false;
    cache.forget(peer.aeTitle, { ...ONE, instance: '1.1.1.4' });
    assert.deepEqual(await read(), [...WHOLE, '1.1.1.4']);
    assert.deepEqual(sent.slice(failed), [['IMAGE', '1.1.1.4']]);
  });
});

test('what was here keeps its file, and with it entity tags and what was made of it', async (t) => {
  const { retrieval, peer } = await rig(t, 'always');
  const paths = async () => {
    const found = new Map<string, string>();
    for await (const file of retrieval.retrieve(STUDY, { signal: never })) {
      found.set(file.sopInstanceUid, file.path);
      file.release();
    }
    await retrieval.idle();
    return found;
  };
  const before = await paths();
  peer.stored.push(of('1.1.1.4'));
  const after = await paths();
  assert.deepEqual([...after].slice(0, WHOLE.length), [...before]);
  assert.equal(after.size, WHOLE.length + 1);
});
