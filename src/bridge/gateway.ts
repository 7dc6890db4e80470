// The gateway: what HTTP talks to. Wires the PACS, the cache, the inbox and the archives together.

import type { Dataset } from '../dimse/data/dataset.ts';
import { DicomError } from '../dimse/errors.ts';
import { type Archive, type ArchiveParts, createArchive } from './archive.ts';
import { Cache, type StoredFile } from './cache/cache.ts';
import type { Config, PacsConfig } from './config/config.ts';
import { type Bulkdata, bulkdataOf } from './metadata/bulkdata.ts';
import { metadataOf } from './metadata/metadata.ts';
import { Learned } from './pacs/learned.ts';
import { keepingOf } from './pacs/learned-file.ts';
import { createPacs, type Pacs } from './pacs/pacs.ts';
import { createFetch } from './retrieve/fetch/fetch.ts';
import { believedFor } from './retrieve/freshness.ts';
import { type Holder, Holders } from './retrieve/holders.ts';
import { type Inbox, openInbox } from './retrieve/inbox.ts';
import { inboxOptions } from './retrieve/inbox-options.ts';
import { Retrieval } from './retrieve/retrieve.ts';
import { createTransfer } from './retrieve/transfer.ts';

export type { Archive } from './archive.ts';
export type { FollowedFile, GrowingFile, StoredFile } from './cache/cache.ts';
export type { StoreItem, StoreResult, Transcode } from './store/store.ts';

export type Readiness = { ready: boolean; pacs: { name: string; ok: boolean; reason?: string }[] };

export interface Gateway {
  /** The PACS of that AE title, else what stands for all of them. Throws 'not-found' for an AE title that is not configured. */
  of(aeTitle?: string): Archive;
  /** AE titles of the PACS, in the order of the configuration. */
  readonly aeTitles: readonly string[];
  bulkdata(file: StoredFile, path: string): Promise<Bulkdata>;
  /** The metadata of an instance at hand; `baseUrl` as in Archive. */
  describe(file: StoredFile, baseUrl: string): Promise<Dataset>;
  /** C-ECHO to every PACS; ready when all answer. */
  ready(signal: AbortSignal): Promise<Readiness>;
  close(): Promise<void>;
}

/** What the gateway writes its log with; pino is one. */
export type Log = { debug(line: string): void; info(line: string): void; warn(line: string): void };

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {} };

/** Opens the cache and the DICOM listener; connects to no PACS yet. */
export async function createGateway(config: Config, { log = SILENT }: { log?: Log } = {}): Promise<Gateway> {
  requireWays(config);
  const debug = (line: string) => log.debug(line);
  const warn = (line: string) => log.warn(line);
  const peers = await Promise.all(config.pacs.map((one) => pacsOf(one, config, debug)));
  const cache = await Cache.open({ ...config.cache, log: warn });
  const inbox = await inboxOf(config, log).catch((error: unknown) => {
    cache.close();
    throw error;
  });
  const fetch = createFetch(cache, createTransfer(inbox));
  const { freshness, prefetch } = config.cache;
  const checkAfter = believedFor(freshness);
  const all = peers.map((pacs): Holder => {
    return { pacs, retrieval: new Retrieval({ pacs, cache, fetch, checkAfter, prefetch, log: warn }) };
  });
  const stop = new AbortController();
  return {
    of: archives(config, all, { cache, stop: stop.signal, log: warn, debug }),
    aeTitles: peers.map(({ name }) => name),
    bulkdata: bulkdataOf,
    describe: (file, baseUrl) => metadataOf(file, { baseUrl, inlineBytes: config.limits.inlineBytes }),
    ready: (signal) => ready(all, signal),
    close: async () => {
      stop.abort();
      await Promise.all(all.map(({ retrieval }) => retrieval.close()));
      await Promise.all([...all.map(({ pacs }) => pacs.close()), inbox?.close()]);
      await cache.idle();
      cache.close();
    },
  };
}

type Shared = Pick<ArchiveParts, 'cache' | 'stop' | 'log' | 'debug'>;

/** The archives by name; without a name that of `defaultPacs`, else all PACS as one, which store to `storePacs`. */
function archives({ limits, ...config }: Config, all: readonly Holder[], shared: Shared): Gateway['of'] {
  const holders = new Holders({ all, pacsMs: limits.pacsMs, ...shared });
  const onFound = (study: string, { name }: Pacs) => holders.learn(study, name);
  const alone = ({ pacs, retrieval }: Holder, target = pacs) =>
    createArchive({ searched: [pacs], source: retrieval, target, limits, onFound, ...shared });
  const named = new Map(all.map((one) => [one.pacs.name, alone(one)]));
  const pick = (name: string | undefined) => all.find(({ pacs }) => pacs.name === name);
  const single = all.length === 1 ? all[0] : pick(config.defaultPacs);
  const target = (pick(config.storePacs) ?? single ?? all[0])?.pacs;
  if (target === undefined) throw new DicomError('malformed', 'config: pacs: expected at least one PACS');
  const searched = all.map(({ pacs }) => pacs);
  const unnamed =
    single === undefined
      ? createArchive({ searched, source: holders, target, limits, onFound, ...shared })
      : alone(single, target);
  return (aeTitle) => {
    const archive = aeTitle === undefined ? unnamed : named.get(aeTitle);
    if (archive !== undefined) return archive;
    throw new DicomError('not-found', `no PACS with the AE title ${aeTitle} is configured`, { field: 'aet' });
  };
}

async function ready(all: readonly Holder[], signal: AbortSignal): Promise<Readiness> {
  const pacs = await Promise.all(
    all.map(async ({ pacs: { name, echo } }) => {
      try {
        await echo(signal);
        return { name, ok: true };
      } catch (error) {
        return { name, ok: false, reason: error instanceof DicomError ? error.message : 'internal error' };
      }
    }),
  );
  return { ready: pacs.every(({ ok }) => ok), pacs };
}

function requireWays({ dicom, pacs }: Config): void {
  const at = pacs.findIndex(({ retrieve }) => retrieve === 'move');
  if (dicom.enabled || at < 0) return;
  const message = `config: pacs[${at}].retrieve is move, which needs dicom.enabled`;
  throw new DicomError('malformed', message, { field: 'config' });
}

/** With what is known about it from before. */
async function pacsOf(one: PacsConfig, config: Config, log: (line: string) => void): Promise<Pacs> {
  const learned = new Learned({ keeping: keepingOf(config, one, log) });
  await learned.look();
  return createPacs({ config: one, aeTitle: config.aeTitle, learned, log });
}

async function inboxOf(config: Config, log: Log): Promise<Inbox | undefined> {
  return config.dicom.enabled ? openInbox({ ...inboxOptions(config), log }) : undefined;
}
