// Large instances, that are read while they still arrive from the PACS.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { ExplicitLittle, ImplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { encoded } from '../bridge/fixtures.ts';
import { type Behaviour, type Stored, startFakePacs } from '../bridge/peer-pacs.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { partsOf } from '../support/multipart.ts';

/** A multi-frame of 6 MB: 24 frames of 256 KB, each of other bytes. */
const FRAME = 512 * 256 * 2;
const FRAMES = 24;
const PIXELS = Buffer.alloc(FRAME * FRAMES, Buffer.from(Uint8Array.from({ length: 997 }, (_, at) => (at * 31) & 0xff)));
const MULTI: Stored = {
  study: '1.1',
  series: '1.1.1',
  instance: '1.1.1.1',
  more: {
    '00280002': { vr: 'US', Value: [1] },
    '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
    '00280008': { vr: 'IS', Value: [FRAMES] },
    '00280010': { vr: 'US', Value: [512] },
    '00280011': { vr: 'US', Value: [256] },
    '00280100': { vr: 'US', Value: [16] },
    '00280101': { vr: 'US', Value: [16] },
    '00280102': { vr: 'US', Value: [15] },
    '00280103': { vr: 'US', Value: [0] },
    '7FE00010': { vr: 'OW', InlineBinary: PIXELS },
  },
};
const OTHER: Stored = { study: '1.1', series: '1.1.1', instance: '1.1.1.2' };
/** Where the PACS stops in the middle. */
const MIDWAY = 4 << 20;

const INSTANCE = '/studies/1.1/series/1.1.1/instances/1.1.1.1';
const SINGLE = 'application/dicom; transfer-syntax=*';
const MULTIPART = 'multipart/related; type="application/dicom"; transfer-syntax=*';

/** A PACS that stops in the middle of the multi-frame until `goOn`, which may be told to abort instead. */
async function start(t: TestContext, { stored = [MULTI], settings = {} as Record<string, string> } = {}) {
  const { promise, resolve } = Promise.withResolvers<'on' | 'abort'>();
  const within: Behaviour['within'] = async (sent, _, abort) => {
    if (sent < MIDWAY || sent >= MIDWAY + 8192) return;
    if ((await promise) === 'on') return;
    abort();
    throw new DicomError('aborted', 'as told');
  };
  const peer = await startFakePacs(t, stored, { within });
  const pacs = { aeTitle: peer.aeTitle, host: '127.0.0.1', port: peer.port };
  const gateway = await startGateway(t, [pacs], { DICOMWEB_PACS_0_RETRIEVE: 'get', ...settings });
  t.after(() => resolve('on'));
  return { peer, gateway, goOn: () => resolve('on'), breakOff: () => resolve('abort') };
}

/** The answer when its headers have come. */
async function ask(gateway: RunningGateway, path: string, accept: string): Promise<IncomingMessage> {
  const sent = request(`${gateway.url}${path}`, { headers: { accept }, agent: false }).end();
  sent.on('error', () => {});
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

/** Takes `chunks` up to `bytes`, or all; the rest can still be read. */
async function take(chunks: AsyncIterator<Buffer>, bytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const taken: Buffer[] = [];
  for (let size = 0; size < bytes; ) {
    const next = await chunks.next();
    if (next.done === true) break;
    taken.push(next.value);
    size += next.value.length;
  }
  return Buffer.concat(taken);
}

const chunksOf = (response: IncomingMessage): AsyncIterator<Buffer> => response[Symbol.asyncIterator]();

async function whole(gateway: RunningGateway, path: string, accept: string): Promise<Buffer> {
  const response = await ask(gateway, path, accept);
  assert.equal(response.statusCode, 200);
  return take(chunksOf(response));
}

const datasetOf = (file: Buffer) => file.subarray(readFileMeta(file).dataOffset);
const frame = (n: number) => PIXELS.subarray((n - 1) * FRAME, n * FRAME);

for (const [name, path, accept] of [
  ['an instance', INSTANCE, SINGLE],
  ['an instance as multipart', INSTANCE, MULTIPART],
  ['a series', '/studies/1.1/series/1.1.1', MULTIPART],
  ['a study', '/studies/1.1', MULTIPART],
] as const) {
  test(`${name}: the first bytes of a large instance reach the client while the rest is still to come`, async (t) => {
    const { peer, gateway, goOn } = await start(t, { stored: [MULTI, OTHER] });
    const response = await ask(gateway, path, accept);
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers['content-length'], undefined);
    const chunks = chunksOf(response);
    const early = await take(chunks, MIDWAY - (1 << 20));
    goOn();
    const body = Buffer.concat([early, await take(chunks)]);
    const files =
      accept === SINGLE ? [body] : partsOf(response.headers['content-type'] ?? '', body).map((one) => one.body);
    const sent = path === INSTANCE ? [MULTI] : [MULTI, OTHER];
    assert.deepEqual(
      files.map(datasetOf),
      sent.map((one) => encoded(one)),
    );
    assert.equal(peer.asked.get.length, 1);
  });
}

