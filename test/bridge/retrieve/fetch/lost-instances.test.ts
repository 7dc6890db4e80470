// An instance that the PACS lists and cannot send.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DicomError } from '../../../../src/dimse/errors.ts';
import { drain } from '../../fixtures.ts';
import { type Stored, startFakePacs } from '../../peer-pacs.ts';
import { startRetrieval } from '../../retrieval.ts';

const never = new AbortController().signal;
const STUDY = { study: '1.1' };
const LOST = { study: '1.1', series: '1.1.1', instance: '1.1.1.2' };

async function rig(t: TestContext, { lostFor = 60_000 } = {}) {
  const stored: Stored[] = [{ ...LOST, instance: '1.1.1.1' }, { ...LOST }];
  const send = (matching: Stored[]) => matching.filter(({ instance }) => instance !== LOST.instance);
  const peer = await startFakePacs(t, stored, { send });
  const { retrieval, cache } = await startRetrieval(t, [peer], { retrieve: 'get' }, { lostFor });
  const failure = (resource: { study: string }) =>
    drain(retrieval.retrieve(resource, { signal: never })).then(
      () => assert.fail('it came'),
      (error: unknown) => (error instanceof DicomError ? error.message : assert.fail('no DicomError')),
    );
  const gets = async (resource: { study: string }) => {
    const earlier = peer.asked.get.length;
    const message = await failure(resource);
    return { message, gets: peer.asked.get.length - earlier };
  };
  return { peer, cache, retrieval, gets };
}

describe('an instance that is listed and cannot be sent', () => {
  test('is asked for in every way once, then answered at once with the same error', async (t) => {
    const { gets } = await rig(t);
    const first = await gets(LOST);
    assert.ok(first.gets > 10, `${first.gets}`);
    assert.match(first.message, /1 of 1 instances did not come/);
    assert.deepEqual(await gets(LOST), { message: first.message, gets: 0 });
  });

  test('costs its study no retrieve while the rest is here', async (t) => {
    const { gets } = await rig(t);
    const first = await gets(STUDY);
    assert.ok(first.gets > 10, `${first.gets}`);
    const second = await gets(STUDY);
    assert.equal(second.gets, 0);
    assert.match(second.message, /1 of 2 instances did not come/);
  });

  test('is asked for again when something was stored to its study', async (t) => {
    const { gets, cache, retrieval, peer } = await rig(t);
    await gets(LOST);
    cache.forget(peer.aeTitle, LOST);
    peer.behaviour.send = (matching) => matching;
    assert.deepEqual(await drain(retrieval.retrieve(LOST, { signal: never })), [LOST.instance]);
  });

  test('is asked for again after its time', async (t) => {
    const { gets, retrieval, peer } = await rig(t, { lostFor: 20 });
    await gets(LOST);
    await delay(50);
    peer.behaviour.send = (matching) => matching;
    assert.deepEqual(await drain(retrieval.retrieve(LOST, { signal: never })), [LOST.instance]);
  });

  test('is not taken for lost when the PACS had too much to do', async (t) => {
    const { gets, retrieval, peer } = await rig(t);
    let asked = 0;
    peer.behaviour.send = () => {
      asked += 1;
      if (asked > 1) throw new DicomError('status', 'too much to do', { status: 0xa701 });
      return [];
    };
    await gets(LOST);
    peer.behaviour.send = (matching) => matching;
    assert.deepEqual(await drain(retrieval.retrieve(LOST, { signal: never })), [LOST.instance]);
  });

  test('2.8 is told before the first instance once it is known, to who takes a part', async (t) => {
    const { gets, retrieval } = await rig(t);
    await gets(STUDY);
    const missing: number[] = [];
    const onPartial = (count: number) => missing.push(count);
    for (const resource of [STUDY, { study: '1.1', series: '1.1.1' }]) {
      const files = retrieval.retrieve(resource, { signal: never, onPartial });
      const first = await files.next();
      assert.deepEqual([first.value?.sopInstanceUid, missing.splice(0)], ['1.1.1.1', [1]]);
      first.value?.release();
      assert.deepEqual([await drain(files), missing], [[], []]);
    }
  });

  test('2.8 is an error while it is not known beforehand, or nothing else is there', async (t) => {
    const { retrieval } = await rig(t);
    const told = { signal: never, onPartial: () => assert.fail('told') };
    await assert.rejects(drain(retrieval.retrieve(STUDY, told)), { kind: 'status' });
    await assert.rejects(drain(retrieval.retrieve(LOST, told)), { kind: 'status' });
  });

  test('a study that lacks one is not kept as whole', async (t) => {
    const { gets, retrieval, cache, peer } = await rig(t);
    await gets(STUDY);
    await drain(retrieval.retrieve(STUDY, { signal: never, onPartial: () => {} }));
    await retrieval.idle();
    assert.equal(cache.openWhole(peer.aeTitle, STUDY), undefined);
  });
});
