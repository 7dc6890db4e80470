// Between gateway and PACS everything goes wrong that can: what the client gets is whole and right, or an error; nothing leaks.
// CHAOS_ROUNDS and CHAOS_SEED for more, or for other ones.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Pacs, startPacs } from '../../../src/demo/pacs.ts';
import { below, oneOf, randomFrom } from '../../dimse/fuzz/mutation.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { freePort, tempDir } from '../../support/peers.ts';
import { type Answer, ask } from './answer.ts';
import { type ChaosProxy, MISCHIEFS, startChaosProxy } from './proxy.ts';
import { pathsOf, studies, writeStudies } from './studies.ts';

const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 200);
const SEED = Number(process.env.CHAOS_SEED ?? 1);
/** Clients at the same time. */
const CLIENTS = 8;
/** Few enough that a round often finds another's instances in the cache, or joins its retrieve. */
const STUDIES = studies(12);
const PATHS = STUDIES.flatMap(pathsOf);
const BASE = '/dicomweb';

const PATIENCE = 300;
const timeouts = ['CONNECT', 'ASSOCIATE', 'RESPONSE', 'RELEASE', 'ARTIM', 'ARRIVAL'];
const IMPATIENT = {
  ...Object.fromEntries(timeouts.map((name) => [`DICOMWEB_PACS_0_TIMEOUTS_${name}`, String(PATIENCE)])),
  DICOMWEB_PACS_0_IDLE: '100',
  // Each connection has its own fate: the more, the merrier.
  DICOMWEB_PACS_0_MAX_REQUESTS: '1',
};

/** Open files and sockets of this process, and what keeps its event loop going. */
const held = () => ({
  files: readdirSync('/proc/self/fd').length,
  timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
});

async function eventually(condition: () => boolean, what: () => string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, what());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Does it for all of them, some at the same time. */
async function forEach<T>(items: Iterable<T>, run: (item: T) => Promise<void>): Promise<void> {
  const left = Iterator.from(items);
  const worker = async () => {
    for (const item of left) await run(item);
  };
  await Promise.all(Array.from({ length: CLIENTS }, worker));
}

type Truth = {
  pacs: Pacs;
  /** Where the PACS sends to: read at every C-MOVE. */
  destinations: Record<string, { host: string; port: number }>;
  /** The answer to every path, by a gateway that nothing stands between. */
  right: ReadonlyMap<string, Answer>;
};

async function findTheTruth(): Promise<Truth> {
  const dir = await tempDir();
  const files = await writeStudies(dir, STUDIES);
  const destinations: Record<string, { host: string; port: number }> = {};
  const pacs = await startPacs({ dir: join(dir, 'pacs'), aeTitle: 'PACS', port: 0, files, peers: destinations });
  const plain = await startGateway(undefined, [pacs]);
  const right = new Map<string, Answer>();
  await forEach(PATHS, async (path) => void right.set(path, await ask(plain.origin, BASE + path)));
  await plain.close();
  return { pacs, destinations, right };
}

type Scene = { gateway: RunningGateway; proxies: ChaosProxy[]; close(): Promise<void> };

/** A gateway, with chaos between it and the PACS, and between the PACS and it. */
async function setTheScene(way: 'get' | 'move', { pacs, destinations }: Truth): Promise<Scene> {
  const random = randomFrom(SEED);
  const inboxPort = await freePort();
  const toPacs = await startChaosProxy(pacs.port, random);
  const toInbox = await startChaosProxy(inboxPort, random);
  destinations.GATEWAY = { host: '127.0.0.1', port: toInbox.port };
  const settings = { ...IMPATIENT, DICOMWEB_PACS_0_RETRIEVE: way, DICOMWEB_DICOM_PORT: String(inboxPort) };
  const gateway = await startGateway(undefined, [{ ...pacs, port: toPacs.port }], settings);
  const proxies = [toPacs, toInbox];
  const close = async () => {
    await gateway.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
  };
  return { gateway, proxies, close };
}

/** True for the right answer, false for an error or a broken connection; anything else is a lie. */
function isRight(answer: Answer, right: Answer | undefined, path: string): boolean {
  if (answer === 'broken' || answer === 'gone') return false;
  // A PACS that got a request with a bit turned over says so, too. That something is not there it never says.
  if (answer.status >= 400 && answer.status !== 404) return false;
  assert.deepEqual(answer, right, path);
  return true;
}

/** Clients that ask at random, some of which go before they were answered; how many answers were right, and how many errors. */
async function chaos({ origin }: RunningGateway, { right }: Truth): Promise<{ rights: number; errors: number }> {
  const counts = { rights: 0, errors: 0 };
  const rounds = Array.from({ length: ROUNDS / 2 }, (_, round) => SEED + round);
  await forEach(rounds, async (seed) => {
    const random = randomFrom(seed);
    const path = oneOf(random, PATHS);
    const leaves = random() < 0.1 ? below(random, 40) : undefined;
    const answer = await ask(origin, BASE + path, leaves);
    if (isRight(answer, right.get(path), path)) counts.rights += 1;
    else counts.errors += 1;
  });
  return counts;
}

async function nothingIsLeft({ gateway, proxies }: Scene): Promise<void> {
  const connections = () => proxies.map((proxy) => proxy.connections);
  const none = () => connections().every((count) => count === 0);
  await eventually(none, () => `connections left: ${connections()}`);
  const cached = readdirSync(join(gateway.config.cache.dir, 'files'));
  const unfinished = cached.filter((name) => !name.endsWith('.dcm'));
  assert.deepEqual(unfinished, [], 'unfinished files in the cache');
}

describe('chaos between gateway and PACS', () => {
  let truth: Truth;
  before(async () => {
    truth = await findTheTruth();
  });
  after(() => truth.pacs.close());

  for (const way of ['get', 'move'] as const) {
    test(`${ROUNDS / 2} requests by C-${way.toUpperCase()}: whole and right, or an error, and nothing is left`, async (t) => {
      const calm = held();
      const scene = await setTheScene(way, truth);
      const { gateway, proxies } = scene;
      try {
        const { rights, errors } = await chaos(gateway, truth);
        const done = MISCHIEFS.map((mischief) => `${mischief} ${proxies[0]?.done[mischief]}`).join(', ');
        t.diagnostic(`${rights} right, ${errors} errors; connections: ${done}`);
        assert.ok(rights > 0 && errors > 0, 'that was no chaos');
        await nothingIsLeft(scene);
        // What was kept of all that is right, and the rest can be had.
        for (const proxy of proxies) proxy.active = false;
        await forEach(PATHS, async (path) => {
          assert.deepEqual(await ask(gateway.origin, BASE + path), truth.right.get(path), path);
        });
      } finally {
        await scene.close();
      }
      const isCalm = () => held().files <= calm.files && held().timers <= calm.timers;
      await eventually(isCalm, () => `held before and after: ${JSON.stringify([calm, held()])}`);
    });
  }
});
