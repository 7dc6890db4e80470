// A retrieval in front of fake PACS, as createGateway wires it, with what tests look at.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Cache } from '../../src/bridge/cache/cache.ts';
import type { PacsConfig } from '../../src/bridge/config/config.ts';
import { createPacs, type Pacs } from '../../src/bridge/pacs/pacs.ts';
import { createFetch } from '../../src/bridge/retrieve/fetch/fetch.ts';
import { Holders } from '../../src/bridge/retrieve/holders.ts';
import { type Inbox, openInbox } from '../../src/bridge/retrieve/inbox.ts';
import { Retrieval } from '../../src/bridge/retrieve/retrieve.ts';
import { createTransfer } from '../../src/bridge/retrieve/transfer.ts';
import type { FakePacs } from './peer-pacs.ts';

/** `retrieval` is from the first PACS, `holders` from all. */
export type Rig = { retrieval: Retrieval; holders: Holders; cache: Cache; inbox: Inbox; pacs: Pacs[] };

export const GATEWAY = 'GATEWAY';

export function configOf(peer: { aeTitle: string; port: number }, more: Partial<PacsConfig> = {}): PacsConfig {
  return {
    aeTitle: peer.aeTitle,
    host: '127.0.0.1',
    port: peer.port,
    retrieve: 'auto',
    maxAssociations: 4,
    storeAssociations: 1,
    retrieveAssociations: 3,
    withoutBulkData: 'instance',
    maxWaiting: 256,
    idle: 10_000,
    maxAge: 300_000,
    maxRequests: 1000,
    charset: 'ISO_IR 192',
    timeouts: { connect: 2000, associate: 2000, response: 2000, release: 500, artim: 500, arrival: 100 },
    tls: { enabled: false, verify: true, minVersion: 'TLSv1.2' },
    userIdentity: { type: 'none', responseRequired: false },
    ...more,
  };
}

export async function startRetrieval(
  t: TestContext,
  peers: readonly FakePacs[],
  more: Partial<PacsConfig> = {},
  {
    prefetch = 'off' as 'off' | 'series',
    checkAfter = 60_000,
    maxBytes = 1 << 30,
    overtakeAfter = 60_000,
    patience = 60_000,
    lostFor = 60_000,
    enabled = true,
  } = {},
): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'bridge-test-'));
  const cache = await Cache.open({ dir, maxBytes, maxAge: 86_400_000, enabled });
  const inbox = await openInbox({
    host: '127.0.0.1',
    port: 0,
    aeTitles: [GATEWAY],
    allowCalling: () => true,
    maxAssociations: 16,
  });
  for (const peer of peers) peer.behaviour.peers ??= { [GATEWAY]: inbox.port };
  const pacs = peers.map((peer) => createPacs({ config: configOf(peer, more), aeTitle: GATEWAY }));
  const fetch = createFetch(cache, createTransfer(inbox), { lostFor, patience });
  const all = pacs.map((one) => ({
    pacs: one,
    retrieval: new Retrieval({ pacs: one, cache, fetch, checkAfter, overtakeAfter, prefetch }),
  }));
  const holders = new Holders({ all, cache, pacsMs: 5000 });
  const [{ retrieval } = assert.fail('no PACS')] = all;
  t.after(async () => {
    await Promise.all(pacs.map((one) => one.close()));
    await inbox.close();
    await Promise.all(all.map((one) => one.retrieval.idle()));
    await cache.idle();
    cache.close();
    // Last: until then instances are written behind.
    await rm(dir, { recursive: true });
  });
  return { retrieval, holders, cache, inbox, pacs };
}
