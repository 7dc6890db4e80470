// The limits of an upload are enforced while it streams: of a body without an end hardly more is read than the limit.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import type { UploadLimits } from '../../../src/http/service.ts';
import { FIXTURES } from '../fixtures.ts';
import { related } from '../posting.ts';
import { buildWeb } from '../web.ts';

const MIB = 1024 * 1024;
/** What the sockets of both sides and Node's streams may hold on the way. */
const UNDER_WAY = MIB / 2;
const part = (headers: string): string => `--frontier\r\n${headers}\r\n\r\n`;
const DICOM = part('Content-Type: application/dicom');
const FORM = 'multipart/form-data; boundary=frontier';
const FILE = part('Content-Disposition: form-data; name="f"; filename="f"');
const WHOLE = FIXTURES.explicit.file.toString('latin1');

/** What begins the body, what then comes again and again, and how many bytes may be read of it. */
const ENDLESS: readonly (readonly [
  name: string,
  limits: Partial<UploadLimits>,
  type: string,
  head: string,
  again: string,
  most: number,
])[] = [
  ['a part', { maxInstanceBytes: MIB }, related('application/dicom'), DICOM + WHOLE, 'x', MIB],
  ['a bare instance', { maxInstanceBytes: MIB }, 'application/dicom', WHOLE, 'x', MIB],
  ['a file of a form', { maxInstanceBytes: MIB }, FORM, FILE + WHOLE, 'x', MIB],
  ['an upload', { maxUploadBytes: MIB }, related('application/dicom'), DICOM + WHOLE, 'x', MIB],
  ['a form', { maxUploadBytes: MIB }, FORM, FILE + WHOLE, 'x', MIB],
  ['an epilogue', { maxUploadBytes: MIB }, related('application/dicom'), '--frontier--', 'x', MIB],
  ['bulk data', { maxInstanceBytes: MIB }, related('application/dicom+json'), part('Content-Location: a'), 'x', MIB],
  [
    'metadata',
    { maxMetadataBytes: MIB },
    related('application/dicom+json'),
    `${part('Content-Type: application/dicom+json')}[`,
    ' ',
    MIB,
  ],
  ['the headers of a part', { maxPartHeaderBytes: 1000 }, related('application/dicom'), '--frontier\r\nX: ', 'x', 1000],
  ['parts', { maxParts: 3 }, related('application/dicom'), '', `${DICOM}${WHOLE}\r\n`, 4 * WHOLE.length],
  ['files of a form', { maxParts: 3 }, FORM, '', `${FILE}${WHOLE}\r\n`, 4 * WHOLE.length],
  ['a preamble', { maxPartHeaderBytes: 1000 }, related('application/dicom'), '', 'x', 1000],
];

/** What begins with no boundary is no multipart body; where instances were stored by then, that is told. */
const STATUSES: Readonly<Record<string, number>> = { 'a preamble': 400, parts: 202, 'files of a form': 202 };

for (const [name, limits, type, head, again, most] of ENDLESS) {
  test(`${name} without an end: refused within ${most} bytes and what is under way`, async (t) => {
    const { app } = await buildWeb(t, { limits });
    let socket: Socket | undefined;
    app.server.on('connection', (one) => {
      socket = one;
    });
    const origin = await app.listen({ port: 0, host: '127.0.0.1' });
    const call = request(`${origin}/dicomweb/studies`, { method: 'POST', headers: { 'content-type': type } });
    call.on('error', () => {});
    let isAnswered = false;
    const answered = once(call, 'response', { signal: AbortSignal.timeout(20_000) });
    void answered.then(
      () => {
        isAnswered = true;
      },
      () => {},
    );
    call.write(Buffer.from(head, 'latin1'));
    const more = Buffer.from(again.repeat(Math.ceil(16_384 / again.length)), 'latin1');
    while (!isAnswered && !call.destroyed && (socket?.bytesRead ?? 0) < 16 * MIB) {
      if (!call.write(more)) await Promise.race([once(call, 'drain').catch(() => {}), answered.catch(() => {})]);
      else await new Promise(setImmediate);
    }
    const [answer] = (await answered) as [IncomingMessage];
    const read = socket?.bytesRead ?? Number.POSITIVE_INFINITY;
    answer.resume();
    call.destroy();
    assert.equal(answer.statusCode, STATUSES[name] ?? 413);
    assert.ok(read <= most + UNDER_WAY, `${read} bytes were read`);
  });
}

test('headers of a request without an end: refused within http.maxHeaderBytes and what is under way', async (t) => {
  const { app } = await buildWeb(t, { maxHeaderBytes: 2000 });
  let read = 0;
  app.server.on('connection', (one) => one.once('close', () => (read = one.bytesRead)));
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX: ');
  const more = setInterval(() => socket.writable && socket.write('x'.repeat(1000)), 1);
  await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
  clearInterval(more);
  assert.match(answer, /^HTTP\/1\.1 431 /);
  await new Promise(setImmediate);
  assert.ok(read <= 2000 + 64 * 1024, `${read} bytes were read`);
});
