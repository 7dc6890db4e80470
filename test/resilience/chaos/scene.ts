// A gateway that is surrounded by chaos, the truth to compare its answers with, and clients that ask at random.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Pacs, startPacs } from '../../../src/demo/pacs.ts';
import { below, oneOf, randomFrom } from '../../dimse/fuzz/mutation.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { freePort, tempDir } from '../../support/peers.ts';
import { type Answer, ask } from './answer.ts';
import { type ChaosProxy, startChaosProxy } from './proxy.ts';
import { pathsOf, studies, writeStudies } from './studies.ts';

/** Clients at the same time. */
const CLIENTS = 8;
/** Few enough that a round often finds another's instances in the cache, or joins its retrieve. */
const STUDIES = studies(12, 4);
export const PATHS = STUDIES.flatMap(pathsOf);
export const BASE = '/dicomweb';

const PATIENCE = 300;
const timeouts = ['CONNECT', 'ASSOCIATE', 'RESPONSE', 'RELEASE', 'ARTIM', 'ARRIVAL'];
const IMPATIENT = {
  ...Object.fromEntries(timeouts.map((name) => [`DICOMWEB_PACS_0_TIMEOUTS_${name}`, String(PATIENCE)])),
  DICOMWEB_PACS_0_IDLE: '100',
  // Each connection has its own fate: the more, the merrier.
  DICOMWEB_PACS_0_MAX_REQUESTS: '1',
};

/** Does it for all of them, some at the same time. */
export async function forEach<T>(items: Iterable<T>, run: (item: T) => Promise<void>): Promise<void> {
  const left = Iterator.from(items);
  const worker = async () => {
    for (const item of left) await run(item);
  };
  await Promise.all(Array.from({ length: CLIENTS }, worker));
}

export type Truth = {
  pacs: Pacs;
  /** Where the PACS sends to: read at every C-MOVE. */
  destinations: Record<string, { host: string; port: number }>;
  /** The answer to every path, by a gateway that nothing stands between. */
  right: ReadonlyMap<string, Answer>;
};

export async function findTheTruth(): Promise<Truth> {
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

export type Scene = { gateway: RunningGateway; proxies: ChaosProxy[]; close(): Promise<void> };

/** A gateway, with chaos between it and the PACS, and between the PACS and it. */
export async function setTheScene(way: 'get' | 'move', { pacs, destinations }: Truth, seed: number): Promise<Scene> {
  const random = randomFrom(seed);
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

/** Of requests: right ones and the bytes of their bodies, errors, and those of them that ended amid their body. */
export type Counts = { rights: number; bytes: number; errors: number; broken: number };

/**
 * Clients that ask at random, once for every seed, and some of which go before they were answered. Throws at any answer that is
 * neither right nor an error.
 */
export async function chaos({ origin }: RunningGateway, { right }: Truth, seeds: Iterable<number>): Promise<Counts> {
  const counts = { rights: 0, bytes: 0, errors: 0, broken: 0 };
  await forEach(seeds, async (seed) => {
    const random = randomFrom(seed);
    const path = oneOf(random, PATHS);
    const leaves = random() < 0.1 ? below(random, 40) : undefined;
    const answer = await ask(origin, BASE + path, leaves);
    if (isRight(answer, right.get(path), path)) {
      counts.rights += 1;
      counts.bytes += typeof answer === 'string' ? 0 : answer.bytes;
    } else {
      counts.errors += 1;
      if (answer === 'broken') counts.broken += 1;
    }
  });
  return counts;
}
