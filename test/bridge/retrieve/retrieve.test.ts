import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoredFile } from '../../../src/bridge/cache/cache.ts';
import { StudyRootGet } from '../../../src/bridge/retrieve/contexts.ts';
import { ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { drain, encoded, SR } from '../fixtures.ts';
import { type Behaviour, type FakePacs, type Stored, startFakePacs } from '../peer-pacs.ts';
import { startRetrieval } from '../retrieval.ts';

const never = new AbortController().signal;
const STUDY = { study: '1.1' };

/** A study of two series with three instances each, and another study. */
function archive(): Stored[] {
  const of = (study: string, series: string, instance: string, more: Partial<Stored> = {}) => ({
    study,
    series,
    instance,
    bytes: 40_000,
    ...more,
  });
  return [
    of('1.1', '1.1.1', '1.1.1.1'),
    of('1.1', '1.1.1', '1.1.1.2', { transferSyntaxUid: ImplicitLittle }),
    of('1.1', '1.1.1', '1.1.1.3'),
    of('1.1', '1.1.2', '1.1.2.1', { sopClass: SR }),
    of('1.1', '1.1.2', '1.1.2.2'),
    of('1.1', '1.1.2', '1.1.2.3'),
    of('1.2', '1.2.1', '1.2.1.1'),
  ];
}

const WHOLE = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.2.1', '1.1.2.2', '1.1.2.3'];

async function rig(t: TestContext, behaviour: Behaviour = {}, more: Parameters<typeof startRetrieval>[2] = {}) {
  const peer = await startFakePacs(t, archive(), behaviour);
  return { peer, ...(await startRetrieval(t, [peer], more)) };
}

/** Every file holds what the PACS has, byte for byte. */
async function assertAsStored(files: AsyncIterable<StoredFile>, { stored }: FakePacs): Promise<void> {
  for await (const file of files) {
    const made = stored.find(({ instance }) => instance === file.sopInstanceUid);
    assert.ok(made);
    await file.onDisk();
    assert.deepEqual(readFileSync(file.path).subarray(file.dataOffset), encoded(made, made.transferSyntaxUid));
    file.release();
  }
}

/** The data set, read as readers read it. */
async function bytesOf(file: StoredFile): Promise<Buffer> {
  const bytes = Buffer.alloc(file.size);
  let filled = 0;
  while (filled < file.size) filled += await file.read(bytes.subarray(filled), filled);
  return bytes.subarray(file.dataOffset);
}

/** Levels and numbers of UIDs that were asked, for example 'STUDY' or 'IMAGE×2'. */
function levels(asked: FakePacs['asked']['get']): string[] {
  return asked.map((identifier) => {
    const uids = identifier['00080018']?.Value?.length ?? 1;
    return `${identifier['00080052']?.Value?.[0]}${uids > 1 ? `×${uids}` : ''}`;
  });
}

describe('what is asked of the PACS', () => {
  for (const [name, resource, level, uids] of [
    ['a study', STUDY, 'STUDY', WHOLE],
    ['a series', { study: '1.1', series: '1.1.2' }, 'SERIES', WHOLE.slice(3)],
    ['an instance', { study: '1.1', series: '1.1.1', instance: '1.1.1.2' }, 'IMAGE', ['1.1.1.2']],
  ] as const) {
    test(`W-D2 ${name} is retrieved at its own level with unique keys only`, async (t) => {
      const { retrieval, peer } = await rig(t);
      assert.deepEqual(await drain(retrieval.retrieve(resource, { signal: never })), uids);
      assert.deepEqual(levels(peer.asked.get), [level]);
      const keys = ['00080018', '00080052', '0020000D', '0020000E'];
      const unknown = Object.keys(peer.asked.get[0] ?? {}).filter((tag) => !keys.includes(tag));
      assert.deepEqual(unknown, []);
    });

    test(`${name} comes whole from a PACS that knows no counts`, async (t) => {
      const { retrieval } = await rig(t, { counts: false });
      assert.deepEqual(await drain(retrieval.retrieve(resource, { signal: never })), uids);
    });
  }

  test('the second request is answered from the cache, in the same order', async (t) => {
    const { retrieval, peer } = await rig(t, { send: (matching) => matching.toReversed() });
    const first = await drain(retrieval.retrieve(STUDY, { signal: never }));
    assert.deepEqual(first, WHOLE.toReversed());
    assert.deepEqual(await drain(retrieval.retrieve(STUDY, { signal: never })), first);
    const finds = peer.asked.find.length;
    await drain(retrieval.retrieve({ study: '1.1', series: '1.1.1' }, { signal: never }));
    await drain(retrieval.retrieve({ study: '1.1', series: '1.1.2', instance: '1.1.2.3' }, { signal: never }));
    assert.equal(peer.asked.get.length, 1);
    assert.equal(peer.asked.find.length, finds);
  });

  test('W-D5 an instance keeps its transfer syntax and its bytes', async (t) => {
    const { retrieval, peer } = await rig(t);
    await assertAsStored(retrieval.retrieve(STUDY, { signal: never }), peer);
  });

  for (const resource of [
    { study: '1.9' },
    { study: '1.1', series: '1.1.9' },
    { study: '1.1', series: '1.1.1', instance: '1.1.9' },
    { study: '1.2', series: '1.1.1' },
    { study: '1.1', series: '1.1.2', instance: '1.1.1.1' },
  ]) {
    test(`W-R16 not found: ${Object.values(resource).join(' / ')}`, async (t) => {
      const { retrieval, peer } = await rig(t);
      await drain(retrieval.retrieve(STUDY, { signal: never }));
      await assert.rejects(drain(retrieval.retrieve(resource, { signal: never })), { kind: 'not-found' });
      assert.equal(peer.asked.get.length, 1);
    });
  }
});

describe('one retrieve for everybody', () => {
  test('50 requests at once for a study and parts of it cost one C-GET', async (t) => {
    const { retrieval, peer } = await rig(t);
    const asked = [
      { resource: STUDY, uids: WHOLE },
      { resource: { study: '1.1', series: '1.1.2' }, uids: WHOLE.slice(3) },
      { resource: { study: '1.1', series: '1.1.1', instance: '1.1.1.3' }, uids: ['1.1.1.3'] },
    ];
    const all = Array.from({ length: 50 }, async (_, at) => {
      const { resource, uids } = asked[at % 3] ?? { resource: STUDY, uids: [] };
      assert.deepEqual(await drain(retrieval.retrieve(resource, { signal: never })), uids);
    });
    await Promise.all(all);
    assert.deepEqual(levels(peer.asked.get), ['STUDY']);
    assert.ok(peer.listener.associations <= 2, `${peer.listener.associations} associations`);
  });

  test('instances are handed out while the rest still comes', async (t) => {
    const rest = Promise.withResolvers<void>();
    const { retrieval } = await rig(t, { before: async (index) => (index === 2 ? rest.promise : undefined) });
    const files = retrieval.retrieve(STUDY, { signal: never });
    const first = await files.next();
    assert.equal(first.value?.sopInstanceUid, '1.1.1.1');
    first.value?.release();
    rest.resolve();
    assert.deepEqual(await drain(files), WHOLE.slice(1));
  });

  test('one instance overtakes the study that has not brought it yet, in one more C-GET for all who want it', async (t) => {
    const gate = Promise.withResolvers<void>();
    const before = async (index: number, level: string) =>
      level === 'STUDY' && index === 1 ? gate.promise : undefined;
    const peer = await startFakePacs(t, archive(), { before });
    const { retrieval } = await startRetrieval(t, [peer], { retrieve: 'get' }, { overtakeAfter: 1 });
    const study = drain(retrieval.retrieve(STUDY, { signal: never }));
    while (peer.asked.get.length === 0) await delay(1);
    const one = { study: '1.1', series: '1.1.2', instance: '1.1.2.3' };
    const urgent = await Promise.all([1, 2].map(() => drain(retrieval.retrieve(one, { signal: never }))));
    assert.deepEqual(urgent, [['1.1.2.3'], ['1.1.2.3']]);
    assert.deepEqual(levels(peer.asked.get), ['STUDY', 'IMAGE']);
    gate.resolve();
    assert.deepEqual(await study, WHOLE);
    assert.equal(peer.asked.get.length, 2);
  });

  test('a slow reader holds neither the PACS nor another reader', async (t) => {
    const { retrieval, pacs } = await rig(t, {}, { maxAssociations: 1 });
    const slow = retrieval.retrieve(STUDY, { signal: never });
    const first = await slow.next();
    assert.deepEqual(await drain(retrieval.retrieve(STUDY, { signal: never })), WHOLE);
    // The only association is free again.
    await pacs[0]?.echo(never);
    first.value?.release();
    assert.deepEqual(await drain(slow), WHOLE.slice(1));
  });

  test('a retrieve goes on while one of its readers stays', async (t) => {
    const gate = Promise.withResolvers<void>();
    const { retrieval, peer } = await rig(t, { before: async (index) => (index === 3 ? gate.promise : undefined) });
    const leaving = retrieval.retrieve(STUDY, { signal: never });
    const staying = drain(retrieval.retrieve(STUDY, { signal: never }));
    (await leaving.next()).value?.release();
    await leaving.return();
    gate.resolve();
    assert.deepEqual(await staying, WHOLE);
    assert.deepEqual(levels(peer.asked.get), ['STUDY']);
  });

  test('a retrieve that nobody reads any more is cancelled, and a new request starts anew', async (t) => {
    const gate = Promise.withResolvers<void>();
    const sent: number[] = [];
    const before = async (index: number) => {
      sent.push(index);
      if (index === 2) await gate.promise;
    };
    const { retrieval, peer } = await rig(t, { before });
    const files = retrieval.retrieve(STUDY, { signal: never });
    (await files.next()).value?.release();
    await files.return();
    gate.resolve();
    await retrieval.idle();
    assert.ok(sent.length < 6, 'the rest was not sent');
    assert.deepEqual(await drain(retrieval.retrieve(STUDY, { signal: never })), WHOLE);
    assert.equal(peer.asked.get.length, 2);
  });

  test('a request that is cancelled while it waits ends at once', async (t) => {
    const { retrieval } = await rig(t, { before: () => new Promise(() => {}) });
    const leaving = new AbortController();
    const waiting = drain(retrieval.retrieve(STUDY, { signal: leaving.signal }));
    await delay(20);
    leaving.abort();
    await assert.rejects(waiting, { kind: 'cancelled' });
  });
});

describe('C-GET, else C-MOVE', () => {
  const noGet = { refuse: [StudyRootGet] };

  test('W-D1 a PACS without C-GET is asked by C-MOVE, with the same bytes', async (t) => {
    const { retrieval, peer } = await rig(t, noGet);
    await assertAsStored(retrieval.retrieve(STUDY, { signal: never }), peer);
    assert.deepEqual(levels(peer.asked.move), ['STUDY']);
  });

  test('that it can only C-MOVE is remembered', async (t) => {
    let refusals = 0;
    const send = (matching: Stored[]) => matching;
    const { retrieval, peer } = await rig(t, { send });
    peer.behaviour.before = async () => {
      if (peer.asked.get.length > refusals) {
        refusals = peer.asked.get.length;
        throw new DicomError('status', 'no', { status: 0xa702 });
      }
    };
    await drain(retrieval.retrieve({ study: '1.1', series: '1.1.1' }, { signal: never }));
    await drain(retrieval.retrieve({ study: '1.1', series: '1.1.2' }, { signal: never }));
    assert.deepEqual([levels(peer.asked.get), levels(peer.asked.move)], [['SERIES'], ['SERIES', 'SERIES']]);
  });

  test('retrieve: get never moves', async (t) => {
    const { retrieval, peer } = await rig(t, noGet, { retrieve: 'get' });
    await assert.rejects(drain(retrieval.retrieve(STUDY, { signal: never })), { kind: 'no-context' });
    assert.equal(peer.asked.move.length, 0);
  });

  test('retrieve: move never gets', async (t) => {
    const { retrieval, peer } = await rig(t, {}, { retrieve: 'move' });
    assert.deepEqual(await drain(retrieval.retrieve(STUDY, { signal: never })), WHOLE);
    assert.deepEqual([peer.asked.get.length, peer.asked.move.length], [0, 1]);
  });

  test('W-D7 two C-MOVEs at once get each its own instances', async (t) => {
    const { retrieval } = await rig(t, {}, { retrieve: 'move' });
    const [one, two] = await Promise.all([
      drain(retrieval.retrieve({ study: '1.1', series: '1.1.1' }, { signal: never })),
      drain(retrieval.retrieve({ study: '1.2' }, { signal: never })),
    ]);
    assert.deepEqual([one, two], [WHOLE.slice(0, 3), ['1.2.1.1']]);
  });

  test('a destination that the PACS does not know is named, with what to do', async (t) => {
    const { retrieval, inbox } = await rig(t, { peers: {} }, { retrieve: 'move' });
    await assert.rejects(drain(retrieval.retrieve(STUDY, { signal: never })), (error: DicomError) => {
      assert.equal(error.kind, 'status');
      assert.equal(error.status, 0xa801);
      assert.match(error.message, new RegExp(`GATEWAY.*port ${inbox.port}`));
      return true;
    });
  });

  test('instances that go elsewhere are told in plain words', async (t) => {
    const elsewhere = await startFakePacs(t, [], { aeTitle: 'GATEWAY' });
    const { listener } = elsewhere;
    const { retrieval } = await rig(t, { peers: { GATEWAY: listener.port }, ...noGet });
    elsewhere.behaviour.store = async (instance) => {
      for await (const _ of instance.body);
      return 0;
    };
    await assert.rejects(
      drain(retrieval.retrieve(STUDY, { signal: never })),
      /says it sent 6 instances to GATEWAY but none arrived here: its entry for GATEWAY points elsewhere/,
    );
  });
});

describe('complete or an error', () => {
  for (const retrieve of ['get', 'move'] as const) {
    test(`${retrieve}: what is missing is asked for once more, by UID`, async (t) => {
      const send = (matching: Stored[], level: string) => (level === 'STUDY' ? matching.slice(0, 4) : matching);
      const { retrieval, peer } = await rig(t, { send }, { retrieve });
      const uids = await drain(retrieval.retrieve(STUDY, { signal: never }));
      assert.deepEqual(uids, WHOLE);
      assert.deepEqual(levels(peer.asked[retrieve]), ['STUDY', 'IMAGE×2']);
    });

    test(`${retrieve}: a partial set is an error that says how many, and is not cached as whole`, async (t) => {
      const send = (matching: Stored[]) => matching.filter(({ instance }) => instance !== '1.1.2.2');
      const { retrieval, peer, cache } = await rig(t, { send }, { retrieve });
      const arrived: string[] = [];
      await assert.rejects(
        async () => {
          for await (const file of retrieval.retrieve(STUDY, { signal: never })) {
            arrived.push(file.sopInstanceUid);
            file.release();
          }
        },
        (error: DicomError) => error.kind === 'status' && /1 of 6 instances did not come/.test(error.message),
      );
      assert.equal(arrived.length, 5);
      assert.equal(cache.openWhole(peer.aeTitle, STUDY), undefined);
      // By C-GET one transfer syntax after the other is tried, since no compressed instance has ever come.
      assert.deepEqual(new Set(levels(peer.asked[retrieve])), new Set(['STUDY', 'IMAGE']));
    });
  }

  test('an abort midway is made good at IMAGE level', async (t) => {
    const before = async (index: number, level: string, abort: () => void) => {
      if (level === 'STUDY' && index === 3) {
        abort();
        await delay(20);
      }
    };
    const { retrieval, peer } = await rig(t, { before }, { retrieve: 'get' });
    assert.deepEqual((await drain(retrieval.retrieve(STUDY, { signal: never }))).toSorted(), WHOLE);
    assert.equal(levels(peer.asked.get)[0], 'STUDY');
  });

  test('a disk that cannot be written costs the copy, not the answer', async (t) => {
    const { retrieval, peer, cache } = await rig(t, {}, { retrieve: 'get' });
    const files = await retrieval.retrieve({ study: '1.2' }, { signal: never }).next();
    await files.value?.onDisk();
    files.value?.release();
    const folder = dirname(files.value?.path ?? '');
    rmSync(folder, { recursive: true });
    // A folder that is only gone would be made again.
    writeFileSync(folder, '');
    const got: Record<string, Buffer> = {};
    for await (const file of retrieval.retrieve(STUDY, { signal: never })) {
      got[file.sopInstanceUid] = await bytesOf(file);
      await assert.rejects(file.onDisk(), { kind: 'busy', field: 'cache.dir' });
      file.release();
    }
    assert.deepEqual(Object.keys(got), WHOLE);
    for (const made of peer.stored.slice(0, 6)) {
      assert.deepEqual(got[made.instance], encoded(made, made.transferSyntaxUid));
    }
    assert.deepEqual(levels(peer.asked.get), ['STUDY', 'STUDY']);
    await retrieval.idle();
    assert.equal(cache.openWhole(peer.aeTitle, STUDY), undefined);
  });

  test('a silent PACS is a timeout, and its association is gone', async (t) => {
    const before = () => new Promise<void>(() => {});
    const timeouts = { connect: 500, associate: 500, response: 100, release: 100, artim: 100, arrival: 50 };
    const { retrieval, peer } = await rig(t, { before }, { retrieve: 'get', timeouts, idle: 50 });
    await assert.rejects(drain(retrieval.retrieve(STUDY, { signal: never })), { kind: 'timeout' });
    while (peer.listener.associations > 0) await delay(5);
  });

  test('a PACS that is not there is unreachable', async (t) => {
    const { retrieval, peer } = await rig(t);
    await peer.close();
    await assert.rejects(drain(retrieval.retrieve(STUDY, { signal: never })), { kind: 'unreachable' });
  });
});

describe('what is stored to a study while it is retrieved', () => {
  /** A retrieve that waits before its last instance until something was stored. */
  async function storedMidway(t: TestContext, store: (peer: FakePacs) => string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { promise: midway, resolve: reached } = Promise.withResolvers<void>();
    const before = async (index: number) => {
      if (index < 5) return;
      reached();
      await promise;
    };
    const { peer, cache, retrieval } = await rig(t, { before }, { retrieve: 'get' });
    const early = drain(retrieval.retrieve(STUDY, { signal: never }));
    await midway;
    cache.forget(peer.aeTitle, { study: '1.1', series: '1.1.2', instance: store(peer) });
    return { peer, cache, retrieval, early, goOn: resolve };
  }
  const add = ({ stored }: FakePacs) => {
    stored.push({ study: '1.1', series: '1.1.2', instance: '1.1.2.4' });
    return '1.1.2.4';
  };

  test('the earlier retrieve does not make the study whole', async (t) => {
    const { cache, retrieval, early, goOn } = await storedMidway(t, add);
    goOn();
    assert.deepEqual((await early).toSorted(), WHOLE);
    assert.equal(cache.openWhole('FAKEPACS', STUDY), undefined);
    const later = await drain(retrieval.retrieve(STUDY, { signal: never }));
    assert.deepEqual(later.toSorted(), [...WHOLE, '1.1.2.4']);
  });

  test('who asks afterwards does not join the earlier retrieve', async (t) => {
    const { retrieval, early, goOn } = await storedMidway(t, add);
    const late = drain(retrieval.retrieve(STUDY, { signal: never }));
    goOn();
    assert.deepEqual((await early).toSorted(), WHOLE);
    assert.deepEqual((await late).toSorted(), [...WHOLE, '1.1.2.4']);
  });

  test('the earlier retrieve does not put the old version back', async (t) => {
    const { cache, early, goOn } = await storedMidway(t, () => '1.1.2.3');
    goOn();
    assert.deepEqual((await early).toSorted(), WHOLE);
    assert.equal(cache.open('FAKEPACS', { study: '1.1', series: '1.1.2', instance: '1.1.2.3' }), undefined);
  });
});

describe('several PACS', () => {
  test('a study comes from the one that has it, also when another is down', async (t) => {
    const empty = await startFakePacs(t, [], { aeTitle: 'EMPTY' });
    const down = await startFakePacs(t, [], { aeTitle: 'DOWN' });
    const full = await startFakePacs(t, archive(), { aeTitle: 'FULL' });
    const { holders } = await startRetrieval(t, [down, empty, full]);
    await down.close();
    assert.deepEqual(await drain(holders.retrieve(STUDY, { signal: never })), WHOLE);
  });

  test('not found only when all could be asked', async (t) => {
    const down = await startFakePacs(t, [], { aeTitle: 'DOWN' });
    const full = await startFakePacs(t, archive(), { aeTitle: 'FULL' });
    const { holders } = await startRetrieval(t, [down, full]);
    await down.close();
    await assert.rejects(drain(holders.retrieve({ study: '1.9' }, { signal: never })), { kind: 'unreachable' });
  });
});
