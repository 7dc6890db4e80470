// A connection that is broken so that the other end sees it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { resetSocket } from '../../src/http/reset.ts';

/** Both ends of a connection; `failed` is how it ended for the far one. */
async function connection(t: TestContext): Promise<{ near: Socket; far: Socket; failed: Promise<string> }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  t.after(() => near.destroy());
  t.after(() => far.destroy());
  const failed = new Promise<string>((resolve) => {
    far.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    far.once('close', () => resolve('closed'));
  });
  far.resume();
  return { near, far, failed };
}

test('the other end sees a reset', async (t) => {
  const { near, failed } = await connection(t);
  near.write('half of it');
  resetSocket(near);
  assert.equal(await failed, 'ECONNRESET');
});

test('with bytes that nobody has taken yet it is a reset too', async (t) => {
  const { near, far, failed } = await connection(t);
  far.pause();
  near.end(Buffer.alloc(50_000_000));
  resetSocket(near);
  far.resume();
  assert.equal(await failed, 'ECONNRESET');
});

test('a socket whose end is being sent is closed all the same, without an error', async (t) => {
  const { near, failed } = await connection(t);
  near.on('error', (error) => assert.fail(error));
  near.end('all of it');
  // The end goes to the system as soon as what was written is there: two ticks later, one turn before it is sent.
  await new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)));
  resetSocket(near);
  await once(near, 'close');
  assert.equal(await failed, 'closed');
  assert.ok(!process.getActiveResourcesInfo().includes('ShutdownWrap'));
});

test('a socket that is still connecting, and was ended, is closed all the same', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', (error) => assert.fail(error));
  const closed = once(socket, 'close');
  socket.write('all of it');
  resetSocket(socket);
  socket.end();
  await closed;
  assert.ok(!process.getActiveResourcesInfo().includes('ShutdownWrap'));
});

test('no socket is nothing to break', () => assert.doesNotThrow(() => resetSocket(null)));
