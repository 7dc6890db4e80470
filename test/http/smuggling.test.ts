// Requests whose end two parsers could see at different places (RFC 9112 6.3, 11.2): refused, and nothing after them is answered.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { answerOf } from '../support/held.ts';
import { buildWeb } from './web.ts';

const POST = 'POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nContent-Type: application/dicom\r\n';
/** What a smuggler would have answered as a request of its own. */
const HIDDEN = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

const SHAPES: readonly (readonly [name: string, bytes: string])[] = [
  ['Content-Length and Transfer-Encoding', `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two Content-Lengths', `${POST}Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello`],
  ['a list of Content-Lengths', `${POST}Content-Length: 5, 0\r\n\r\nhello`],
  ['a signed Content-Length', `${POST}Content-Length: +5\r\n\r\nhello`],
  ['a hexadecimal Content-Length', `${POST}Content-Length: 0x5\r\n\r\nhello`],
  ['a Transfer-Encoding that does not end in chunked', `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
  ['chunked spelt otherwise', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['a space before the colon', `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
  ['a folded header', `${POST}Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n\r\n`],
  ['a bare line feed among the headers', `${POST}Content-Length: 0\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['a chunk size that is none', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
  ['a chunk longer than it says', `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n`],
  ['no Host', 'POST /dicomweb/studies HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
  ['two Hosts', 'POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n'],
  ['a Host that is none', 'POST /dicomweb/studies HTTP/1.1\r\nHost: x/y z\r\nContent-Length: 0\r\n\r\n'],
  ['a NUL in a header', `${POST}X: a\0b\r\nContent-Length: 0\r\n\r\n`],
];

test('HTTP whose end is doubtful is refused, with what follows it', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  for (const [name, bytes] of SHAPES) {
    await t.test(`${name} is 400 and the end of the connection`, async () => {
      const socket = connect(Number(port), '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('error', () => {});
      socket.write(bytes + HIDDEN);
      await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, 'one answer');
      assert.equal(JSON.parse(answerOf(answer).body.toString()).status, 400, 'a problem');
    });
  }
  assert.deepEqual(gateway.stored, []);
});

test('a request with more headers than are configured is 431 with a problem, one with as many is answered', async (t) => {
  const { app } = await buildWeb(t, { maxHeaderBytes: 2000 });
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  for (const [length, status] of [
    [1000, 200],
    [3000, 431],
  ] as const) {
    const answer = await fetch(`${origin}/healthz`, { headers: { x: 'x'.repeat(length) } });
    assert.equal(answer.status, status);
    if (status === 431) assert.equal(((await answer.json()) as { status: number }).status, 431);
    else await answer.arrayBuffer();
  }
});

test('an expectation that nobody knows is ignored (RFC 9110 10.1.1)', async (t) => {
  const { app } = await buildWeb(t);
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  const call = request(`${origin}/healthz`, { headers: { expect: 'tea' } }).end();
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 200);
});

test('HTTP/1.0 needs no Host', async (t) => {
  const { app } = await buildWeb(t);
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET /dicomweb/studies HTTP/1.0\r\n\r\n'));
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  assert.match(answer, /^HTTP\/1\.[01] 200 /);
});
