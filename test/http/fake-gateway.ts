// A gateway without a PACS, which is its own archive: it holds the fixtures as files and answers as the contract says, and counts what is asked of it.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Archive, Gateway, StoredFile, StoreItem } from '../../src/bridge/gateway.ts';
import { bulkdataOf } from '../../src/bridge/metadata/bulkdata.ts';
import { metadataOf } from '../../src/bridge/metadata/metadata.ts';
import type { Resource } from '../../src/bridge/resource.ts';
import type { SearchRequest } from '../../src/bridge/search/query/query.ts';
import { type StoreRow, storeResult } from '../../src/bridge/store/result.ts';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { toJson } from '../../src/dimse/data/json.ts';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { FIXTURES, type Fixture, STUDY } from './fixtures.ts';

export type Stored = { sopInstanceUid: string; transferSyntaxUid: string; bytes: Buffer };

export type FakeGateway = Gateway &
  Archive & {
    searches: SearchRequest[];
    /** What `search` finds, and what it warns of. */
    found: Dataset[];
    warnings: string[];
    stored: Stored[];
    /** Status that the PACS gives each stored instance; 0 by default. */
    storeStatus(item: { sopInstanceUid: string }): number;
    /** Thrown by every call, when set. */
    failure: Error | undefined;
    /** Thrown by `retrieve` and `metadata` behind so many instances. */
    failAfter: { instances: number; error: Error } | undefined;
    /** Instances that `retrieve` and `metadata` say beforehand to lack. */
    lacking: number;
    /** Whether `retrieve` and `metadata` say beforehand what they give. */
    whole: boolean;
    /** Files given out and not yet released. */
    held: number;
    /** Calls of `open`, `retrieve` and `search`. */
    begun: number;
    /** Calls whose signal fired. */
    aborted: number;
    /** Waited for by `open`, `retrieve` and `search` before they answer. */
    gate: Promise<void> | undefined;
  };

