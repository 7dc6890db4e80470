// How messages are cut into P-DATA (PS3.8 Annex E, PS3.8 D.1), seen from the other end of the wire.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { decodeCommand, requestCommand, responseCommand } from '../../src/dimse/command.ts';
import { connect, type Instance } from '../../src/dimse/index.ts';
import {
  accept,
  EXPLICIT,
  expect,
  expectEnd,
  message,
  type Script,
  type Step,
  scriptedServer,
  send,
  stall,
} from './scripted-peer.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const DEFLATED = '1.2.840.10008.1.2.1.99';

type Pdv = { pduLength: number; contextId: number; control: number; fragment: Buffer };

/** Keeps every PDV of one message, until the last fragment of its data set. */
const keep =
  (into: Pdv[]): Step =>
  async (script: Script) => {
    for (;;) {
      const pdu = await script.next();
      assert.equal(pdu?.type, 'p-data-tf');
      const pduLength = pdu.values.reduce((sum, { fragment }) => sum + 6 + fragment.length, 0);
      for (const value of pdu.values) into.push({ pduLength, ...value });
      if (pdu.values.some(({ control }) => (control & 3) === 2)) return;
    }
  };

const released: Step[] = [expect('release-rq'), send({ type: 'release-rp' }), expectEnd];

/** What a C-STORE of these chunks looks like to a peer with this maximum length. */
async function stored(
  t: TestContext,
  maximumLength: number,
  chunks: readonly Buffer[],
  transferSyntaxUid = EXPLICIT,
): Promise<Pdv[]> {
  const pdvs: Pdv[] = [];
  const response = responseCommand(requestCommand('C-STORE', { messageId: 1 }), 0);
  const accepted = accept(() => [transferSyntaxUid], maximumLength);
  const peer = await scriptedServer(t, [
    expect('associate-rq'),
    accepted,
    keep(pdvs),
    send(...message(response)),
    ...released,
  ]);
  const association = await connect({
    host: '127.0.0.1',
    port: peer.port,
    calledAeTitle: 'PEER',
    callingAeTitle: 'US',
    contexts: [{ abstractSyntax: CT, transferSyntaxes: [transferSyntaxUid] }],
  });
  const instance: Instance = {
    sopClassUid: CT,
    sopInstanceUid: '1.2.3',
    transferSyntaxUid,
    body: (async function* () {
      yield* chunks;
    })(),
  };
  assert.deepEqual(await association.store(instance), { status: 0 });
  await association.release();
  await association.closed;
  return pdvs;
}

const random = (length: number) => Buffer.from(Array.from({ length }, (_, index) => (index * 7919) & 0xff));
const dataOf = (pdvs: readonly Pdv[]) => pdvs.filter(({ control }) => (control & 1) === 0);
const joined = (pdvs: readonly Pdv[]) => Buffer.concat(pdvs.map(({ fragment }) => fragment));

for (const maximumLength of [16, 17, 100, 4096, 16384, 131072, 0, 0xffffffff]) {
  describe(`UL-20 towards a peer with maximum length ${maximumLength}`, () => {
    for (const [name, chunks] of [
      ['one chunk', [random(50_000)]],
      ['chunks of one byte', Array.from({ length: 1000 }, (_, index) => Buffer.from([index & 0xff]))],
      ['chunks of odd lengths', [random(3), random(9999), random(1), random(4097)]],
      ['a length that is a whole number of fragments', [random(20), random(20)]],
    ] as const) {
      test(name, async (t) => {
        const pdvs = await stored(t, maximumLength, chunks);
        const data = dataOf(pdvs);
        assert.deepEqual(joined(data), Buffer.concat(chunks));
        for (const { pduLength, fragment, contextId, control } of pdvs) {
          if (maximumLength !== 0) assert.ok(pduLength <= maximumLength, `PDU-length ${pduLength}`);
          assert.equal(fragment.length % 2, 0, 'UL-25 fragments are even (T-65)');
          assert.ok(fragment.length > 0, 'UL-25 no empty PDV');
          assert.equal(contextId, 1);
          assert.ok(control <= 3, 'UL-24 bits 2 to 7 are 0');
        }
        assert.deepEqual(
          data.map(({ control }) => control),
          data.map((_, index) => (index === data.length - 1 ? 2 : 0)),
          'UL-24 the last fragment, and only it, says so',
        );
      });
    }
  });
}

test('fragments are as large as the maximum length allows', async (t) => {
  const [first] = dataOf(await stored(t, 1000, [random(5000)]));
  assert.equal(first?.fragment.length, 994);
});

test('UL-26 the command set is complete before the data set begins, and announces it', async (t) => {
  const pdvs = await stored(t, 30, [random(100)]);
  const firstData = pdvs.findIndex(({ control }) => (control & 1) === 0);
  const commands = pdvs.slice(0, firstData);
  assert.ok(commands.length > 1);
  assert.ok(pdvs.slice(firstData).every(({ control }) => (control & 1) === 0));
  assert.deepEqual(
    commands.map(({ control }) => control),
    commands.map((_, index) => (index === commands.length - 1 ? 3 : 1)),
  );
  const command = decodeCommand(joined(commands));
  assert.deepEqual(
    [command.commandField, command.commandDataSetType, command.priority, command.affectedSopInstanceUid],
    [0x0001, 0x0001, 0, '1.2.3'],
  );
});

test('an empty data set is one empty last fragment', async (t) => {
  const data = dataOf(await stored(t, 16384, []));
  assert.deepEqual(
    data.map(({ control, fragment }) => [control, fragment.length]),
    [[2, 0]],
  );
});

test('E-14 a deflated data set of odd length is sent with one 00 more', async (t) => {
  const pdvs = await stored(t, 16384, [random(7)], DEFLATED);
  assert.deepEqual(joined(dataOf(pdvs)), Buffer.concat([random(7), Buffer.from([0])]));
});

test('a maximum length without room for data is a protocol error', async (t) => {
  const peer = await scriptedServer(t, [expect('associate-rq'), accept(undefined, 7), expect('abort'), stall]);
  const contexts = [{ abstractSyntax: CT, transferSyntaxes: [EXPLICIT] }];
  const titles = { calledAeTitle: 'PEER', callingAeTitle: 'US' };
  const timeouts = { artim: 100 };
  await assert.rejects(connect({ host: '127.0.0.1', port: peer.port, ...titles, contexts, timeouts }), {
    kind: 'protocol',
    field: 'maximumLength',
  });
  await peer.done;
});
