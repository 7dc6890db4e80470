// Which C-MOVE a C-STORE belongs to, when several run at once that would all take the instance: the one that the sender names by
// Move Originator AE title and message ID; else one that waits for its UIDs.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Claim, type Inbox, openInbox } from '../../src/bridge/retrieve/inbox.ts';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { connect, listen } from '../../src/dimse/index.ts';
import { CT, chunks, drain, encoded } from '../bridge/fixtures.ts';
import { type Stored, startFakePacs } from '../bridge/peer-pacs.ts';
import { startRetrieval } from '../bridge/retrieval.ts';

const never = new AbortController().signal;
const STUDY = { study: '1.1' };
const ONE = { study: '1.1', series: '1.1.1', instance: '1.1.1.1' };
const STORED: Stored[] = [1, 2, 3].map((n) => ({ ...ONE, instance: `1.1.1.${n}`, bytes: 2000 }));
const WHOLE = STORED.map(({ instance }) => instance);

type Originator = { aeTitle: string; messageId: number };

/** Two claims, for a study and for a series of it, of C-MOVEs 7 and 8; what each has taken. */
async function start(t: TestContext) {
  const own = { host: '127.0.0.1', port: 0, aeTitles: ['GATEWAY'], maxAssociations: 4 };
  const inbox = await openInbox({ ...own, allowCalling: () => true });
  t.after(() => inbox.close());
  const taken: Record<'study' | 'series', string[]> = { study: [], series: [] };
  const claim = (name: 'study' | 'series', messageId: number, of: string): Claim => ({
    destination: 'GATEWAY',
    messageId,
    passedOver: new Set(),
    wants: (instance) => of === (name === 'study' ? instance.studyInstanceUid : instance.seriesInstanceUid),
    receive: async ({ sopInstanceUid, body }) => {
      for await (const _ of body);
      taken[name].push(sopInstanceUid);
    },
  });
  await inbox.claim(claim('study', 7, '1.1'), never);
  await inbox.claim(claim('series', 8, '1.1.1'), never);
  return { taken, inbox };
}

/** C-STORE of the first instance; the status of its answer. */
async function store({ port }: Inbox, moveOriginator?: Originator): Promise<number> {
  const contexts = [{ abstractSyntax: CT, transferSyntaxes: [ExplicitLittle] }];
  const titles = { calledAeTitle: 'GATEWAY', callingAeTitle: 'PACS' };
  const association = await connect({ host: '127.0.0.1', port, ...titles, contexts });
  const { status } = await association.store({
    sopClassUid: CT,
    sopInstanceUid: ONE.instance,
    transferSyntaxUid: ExplicitLittle,
    body: chunks(encoded(ONE), 1000),
    ...(moveOriginator && { moveOriginator }),
  });
  await association.release();
  return status;
}

for (const [what, originator, expected] of [
  ['names the earlier C-MOVE goes to it', { aeTitle: 'GATEWAY', messageId: 7 }, 'study'],
  ['names the later C-MOVE goes to it', { aeTitle: 'GATEWAY', messageId: 8 }, 'series'],
  ['names none goes to one that waits for its UIDs', undefined, 'series'],
  ['names a C-MOVE of another AE goes to one that waits for its UIDs', { aeTitle: 'ANOTHER', messageId: 7 }, 'series'],
  [
    'names a C-MOVE that is not known goes to one that waits for its UIDs',
    { aeTitle: 'GATEWAY', messageId: 9 },
    'series',
  ],
] as const) {
  test(`W-D7 a C-STORE that ${what}`, async (t) => {
    const { taken, inbox } = await start(t);
    assert.equal(await store(inbox, originator), 0);
    assert.deepEqual(taken, { study: [], series: [], [expected]: [ONE.instance] });
  });
}

test('W-D7 an instance that two C-MOVEs send without a name is given once to each', async (t) => {
  const { taken, inbox } = await start(t);
  for (const _ of [1, 2]) assert.equal(await store(inbox), 0);
  assert.deepEqual(taken, { study: [ONE.instance], series: [ONE.instance] });
});

/** Passes C-STOREs on to the gateway with another move originator. */
async function relayed(t: TestContext, to: () => number, originator: Originator | undefined): Promise<number> {
  const relay = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [ExplicitLittle],
    services: {
      async store({ moveOriginator: _, body, ...instance }) {
        const bytes: Buffer[] = [];
        for await (const chunk of body) bytes.push(chunk);
        const contexts = [{ abstractSyntax: CT, transferSyntaxes: [ExplicitLittle] }];
        const titles = { calledAeTitle: 'GATEWAY', callingAeTitle: 'FAKEPACS' };
        const association = await connect({ host: '127.0.0.1', port: to(), ...titles, contexts });
        const again = { ...instance, body: chunks(Buffer.concat(bytes), 1000) };
        const { status } = await association.store({ ...again, ...(originator && { moveOriginator: originator }) });
        await association.release();
        return status;
      },
    },
  });
  t.after(() => relay.close());
  return relay.port;
}

for (const [what, originator] of [
  // Both C-MOVEs are the first message of their association.
  ['the same', { aeTitle: 'GATEWAY', messageId: 1 }],
  ['missing', undefined],
  ['of another AE', { aeTitle: 'ANOTHER', messageId: 4711 }],
] as const) {
  test(`W-D7 a study and an instance of it that move at once both come whole, where move originators are ${what}`, async (t) => {
    const gate = Promise.withResolvers<void>();
    const before = async (_: number, level: string) => (level === 'STUDY' ? gate.promise : undefined);
    const pacs = await startFakePacs(t, STORED, { before });
    const timeouts = { connect: 2000, associate: 2000, response: 2000, release: 500, artim: 500, arrival: 60_000 };
    const rig = await startRetrieval(t, [pacs], { retrieve: 'move', timeouts }, { overtakeAfter: 1 });
    pacs.behaviour.peers = { GATEWAY: await relayed(t, () => rig.inbox.port, originator) };
    const whole = drain(rig.retrieval.retrieve(STUDY, { signal: never }));
    while (pacs.asked.move.length === 0) await delay(1);
    assert.deepEqual(await drain(rig.retrieval.retrieve(ONE, { signal: never })), [ONE.instance]);
    gate.resolve();
    assert.deepEqual((await whole).toSorted(), WHOLE);
    assert.equal(pacs.asked.move.length, 2, 'nothing was asked for again');
  });
}
