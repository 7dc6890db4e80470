// Mutated PDUs, command sets and whole conversations: only DicomErrors, no hang, nothing left, no growth. FUZZ_RUNS sets
// how many PDUs (a fifth as many command sets, a twentieth as many conversations); FUZZ_SEED where to begin. A failure names its seed.

import assert from 'node:assert/strict';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { decodeCommand, encodeCommand, requestCommand, responseCommand } from '../../src/dimse/command.ts';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { connect, DicomError, type Listener, listen } from '../../src/dimse/index.ts';
import { Framing } from '../../src/dimse/ul/framing.ts';
import { associateAc, associateRq } from '../../src/dimse/ul/negotiation.ts';
import { decodePdu, encodePdu, type Pdu } from '../../src/dimse/ul/pdu.ts';
import { hex } from './hex.ts';
import { below, chunked, mutated, oneOf, randomFrom } from './mutation.ts';
import { EXPLICIT, message } from './scripted-peer.ts';
import { PDU_FIXTURES } from './ul/pdu-fixtures.ts';

/** QueryRetrieveLevel alone: as little as an identifier can be. */
const STUDY_LEVEL: Dataset = { '00080052': { vr: 'CS', Value: ['STUDY'] } };

const RUNS = Number(process.env.FUZZ_RUNS ?? 40_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const COMMAND_SETS = Math.ceil(RUNS / 5);
const CONVERSATIONS = Math.ceil(RUNS / 20);
const AT_ONCE = 16;

const VERIFICATION = '1.2.840.10008.1.1';
const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const GET = '1.2.840.10008.5.1.4.1.2.2.3';
const CT = '1.2.840.10008.5.1.4.1.1.2';

const contexts = [VERIFICATION, FIND, GET, CT].map((abstractSyntax) => ({
  abstractSyntax,
  transferSyntaxes: [EXPLICIT],
  roles: { scu: true, scp: true },
  extended: Buffer.from([1, 1, 1]),
}));
const self = { maximumLength: 16384, implementationClassUid: '1.2.3', implementationVersionName: 'FUZZ' };
const rq = associateRq({
  ...self,
  calledAeTitle: 'US',
  callingAeTitle: 'FUZZ',
  contexts,
  userIdentity: { type: 2, primary: 'me', secondary: 'pw' },
});
const ac = associateAc(rq, { ...self, contexts: () => [EXPLICIT] });

const identifier = hex('08005200 "CS" 0600 "STUDY " 10001000 "PN" 0400 "A^B " 20000D00 "UI" 0400 "1.2" 00');
const echoRq = requestCommand('C-ECHO', { messageId: 1, affectedSopClassUid: VERIFICATION });
const findRq = requestCommand('C-FIND', { messageId: 1, affectedSopClassUid: FIND, priority: 0 }, true);
const getRq = requestCommand('C-GET', { messageId: 1, affectedSopClassUid: GET, priority: 0 }, true);
const storeRq = requestCommand(
  'C-STORE',
  { messageId: 1, affectedSopClassUid: CT, affectedSopInstanceUid: '1.2.3', priority: 0 },
  true,
);
const cancelRq = requestCommand('C-CANCEL', { messageIdBeingRespondedTo: 1 });
const actionRq = requestCommand('N-ACTION', {
  messageId: 1,
  requestedSopClassUid: FIND,
  requestedSopInstanceUid: '1',
  actionTypeId: 1,
});

// Most of these runs throw: without stack traces they take a tenth of the time. A failure is run again by its seed.
Error.stackTraceLimit = 0;

/** Only a DicomError may come of it; anything else is reported with the seed that made it. */
function tolerated(seed: number, run: () => void): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof DicomError, `seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

test(`${RUNS} mutated PDUs`, () => {
  const originals = [...PDU_FIXTURES.map(({ bytes }) => bytes), encodePdu(rq), encodePdu(ac)];
  for (let run = 0; run < RUNS; run += 1) {
    const seed = SEED + run;
    const random = randomFrom(seed);
    const bytes = mutated(oneOf(random, originals), random);
    tolerated(seed, () => void decodePdu(bytes));
    tolerated(seed, () => {
      const framing = new Framing({ maximumLength: below(random, 3) * 128 });
      for (const chunk of chunked(bytes, random)) for (const _ of framing.push(chunk));
    });
  }
});

test(`${COMMAND_SETS} mutated command sets`, () => {
  const originals = [echoRq, findRq, storeRq, cancelRq, actionRq, responseCommand(findRq, 0xff00)].map(encodeCommand);
  for (let run = 0; run < COMMAND_SETS; run += 1) {
    const seed = SEED + run;
    const random = randomFrom(seed);
    tolerated(seed, () => void decodeCommand(mutated(oneOf(random, originals), random)));
  }
});

/** What goes over the wire in one direction, in order. */
const bytesOf = (...pdus: (Pdu | Pdu[])[]): Buffer => Buffer.concat(pdus.flat().map(encodePdu));

/** A conversation with something wrong somewhere: more often after the association was made than before. */
function broken(parts: readonly Buffer[], random: () => number): Buffer {
  const at = random() < 0.3 ? 0 : below(random, parts.length);
  return Buffer.concat(parts.map((part, index) => (index === at ? mutated(part, random) : part)));
}

const REQUESTOR_SAYS: readonly (readonly Buffer[])[] = [
  [message(echoRq)],
  [message(findRq, identifier, 3)],
  [message(findRq, identifier, 3), message(cancelRq, undefined, 3)],
  [
    message(getRq, identifier, 5),
    message(responseCommand(storeRq, 0), undefined, 7),
    message(responseCommand(storeRq, 0), undefined, 7),
  ],
  [message(storeRq, Buffer.alloc(3000, 7), 7), message(echoRq)],
  [message(actionRq, undefined, 3)],
].map((messages) => [bytesOf(rq), ...messages.map((pdus) => bytesOf(pdus)), bytesOf({ type: 'release-rq' })]);

const ACCEPTOR_SAYS: readonly (readonly Buffer[])[] = [
  [
    message(responseCommand(findRq, 0xff00, {}, true), identifier, 3),
    message(responseCommand(findRq, 0), undefined, 3),
  ],
  [
    message(responseCommand(findRq, 0xff00, {}, true), identifier, 3),
    message(responseCommand(findRq, 0xc001), undefined, 3),
  ],
  [message(storeRq, Buffer.alloc(3000, 7), 7), message(responseCommand(findRq, 0), undefined, 3)],
].map((messages) => [bytesOf(ac), ...messages.map((pdus) => bytesOf(pdus)), bytesOf({ type: 'release-rp' })]);

const FAST = { connect: 5000, associate: 300, response: 300, cancel: 100, release: 100, artim: 200, idle: 300 };

async function target(): Promise<Listener> {
  const instance = () => ({
    sopClassUid: CT,
    sopInstanceUid: '1.2.3',
    transferSyntaxUid: EXPLICIT,
    body: (async function* () {
      yield Buffer.alloc(2000);
    })(),
  });
  return listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [EXPLICIT],
    extended: (_, offered) => offered,
    authenticate: async () => Buffer.from('yes'),
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
}

/** Sends it all in chunks of any size, closes in an orderly way or not, and waits until the other end is gone too. */
async function speak(port: number, bytes: Buffer, random: () => number): Promise<void> {
  const socket: Socket = connectTcp({ host: '127.0.0.1', port, noDelay: true });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  socket.on('data', () => {});
  for (const chunk of random() < 0.2 ? chunked(bytes, random) : [bytes]) socket.write(chunk);
  if (random() < 0.1) socket.resetAndDestroy();
  else socket.end();
  await closed;
}

/** Runs `count` jobs, so many at once. */
async function inParallel(count: number, job: (run: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await job(next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function untilNone(listener: Listener): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (listener.associations > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(listener.associations, 0);
}

describe('conversations', () => {
  test(`${CONVERSATIONS} with our listener`, async (t) => {
    const listener = await target();
    t.after(() => listener.close());
    const job = (run: number) => {
      const random = randomFrom(SEED + run);
      return speak(listener.port, broken(oneOf(random, REQUESTOR_SAYS), random), random);
    };
    await inParallel(Math.ceil(CONVERSATIONS / 4), job);
    await untilNone(listener);
    const before = process.memoryUsage().heapUsed;
    await inParallel(CONVERSATIONS, (run) => job(CONVERSATIONS + run));
    await untilNone(listener);
    const grown = process.memoryUsage().heapUsed - before;
    assert.ok(grown < 100 << 20, `heap grew by ${grown} bytes`);
    const titles = { calledAeTitle: 'US', callingAeTitle: 'PROPER' };
    const association = await connect({ host: '127.0.0.1', port: listener.port, ...titles, contexts });
    await association.echo();
    await association.release();
  });

  const requests = Math.ceil(CONVERSATIONS / 4);
  test(`${requests} with our requestor`, async (t) => {
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
    await inParallel(requests, async (run) => {
      random = randomFrom(SEED + run);
      try {
        const association = await connect({ host: '127.0.0.1', port, ...titles, contexts, timeouts: FAST });
        try {
          for await (const _ of association.find({ sopClassUid: FIND, identifier: STUDY_LEVEL }));
        } finally {
          await association.release();
          await association.closed;
        }
      } catch (error) {
        assert.ok(error instanceof DicomError, `run ${run}: ${error instanceof Error ? error.stack : String(error)}`);
      }
    });
  });
});