/** A gateway with the fixtures, and with `more` instances. */
export async function createFakeGateway(more: readonly Fixture[] = []): Promise<FakeGateway> {
  const dir = await mkdtemp(join(tmpdir(), 'http-test-'));
  const files = await Promise.all([...Object.values(FIXTURES), ...more].map((one) => keep(dir, one)));
  const fake: FakeGateway = {
    searches: [],
    found: [],
    warnings: [],
    stored: [],
    storeStatus: () => 0,
    failure: undefined,
    failAfter: undefined,
    lacking: 0,
    whole: true,
    held: 0,
    begun: 0,
    aborted: 0,
    gate: undefined,
    async search(request, { signal }) {
      await begin(fake, signal);
      fake.searches.push(request);
      return { results: each(fake.found), warnings: fake.warnings };
    },
    async *retrieve(resource, { signal, onPartial, onWhole }) {
      if (fake.lacking > 0) onPartial?.(fake.lacking);
      else if (fake.whole) onWhole?.(matching(files, resource));
      yield* held(fake, matching(files, resource), signal);
    },
    follow: (resource, options) => fake.retrieve(resource, options),
    openEarly: (resource, options) => fake.open(resource, options),
    async open(resource, { signal }) {
      await begin(fake, signal);
      const [file] = matching(files, resource);
      if (file === undefined) throw new DicomError('not-found', 'no such instance');
      return take(fake, file);
    },
    async *metadata(resource, { baseUrl, signal, onPartial, onWhole }) {
      if (fake.lacking > 0) onPartial?.(fake.lacking);
      else if (fake.whole) onWhole?.(matching(files, resource));
      for await (const file of held(fake, matching(files, resource), signal)) {
        try {
          yield await metadataOf(file, { baseUrl, inlineBytes: 16 });
        } finally {
          file.release();
        }
      }
    },
    async *metadataJson(resource, options) {
      for await (const dataset of fake.metadata(resource, options)) yield toJson(dataset);
    },
    bulkdata: bulkdataOf,
    describe: (file, baseUrl) => metadataOf(file, { baseUrl, inlineBytes: 16 }),
    aeTitles: ['FAKE'],
    of(aeTitle = 'FAKE') {
      if (aeTitle !== 'FAKE') throw new DicomError('not-found', `no PACS with the AE title ${aeTitle} is configured`);
      return fake;
    },
    async store(items, options) {
      if (fake.failure !== undefined) throw fake.failure;
      const rows: StoreRow[] = [];
      try {
        for await (const item of items) rows.push(await keepItem(fake, item, options.study));
      } catch (error) {
        if (rows.length === 0 || !(error instanceof DicomError)) throw error;
        rows.push({ status: 0xc000 });
      }
      return storeResult(rows, options);
    },
    async ready() {
      const ok = fake.failure === undefined;
      return { ready: ok, pacs: [{ name: 'FAKE', ok }] };
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
  return fake;
}

async function keep(dir: string, fixture: Fixture): Promise<StoredFile> {
  const path = join(dir, `${fixture.sopInstanceUid}.dcm`);
  await writeFile(path, fixture.file);
  const { sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid } = fixture;
  const { dataOffset } = readFileMeta(fixture.file);
  const uids = { sopClassUid, sopInstanceUid, studyInstanceUid: STUDY, seriesInstanceUid, transferSyntaxUid };
  const documents = new Map<string, Uint8Array>();
  return {
    path,
    ...uids,
    dataOffset,
    size: fixture.file.length,
    read: (target, position) => fixture.file.copy(target, 0, Math.min(position, fixture.file.length)),
    isOnDisk: () => true,
    stored: Promise.resolve(),
    lend: () => undefined,
    onDisk: async () => {},
    document: (kind) => (documents.has(kind) ? Buffer.from(documents.get(kind) ?? []) : undefined),
    keep: (kind, document) => documents.set(kind, document),
    release: () => {},
  };
}

function matching(files: readonly StoredFile[], { study, series, instance }: Resource): StoredFile[] {
  return files.filter(
    (file) =>
      file.studyInstanceUid === study &&
      (series === undefined || file.seriesInstanceUid === series) &&
      (instance === undefined || file.sopInstanceUid === instance),
  );
}

async function begin(fake: FakeGateway, signal: AbortSignal): Promise<void> {
  fake.begun++;
  signal.addEventListener('abort', () => fake.aborted++);
  if (fake.failure !== undefined) throw fake.failure;
  if (fake.gate !== undefined) {
    await Promise.race([fake.gate, new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason)))]);
  }
}

function take(fake: FakeGateway, file: StoredFile): StoredFile {
  fake.held++;
  let released = false;
  const release = (): void => {
    if (released) throw new Error('released twice');
    released = true;
    fake.held--;
  };
  return { ...file, release };
}

async function* held(fake: FakeGateway, files: readonly StoredFile[], signal: AbortSignal): AsyncGenerator<StoredFile> {
  await begin(fake, signal);
  if (files.length === 0) throw new DicomError('not-found', 'nothing matches');
  for (const [i, file] of files.entries()) {
    if (fake.failAfter?.instances === i) throw fake.failAfter.error;
    yield take(fake, file);
  }
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function keepItem(fake: FakeGateway, item: StoreItem, study: string | undefined): Promise<StoreRow> {
  if ('failure' in item) {
    const { failure, ...names } = item;
    return { ...names, status: failure };
  }
  const { body, sopClassUid, sopInstanceUid, transferSyntaxUid, studyInstanceUid = STUDY } = item;
  const { seriesInstanceUid = '' } = item;
  const row = { sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid };
  if (study !== undefined && studyInstanceUid !== study) return { ...row, status: 0xa900 };
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const status = fake.storeStatus(item);
  if (status === 0 || status >= 0xb000)
    fake.stored.push({ sopInstanceUid, transferSyntaxUid, bytes: Buffer.concat(chunks) });
  return { ...row, status };
}
