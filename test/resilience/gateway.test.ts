// A PACS that is down, refuses, keeps silent, aborts or lies: the HTTP client gets the true status with a body that names what
// and why, or a broken connection; and the gateway holds nothing afterwards.

import assert from 'node:assert/strict';
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { type Listener, type ListenOptions, listen, type Services } from '../../src/dimse/index.ts';
import type { Instance } from '../../src/dimse/instance.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { freePort } from '../support/peers.ts';

const STUDY = '1.2.3.4';
const SERIES = '1.2.3.4.5';
const CT = '1.2.840.10008.5.1.4.1.1.2';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const SYNTAXES = [EXPLICIT_LITTLE, '1.2.840.10008.1.2'];
/** Short, so that a silent peer is soon given up. */
const IMPATIENT = {
  DICOMWEB_PACS_0_TIMEOUTS_CONNECT: '400',
  DICOMWEB_PACS_0_TIMEOUTS_ASSOCIATE: '400',
  DICOMWEB_PACS_0_TIMEOUTS_RESPONSE: '400',
  DICOMWEB_PACS_0_TIMEOUTS_RELEASE: '400',
  DICOMWEB_PACS_0_TIMEOUTS_ARTIM: '400',
  DICOMWEB_PACS_0_TIMEOUTS_ARRIVAL: '400',
  // Associations that can be used again are not kept, so that every one that stays is a leak.
  DICOMWEB_PACS_0_IDLE: '100',
};

type Problem = { status: number; title: string; detail: string };

const QUERY = '/studies?PatientName=SECRET*';
const RETRIEVE = `/studies/${STUDY}`;
const RENDERED = `/studies/${STUDY}/series/${SERIES}/instances/1.2.3.4.5.1/rendered`;

async function scripted(t: TestContext, services: Services, more: Partial<ListenOptions> = {}): Promise<Listener> {
  const options: ListenOptions = { host: '127.0.0.1', port: 0, contexts: () => SYNTAXES, services, ...more };
  const listener = await listen(options);
  t.after(() => listener.close());
  return listener;
}

async function inFrontOf(t: TestContext, port: number, settings: Record<string, string> = {}): Promise<RunningGateway> {
  return startGateway(t, [{ aeTitle: 'PACS', host: '127.0.0.1', port }], { ...IMPATIENT, ...settings });
}

/** The status and problem body of a request that must fail; never a 2xx, never a patient's name. */
async function problem(gateway: RunningGateway, path: string): Promise<Problem> {
  const response = await fetch(`${gateway.url}${path}`);
  const text = await response.text();
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/, `${response.status} ${text}`);
  const body = JSON.parse(text) as Problem;
  assert.equal(body.status, response.status);
  assert.ok(!text.includes('SECRET'), 'the query must not come back');
  return body;
}

async function stillAlive(gateway: RunningGateway): Promise<void> {
  const response = await fetch(`${gateway.origin}/healthz`);
  assert.equal(response.status, 200);
  await response.arrayBuffer();
}

