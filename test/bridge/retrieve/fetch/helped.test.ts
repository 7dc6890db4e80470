// A retrieve that waits longer than it receives, helped by further associations.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { drain } from '../../fixtures.ts';
import { type Behaviour, type Stored, startFakePacs } from '../../peer-pacs.ts';
import { startRetrieval } from '../../retrieval.ts';

const never = new AbortController().signal;
const STUDY = { study: '1.1' };
const ALL = Array.from({ length: 80 }, (_, at) => `1.1.${at < 50 ? 1 : 2}.${at + 1}`);

/** A PACS that sends slowly what is asked for as a whole; `sent` counts instances by the level that they were asked at. */
async function rig(
  t: TestContext,
  { before, pause = () => delay(10), ...behaviour }: Behaviour & { pause?: (index: number) => unknown } = {},
  more: Parameters<typeof startRetrieval>[2] = {},
) {
  const stored: Stored[] = ALL.map((instance) => ({
    study: '1.1',
    series: instance.slice(0, 5),
    instance,
    bytes: 1000,
  }));
  const sent: Record<string, number> = {};
  const peer = await startFakePacs(t, stored, {
    before: async (index, level, abort) => {
      await before?.(index, level, abort);
      if (level !== 'IMAGE') await pause(index);
      sent[level] = (sent[level] ?? 0) + 1;
    },
    ...behaviour,
  });
  const rig = await startRetrieval(t, [peer], { retrieve: 'get', ...more }, { patience: 1 });
  const partsOf = () => peer.asked.get.filter((one) => one['00080052']?.Value?.[0] === 'IMAGE');
  return { peer, sent, partsOf, ...rig };
}

describe('a C-GET that waits for each instance', () => {
  test('is helped with parts of the list, each instance comes once, and it is cancelled when the rest is taken', async (t) => {
    const { peer, sent, partsOf, retrieval, cache } = await rig(t);
    const first = await drain(retrieval.retrieve(STUDY, { signal: never }));
    assert.deepEqual(first.toSorted(), ALL.toSorted());
    assert.ok((sent.STUDY ?? 0) < ALL.length / 2, `${sent.STUDY} by the first`);
    assert.ok(partsOf().length > 1);
    assert.ok(peer.listener.associations <= 1 + 3, `${peer.listener.associations} associations`);
    await retrieval.idle();
    assert.deepEqual(await drain(retrieval.retrieve(STUDY, { signal: never })), first, 'the order of arrival stays');
    assert.equal(cache.openWhole(peer.aeTitle, STUDY)?.files.length, ALL.length);
  });

  test('is split by series and within a series by lists of instances, each asked for by one helper', async (t) => {
    const { partsOf, retrieval } = await rig(t);
    await drain(retrieval.retrieve(STUDY, { signal: never }));
    const parts = partsOf().map((one) => ({
      series: one['0020000E']?.Value?.map(String) ?? [],
      instances: one['00080018']?.Value?.map(String) ?? [],
    }));
    for (const { series, instances } of parts) {
      assert.equal(series.length, 1);
      assert.ok(
        instances.every((uid) => uid.startsWith(`${series[0]}.`)),
        `${instances} of ${series}`,
      );
    }
    assert.deepEqual(new Set(parts.flatMap(({ series }) => series)), new Set(['1.1.1', '1.1.2']));
    assert.ok(parts.length > 2, 'a series in several lists');
    const asked = parts.flatMap(({ instances }) => instances);
    assert.equal(new Set(asked).size, asked.length, 'nothing is asked for twice');
  });

  for (const [retrieveAssociations, maxAssociations, most] of [
    [3, 2, 2],
    [2, 4, 2],
    [4, 4, 4],
  ] as const) {
    const caps = `${retrieveAssociations} of ${maxAssociations}`;
    test(`uses no more associations at one time than it may (${caps})`, async (t) => {
      let atOnce = 0;
      let peak = 0;
      const before = async () => {
        atOnce += 1;
        peak = Math.max(peak, atOnce);
        await delay(2);
        atOnce -= 1;
      };
      const { peer, partsOf, retrieval } = await rig(t, { before }, { retrieveAssociations, maxAssociations });
      assert.deepEqual((await drain(retrieval.retrieve(STUDY, { signal: never }))).toSorted(), ALL.toSorted());
      assert.ok(peak > 1 && peak <= most, `${peak} at one time`);
      assert.ok(peer.listener.associations <= maxAssociations, `${peer.listener.associations}`);
      assert.ok(partsOf().length > 0);
    });
  }

  test('is not helped where one association is all that a retrieve may use', async (t) => {
    const { partsOf, retrieval } = await rig(t, {}, { retrieveAssociations: 1 });
    assert.deepEqual(await drain(retrieval.retrieve(STUDY, { signal: never })), ALL);
    assert.equal(partsOf().length, 0);
  });

  test('is not helped where only some are waited for: the PACS is busy, not far', async (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const pause = (index: number) => {
      now += index % 4 === 0 ? 0 : 10;
    };
    const { partsOf, retrieval } = await rig(t, { pause });
    assert.deepEqual(await drain(retrieval.retrieve(STUDY, { signal: never })), ALL);
    assert.equal(partsOf().length, 0);
  });

  test('is helped by a list of UIDs alone: for their SOP classes a PACS may have to open every file', async (t) => {
    const { peer, retrieval } = await rig(t);
    await drain(retrieval.retrieve(STUDY, { signal: never }));
    const lists = peer.asked.find.filter((one) => one['00080052']?.Value?.[0] === 'IMAGE');
    assert.ok(lists.length > 0 && lists.every((one) => one['00080016'] === undefined));
  });

  test('brings all alone when its helpers fail', async (t) => {
    const before = async (_: number, level: string, abort: () => void) => {
      if (level === 'IMAGE') abort();
    };
    const { sent, partsOf, retrieval } = await rig(t, { before });
    assert.deepEqual(await drain(retrieval.retrieve(STUDY, { signal: never })), ALL);
    assert.ok(partsOf().length > 0);
    assert.equal(sent.STUDY, ALL.length);
  });

  test('ends with all its helpers when nobody reads any more', async (t) => {
    const { sent, partsOf, retrieval } = await rig(t, {
      before: async (_, level) => {
        if (level === 'IMAGE') await delay(20);
      },
    });
    const files = retrieval.retrieve(STUDY, { signal: never });
    while (partsOf().length === 0) (await files.next()).value?.release();
    await files.return();
    await retrieval.idle();
    const { STUDY: whole = 0, IMAGE: parts = 0 } = sent;
    assert.ok(whole + parts < ALL.length);
    await delay(50);
    assert.ok((sent.STUDY ?? 0) + (sent.IMAGE ?? 0) <= whole + parts + 3, 'what was under way, no more');
  });
});
