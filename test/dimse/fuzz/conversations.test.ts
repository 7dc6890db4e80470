// Mutated whole conversations with our listener and our requestor: only DicomErrors, no hang, nothing left, no growth.
// The listener is given the ends of pipes in memory where a server has sockets: there are not enough ports for so many.

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type Server } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { connect, type Listener, listen } from '../../../src/dimse/index.ts';
import { EXPLICIT } from '../scripted-peer.ts';
import { ACCEPTOR_SAYS, broken, CONTEXTS, CT, FIND, REQUESTOR_SAYS } from './conversation.ts';
import { chunked, oneOf, randomFrom } from './mutation.ts';
import { RUNS, SEED, toleratedError, withoutGrowth } from './runs.ts';

/** QueryRetrieveLevel alone: as little as an identifier can be. */
const STUDY_LEVEL: Dataset = { '00080052': { vr: 'CS', Value: ['STUDY'] } };
const FAST = { connect: 5000, associate: 300, response: 300, cancel: 100, release: 100, artim: 200, idle: 300 };
const AT_ONCE = 100;

const instance = () => ({
  sopClassUid: CT,
  sopInstanceUid: '1.2.3',
  transferSyntaxUid: EXPLICIT,
  body: (async function* () {
    yield Buffer.alloc(2000);
  })(),
});

/** A listener with every service, and the server in it, which can be handed connections. */
async function target(): Promise<{ listener: Listener; server: Server }> {
  const servers: Server[] = [];
  const onListen = (event: unknown) => servers.push((event as { server: Server }).server);
  subscribe('tracing:net.server.listen:asyncStart', onListen);
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [EXPLICIT],
    extended: (_, offered) => offered,
    authenticate: async () => Buffer.from('yes'),
    maxAssociations: 2 * AT_ONCE,
    timeouts: FAST,
    services: {
      async store({ body }) {
        for await (const _ of body);
        return 0;
      },
      async *find({ identifier: match }) {
        yield match;
        yield match;
      },
      get: async () => ({
        total: 2,
        instances: (async function* () {
          yield instance();
          yield instance();
        })(),
      }),
      normalized: async ({ dataset }) => ({ status: 0, ...(dataset && { dataset }) }),
    },
  });
  unsubscribe('tracing:net.server.listen:asyncStart', onListen);
  const [server] = servers;
  assert.ok(server !== undefined, 'no server listens');
  return { listener, server };
}

/** Two ends of a pipe; one has what a socket has beside a stream. */
function pipe(): { near: Duplex; socket: Duplex } {
  const [near, far] = duplexPair({ allowHalfOpen: false });
  return { near, socket: Object.assign(far, { setNoDelay: () => far, remoteAddress: '127.0.0.1', remotePort: 1 }) };
}

/** Sends it all in chunks of any size, closes in an orderly way or not, and waits until the other end is gone too. */
async function speak(server: Server, bytes: Buffer, random: () => number): Promise<void> {
  const { near, socket } = pipe();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  near.on('error', () => {}).resume();
  server.emit('connection', socket);
  for (const chunk of random() < 0.2 ? chunked(bytes, random) : [bytes]) near.write(chunk);
  if (random() < 0.1) near.destroy(new Error('ECONNRESET'));
  else near.end();
  await closed;
  near.destroy();
}

/** Runs `count` jobs from `first` on, so many at once. */
async function inParallel(first: number, count: number, job: (run: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await job(first + next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function untilNone(listener: Listener): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (listener.associations > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(listener.associations, 0);
}

const BATCHES = 10;

describe('mutated conversations', () => {
  test(`${RUNS.conversations} with our listener`, async (t) => {
    const { listener, server } = await target();
    t.after(() => listener.close());
    const perBatch = Math.ceil(RUNS.conversations / BATCHES);
    const job = (run: number) => {
      const random = randomFrom(SEED + run);
      return speak(server, broken(oneOf(random, REQUESTOR_SAYS), random), random);
    };
    await withoutGrowth(BATCHES, async (batch) => {
      await inParallel(batch * perBatch, perBatch, job);
      await untilNone(listener);
    });
    const titles = { calledAeTitle: 'US', callingAeTitle: 'PROPER' };
    const association = await connect({ host: '127.0.0.1', port: listener.port, ...titles, contexts: CONTEXTS });
    await association.echo();
    await association.release();
  });

  test(`${RUNS.conversationsAsRequestor} with our requestor`, async (t) => {
    let random = randomFrom(SEED);
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        for (const chunk of chunked(broken(oneOf(random, ACCEPTOR_SAYS), random), random)) socket.write(chunk);
        if (random() < 0.5) socket.end();
        else socket.on('data', () => socket.end());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const titles = { calledAeTitle: 'FUZZ', callingAeTitle: 'US' };
    const job = async (run: number) => {
      random = randomFrom(SEED + run);
      try {
        const association = await connect({ host: '127.0.0.1', port, ...titles, contexts: CONTEXTS, timeouts: FAST });
        try {
          for await (const _ of association.find({ sopClassUid: FIND, identifier: STUDY_LEVEL }));
        } finally {
          await association.release();
          await association.closed;
        }
      } catch (error) {
        toleratedError(SEED + run, error);
      }
    };
    const perBatch = Math.ceil(RUNS.conversationsAsRequestor / BATCHES);
    await withoutGrowth(BATCHES, (batch) => inParallel(batch * perBatch, perBatch, job));
  });
});
