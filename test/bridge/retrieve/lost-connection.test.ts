// C-GET, C-MOVE and what is no refusal of either.

import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { drain } from '../fixtures.ts';
import { startFakePacs } from '../peer-pacs.ts';
import { startRetrieval } from '../retrieval.ts';

const never = new AbortController().signal;
const STUDY = { study: '1.1' };
const STORED = [{ study: '1.1', series: '1.1.1', instance: '1.1.1.1' }];

/** A way to `port` whose connections can be cut. */
async function wireTo(t: TestContext, port: () => number) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port(), '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    cut();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, cut };
}

describe('retrieve: auto', () => {
  test('a C-GET that lost its connection is no refusal: the error says so, and no C-MOVE is tried', async (t) => {
    const wire = await wireTo(t, () => peer.port);
    const peer = await startFakePacs(t, STORED, { before: async () => wire.cut() });
    peer.behaviour.peers = {};
    const { retrieval } = await startRetrieval(t, [peer], { port: wire.port });
    await assert.rejects(drain(retrieval.retrieve(STUDY, { signal: never })), {
      kind: 'aborted',
      message: /^association with FAKEPACS@[^ ]+: /,
    });
    assert.equal(peer.asked.get.length > 0, true);
    assert.deepEqual(peer.asked.move, []);
  });

  test('a C-GET that the PACS aborts may be one that it cannot do: C-MOVE is tried', async (t) => {
    const before = async (_index: number, _level: string, abort: () => void) => {
      if (peer.asked.move.length === 0) abort();
    };
    const peer = await startFakePacs(t, STORED, { before });
    const { retrieval } = await startRetrieval(t, [peer]);
    assert.deepEqual(await drain(retrieval.retrieve(STUDY, { signal: never })), ['1.1.1.1']);
    assert.equal(peer.asked.move.length, 1);
  });
});