test('a large instance is sent in another encoding while it arrives', async (t) => {
  const { gateway, goOn } = await start(t, { stored: [{ ...MULTI, transferSyntaxUid: ImplicitLittle }] });
  const response = await ask(gateway, INSTANCE, SINGLE);
  const chunks = chunksOf(response);
  const early = await take(chunks, MIDWAY - (1 << 20));
  goOn();
  const file = Buffer.concat([early, await take(chunks)]);
  assert.equal(readFileMeta(file).transferSyntaxUid, ExplicitLittle);
  assert.deepEqual(datasetOf(file), encoded(MULTI));
});

test('a frame is sent as soon as its bytes are there, and the next ones are not retrieved again', async (t) => {
  const { peer, gateway, goOn } = await start(t);
  const octets = 'application/octet-stream';
  for (const n of [5, 1]) assert.ok((await whole(gateway, `${INSTANCE}/frames/${n}`, octets)).equals(frame(n)), `${n}`);
  const last = whole(gateway, `${INSTANCE}/frames/${FRAMES}`, octets);
  goOn();
  assert.ok((await last).equals(frame(FRAMES)));
  assert.equal(peer.asked.get.length, 1);
});

test('a frame that joined the retrieve of a study keeps its instance coming when the reader of the study has gone', async (t) => {
  const { peer, gateway, goOn } = await start(t, { stored: [MULTI, OTHER] });
  const octets = 'application/octet-stream';
  const study = await ask(gateway, '/studies/1.1', MULTIPART);
  await take(chunksOf(study), MIDWAY - (1 << 20));
  assert.ok((await whole(gateway, `${INSTANCE}/frames/1`, octets)).equals(frame(1)));
  study.destroy();
  // Long enough for the gateway to see it.
  await delay(100);
  const last = whole(gateway, `${INSTANCE}/frames/${FRAMES}`, octets);
  goOn();
  assert.ok((await last).equals(frame(FRAMES)));
  assert.equal(peer.asked.get.length, 1);
});

test('who joins in the middle gets the instance from its first byte, by the same retrieve', async (t) => {
  const { peer, gateway, goOn } = await start(t);
  const first = chunksOf(await ask(gateway, INSTANCE, SINGLE));
  const early = await take(first, MIDWAY - (1 << 20));
  const second = chunksOf(await ask(gateway, '/studies/1.1/series/1.1.1/instances/1.1.1.1', SINGLE));
  const joined = await take(second, MIDWAY - (1 << 20));
  goOn();
  const both = [Buffer.concat([early, await take(first)]), Buffer.concat([joined, await take(second)])];
  assert.deepEqual(both.map(datasetOf), [encoded(MULTI), encoded(MULTI)]);
  assert.equal(peer.asked.get.length, 1);
});

