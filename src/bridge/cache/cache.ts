// The cache: retrieved instances as Part 10 files in a private folder, data sets byte for byte as the PACS sent them. What one
// PACS gave is never another's (`source` is an AE title). A file is found only when it is whole; what is read is never evicted.

import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileMeta } from '../../dimse/data/part10.ts';
import type { Resource } from '../resource.ts';
import { CacheIndex, type IndexRow, type InstanceKey } from './cache-index.ts';
import { evictable, freeSome } from './eviction.ts';
import { isDiskFull, makeFolder, rethrow } from './file.ts';
import { Generations } from './generations.ts';
import { type Growing, growing } from './growing-file.ts';
import type { IdentifiedInstance } from './identify.ts';
import type { Landing } from './landing.ts';
import { clearUp, isThere } from './left-over.ts';
import type { InstanceUids } from './membership.ts';
import { type Landed, OpenFiles } from './open-files.ts';
import { type CacheOptions, EXPIRY_MS, MEMORY, type WriteOptions } from './options.ts';
import { Pending } from './pending.ts';
import { type FileFacts, factsOf, type StoredFile, storedFile } from './stored-file.ts';

export type { FollowedFile, Growing, GrowingFile } from './growing-file.ts';
export type { CacheOptions, WriteOptions } from './options.ts';
export type { StoredFile } from './stored-file.ts';

export class Cache {
  readonly #options: CacheOptions;
  readonly #files: string;
  /** Whether what is written stays when its last reader is done. */
  readonly keeps: boolean;
  readonly #index: CacheIndex;
  readonly #open: OpenFiles;
  /** What is still being written or not indexed yet. */
  readonly #pending = new Pending((rows) => this.#indexAll(rows));
  readonly #generations = new Generations();
  readonly #expiry = setInterval(() => this.#expire(), EXPIRY_MS).unref();
  readonly #isRead = (file: string) => this.#open.isRead(file);
  #bytes = 0;
  #isClosed = false;

  private constructor(options: CacheOptions, index: CacheIndex) {
    this.#options = options;
    this.#files = join(options.dir, 'files');
    this.keeps = options.enabled ?? true;
    this.#index = index;
    const { memoryBytes = MEMORY, log } = options;
    this.#open = new OpenFiles({ dir: this.#files, memoryBytes, onUnread: () => this.#evict(), log });
  }

  /** Opens or makes the cache and clears away what an interrupted process left. Throws 'busy' when another process has it. */
  static async open(options: CacheOptions): Promise<Cache> {
    const files = join(options.dir, 'files');
    await makeFolder(files).catch(rethrow);
    const index = join(options.dir, 'index.sqlite');
    await open(index, 'a', 0o600).then((file) => file.close(), rethrow);
    const cache = new Cache(options, new CacheIndex(index));
    cache.#bytes = await clearUp(cache.#index, files, cache.keeps);
    cache.#expire();
    cache.#evict();
    return cache;
  }

  /** Bytes of all indexed files and of the documents made out of them. */
  get bytes(): number {
    this.#pending.index();
    return this.#bytes + this.#index.documents.bytes;
  }

