// An archive: one PACS, or all of them as one, as the web side sees it.

import type { Dataset } from '../dimse/data/dataset.ts';
import { DicomError } from '../dimse/errors.ts';
import type { Cache, FollowedFile, StoredFile } from './cache/cache.ts';
import type { Config } from './config/config.ts';
import { metadataJsonOf } from './metadata/kept.ts';
import { type MetadataOptions, metadataOf } from './metadata/metadata.ts';
import type { Pacs } from './pacs/pacs.ts';
import { levelOf, type Resource } from './resource.ts';
import type { Retrieval, RetrieveOptions } from './retrieve/retrieve.ts';
import type { Described } from './retrieve/without-bulk-data.ts';
import type { SearchRequest } from './search/query/query.ts';
import { type SearchOptions, type SearchResults, search } from './search/search.ts';
import { type StoreItem, type StoreOptions, type StoreResult, store } from './store/store.ts';

type Asking = { baseUrl: string; signal: AbortSignal };
type AskingMetadata = Asking & Pick<RetrieveOptions, 'onPartial' | 'onWhole'>;

export interface Archive {
  search(request: SearchRequest, options: Asking): Promise<SearchResults>;
  /** Each instance of the resource as soon as it is complete, on disk or not yet; whoever takes one releases it. Throws 'not-found' when empty. */
  retrieve(resource: Resource, options: RetrieveOptions): AsyncIterable<StoredFile>;
  /** The same, but large instances also while they still arrive; a retrieve that breaks then shows when such a one is read. */
  follow(resource: Resource, options: RetrieveOptions): AsyncIterable<FollowedFile>;
  /** One instance, fetched alone, on disk or not yet. */
  open(resource: Resource, options: RetrieveOptions): Promise<StoredFile>;
  /** The same, or still arriving: also after its release it is fetched to its end, but for the signal. */
  openEarly(resource: Resource, options: RetrieveOptions): Promise<FollowedFile>;
  /** One full data set per instance, in the order of `retrieve`. */
  metadata(resource: Resource, options: AskingMetadata): AsyncIterable<Dataset>;
  /** The same as JSON text, which is made once and kept. */
  metadataJson(resource: Resource, options: AskingMetadata): AsyncIterable<string>;
  store(instances: AsyncIterable<StoreItem>, options: Omit<StoreOptions, 'onSent'>): Promise<StoreResult>;
}

export type ArchiveParts = {
  searched: readonly Pacs[];
  /** Retrieves from them: Retrieval of one, Holders of several. */
  source: Pick<Archive, 'retrieve' | 'follow'> & Pick<Retrieval, 'describe'>;
  /** Where instances are stored to. */
  target: Pacs;
  cache: Cache;
  limits: Config['limits'];
  /** Ends everything. */
  stop: AbortSignal;
  onFound: NonNullable<SearchOptions['onFound']>;
  log: (line: string) => void;
  /** Takes what may name instances. */
  debug: (line: string) => void;
};

export function createArchive(parts: ArchiveParts): Archive {
  const { searched, source, target, cache, limits, stop, onFound, log, debug } = parts;
  const untilStopped = <O extends { signal: AbortSignal }>(options: O): O => ({
    ...options,
    signal: AbortSignal.any([options.signal, stop]),
  });
  // Who stores and then retrieves must get what was stored.
  const onSent: StoreOptions['onSent'] = ({ studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid }) => {
    if (study !== undefined && series !== undefined) {
      cache.forget(target.name, { study, series, instance: sopInstanceUid });
    }
  };
  return {
    search: (request, options) => search(searched, request, { ...untilStopped(options), limits, onFound }),
    retrieve: (resource, options) => source.retrieve(resource, untilStopped(options)),
    follow: (resource, options) => source.follow(resource, untilStopped(options)),
    open: (resource, options) => open(source, resource, untilStopped(options)),
    openEarly: (resource, options) => openEarly(source, resource, untilStopped(options)),
    metadata: (resource, options) => metadata(source, limits, resource, untilStopped(options), metadataOf),
    metadataJson: (resource, options) => metadata(source, limits, resource, untilStopped(options), metadataJsonOf),
    store: (instances, options) => store(target, instances, { ...untilStopped(options), onSent, log, debug }),
  };
}

async function open(
  source: Pick<Archive, 'retrieve'>,
  resource: Resource,
  options: RetrieveOptions,
): Promise<StoredFile> {
  requireInstance(resource);
  const files = source.retrieve(resource, options)[Symbol.asyncIterator]();
  const file = await firstOf(files);
  finish(files);
  return file;
}

async function openEarly(
  source: Pick<Archive, 'follow'>,
  resource: Resource,
  options: RetrieveOptions,
): Promise<FollowedFile> {
  requireInstance(resource);
  const files = source.follow(resource, options)[Symbol.asyncIterator]();
  const file = await firstOf(files);
  if (file.size !== undefined) {
    finish(files);
    return file;
  }
  let isReleased = false;
  const release = () => {
    if (isReleased) return;
    isReleased = true;
    file.release();
    // Whoever wants another frame next must not make the PACS begin anew.
    if (options.signal.aborted) void files.return?.().catch(() => undefined);
    else finish(files);
  };
  return { ...file, release };
}

async function firstOf<File>(files: AsyncIterator<File>): Promise<File> {
  const first = await files.next();
  if (first.done !== true) return first.value;
  throw new DicomError('not-found', 'no PACS has this instance', { field: 'instance' });
}

/** The retrieve comes to its end in its own time: to be cancelled now would cost its association. */
function finish(files: AsyncIterator<unknown>): void {
  files.next().catch(() => undefined);
}

function requireInstance(resource: Resource): void {
  if (levelOf(resource) === 'instance') return;
  throw new DicomError('malformed', 'open: not an instance', { field: 'resource' });
}

async function* metadata<Form>(
  source: ArchiveParts['source'],
  { inlineBytes }: Config['limits'],
  resource: Resource,
  { baseUrl, ...options }: AskingMetadata,
  formOf: (file: Described, options: MetadataOptions) => Promise<Form>,
): AsyncGenerator<Form, void> {
  for await (const file of source.describe(resource, options)) {
    let form: Form;
    try {
      form = await formOf(file, { baseUrl, inlineBytes });
    } finally {
      file.release();
    }
    yield form;
  }
}