for (const [name, path, accept] of [
  ['an instance', INSTANCE, SINGLE],
  ['a study', '/studies/1.1', MULTIPART],
] as const) {
  test(`${name}: when the retrieve breaks in the middle the answer breaks, and never ends in order`, async (t) => {
    const { peer, gateway, breakOff } = await start(t);
    const chunks = chunksOf(await ask(gateway, path, accept));
    await take(chunks, MIDWAY - (1 << 20));
    breakOff();
    await assert.rejects(take(chunks), { code: 'ECONNRESET' });
    // Nothing of it is kept as if it were whole.
    Object.assign(peer.behaviour, { within: undefined });
    assert.deepEqual(datasetOf(await whole(gateway, INSTANCE, SINGLE)), encoded(MULTI));
  });
}

test('every reader of an instance whose retrieve breaks in the middle is told', async (t) => {
  const { gateway, breakOff } = await start(t, { stored: [MULTI, OTHER] });
  const paths = [INSTANCE, INSTANCE, '/studies/1.1/series/1.1.1', '/studies/1.1'];
  const readers = await Promise.all(paths.map((path, at) => ask(gateway, path, at === 0 ? SINGLE : MULTIPART)));
  const quick = readers.slice(1).map((reader) => chunksOf(reader));
  await Promise.all(quick.map((chunks) => take(chunks, MIDWAY - (1 << 20))));
  const later = [
    fetch(`${gateway.url}${INSTANCE}`, { headers: { accept: SINGLE, range: 'bytes=0-131' } }),
    fetch(`${gateway.url}${INSTANCE}`, { method: 'HEAD', headers: { accept: SINGLE } }),
    fetch(`${gateway.url}/studies/1.1`, { headers: { accept: 'application/zip; transfer-syntax=*' } }),
    fetch(`${gateway.url}${INSTANCE}/metadata`, { headers: { accept: 'application/dicom+json' } }),
  ];
  await delay(20);
  breakOff();
  // The first has read nothing yet.
  const [slow] = readers.map((reader) => chunksOf(reader));
  for (const chunks of [...quick, ...(slow === undefined ? [] : [slow])]) {
    await assert.rejects(take(chunks), { code: 'ECONNRESET' });
  }
  for (const response of await Promise.all(later)) assert.equal(response.status, 502);
});

test('a client of HTTP/1.0, which sees an end in a connection that closes, sees that an answer breaks', async (t) => {
  const { gateway, breakOff } = await start(t);
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${new URL(gateway.url).pathname}${INSTANCE} HTTP/1.0\r\nAccept: ${SINGLE}\r\n\r\n`);
  const chunks = socket[Symbol.asyncIterator]();
  await take(chunks, MIDWAY - (1 << 20));
  breakOff();
  await assert.rejects(take(chunks), { code: 'ECONNRESET' });
});

test('a client that leaves in the middle of a large instance ends its retrieve', async (t) => {
  const { peer, gateway } = await start(t, { settings: { DICOMWEB_PACS_0_IDLE: '50' } });
  const response = await ask(gateway, INSTANCE, SINGLE);
  await take(chunksOf(response), MIDWAY - (1 << 20));
  response.destroy();
  while (peer.listener.associations > 0) await delay(5);
});

test('a range of what still arrives waits for its length', async (t) => {
  const { gateway, goOn } = await start(t);
  goOn();
  const headers = { accept: SINGLE, range: 'bytes=0-131' };
  const response = await fetch(`${gateway.url}${INSTANCE}`, { headers });
  assert.equal(response.status, 206);
  assert.match(response.headers.get('content-range') ?? '', /^bytes 0-131\/\d{7}$/);
  assert.equal((await response.arrayBuffer()).byteLength, 132);
});

test('the tag of an instance that was followed is that of the whole', async (t) => {
  const { gateway, goOn } = await start(t);
  const followed = await ask(gateway, INSTANCE, SINGLE);
  goOn();
  await take(chunksOf(followed));
  const later = await ask(gateway, INSTANCE, SINGLE);
  assert.equal(later.headers.etag, followed.headers.etag);
  assert.ok(Number(later.headers['content-length']) > PIXELS.length);
  later.resume();
});