/** Waits for a condition that must come true by itself. */
async function eventually(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const ui = (value: string) => ({ vr: 'UI' as const, Value: [value] });

async function* answers(...rows: Dataset[]): AsyncGenerator<Dataset> {
  yield* rows;
}

function matches(level: string): AsyncIterable<Dataset> {
  const study = { '0020000D': ui(STUDY) };
  if (level === 'STUDY') return answers(study);
  if (level === 'SERIES') return answers({ ...study, '0020000E': ui(SERIES) });
  const images = [1, 2].map((n) => ({
    ...study,
    '0020000E': ui(SERIES),
    '00080016': ui(CT),
    '00080018': ui(`${SERIES}.${n}`),
  }));
  return answers(...images);
}

const levelOf = (identifier: Dataset) => String(identifier['00080052']?.Value?.[0]);

function slice(n: number, body?: AsyncIterable<Buffer>): Instance {
  const dataset: Dataset = {
    '00080016': ui(CT),
    '00080018': ui(`${SERIES}.${n}`),
    '0020000D': ui(STUDY),
    '0020000E': ui(SERIES),
    '7FE00010': { vr: 'OW', InlineBinary: Buffer.alloc(4000, n) },
  };
  const bytes = writeDataset(dataset, EXPLICIT_LITTLE);
  async function* whole() {
    yield bytes;
  }
  return {
    sopClassUid: CT,
    sopInstanceUid: `${SERIES}.${n}`,
    transferSyntaxUid: EXPLICIT_LITTLE,
    body: body ?? whole(),
  };
}

for (const path of [QUERY, RETRIEVE, RENDERED]) {
  test(`a PACS that is down: 502 for ${path.split('?')[0]}`, async (t) => {
    const gateway = await inFrontOf(t, await freePort());
    const { status, detail } = await problem(gateway, path);
    assert.equal(status, 502);
    assert.match(detail, /PACS@127\.0\.0\.1/);
    await stillAlive(gateway);
  });

  test(`a PACS that refuses the association: 502 with its reason for ${path.split('?')[0]}`, async (t) => {
    const pacs = await scripted(t, {}, { allowCalling: () => false });
    const gateway = await inFrontOf(t, pacs.port);
    const { status, detail } = await problem(gateway, path);
    assert.equal(status, 502);
    assert.match(detail, /calling AE title not recognized/);
    await eventually(() => pacs.associations === 0, 'no connection left');
    await stillAlive(gateway);
  });

  test(`a peer that never answers: 504 for ${path.split('?')[0]}`, async (t) => {
    const { server, sockets } = await silent(t);
    const gateway = await inFrontOf(t, portOf(server));
    const { status, detail } = await problem(gateway, path);
    assert.equal(status, 504);
    assert.match(detail, /A-ASSOCIATE/);
    await eventually(() => sockets.size === 0, 'the socket is closed');
    await stillAlive(gateway);
  });

  test(`a peer that closes the socket at once: 502 for ${path.split('?')[0]}`, async (t) => {
    const server = createServer((socket) => socket.destroy());
    await listening(t, server);
    const gateway = await inFrontOf(t, portOf(server));
    assert.equal((await problem(gateway, path)).status, 502);
    await stillAlive(gateway);
  });
}

test('a PACS that takes the C-FIND and keeps silent: 504, and the association is gone', async (t) => {
  const pacs = await scripted(t, {
    async *find(_request, { signal }): AsyncGenerator<Dataset> {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  });
  const gateway = await inFrontOf(t, pacs.port);
  const { status, detail } = await problem(gateway, QUERY);
  assert.equal(status, 504);
  assert.match(detail, /C-FIND/);
  await eventually(() => pacs.associations === 0, 'no association left');
  await stillAlive(gateway);
});

const FIND_FAILURES: [number, number][] = [
  [0xa700, 503],
  [0xa900, 400],
  [0xc001, 502],
  [0x0124, 403],
  [0x0110, 502],
];
for (const [status, expected] of FIND_FAILURES) {
  for (const after of [0, 1]) {
    test(`Q-D17 C-FIND status ${status.toString(16)} after ${after} matches: ${expected}, never a list`, async (t) => {
      const pacs = await scripted(t, {
        async *find(): AsyncGenerator<Dataset> {
          if (after > 0) yield { '0020000D': ui(STUDY) };
          throw new DicomError('status', 'as scripted', { status });
        },
      });
      const gateway = await inFrontOf(t, pacs.port);
      assert.equal((await problem(gateway, QUERY)).status, expected);
    });
  }
}

for (const [name, settings] of [
  ['C-GET', { DICOMWEB_PACS_0_RETRIEVE: 'get' }],
  ['C-MOVE', { DICOMWEB_PACS_0_RETRIEVE: 'move' }],
] as const) {
  test(`a PACS that aborts in the middle of a ${name}: no body that looks whole`, async (t) => {
    const dicomPort = await freePort();
    const broken = async function* (): AsyncGenerator<Instance> {
      yield slice(1);
      throw new Error('the disk of this PACS is gone');
    };
    const cut = (association: { abort(): void }) => ({
      total: 2,
      instances: (async function* () {
        yield* [slice(1)];
        association.abort();
        yield* broken();
      })(),
    });
    const pacs = await scripted(t, {
      find: ({ identifier }) => matches(levelOf(identifier)),
      get: async (_request, { association }) => cut(association),
      move: async (_request, { association }) => ({
        ...cut(association),
        to: { host: '127.0.0.1', port: dicomPort, aeTitle: 'GATEWAY' },
      }),
    });
    const gateway = await inFrontOf(t, pacs.port, { ...settings, DICOMWEB_DICOM_PORT: String(dicomPort) });
    await assertNotWhole(gateway, RETRIEVE);
    await eventually(() => pacs.associations === 0, 'no association left');
    await stillAlive(gateway);
  });

  test(`a PACS that reports failed sub-operations of a ${name}: no body that looks whole`, async (t) => {
    const dicomPort = await freePort();
    const one = { total: 2, instances: (async function* () {})() as AsyncIterable<Instance> };
    const pacs = await scripted(t, {
      find: ({ identifier }) => matches(levelOf(identifier)),
      get: async () => one,
      move: async () => ({ ...one, to: { host: '127.0.0.1', port: dicomPort, aeTitle: 'GATEWAY' } }),
    });
    const gateway = await inFrontOf(t, pacs.port, { ...settings, DICOMWEB_DICOM_PORT: String(dicomPort) });
    await assertNotWhole(gateway, RETRIEVE);
    await stillAlive(gateway);
  });
}

test('a PACS that sends a C-MOVE elsewhere is told so in plain words', async (t) => {
  const elsewhere = await scripted(t, {
    store: async ({ body }) => {
      for await (const _ of body);
      return 0;
    },
  });
  const pacs = await scripted(t, {
    find: ({ identifier }) => matches(levelOf(identifier)),
    move: async () => ({
      total: 2,
      instances: (async function* () {
        yield slice(1);
        yield slice(2);
      })(),
      to: { host: '127.0.0.1', port: elsewhere.port, aeTitle: 'GATEWAY' },
    }),
  });
  const gateway = await inFrontOf(t, pacs.port, { DICOMWEB_PACS_0_RETRIEVE: 'move' });
  const { status, detail } = await problem(gateway, RETRIEVE);
  assert.equal(status, 502);
  assert.match(detail, /GATEWAY/);
  assert.match(detail, /none arrived|elsewhere/);
});

test('a client that goes away in the middle of a study frees the association', async (t) => {
  let started = false;
  /** Begins an instance and then says no more, until the association ends. */
  const stalling = async function* (signal: AbortSignal): AsyncGenerator<Buffer> {
    for await (const chunk of slice(1).body) yield chunk.subarray(0, 200);
    started = true;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  };
  const pacs = await scripted(t, {
    find: ({ identifier }) => matches(levelOf(identifier)),
    get: async (_request, { signal }) => ({
      total: 2,
      instances: (async function* () {
        yield slice(1, stalling(signal));
      })(),
    }),
  });
  const gateway = await inFrontOf(t, pacs.port, {
    DICOMWEB_PACS_0_RETRIEVE: 'get',
    DICOMWEB_PACS_0_TIMEOUTS_RESPONSE: '60000',
  });
  const client = tcpConnect(Number(new URL(gateway.origin).port), '127.0.0.1');
  client.write(`GET ${new URL(gateway.url).pathname}${RETRIEVE} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await eventually(() => started, 'the retrieve is under way');
  client.destroy();
  await eventually(() => pacs.associations === 0, 'no association left');
  await stillAlive(gateway);
});

/** Either an error status, or a body whose connection broke: anything but a 200 that ends in order. */
async function assertNotWhole(gateway: RunningGateway, path: string): Promise<void> {
  let text: string;
  let response: Response;
  try {
    response = await fetch(`${gateway.url}${path}`);
    text = Buffer.from(await response.arrayBuffer()).toString('latin1');
  } catch {
    return;
  }
  assert.ok(response.status >= 400, `${response.status} with a body of ${text.length} that ended in order`);
}

async function silent(t: TestContext): Promise<{ server: Server; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await listening(t, server);
  return { server, sockets };
}

async function listening(t: TestContext, server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}
