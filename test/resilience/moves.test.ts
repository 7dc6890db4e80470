// C-MOVE whose C-STOREs come late, never, twice, too late, from another AE, or when nobody waits: complete, or an error, and no
// association stays. A courier between PACS and gateway takes all that is sent at once, and passes it on as a test says.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { connect, type Instance, listen } from '../../src/dimse/index.ts';
import { CT, drain, encoded } from '../bridge/fixtures.ts';
import { type Stored, startFakePacs } from '../bridge/peer-pacs.ts';
import { GATEWAY, type Rig, startRetrieval } from '../bridge/retrieval.ts';
import { nothingIsLeft } from './nothing-left.ts';

const never = new AbortController().signal;
const STUDY = { study: '1.1' };
const STORED: Stored[] = [1, 2, 3].map((n) => ({ study: '1.1', series: '1.1.1', instance: `1.1.1.${n}`, bytes: 5000 }));
const WHOLE = STORED.map(({ instance }) => instance);
/** Milliseconds after the final response for which the gateway waits for what is missing. */
const ARRIVAL = 400;

type Sent = Omit<Instance, 'body'> & { bytes: Buffer };
/** Passes on what the PACS sent with one C-MOVE; the C-MOVE may be over by then. */
type Forward = (sent: Sent, deliver: Deliver) => Promise<void>;
/** C-STORE to the gateway; the status of its answer. */
type Deliver = (sent: Sent, callingAeTitle?: string) => Promise<number>;

async function storeAt(port: number, { bytes, ...sent }: Sent, callingAeTitle: string): Promise<number> {
  const titles = { calledAeTitle: GATEWAY, callingAeTitle };
  const contexts = [{ abstractSyntax: CT, transferSyntaxes: [ExplicitLittle] }];
  const association = await connect({ host: '127.0.0.1', port, ...titles, contexts });
  const body = (async function* () {
    yield bytes;
  })();
  const { status } = await association.store({ ...sent, body });
  await association.release();
  return status;
}

type Scene = Rig & { statuses: number[]; settled(): Promise<void>; associations(): number };

/** A retrieve by C-MOVE behind a courier. */
async function scene(t: TestContext, forward: Forward): Promise<Scene> {
  const statuses: number[] = [];
  const under: Promise<unknown>[] = [];
  const pacs = await startFakePacs(t, STORED);
  const timeouts = { connect: 2000, associate: 2000, response: 2000, release: 500, artim: 500, arrival: ARRIVAL };
  const rig = await startRetrieval(t, [pacs], { retrieve: 'move', timeouts, idle: 1 });
  const deliver: Deliver = async (sent, callingAeTitle = 'FAKEPACS') => {
    const status = await storeAt(rig.inbox.port, sent, callingAeTitle);
    statuses.push(status);
    return status;
  };
  const courier = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [ExplicitLittle],
    services: {
      async store({ body, ...instance }) {
        const chunks: Buffer[] = [];
        for await (const chunk of body) chunks.push(Buffer.from(chunk));
        under.push(forward({ ...instance, bytes: Buffer.concat(chunks) }, deliver));
        return 0;
      },
    },
  });
  t.after(() => courier.close());
  pacs.behaviour.peers = { [GATEWAY]: courier.port };
  const settled = async () => void (await Promise.all(under));
  return { ...rig, statuses, settled, associations: () => pacs.listener.associations + courier.associations };
}

async function noneIsLeft({ associations }: Scene): Promise<void> {
  for (let tries = 0; associations() > 0 && tries < 500; tries += 1) await delay(10);
  assert.equal(associations(), 0, 'associations are left');
}

async function assertWhole(rig: Scene): Promise<void> {
  assert.deepEqual((await drain(rig.retrieval.retrieve(STUDY, { signal: never }))).sort(), WHOLE);
  await rig.settled();
  await noneIsLeft(rig);
}

test('C-STOREs that come late, after the final response, belong to it', async (t) => {
  const forward: Forward = async (sent, deliver) => {
    await delay(ARRIVAL / 4);
    await deliver(sent);
  };
  const rig = await scene(t, forward);
  await assertWhole(rig);
  assert.deepEqual(rig.statuses, [0, 0, 0]);
});

test('an instance that takes longer than the PACS may be silent is waited for, since nothing is answered amid it', async (t) => {
  const [small = assert.fail()] = STORED;
  const pacs = await startFakePacs(t, [{ ...small, bytes: 8192 * 80 }], { within: () => delay(10) });
  const timeouts = { connect: 2000, associate: 2000, response: 250, release: 500, artim: 500, arrival: ARRIVAL };
  const rig = await startRetrieval(t, [pacs], { retrieve: 'move', timeouts, idle: 1 });
  pacs.behaviour.peers = { [GATEWAY]: rig.inbox.port };
  assert.deepEqual(await drain(rig.retrieval.retrieve(STUDY, { signal: never })), [small.instance]);
  assert.equal(pacs.asked.move.length, 1);
});

test('C-STOREs that never come are an error that says where they may have gone', async (t) => {
  const rig = await scene(t, async () => {});
  await assert.rejects(drain(rig.retrieval.retrieve(STUDY, { signal: never })), (error) => {
    assert.ok(error instanceof DicomError);
    assert.match(
      error.message,
      /it says it sent 3 instances to GATEWAY but none arrived here: its entry for GATEWAY points elsewhere/,
    );
    return true;
  });
  await noneIsLeft(rig);
});

test('C-STOREs that come twice are one instance', async (t) => {
  const rig = await scene(t, async (sent, deliver) => {
    await deliver(sent);
    await deliver(sent);
  });
  await assertWhole(rig);
  const again = await drain(rig.retrieval.retrieve(STUDY, { signal: never }));
  assert.deepEqual(again.sort(), WHOLE);
});

test('D-24 C-STOREs that come when nothing waits any more are refused as out of resources', async (t) => {
  const late = Promise.withResolvers<void>();
  const rig = await scene(t, async (sent, deliver) => {
    await late.promise;
    await deliver(sent);
  });
  await assert.rejects(drain(rig.retrieval.retrieve(STUDY, { signal: never })));
  late.resolve();
  await rig.settled();
  assert.deepEqual([...new Set(rig.statuses)], [0xa700]);
  await noneIsLeft(rig);
});

test('C-STOREs of a C-MOVE that come from another AE are taken by their UIDs', async (t) => {
  const rig = await scene(t, async ({ moveOriginator: _, ...sent }, deliver) => void (await deliver(sent, 'ANOTHER')));
  await assertWhole(rig);
});

test('an instance that nobody asked for is refused, and does no harm to those that were', async (t) => {
  const stranger = { study: '9.9', series: '9.9.1', instance: '9.9.1.1', bytes: 100 };
  const rig = await scene(t, async (sent, deliver) => {
    const other = { ...sent, sopInstanceUid: stranger.instance, bytes: encoded(stranger) };
    assert.equal(await deliver(other), 0xa700);
    assert.equal(await deliver(sent), 0);
  });
  await assertWhole(rig);
});

nothingIsLeft();
