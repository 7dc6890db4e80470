// Associations that are given up while they are opened, in front of a PACS that is slow to answer and late to close.

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createPacs } from '../../../src/bridge/pacs/pacs.ts';
import { contextOf, Verification } from '../../../src/bridge/retrieve/contexts.ts';
import { accept, expect, Script } from '../../dimse/scripted-peer.ts';
import { configOf, GATEWAY } from '../retrieval.ts';

const MAX_ASSOCIATIONS = 2;
const never = new AbortController().signal;
const contexts = contextOf(Verification);

/** Leaves the first requests unanswered, does not close when they are aborted, and accepts the later ones. */
async function latePacs(t: TestContext, associate: number) {
  const open = new Set<Socket>();
  const asked = Promise.withResolvers<void>();
  let requests = 0;
  let most = 0;
  const converse = async (socket: Socket) => {
    const script = new Script(socket);
    await expect('associate-rq')(script);
    requests += 1;
    if (requests === MAX_ASSOCIATIONS) asked.resolve();
    if (requests > MAX_ASSOCIATIONS) await accept()(script);
    else await expect('abort')(script);
  };
  const server = createServer((socket) => {
    open.add(socket);
    most = Math.max(most, open.size);
    void converse(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hangUp = () => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const timeouts = { connect: 5000, associate, response: 5000, release: 500, artim: 60_000, arrival: 100 };
  const config = configOf({ aeTitle: 'LATE', port: address.port }, { maxAssociations: MAX_ASSOCIATIONS, timeouts });
  const pacs = createPacs({ config, aeTitle: GATEWAY });
  t.after(async () => {
    hangUp();
    await pacs.close();
    server.close();
  });
  return { pacs, asked: asked.promise, hangUp, requests: () => requests, most: () => most };
}

for (const [how, kind, associate, giveUp] of [
  ['cancelled', 'cancelled', 60_000, (leaving: AbortController) => leaving.abort()],
  ['not answered in time', 'timeout', 500, () => {}],
] as const) {
  test(`the place of an association that was ${how} while it was opened is free when the PACS has closed it, not before`, async (t) => {
    const { pacs, asked, hangUp, requests, most } = await latePacs(t, associate);
    const leaving = new AbortController();
    const given = Array.from({ length: MAX_ASSOCIATIONS }, () =>
      assert.rejects(pacs.lease(contexts, { signal: leaving.signal }), { kind }),
    );
    await asked;
    giveUp(leaving);
    await Promise.all(given);
    const later = Array.from({ length: 2 * MAX_ASSOCIATIONS }, async () => {
      const lease = await pacs.lease(contexts, { signal: never });
      await delay(0);
      lease.release();
    });
    await delay(20);
    assert.equal(requests(), MAX_ASSOCIATIONS);
    hangUp();
    await Promise.all(later);
    assert.equal(most(), MAX_ASSOCIATIONS);
  });
}
