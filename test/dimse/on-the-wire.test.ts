// What our requestor puts on the wire, byte by byte, as a peer sees it that is none of ours.

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { decodeCommand, requestCommand, responseCommand } from '../../src/dimse/command.ts';
import { ExplicitBig, ExplicitLittle, ImplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { type Association, connect, listen, type ProposedContext } from '../../src/dimse/index.ts';
import { associateRq } from '../../src/dimse/ul/negotiation.ts';
import type { Pdu } from '../../src/dimse/ul/pdu.ts';
import {
  accept,
  EXPLICIT,
  end,
  expect,
  expectCommand,
  expectDataSet,
  message,
  type Script,
  scriptedClient,
  scriptedServer,
  send,
} from './scripted-peer.ts';

const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const VERIFICATION = '1.2.840.10008.1.1';
const CONTEXTS: ProposedContext[] = [{ abstractSyntax: VERIFICATION, transferSyntaxes: [EXPLICIT] }];

const associateWith = (port: number, contexts = CONTEXTS): Promise<Association> =>
  connect({ host: '127.0.0.1', port, calledAeTitle: 'PEER', callingAeTitle: 'US', contexts });

/** Answers the C-ECHO whose command set came last. */
async function answerEcho(script: Script): Promise<void> {
  const [value] = lastPData(script.received).values;
  assert.ok(value !== undefined);
  await send(...message(responseCommand(decodeCommand(value.fragment), 0)))(script);
}

function lastPData(received: readonly Pdu[]): Extract<Pdu, { type: 'p-data-tf' }> {
  const pdu = received.findLast((each) => each.type === 'p-data-tf');
  assert.ok(pdu?.type === 'p-data-tf');
  return pdu;
}

const echoed = [expectCommand(0x30), answerEcho];
const released = [expect('release-rq'), send({ type: 'release-rp' })];

test('UL-1 every association has a TCP connection of its own, which ends with it', async (t) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const caller = new AbortController();
  const options = { host: '127.0.0.1', port, calledAeTitle: 'PEER', callingAeTitle: 'US', contexts: CONTEXTS };
  // The peer leaves it to us to close.
  const timeouts = { artim: 100 };
  const both = [1, 2].map(() => connect({ ...options, timeouts, signal: caller.signal }));
  while (sockets.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  caller.abort();
  for (const each of both) await assert.rejects(each, { kind: 'cancelled' });
  for (const socket of sockets) socket.resume();
  while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

/** The C-FIND-RQ of one query, its command set and its identifier, as they came. */
async function queryBytes(t: TestContext, transferSyntax: string): Promise<[command: Buffer, identifier: Buffer]> {
  const contexts = [{ abstractSyntax: FIND, transferSyntaxes: [transferSyntax] }];
  const parts: Buffer[] = [];
  const peer = await scriptedServer(t, [
    expect('associate-rq'),
    accept(() => [transferSyntax]),
    async (script) => {
      while (parts.length < 2) {
        const pdu = await script.next();
        assert.ok(pdu?.type === 'p-data-tf');
        for (const { fragment } of pdu.values) parts.push(fragment);
      }
    },
  ]);
  const association = await associateWith(peer.port, contexts);
  const identifier = { '00080052': { vr: 'CS' as const, Value: ['STUDY'] } };
  const matches = association.find({ sopClassUid: FIND, identifier });
  const next = matches.next().catch(() => {});
  await peer.done;
  association.abort();
  await next;
  const [command = Buffer.alloc(0), data = Buffer.alloc(0)] = parts;
  return [command, data];
}

for (const [name, transferSyntax, expected] of [
  ['Implicit VR Little Endian', ImplicitLittle, '08005200060000005354554459 20'],
  ['Explicit VR Little Endian', ExplicitLittle, '080052004353060053545544 5920'],
  ['Explicit VR Big Endian', ExplicitBig, '000800524353000653545544 5920'],
] as const) {
  test(`UL-3 the command set is Implicit VR Little Endian where the identifier is ${name}`, async (t) => {
    const [command, identifier] = await queryBytes(t, transferSyntax);
    assert.equal(command.subarray(0, 8).toString('hex'), '0000000004000000');
    assert.equal(command.readUInt32LE(8), command.length - 12);
    assert.equal(decodeCommand(command).commandField, 0x20);
    assert.equal(identifier.toString('hex'), expected.replaceAll(' ', ''));
  });
}

test('D-5 requests on one association have message IDs of their own, and begin anew on the next', async (t) => {
  const ids = async () => {
    const peer = await scriptedServer(t, [expect('associate-rq'), accept(), ...echoed, ...echoed, ...released]);
    const association = await associateWith(peer.port);
    await association.echo();
    await association.echo();
    await association.release();
    const { received } = await peer.done;
    return received.flatMap((pdu) =>
      pdu.type === 'p-data-tf' ? pdu.values.map(({ fragment }) => decodeCommand(fragment).messageId) : [],
    );
  };
  assert.deepEqual(await ids(), [1, 2]);
  assert.deepEqual(await ids(), [1, 2]);
});

test('128 presentation contexts are proposed, with the odd numbers to 255; 129 are refused before anything is sent', async (t) => {
  const many = (count: number): ProposedContext[] =>
    Array.from({ length: count }, (_, index) => ({ abstractSyntax: `1.2.3.${index}`, transferSyntaxes: [EXPLICIT] }));
  const peer = await scriptedServer(t, [expect('associate-rq'), accept(), ...released]);
  const association = await associateWith(peer.port, many(128));
  assert.deepEqual(
    association.contexts.map(({ id }) => id),
    Array.from({ length: 128 }, (_, index) => 2 * index + 1),
  );
  await association.release();
  await assert.rejects(associateWith(peer.port, many(129)), { kind: 'malformed' });
});

test('PS3.8 9.3.2 a listener takes a request whose protocol version has bit 0 set, and rejects another', async (t) => {
  const timeouts = { artim: 100 };
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: (_, proposed) => proposed,
    services: {},
    timeouts,
  });
  t.after(() => listener.close());
  const self = { maximumLength: 16384, implementationClassUid: '1.2.3', implementationVersionName: 'SCRIPT' };
  const titles = { calledAeTitle: 'US', callingAeTitle: 'SCRIPT' };
  const rq = associateRq({ ...self, ...titles, contexts: CONTEXTS });
  for (const [protocolVersion, answer] of [
    [3, 'associate-ac'],
    [2, 'associate-rj'],
  ] as const) {
    await scriptedClient(t, listener.port, [send({ ...rq, protocolVersion }), expect(answer)]);
  }
});

test('AR-6 what the peer sends before it answers A-RELEASE-RQ still arrives', async (t) => {
  const query = requestCommand('C-FIND', { messageId: 1, affectedSopClassUid: FIND }, true);
  const identifier = { '00080052': { vr: 'CS' as const, Value: ['STUDY'] } };
  const pending = responseCommand(query, 0xff00, {}, true);
  const asked = Promise.withResolvers<void>();
  const peer = await scriptedServer(t, [
    expect('associate-rq'),
    accept(),
    expectCommand(0x20),
    expectDataSet,
    async () => asked.resolve(),
    expect('release-rq'),
    send(...message(pending, writeDataset(identifier, EXPLICIT)), ...message(responseCommand(query, 0))),
    send({ type: 'release-rp' }),
  ]);
  const association = await associateWith(peer.port, [{ abstractSyntax: FIND, transferSyntaxes: [EXPLICIT] }]);
  const matches = association.find({ sopClassUid: FIND, identifier });
  const first = matches.next();
  await asked.promise;
  const released = association.release();
  assert.deepEqual((await first).value, { identifier, status: 0xff00 });
  assert.equal((await matches.next()).done, true);
  await released;
});

test('after bytes that are no PDU the end of the peer is seen, and ARTIM not waited for', {
  timeout: 10_000,
}, async (t) => {
  const peer = await scriptedServer(t, [
    expect('associate-rq'),
    accept(),
    send(Buffer.from([0xff, 0, 0, 0, 0, 0])),
    expect('abort'),
    end,
  ]);
  const association = await connect({
    ...{ host: '127.0.0.1', port: peer.port, calledAeTitle: 'PEER', callingAeTitle: 'US', contexts: CONTEXTS },
    timeouts: { artim: 600_000 },
  });
  await association.closed;
});