  /**
   * Takes an instance in, draining its body, and opens it as soon as it is whole in memory; it is written behind. Until all has
   * come nothing can see it; when the body fails nothing is left of it. A disk that fails costs the copy: whoever has the
   * instance open then can still read it. When its study was forgotten since `generation` it is there for its readers alone.
   */
  async write(instance: IdentifiedInstance, source: string, options: WriteOptions = {}): Promise<StoredFile> {
    const { generation = this.generation(source, instance.studyInstanceUid), signal, onGrowing } = options;
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
    const meta = writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAeTitle: source });
    const known = {
      source,
      study: instance.studyInstanceUid,
      series: instance.seriesInstanceUid,
      instance: sopInstanceUid,
      sopClass: sopClassUid,
      transferSyntax: transferSyntaxUid,
      dataOffset: meta.length,
    };
    const rowOf = ({ file, landing }: Landed) => ({ ...known, file, size: landing.size, storedAt: Date.now() });
    const onLarge = (landed: Landed) => onGrowing?.(this.#grow(rowOf(landed), landed.landing, stored));
    const landed = this.#open.land(meta, instance.body, { signal, onLarge });
    const stored = landed.then((whole) => {
      const row = rowOf(whole);
      const file = this.#pin(row);
      if (this.keeps && generation === this.generation(source, row.study)) this.#await(row, whole.landing);
      else this.#remove(row.file);
      return file;
    });
    return stored;
  }

  /** What is told of a large instance before it is whole. */
  #grow(row: IndexRow, landing: Landing, whole: Promise<StoredFile>): Growing {
    const { size: _, ...facts } = factsOf(row, this.#files);
    return growing(facts, {
      landing,
      whole,
      pin: () => this.#open.pin(row.file),
      unpin: () => this.#open.unpin(row.file),
      share: (file) => this.share(file),
    });
  }

  /** Keeps what is written, once it is. */
  #await(row: IndexRow, { stored }: Landing): void {
    const before = this.#pending.take(row);
    if (before !== undefined) this.#remove(before.file);
    this.#pending.add(row, stored, (error) => {
      this.#try('cache: an instance cannot be kept', () => this.#remove(row.file));
      if (isDiskFull(error)) this.#makeRoom();
    });
  }

  /** Resolves when all that has come so far is written, or cannot be. */
  async idle(): Promise<void> {
    await this.#open.idle();
    this.#pending.index();
  }

  /** The instance, when it is here under exactly this study and series and not too old. */
  open(source: string, resource: Resource): StoredFile | undefined {
    const { study, series, instance } = resource;
    if (series === undefined || instance === undefined) return undefined;
    const key = { source, study, series, instance };
    const pending = this.#pending.find(key);
    if (pending !== undefined) return this.#pin(pending);
    const row = this.#index.find(key);
    if (row === undefined || Date.now() - row.storedAt > this.#options.maxAge) return undefined;
    if (!isThere(row, this.#files)) {
      // Somebody has cleared the folder: it must not stay an error until the row is too old.
      this.#try('cache: a file is gone', () => this.#drop(row));
      return undefined;
    }
    this.#index.used(row.file);
    return this.#pin(row);
  }

  /**
   * All instances of a study or series that is here as a whole, in order of arrival, each open; undefined when it is not.
   * A series of a whole study is whole.
   */
  openWhole(source: string, resource: Resource): { files: StoredFile[]; checkedAt: number } | undefined {
    const whole = this.#index.wholeOf(source, resource);
    if (whole === undefined) return undefined;
    const files: StoredFile[] = [];
    for (const name of whole.instances) {
      const [series = '', instance = ''] = name.split('/');
      const file = this.open(source, { study: resource.study, series, instance });
      if (file !== undefined) files.push(file);
    }
    if (files.length === whole.instances.length) return { files, checkedAt: whole.checkedAt };
    for (const file of files) file.release();
    return undefined;
  }

  /** What is here of a study or series, whole or not: each instance open, in order of arrival. */
  held(source: string, resource: Resource): StoredFile[] {
    const rows = this.#index.rowsInOrder(source, resource, this.#pending.all());
    return rows.flatMap(({ study, series, instance }) => this.open(source, { study, series, instance }) ?? []);
  }

  /** The same instance, open once more. */
  share(file: StoredFile): StoredFile {
    return this.#opened(basename(file.path), file);
  }

  /** Changes when something of the study is forgotten; to be taken before the PACS is asked for what is kept here. */
  generation(source: string, study: string): number {
    return this.#generations.of(source, study);
  }

  /** A PACS that something of the study, held here, came from. */
  sourceOf(study: string): string | undefined {
    this.#pending.index();
    return this.#index.sourceOf(study);
  }

  /** Declares that these instances, all here, are the whole study or series, unless it was forgotten since `generation`. */
  setWhole(
    source: string,
    resource: Resource,
    files: readonly StoredFile[],
    generation = this.generation(source, resource.study),
  ): void {
    if (!this.keeps || generation !== this.generation(source, resource.study)) return;
    const instances = files.map((file) => `${file.seriesInstanceUid}/${file.sopInstanceUid}`);
    this.#index.setWhole(source, resource, { instances, checkedAt: Date.now() });
  }

  /** The PACS has another or a further version of this instance: neither it nor its series and study are whole here. */
  forget(source: string, { study, series, instance }: Required<Omit<Resource, 'frames'>>): void {
    if (this.#isClosed) return;
    this.#generations.next(source, study);
    this.#try('cache: a stored instance cannot be forgotten', () => this.#takeOut({ source, study, series, instance }));
  }

  /** The PACS no longer has this instance. What else is being retrieved of its study is kept. */
  drop(source: string, { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid }: InstanceUids): void {
    if (this.#isClosed) return;
    const key = { source, study, series, instance: sopInstanceUid };
    this.#try('cache: an instance cannot be taken out', () => this.#takeOut(key));
  }

  #takeOut(key: InstanceKey): void {
    const { source, study, series } = key;
    const pending = this.#pending.take(key);
    if (pending !== undefined) this.#remove(pending.file);
    const row = this.#index.find(key);
    if (row !== undefined) this.#drop(row);
    this.#index.removeWhole(source, { study, series });
    this.#index.removeWhole(source, { study });
  }

  /** Takes out what is here of one study, or everything, whichever PACS it came from; how many instances. */
  clear(study?: string): number {
    this.#pending.index();
    const rows = this.#index.rowsOf(study);
    for (const row of rows) this.#drop(row);
    return rows.length;
  }

  /** Files that are open stay; nothing else can be asked any more. */
  close(): void {
    if (this.#isClosed) return;
    clearInterval(this.#expiry);
    this.#open.close();
    this.#pending.index();
    this.#index.close();
    this.#isClosed = true;
  }

  #pin(row: IndexRow): StoredFile {
    return this.#opened(row.file, factsOf(row, this.#files));
  }

  #opened(name: string, facts: FileFacts): StoredFile {
    this.#open.pin(name);
    return storedFile(facts, {
      landing: this.#open.landing(name),
      hurry: () => this.#open.hurry(),
      document: (kind) => (this.#isClosed ? undefined : this.#index.documents.get(name, kind)),
      keep: (kind, bytes) => this.#keep(name, kind, bytes),
      release: () => this.#open.unpin(name),
    });
  }

  /** Nothing is kept beside a file that is here only until its last reader is done: nothing would ever evict it. */
  #keep(file: string, kind: string, bytes: Uint8Array): void {
    if (this.#isClosed || this.#open.isDoomed(file)) return;
    this.#try('cache: a document cannot be kept', () => this.#index.documents.put(file, kind, bytes));
  }

  #indexAll(rows: readonly IndexRow[]): void {
    if (this.#isClosed) return;
    // Nothing would ever evict a file that is not indexed.
    if (!this.#try('cache: instances cannot be kept', () => this.#put(rows)))
      for (const { file } of rows) this.#open.remove(file);
    this.#evict();
  }

  #put(rows: readonly IndexRow[]): void {
    const before = this.#index.put(rows);
    for (const { size } of rows) this.#bytes += size;
    for (const row of before) this.#discard(row);
  }

  #drop(row: IndexRow): void {
    this.#index.remove(row);
    this.#discard(row);
  }

  /** Out of the count and off the disk, at once or when its last reader is done. */
  #discard({ file, size }: IndexRow): void {
    this.#bytes -= size;
    this.#remove(file);
  }

  /** Off the disk, with its documents, at once or when its last reader is done. */
  #remove(file: string): void {
    if (!this.#isClosed) this.#index.documents.remove(file);
    this.#open.remove(file);
  }

  /** What is too old goes, but for what is being read. */
  #expire(): void {
    this.#try('cache: what is too old cannot be taken out', () => {
      for (const row of this.#index.storedBefore(Date.now() - this.#options.maxAge)) {
        if (!this.#isRead(row.file)) this.#drop(row);
      }
    });
  }

  /** Least recently used first, until the rest fits. Never throws: whoever is done with a file can do nothing about it. */
  #evict(maxBytes = this.#options.maxBytes): void {
    this.#try('cache: nothing can be evicted', () => {
      if (this.#isClosed || this.bytes <= maxBytes) return;
      for (const row of evictable(this.#index, this.#isRead)) {
        this.#drop(row);
        if (this.bytes <= maxBytes) return;
      }
    });
  }

  #try(failing: string, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      this.#options.log?.(`${failing}: ${error instanceof Error ? error.message : 'unknown error'}`);
      return false;
    }
  }

  /** Half of what is here goes, so that the next try finds room. The files go first: without room the index can't change. */
  #makeRoom(): void {
    if (this.#isClosed) return;
    this.#try('cache: no room can be made', () => freeSome(this.#index, this.#isRead, this.#files));
    this.#evict(this.bytes / 2);
  }
}
