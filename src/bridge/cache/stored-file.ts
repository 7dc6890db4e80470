// One instance that can be read: from the memory it landed in as long as it is there, else from disk.

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { DicomError } from '../../dimse/errors.ts';
import type { IndexRow } from './cache-index.ts';
import type { Landing } from './landing.ts';
import type { Lent } from './memory.ts';
import { inTime } from './patience.ts';

/** What is known of an instance in the cache. */
export type FileFacts = {
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
};

/** Of a file in this folder. */
export function factsOf(row: IndexRow, folder: string): FileFacts {
  return {
    path: join(folder, row.file),
    sopClassUid: row.sopClass,
    sopInstanceUid: row.instance,
    studyInstanceUid: row.study,
    seriesInstanceUid: row.series,
    transferSyntaxUid: row.transferSyntax,
    dataOffset: row.dataOffset,
    size: row.size,
  };
}

/** An instance that stays until `release()`. */
export type StoredFile = FileFacts & {
  /**
   * Copies bytes of the file from `position` on into `target`: how many, 0 at its end. From memory at once, from disk as a
   * promise. To be called again only when that has settled. Throws 'busy' when the disk fails.
   */
  read(target: Buffer, position: number): number | Promise<number>;
  /** Bytes from `position` on, some of them, as they lie in memory: those may outlive `release`. Undefined: they are to be read. */
  lend(position: number): Lent | undefined;
  /** Whether `path` can be opened now. */
  isOnDisk(): boolean;
  /** Resolves when it is written, whenever that will be. Throws 'busy' when it cannot be. */
  stored: Promise<void>;
  /** Has it written now and resolves when `path` can be opened. Throws 'busy' when it could not be, or not within half a minute. */
  onDisk(signal?: AbortSignal): Promise<void>;
  /** What was made out of this instance before: a document of this kind. */
  document(kind: string): Buffer | undefined;
  /** Keeps what was made out of this instance for as long as the instance is kept. */
  keep(kind: string, document: Uint8Array): void;
  release(): void;
};

/** Milliseconds for which `onDisk` waits, also behind others. */
const ON_DISK_PATIENCE = 30_000;

/** What a cache does for an instance: `landing` is there while it may be in memory; `release` is called once. */
export type Keeping = Pick<StoredFile, 'document' | 'keep' | 'release'> & {
  landing: Pick<Landing, 'copy' | 'lend' | 'stored' | 'isStored'> | undefined;
  /** What waits to be written is waited for. */
  hurry(): void;
};

const LONG_SINCE = Promise.resolve();

export function storedFile(facts: FileFacts, { landing, hurry, document, keep, release }: Keeping): StoredFile {
  let isOpen = true;
  const isOnDisk = () => landing?.isStored ?? true;
  const disk = diskReader(facts.path);
  return {
    ...facts,
    read: (target, position) => landing?.copy(target, position) ?? disk.read(target, position),
    lend: (position) => landing?.lend(position),
    isOnDisk,
    stored: landing?.stored ?? LONG_SINCE,
    onDisk: async (signal) => {
      if (landing === undefined || landing.isStored) return;
      hurry();
      await inTime(landing.stored, { ms: ON_DISK_PATIENCE, signal });
    },
    document,
    keep,
    release: () => {
      if (!isOpen) return;
      isOpen = false;
      disk.close();
      release();
    },
  };
}

/** Reads a file that is opened when the first byte is wanted. */
export function diskReader(path: string) {
  let handle: Promise<FileHandle> | undefined;
  const readFile = async (target: Buffer, position: number): Promise<number> => {
    handle ??= open(path);
    return (await (await handle).read(target, 0, target.length, position)).bytesRead;
  };
  return {
    /** Throws 'busy' when the disk fails or hangs. */
    read: (target: Buffer, position: number): Promise<number> => inTime(readFile(target, position)).catch(unreadable),
    close: (): void => void handle?.then((file) => file.close()).catch(() => undefined),
  };
}

function unreadable(cause: Error): never {
  throw new DicomError('busy', 'cache: a stored instance cannot be read', { field: 'cache.dir', cause });
}
