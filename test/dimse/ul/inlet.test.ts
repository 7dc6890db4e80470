import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { inletOf, openTcp } from '../../../src/dimse/ul/inlet.ts';

/** Two ends of a connection; both are gone when `run` is done. */
async function connected(run: (near: ReturnType<typeof openTcp>, far: Socket) => Promise<void>): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = openTcp({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [far] = await accepted;
  try {
    await run(near, far);
  } finally {
    near.socket.destroy();
    far.destroy();
    server.close();
  }
}

test('a chunk stays as it is until the next is asked for, however much the peer sends meanwhile', () =>
  connected(async ({ chunks }, far) => {
    const sent = Buffer.alloc(3 << 20, 'abcdefg');
    far.end(sent);
    let at = 0;
    for await (const chunk of chunks) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.ok(chunk.equals(sent.subarray(at, at + chunk.length)), `at ${at}`);
      at += chunk.length;
    }
    assert.equal(at, sent.length);
  }));

test('every chunk is read into the same memory', () =>
  connected(async ({ chunks }, far) => {
    far.end(Buffer.alloc(1 << 20));
    const memories = new Set<ArrayBufferLike>();
    for await (const chunk of chunks) memories.add(chunk.buffer);
    assert.equal(memories.size, 1);
  }));

test('what nobody asks for is not read: the peer must wait', () =>
  connected(async ({ socket, chunks }, far) => {
    const all = chunks[Symbol.asyncIterator]();
    far.write(Buffer.alloc(64 << 20));
    await all.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(socket.bytesRead <= 1 << 19, `${socket.bytesRead} bytes`);
    assert.ok(far.writableLength > 0);
    await all.return?.();
  }));

test('an accepted socket gives all that comes, in order', () =>
  connected(async ({ socket }, far) => {
    const { chunks } = inletOf(far);
    const sent = Buffer.alloc(2 << 20, 'hijklmn');
    socket.end(sent);
    const came: Buffer[] = [];
    for await (const chunk of chunks) {
      came.push(chunk);
      await new Promise(setImmediate);
    }
    assert.ok(Buffer.concat(came).equals(sent));
  }));

test('a peer that goes away ends the chunks', () =>
  connected(async ({ chunks }, far) => {
    far.destroy();
    for await (const _ of chunks) assert.fail('nothing was sent');
  }));
