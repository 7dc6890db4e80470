// A peer that vanishes without a word, in each state of the upper layer (PS3.8 9.2): nothing comes any more, not even a FIN.
// Every wait ends by its own deadline, and the transport connection is gone.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { requestCommand } from '../../src/dimse/command.ts';
import { type Association, type ConnectOptions, connect, type Listener, listen } from '../../src/dimse/index.ts';
import {
  accept,
  associate,
  EXPLICIT,
  expect,
  expectAbort,
  expectCommand,
  message,
  scriptedClient,
  scriptedServer,
  send,
  stall,
} from '../dimse/scripted-peer.ts';
import { nothingIsLeft } from './nothing-left.ts';

const VERIFICATION = '1.2.840.10008.1.1';
const CONTEXTS = [{ abstractSyntax: VERIFICATION, transferSyntaxes: [EXPLICIT] }];
const FAST = { connect: 300, associate: 300, response: 300, cancel: 300, release: 300, artim: 300, idle: 300 };

const associateWith = (port: number, more: Partial<ConnectOptions> = {}): Promise<Association> =>
  connect({
    host: '127.0.0.1',
    port,
    calledAeTitle: 'GONE',
    callingAeTitle: 'US',
    contexts: CONTEXTS,
    timeouts: FAST,
    ...more,
  });

/** A port whose queue of connections is full: the handshake of TCP with it never completes. */
async function fullPort(t: TestContext): Promise<number> {
  const script =
    'import socket,time; s=socket.socket(); s.bind(("127.0.0.1",0)); s.listen(0); print(s.getsockname()[1],flush=True); time.sleep(60)';
  const child = spawn('/usr/bin/python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  const waiting: Socket[] = [];
  t.after(() => waiting.forEach((socket) => void socket.destroy()));
  for (let connected = true; connected; ) {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
    waiting.push(socket);
    const late = new Promise<false>((resolve) => setTimeout(resolve, 200, false));
    connected = await Promise.race([once(socket, 'connect').then(() => true), late]);
  }
  return port;
}

test('Sta4 a connection that never completes is a timeout', async (t) => {
  await assert.rejects(associateWith(await fullPort(t)), { kind: 'timeout', message: /no connection within 0.3 s/ });
});

test('Sta4 a TLS handshake that never completes is a timeout', async (t) => {
  const peer = await scriptedServer(t, [stall]);
  await assert.rejects(associateWith(peer.port, { tls: {} }), {
    kind: 'timeout',
    message: /no connection within 0.3 s/,
  });
  await peer.done;
});

test('Sta5 an A-ASSOCIATE-RQ that is never answered is a timeout, and the connection is gone', async (t) => {
  const peer = await scriptedServer(t, [expect('associate-rq'), stall]);
  await assert.rejects(associateWith(peer.port), { kind: 'timeout', message: /no answer within 0.3 s/ });
  await peer.done;
});

test('Sta6 a request that is never answered is a timeout, and the association is gone', async (t) => {
  const peer = await scriptedServer(t, [expect('associate-rq'), accept(), expectCommand(0x30), stall]);
  const association = await associateWith(peer.port);
  await assert.rejects(association.echo(), { kind: 'timeout', message: /no response within 0.3 s/ });
  await association.closed;
  await peer.done;
});

test('Sta7 a release that is never answered is an abort, and the association is gone', async (t) => {
  const peer = await scriptedServer(t, [expect('associate-rq'), accept(), expect('release-rq'), stall]);
  const association = await associateWith(peer.port);
  await association.release();
  await association.closed;
  await peer.done;
});

test('Sta11 a collision of releases whose end never comes is an abort, and the association is gone', async (t) => {
  const collision = [expect('release-rq'), send({ type: 'release-rq' }), expect('release-rp'), stall];
  const peer = await scriptedServer(t, [expect('associate-rq'), accept(), ...collision]);
  const association = await associateWith(peer.port);
  await association.release();
  await association.closed;
  await peer.done;
});

test('UL-4 Sta13 an abort after which the peer never closes is ended by ARTIM', async (t) => {
  const peer = await scriptedServer(t, [expect('associate-rq'), accept(), expectAbort(0, 0), stall]);
  const association = await associateWith(peer.port);
  association.abort();
  await association.closed;
  await peer.done;
});

/** Our listener, with an end that is waited for: no association may be left. */
async function listening(t: TestContext, more: Partial<Parameters<typeof listen>[0]> = {}): Promise<Listener> {
  const options = { host: '127.0.0.1', port: 0, contexts: () => [EXPLICIT], services: {}, timeouts: FAST, ...more };
  const listener = await listen(options);
  t.after(() => listener.close());
  return listener;
}

async function noneIsLeft(listener: Listener): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (listener.associations > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(listener.associations, 0);
}

test('UL-5 Sta2 a connection without A-ASSOCIATE-RQ is ended by ARTIM', async (t) => {
  const listener = await listening(t);
  await scriptedClient(t, listener.port, [stall]);
  await noneIsLeft(listener);
});

test('Sta3 a peer that vanishes while its identity is looked at is gone once it was answered', async (t) => {
  const asked = Promise.withResolvers<void>();
  const listener = await listening(t, {
    allowCalling: () => {
      asked.resolve();
      return false;
    },
  });
  await scriptedClient(t, listener.port, [associate(CONTEXTS), () => asked.promise, stall]);
  await noneIsLeft(listener);
});

test('Sta6 an association on which nothing is asked is ended by the idle deadline', async (t) => {
  const listener = await listening(t);
  await scriptedClient(t, listener.port, [associate(CONTEXTS), expect('associate-ac'), stall]);
  await noneIsLeft(listener);
});

test('Sta7 an acceptor whose release is never answered aborts, and the association is gone', async (t) => {
  const listener = await listening(t, {
    services: {
      async echo({ association }) {
        void association.release();
        return 0;
      },
    },
  });
  const echo = message(requestCommand('C-ECHO', { messageId: 1, affectedSopClassUid: VERIFICATION }));
  await scriptedClient(t, listener.port, [associate(CONTEXTS), expect('associate-ac'), send(...echo), stall]);
  await noneIsLeft(listener);
});

nothingIsLeft();
