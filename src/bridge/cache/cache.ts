// The cache: retrieved instances as Part 10 files in a private folder, data sets byte for byte as the PACS sent them. What one
// PACS gave is never another's (`source` is an AE title). A file is written under another name until it is whole; what is being
// read is never evicted.

import { randomUUID } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileMeta } from '../../dimse/data/part10.ts';
import { levelOf, type Resource } from '../resource.ts';
import { CacheIndex, type IndexRow, type Whole } from './cache-index.ts';
import { fault, isDiskFull, rethrow, writeAll } from './file.ts';
import { Generations } from './generations.ts';
import type { IdentifiedInstance } from './identify.ts';

/** One instance on disk. It stays there until `release()`. */
export type StoredFile = {
  path: string;
  sopClassUid: string;
  sopInstanceUid: string;
  studyInstanceUid: string;
  seriesInstanceUid: string;
  transferSyntaxUid: string;
  /** First byte of the data set in the Part 10 file. */
  dataOffset: number;
  /** Bytes of the whole file. */
  size: number;
  /** What was made out of this instance before: a document of this kind. */
  document(kind: string): Buffer | undefined;
  /** Keeps what was made out of this instance for as long as the instance is kept. */
  keep(kind: string, document: Uint8Array): void;
  release(): void;
};

export type CacheOptions = {
  dir: string;
  /** Bytes the files and their documents may take; exceeded only by what is being read. 0 keeps nothing longer than that. */
  maxBytes: number;
  /** Milliseconds after which an instance is no longer served from here. */
  maxAge: number;
  log?: (line: string) => void;
};

export class Cache {
  readonly #options: CacheOptions;
  readonly #files: string;
  readonly #index: CacheIndex;
  /** Readers by file name; a replaced file with readers is removed when the last is done. */
  readonly #readers = new Map<string, number>();
  readonly #orphans = new Set<string>();
  readonly #generations = new Generations();
  #bytes = 0;
  #isClosed = false;

  private constructor(options: CacheOptions, index: CacheIndex) {
    this.#options = options;
    this.#files = join(options.dir, 'files');
    this.#index = index;
  }

