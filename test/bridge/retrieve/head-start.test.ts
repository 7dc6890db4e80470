// How little is asked and opened before a C-GET.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { StudyRootGet } from '../../../src/bridge/retrieve/contexts.ts';
import { CT, drain, SR } from '../fixtures.ts';
import { type Behaviour, type Stored, startFakePacs } from '../peer-pacs.ts';
import { startRetrieval } from '../retrieval.ts';

const never = new AbortController().signal;
const ONE = { study: '1.1', series: '1.1.1', instance: '1.1.1.2' };

async function rig(t: TestContext, behaviour: Behaviour = {}, more: Parameters<typeof startRetrieval>[2] = {}) {
  const stored: Stored[] = ['1.1.1.1', '1.1.1.2'].map((instance) => ({ ...ONE, instance }));
  const peer = await startFakePacs(t, stored, behaviour);
  return { peer, ...(await startRetrieval(t, [peer], more)) };
}

describe('one instance whose SOP class is known', () => {
  test('is retrieved without any query, on one association', async (t) => {
    const { peer, retrieval } = await rig(t);
    assert.deepEqual(await drain(retrieval.retrieve(ONE, { signal: never, sopClassUid: CT })), [ONE.instance]);
    assert.deepEqual([peer.asked.find.length, peer.asked.get.length], [0, 1]);
    assert.equal(peer.listener.associations, 1);
  });

  test('and that is gone meanwhile is not found', async (t) => {
    const { retrieval } = await rig(t);
    const gone = { ...ONE, instance: '1.1.1.9' };
    await assert.rejects(drain(retrieval.retrieve(gone, { signal: never, sopClassUid: CT })), { kind: 'not-found' });
  });

  test('comes in another class too', async (t) => {
    const { peer, retrieval } = await rig(t);
    for (const one of peer.stored) one.sopClass = SR;
    assert.deepEqual(await drain(retrieval.retrieve(ONE, { signal: never, sopClassUid: CT })), [ONE.instance]);
  });
});

describe('the association of a C-GET', () => {
  test('is opened once something was found, and used by the retrieve', async (t) => {
    const { peer, retrieval } = await rig(t);
    retrieval.prepare();
    retrieval.prepare();
    while (peer.listener.associations === 0) await delay(1);
    await drain(retrieval.retrieve(ONE, { signal: never, sopClassUid: CT }));
    assert.equal(peer.listener.associations, 1);
  });

  test('is opened while the PACS is still asked what there is', async (t) => {
    const { peer, retrieval } = await rig(t);
    await drain(retrieval.retrieve({ study: '1.1' }, { signal: never }));
    assert.deepEqual([peer.asked.find.length, peer.asked.get.length, peer.listener.associations], [1, 1, 2]);
  });

  test('is not opened beforehand where a PACS is moved from', async (t) => {
    const { peer, retrieval } = await rig(t, {}, { retrieve: 'move' });
    retrieval.prepare();
    await drain(retrieval.retrieve(ONE, { signal: never, sopClassUid: CT }));
    // The one that moved.
    assert.equal(peer.listener.associations, 1);
  });

  test('is not opened beforehand where the PACS takes no C-GET', async (t) => {
    const { peer, retrieval } = await rig(t, { refuse: [StudyRootGet] }, { idle: 20 });
    await drain(retrieval.retrieve({ study: '1.1' }, { signal: never }));
    while (peer.listener.associations > 0) await delay(5);
    retrieval.prepare();
    await delay(20);
    assert.equal(peer.listener.associations, 0);
  });

  test('is not opened beforehand where it would take the place of the one that asks', async (t) => {
    const { peer, retrieval } = await rig(t, {}, { maxAssociations: 1 });
    retrieval.prepare();
    await delay(20);
    assert.equal(peer.listener.associations, 0);
  });
});
