// Real sockets: answers that start late, break off, or lose their reader; uploads that do the same.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { DicomError } from '../../src/dimse/errors.ts';
import { multipartOf } from '../support/multipart.ts';
import { FIXTURES } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const ANY = 'multipart/related; type="application/dicom"; transfer-syntax=*';

async function listen(t: TestContext, options = {}) {
  const web = await buildWeb(t, options);
  const url = await web.app.listen({ host: '127.0.0.1', port: 0 });
  const dispatcher = new Agent();
  t.after(() => dispatcher.destroy());
  return { ...web, url, dispatcher, port: Number(new URL(url).port) };
}

/** Waits until `condition` holds; the test's own time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

test('a retrieval that fails before its first instance is a real status', { timeout: 20_000 }, async (t) => {
  const { url, dispatcher, gateway } = await listen(t);
  gateway.failAfter = { instances: 0, error: new DicomError('timeout', 'C-GET: no answer') };
  const answer = await request(`${url}${PATHS.study}`, { dispatcher });
  assert.equal(answer.statusCode, 504);
  await answer.body.dump();
});

test('a retrieval that fails midway breaks the connection: never a whole-looking answer', {
  timeout: 20_000,
}, async (t) => {
  const { url, dispatcher, gateway } = await listen(t);
  gateway.failAfter = { instances: 2, error: new DicomError('aborted', 'C-GET: aborted') };
  for (const [path, accept] of [
    [PATHS.native, ANY],
    [`${PATHS.native}/metadata`, 'multipart/related; type="application/dicom+xml"'],
  ] as const) {
    const answer = await request(`${url}${path}`, { dispatcher, headers: { accept } });
    assert.equal(answer.statusCode, 200);
    await assert.rejects(answer.body.arrayBuffer());
  }
  assert.equal(gateway.held, 0);
});

test('a client that goes away before the answer aborts the work behind it', { timeout: 20_000 }, async (t) => {
  const { url, dispatcher, gateway } = await listen(t);
  let open = (): void => {};
  gateway.gate = new Promise((resolve) => {
    open = resolve;
  });
  for (const path of [
    '/dicomweb/studies',
    PATHS.study,
    `${pathOf(FIXTURES.jpeg)}/frames/1`,
    `${PATHS.native}/metadata`,
  ]) {
    const { aborted: before, begun } = gateway;
    const leaving = new AbortController();
    const answer = request(`${url}${path}`, { dispatcher, signal: leaving.signal });
    await until(() => gateway.begun > begun);
    leaving.abort();
    await assert.rejects(answer);
    await until(() => gateway.aborted > before);
  }
  open();
  assert.equal(gateway.held, 0);
});

test('a client that goes away within the answer releases what it held', { timeout: 20_000 }, async (t) => {
  const { url, dispatcher, gateway, renderer } = await listen(t);
  let ended = false;
  renderer.transcode = async function* endless() {
    try {
      for (;;) yield Buffer.alloc(1 << 20);
    } finally {
      ended = true;
    }
  };
  const answer = await request(`${url}${pathOf(FIXTURES.jpegLs)}`, { dispatcher });
  await once(answer.body, 'readable');
  answer.body.destroy();
  answer.body.on('error', () => {});
  await until(() => ended && gateway.held === 0);
});

test('a client that goes away while the PACS stalls within the answer aborts the work behind it', {
  timeout: 20_000,
}, async (t) => {
  const { url, dispatcher, gateway } = await listen(t);
  const { retrieve } = gateway;
  gateway.retrieve = async function* stalling(resource, options) {
    for await (const file of retrieve(resource, options)) {
      yield file;
      await new Promise((_, no) => options.signal.addEventListener('abort', () => no(options.signal.reason)));
    }
  };
  const answer = await request(`${url}${PATHS.native}`, { dispatcher, headers: { accept: ANY } });
  await once(answer.body, 'readable');
  answer.body.on('error', () => {});
  gateway.retrieve = retrieve;
  answer.body.destroy();
  await until(() => gateway.aborted > 0 && gateway.held === 0);
});

test('a slow reader holds the source back', { timeout: 20_000 }, async (t) => {
  const { port, renderer } = await listen(t);
  let made = 0;
  renderer.transcode = async function* much() {
    for (; made < 500; made++) yield Buffer.alloc(1 << 20);
  };
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.pause();
  socket.write(`GET ${pathOf(FIXTURES.jpegLs)} HTTP/1.1\r\nHost: x\r\nAccept: application/dicom\r\n\r\n`);
  await sleep(500);
  const stalled = made;
  await sleep(300);
  assert.equal(made, stalled, 'nothing is made while nobody reads');
  assert.ok(made < 100, `${made} MiB were made for a reader that read none`);
});

test('HEAD of a study retrieves no more than its first instance', { timeout: 20_000 }, async (t) => {
  const { url, dispatcher, gateway } = await listen(t);
  gateway.failAfter = { instances: 2, error: new DicomError('aborted', 'too far') };
  const answer = await request(`${url}${PATHS.study}`, { dispatcher, method: 'HEAD', headers: { accept: ANY } });
  assert.equal(answer.statusCode, 200);
  await answer.body.dump();
  assert.equal(gateway.held, 0);
});

test('an instance reaches the PACS while the next one still arrives', { timeout: 20_000 }, async (t) => {
  const { url, dispatcher, gateway } = await listen(t);
  const parts = [FIXTURES.explicit, FIXTURES.pdf].map(({ file }) => ({
    headers: { 'Content-Type': 'application/dicom' },
    body: file,
  }));
  const whole = multipartOf('b', parts);
  const half = whole.indexOf('--b', 10) + 20;
  async function* slowly() {
    yield whole.subarray(0, half);
    await until(() => gateway.stored.length === 1);
    yield whole.subarray(half);
  }
  const answer = await request(`${url}/dicomweb/studies`, {
    dispatcher,
    method: 'POST',
    headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' },
    body: Readable.from(slowly()),
  });
  assert.equal(answer.statusCode, 200);
  assert.equal(gateway.stored.length, 2);
  await answer.body.dump();
});

test('a client that vanishes within an upload leaves the service alive', { timeout: 20_000 }, async (t) => {
  const { port, url, dispatcher, gateway } = await listen(t);
  const parts = [{ headers: { 'Content-Type': 'application/dicom' }, body: FIXTURES.explicit.file }];
  const whole = multipartOf('b', [...parts, ...parts]);
  const socket = connect(port, '127.0.0.1');
  const head = `POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/related; type="application/dicom"; boundary=b\r\nContent-Length: ${whole.length}\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), whole.subarray(0, whole.length - 100)]));
  await until(() => gateway.stored.length === 1);
  socket.destroy();
  const answer = await request(`${url}/healthz`, { dispatcher });
  assert.equal(answer.statusCode, 200);
  await answer.body.dump();
});

test('an upload that is refused early is answered, not only cut off', { timeout: 20_000 }, async (t) => {
  const { port } = await listen(t);
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write(
    `POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 99999999999\r\n\r\n`,
  );
  socket.write(Buffer.alloc(1000));
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  assert.match(bytes.toString(), /^HTTP\/1.1 415 /);
  assert.match(bytes.toString(), /connection: close/i);
});

const SMUGGLED: readonly (readonly [name: string, head: string, status: number])[] = [
  ['no HTTP at all', 'nonsense\r\n\r\n', 400],
  ['two lengths', 'POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 400],
  [
    'a length and chunks',
    'POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'an unknown transfer coding',
    'POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, x\r\n\r\n',
    400,
  ],
  ['a negative length', 'POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400],
  [
    'a bad chunk size',
    'POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nContent-Type: application/dicom\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    400,
  ],
  ['a header without a colon', 'GET /dicomweb/studies HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n', 400],
  ['white space before the colon', 'GET /dicomweb/studies HTTP/1.1\r\nHost : x\r\n\r\n', 400],
  ['no Host', 'GET /dicomweb/studies HTTP/1.1\r\n\r\n', 400],
  ['headers beyond the limit', `GET /dicomweb/studies HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
  ['an unknown version', 'GET /dicomweb/studies HTTP/3.7\r\nHost: x\r\n\r\n', 400],
];

for (const [name, head, status] of SMUGGLED) {
  test(`HTTP itself: ${name} is ${status}`, { timeout: 20_000 }, async (t) => {
    const { port, url, dispatcher } = await listen(t);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    socket.write(head);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    assert.match(bytes.toString(), new RegExp(`^HTTP/1.1 ${status} `));
    const alive = await request(`${url}/healthz`, { dispatcher });
    assert.equal(alive.statusCode, 200);
    await alive.body.dump();
  });
}
