// Retrieves by C-MOVE at the same time: what one of them prefers must not decide how the instances of another come.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Claim, type Inbox, openInbox } from '../../src/bridge/retrieve/inbox.ts';
import { connect } from '../../src/dimse/index.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const IMPLICIT = '1.2.840.10008.1.2';
const [EXPLICIT, JPEG, J2K] = ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.90'];

const preferring = (prefer?: string): Claim => ({
  destination: 'GATEWAY',
  prefer,
  passedOver: new Set(),
  wants: () => false,
  receive: async () => {},
});

async function start(t: TestContext): Promise<Inbox> {
  const own = { host: '127.0.0.1', port: 0, aeTitles: ['GATEWAY'], maxAssociations: 4 };
  const inbox = await openInbox({ ...own, allowCalling: () => true });
  t.after(() => inbox.close());
  return inbox;
}

/** The transfer syntax that a PACS which proposes them all in one context is given. */
async function negotiated({ port }: Inbox): Promise<string | undefined> {
  const titles = { calledAeTitle: 'GATEWAY', callingAeTitle: 'PACS' };
  const contexts = [{ abstractSyntax: CT, transferSyntaxes: [EXPLICIT, IMPLICIT, JPEG, J2K] }];
  const association = await connect({ host: '127.0.0.1', port, ...titles, contexts });
  await association.release();
  return association.contexts[0]?.transferSyntaxUid;
}

const isGiven = (claimed: Promise<unknown>) =>
  Promise.race([claimed.then(() => true), new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);

test('a claim that prefers a transfer syntax waits for another that does; one without does not', async (t) => {
  const inbox = await start(t);
  const { signal } = new AbortController();
  const end = await inbox.claim(preferring(JPEG), signal);
  const second = inbox.claim(preferring(J2K), signal);
  const endOther = await inbox.claim(preferring(), signal);
  endOther();
  assert.equal(await isGiven(second), false);
  assert.equal(await negotiated(inbox), JPEG);
  end();
  const endSecond = await second;
  assert.equal(await negotiated(inbox), J2K);
  endSecond();
  assert.equal(await negotiated(inbox), EXPLICIT);
});

test('a claim that is given up while it waits lets the next one have its turn', async (t) => {
  const inbox = await start(t);
  const { signal } = new AbortController();
  const impatient = new AbortController();
  const end = await inbox.claim(preferring(JPEG), signal);
  const second = inbox.claim(preferring(J2K), impatient.signal);
  const third = inbox.claim(preferring(J2K), signal);
  impatient.abort();
  await assert.rejects(second, { kind: 'cancelled' });
  assert.equal(await isGiven(third), false);
  end();
  (await third)();
});

test('who prefers nothing is not given native data re-encoded for who does', async (t) => {
  const inbox = await start(t);
  const { signal } = new AbortController();
  const end = await inbox.claim(preferring(IMPLICIT), signal);
  const endOther = await inbox.claim(preferring(), signal);
  assert.equal(await negotiated(inbox), EXPLICIT);
  endOther();
  assert.equal(await negotiated(inbox), IMPLICIT);
  end();
});
