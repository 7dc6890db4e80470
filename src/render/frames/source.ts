// Where the bytes of an instance are read from: a file by pread, or memory where the data set had to be inflated.

import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { DicomError } from '../../dimse/errors.ts';

/** Where an instance is: the path of its Part 10 file, or its bytes, which threads share. */
export type Place = string | SharedArrayBuffer;

/** Up to `length` bytes from `offset`; fewer only at the end. They may be put into `target`, which has room for them. */
export type Read = (offset: number, length: number, target?: Buffer) => Promise<Buffer>;

/** Random access to `size` bytes. */
export type Source = {
  readonly size: number;
  /** The bytes are held, not read from the file as it lies. */
  readonly isInMemory?: true;
  readonly read: Read;
  /** Several reads that depend on each other, with the file opened once. */
  readonly reading: <T>(use: (read: Read) => Promise<T>) => Promise<T>;
};

/** Bytes at the beginning of a file that are read once: file meta information, and what is looked at of the header after it. */
const HEAD = (4 + 64) * 1024;

type Pread = (
  fd: number,
  bytes: Buffer,
  at: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number }>;

/** A worker has nothing else to do while it reads: a thread of the pool would only have to be woken for it, and wake it again. */
const pread: Pread = isMainThread
  ? promisify(read)
  : async (fd, bytes, at, length, position) => ({ bytesRead: readSync(fd, bytes, at, length, position) });

/** A file, opened for each run of reads so that an idle image holds no descriptor; its first bytes are read at once. */
export async function fileSource(path: string): Promise<Source> {
  const { size, head } = await withFile(path, async (fd) => {
    const size = fstatSync(fd).size;
    return { size, head: await readFully(fd, 0, Math.min(size, HEAD)) };
  });
  const rest = sizedSource(path, size);
  const within = (offset: number, length: number) => Math.min(offset + length, size) <= head.length;
  // Copies: who reads may change what was read.
  const copied = (offset: number, length: number) => Buffer.from(head.subarray(offset, offset + length));
  const read: Read = async (offset, length, target) =>
    within(offset, length) ? copied(offset, length) : rest.read(offset, length, target);
  return { size, reading: rest.reading, read };
}

/** A file whose size is known. */
export function sizedSource(path: string, size: number): Source {
  const reading = <T>(use: (read: Read) => Promise<T>): Promise<T> =>
    withFile(path, (fd) =>
      use((offset, length, target) => readFully(fd, offset, Math.min(length, size - offset), target)),
    );
  return { size, reading, read: (offset, length, target) => reading((read) => read(offset, length, target)) };
}

/** The bytes of an instance at its place. */
export async function sourceAt(place: Place): Promise<Source> {
  return typeof place === 'string' ? fileSource(place) : sharedSource(Buffer.from(place));
}

/** Bytes that others read too. */
function sharedSource(bytes: Buffer): Source {
  const { size, read, reading } = memorySource(bytes);
  return { size, read, reading };
}

/** Bytes already in memory, which are read again: who reads may change what was read. */
export function memorySource(bytes: Buffer): Source {
  const read: Read = async (offset, length) => Buffer.from(bytes.subarray(offset, offset + length));
  return { size: bytes.length, isInMemory: true, read, reading: (use) => use(read) };
}

/**
 * Opening and closing a local file cost 6 µs of CPU, and 45 by another thread, which has to be woken; reading may have to wait for a
 * disk. One that hangs holds the index of the cache, which is read at once too.
 */
async function withFile<T>(path: string, use: (fd: number) => Promise<T>): Promise<T> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    throw new DicomError('not-found', 'The instance is no longer in the cache', { cause });
  }
  try {
    return await use(fd);
  } finally {
    closeSync(fd);
  }
}

async function readFully(fd: number, offset: number, length: number, target?: Buffer): Promise<Buffer> {
  const bytes = target?.subarray(0, Math.max(0, length)) ?? Buffer.allocUnsafe(Math.max(0, length));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await pread(fd, bytes, filled, bytes.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
