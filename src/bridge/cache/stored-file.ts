// One instance that can be read: from the memory it landed in as long as it is there, else from disk.

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { DicomError } from '../../dimse/errors.ts';
import type { IndexRow } from './cache-index.ts';
import type { Landing } from './landing.ts';

/** Milliseconds that a reader waits for the disk. */
const DISK_PATIENCE = 30_000;

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
  /** Resolves when `path` can be opened. Throws 'busy' when the instance could not be written, or not within half a minute. */
  onDisk(): Promise<void>;
  /** What was made out of this instance before: a document of this kind. */
  document(kind: string): Buffer | undefined;
  /** Keeps what was made out of this instance for as long as the instance is kept. */
  keep(kind: string, document: Uint8Array): void;
  release(): void;
};

/** What a cache does for an instance: `landing` is there while it may be in memory; `release` is called once. */
export type Keeping = Pick<StoredFile, 'document' | 'keep' | 'release'> & {
  landing: Pick<Landing, 'copy' | 'stored'> | undefined;
};

export function storedFile(facts: FileFacts, { landing, document, keep, release }: Keeping): StoredFile {
  let isOpen = true;
  let handle: Promise<FileHandle> | undefined;
  const readDisk = async (target: Buffer, position: number): Promise<number> => {
    handle ??= open(facts.path).catch(unreadable);
    const { bytesRead } = await (await handle).read(target, 0, target.length, position).catch(unreadable);
    return bytesRead;
  };
  return {
    ...facts,
    read: (target, position) => landing?.copy(target, position) ?? readDisk(target, position),
    onDisk: () => (landing === undefined ? Promise.resolve() : inTime(landing.stored)),
    document,
    keep,
    release: () => {
      if (!isOpen) return;
      isOpen = false;
      handle?.then((file) => file.close()).catch(() => undefined);
      release();
    },
  };
}

/** A disk that hangs holds no request for ever. */
async function inTime(stored: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const say = () =>
    late.reject(new DicomError('busy', 'cache: the disk does not take an instance', { field: 'cache.dir' }));
  const timer = setTimeout(say, DISK_PATIENCE);
  try {
    await Promise.race([stored, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function unreadable(cause: Error): never {
  throw new DicomError('busy', 'cache: a stored instance cannot be read', { field: 'cache.dir', cause });
}
