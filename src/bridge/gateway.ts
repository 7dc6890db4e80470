// The gateway: what HTTP talks to. Wires the PACS, the cache, the inbox and the services together.

import type { Dataset } from '../dimse/data/dataset.ts';
import { DicomError } from '../dimse/errors.ts';
import { Cache, type StoredFile } from './cache/cache.ts';
import type { Config } from './config/config.ts';
import { type Bulkdata, bulkdataOf } from './metadata/bulkdata.ts';
import { metadataOf } from './metadata/metadata.ts';
import { createPacs, type Pacs } from './pacs/pacs.ts';
import type { Resource } from './resource.ts';
import { createFetch } from './retrieve/fetch.ts';
import { type Inbox, openInbox } from './retrieve/inbox.ts';
import { inboxOptions } from './retrieve/inbox-options.ts';
import { Retrieval } from './retrieve/retrieve.ts';
import { createTransfer } from './retrieve/transfer.ts';
import type { SearchRequest } from './search/query.ts';
import { type SearchResults, search } from './search/search.ts';
import { type StoreItem, type StoreOptions, type StoreResult, store } from './store/store.ts';

export type { StoredFile } from './cache/cache.ts';
export type { StoreItem, StoreResult } from './store/store.ts';

export type Readiness = { ready: boolean; pacs: { name: string; ok: boolean; reason?: string }[] };

export interface Gateway {
  search(request: SearchRequest, options: { baseUrl: string; signal: AbortSignal }): Promise<SearchResults>;
  /** Each instance of the resource as soon as it is complete; whoever takes one releases it. Throws 'not-found' when empty. */
  retrieve(resource: Resource, options: { signal: AbortSignal }): AsyncIterable<StoredFile>;
  /** One instance, fetched alone. */
  open(resource: Resource, options: { signal: AbortSignal }): Promise<StoredFile>;
  /** One full data set per instance, in the order of `retrieve`. */
  metadata(resource: Resource, options: { baseUrl: string; signal: AbortSignal }): AsyncIterable<Dataset>;
  bulkdata(file: StoredFile, path: string): Promise<Bulkdata>;
  store(instances: AsyncIterable<StoreItem>, options: Omit<StoreOptions, 'onSent'>): Promise<StoreResult>;
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
  const all = config.pacs.map((one) => createPacs({ config: one, aeTitle: config.aeTitle, log: debug }));
  const cache = await Cache.open({ ...config.cache, log: warn });
  const inbox = await inboxOf(config, log).catch((error: unknown) => {
    cache.close();
    throw error;
  });
  const fetch = createFetch(cache, createTransfer(inbox), config.cache);
  const retrieval = new Retrieval({ pacs: all, cache, fetch, checkAfter: config.cache.checkAfter, log: warn });
  const stop = new AbortController();
  const untilStopped = <O extends { signal: AbortSignal }>(options: O): O => ({
    ...options,
    signal: AbortSignal.any([options.signal, stop.signal]),
  });
  // Who stores and then retrieves must get what was stored.
  const onSent: StoreOptions['onSent'] = ({ studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid }) => {
    if (study !== undefined && series !== undefined) cache.forget({ study, series, instance: sopInstanceUid });
  };
  const [first] = all;
  if (first === undefined) throw new DicomError('malformed', 'config: pacs: expected at least one PACS');
  return {
    search: (request, options) => search(first, request, { ...untilStopped(options), limits: config.limits }),
    retrieve: (resource, options) => retrieval.retrieve(resource, untilStopped(options)),
    open: (resource, options) => retrieval.open(resource, untilStopped(options)),
    metadata: (resource, options) => metadata(retrieval, config, resource, untilStopped(options)),
    bulkdata: bulkdataOf,
    store: (instances, options) => store(first, instances, { ...untilStopped(options), onSent, log: warn }),
    ready: (signal) => ready(all, signal),
    close: async () => {
      stop.abort();
      await retrieval.close();
      await Promise.all([...all.map((pacs) => pacs.close()), inbox?.close()]);
      cache.close();
    },
  };
}

async function* metadata(
  retrieval: Retrieval,
  { limits }: Config,
  resource: Resource,
  { baseUrl, signal }: { baseUrl: string; signal: AbortSignal },
): AsyncGenerator<Dataset, void> {
  for await (const file of retrieval.retrieve(resource, { signal })) {
    let dataset: Dataset;
    try {
      dataset = await metadataOf(file, { baseUrl, inlineBytes: limits.inlineBytes });
    } finally {
      file.release();
    }
    yield dataset;
  }
}

async function ready(all: readonly Pacs[], signal: AbortSignal): Promise<Readiness> {
  const pacs = await Promise.all(
    all.map(async ({ name, echo }) => {
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

async function inboxOf(config: Config, log: Log): Promise<Inbox | undefined> {
  return config.dicom.enabled ? openInbox({ ...inboxOptions(config), log }) : undefined;
}