  /** Opens or makes the cache and clears away what an interrupted process left. Throws 'busy' when another process has it. */
  static async open(options: CacheOptions): Promise<Cache> {
    const files = join(options.dir, 'files');
    await mkdir(files, { recursive: true, mode: 0o700 }).catch(rethrow);
    const index = join(options.dir, 'index.sqlite');
    await open(index, 'a', 0o600).then((file) => file.close(), rethrow);
    const cache = new Cache(options, new CacheIndex(index));
    const present = new Set(await readdir(files));
    for (const row of [...cache.#index.rows()]) {
      // A crash of the whole machine can leave a file shorter than the index knows it.
      if (!cache.#isThere(row)) cache.#index.remove(row);
      else if (present.delete(row.file)) cache.#bytes += row.size;
    }
    await Promise.all([...present].map((name) => rm(join(files, name), { force: true, recursive: true })));
    cache.#evict();
    return cache;
  }

  /** Bytes of all indexed files and of the documents made out of them. */
  get bytes(): number {
    return this.#bytes + this.#index.documents.bytes;
  }

  /**
   * Writes an instance, draining its body, and opens it. Until all is written nothing can see it; when the body or the disk
   * fails nothing is left of it. When its study was forgotten since `generation` it is there for its readers alone.
   */
  async write(
    instance: IdentifiedInstance,
    source: string,
    generation = this.generation(source, instance.studyInstanceUid),
  ): Promise<StoredFile> {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
    const meta = writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAeTitle: source });
    const name = randomUUID();
    const file = `${name}.dcm`;
    const part = join(this.#files, `${name}.part`);
    let size: number;
    try {
      size = await writeAll(part, meta, instance.body);
      await rename(part, join(this.#files, file)).catch(rethrow);
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined);
      if (isDiskFull(error)) this.#makeRoom();
      throw error;
    }
    const row: IndexRow = {
      source,
      study: instance.studyInstanceUid,
      series: instance.seriesInstanceUid,
      instance: sopInstanceUid,
      file,
      sopClass: sopClassUid,
      transferSyntax: transferSyntaxUid,
      dataOffset: meta.length,
      size,
      storedAt: Date.now(),
    };
    if (generation !== this.generation(source, row.study)) {
      this.#orphans.add(file);
      return this.#pin(row);
    }
    const before = this.#put(row);
    const stored = this.#pin(row);
    this.#bytes += size;
    if (before !== undefined) this.#discard(before);
    this.#evict();
    return stored;
  }

  /** The instance, when it is here under exactly this study and series and not too old. */
  open(source: string, resource: Resource): StoredFile | undefined {
    const { study, series, instance } = resource;
    if (series === undefined || instance === undefined) return undefined;
    const row = this.#index.find({ source, study, series, instance });
    if (row === undefined || Date.now() - row.storedAt > this.#options.maxAge) return undefined;
    if (!this.#isThere(row)) {
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
    const whole = this.#wholeOf(source, resource);
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
    return this.#index.sourceOf(study);
  }

  /** Declares that these instances, all here, are the whole study or series, unless it was forgotten since `generation`. */
  setWhole(
    source: string,
    resource: Resource,
    files: readonly StoredFile[],
    generation = this.generation(source, resource.study),
  ): void {
    if (generation !== this.generation(source, resource.study)) return;
    const instances = files.map((file) => `${file.seriesInstanceUid}/${file.sopInstanceUid}`);
    this.#index.setWhole(source, resource, { instances, checkedAt: Date.now() });
  }

  removeWhole(source: string, resource: Resource): void {
    this.#index.removeWhole(source, resource);
  }

  /** The PACS has another or a further version of this instance: neither it nor its series and study are whole here. */
  forget(source: string, { study, series, instance }: Required<Omit<Resource, 'frames'>>): void {
    if (this.#isClosed) return;
    this.#generations.next(source, study);
    this.#try('cache: a stored instance cannot be forgotten', () => {
      const row = this.#index.find({ source, study, series, instance });
      if (row !== undefined) this.#drop(row);
      this.#index.removeWhole(source, { study, series });
      this.#index.removeWhole(source, { study });
    });
  }

  /** Files that are open stay; nothing else can be asked any more. */
  close(): void {
    if (!this.#isClosed) this.#index.close();
    this.#isClosed = true;
  }

  #wholeOf(source: string, resource: Resource): Whole | undefined {
    if (levelOf(resource) === 'instance') return undefined;
    const { study, series } = resource;
    const own = this.#index.whole(source, resource);
    if (series === undefined) return own;
    const ofStudy = this.#index.whole(source, { study });
    if (ofStudy === undefined || (own !== undefined && own.checkedAt >= ofStudy.checkedAt)) return own;
    const instances = ofStudy.instances.filter((name) => name.startsWith(`${series}/`));
    return instances.length === 0 ? own : { instances, checkedAt: ofStudy.checkedAt };
  }

  #pin(row: IndexRow): StoredFile {
    return this.#opened(row.file, {
      path: join(this.#files, row.file),
      sopClassUid: row.sopClass,
      sopInstanceUid: row.instance,
      studyInstanceUid: row.study,
      seriesInstanceUid: row.series,
      transferSyntaxUid: row.transferSyntax,
      dataOffset: row.dataOffset,
      size: row.size,
    });
  }

  #opened(name: string, file: Omit<StoredFile, 'release' | 'document' | 'keep'>): StoredFile {
    this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
    let open = true;
    const release = () => {
      if (open) this.#unpin(name);
      open = false;
    };
    const document = (kind: string) => (this.#isClosed ? undefined : this.#index.documents.get(name, kind));
    return { ...file, document, keep: (kind, bytes) => this.#keep(name, kind, bytes), release };
  }

  /** Nothing is kept beside a file that is here only until its last reader is done: nothing would ever evict it. */
  #keep(file: string, kind: string, bytes: Uint8Array): void {
    if (this.#isClosed || this.#orphans.has(file)) return;
    this.#try('cache: a document cannot be kept', () => this.#index.documents.put(file, kind, bytes));
  }

  #unpin(file: string): void {
    const left = (this.#readers.get(file) ?? 1) - 1;
    if (left > 0) {
      this.#readers.set(file, left);
      return;
    }
    this.#readers.delete(file);
    if (this.#orphans.delete(file)) this.#erase(file);
    else this.#evict();
  }

  /** The row it replaces. A file that can't be indexed must not stay: nothing would ever evict it. */
  #put(row: IndexRow): IndexRow | undefined {
    try {
      return this.#index.put(row);
    } catch (cause) {
      this.#erase(row.file);
      throw fault(cause instanceof Error ? cause : new Error('index'));
    }
  }

  #isThere({ file, size }: IndexRow): boolean {
    return statSync(join(this.#files, file), { throwIfNoEntry: false })?.size === size;
  }

  #drop(row: IndexRow): void {
    this.#index.remove(row);
    this.#discard(row);
  }

  /** Takes a file out of the count and off the disk, at once or when its last reader is done. */
  #discard(row: IndexRow): void {
    this.#bytes -= row.size;
    if (this.#readers.has(row.file)) this.#orphans.add(row.file);
    else this.#erase(row.file);
    this.#index.documents.remove(row.file);
  }

  #erase(file: string): void {
    rm(join(this.#files, file), { force: true }).catch((error: Error) => {
      this.#options.log?.(`cache: ${file} cannot be removed: ${error.message}`);
    });
  }

  /** Least recently used first, until the rest fits. Never throws: whoever is done with a file can do nothing about it. */
  #evict(maxBytes = this.#options.maxBytes): void {
    this.#try('cache: nothing can be evicted', () => this.#evictDown(maxBytes));
  }

  #try(failing: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#options.log?.(`${failing}: ${error instanceof Error ? error.message : 'unknown error'}`);
    }
  }

  /** Half of what is here goes, so that the next try finds room. The files go first: without room the index can't change. */
  #makeRoom(): void {
    const rows = this.#index.oldest(EVICTED_AT_ONCE, 0).filter(({ file }) => !this.#readers.has(file));
    for (const { file } of rows) rmSync(join(this.#files, file), { force: true });
    this.#evict(this.bytes / 2);
  }

  #evictDown(maxBytes: number): void {
    let skip = 0;
    while (!this.#isClosed && this.bytes > maxBytes) {
      const rows = this.#index.oldest(EVICTED_AT_ONCE, skip);
      if (rows.length === 0) return;
      for (const row of rows) {
        if (this.bytes <= maxBytes) return;
        if (this.#readers.has(row.file)) {
          skip += 1;
          continue;
        }
        this.#drop(row);
      }
    }
  }
}

/** Rows looked at in one step of eviction. */
const EVICTED_AT_ONCE = 64;
