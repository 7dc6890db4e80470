// Where the bytes of an instance are read from: a file by pread, or memory where the data set had to be inflated.

import { open } from 'node:fs/promises';
import { DicomError } from '../dimse/errors.ts';

/** Up to `length` bytes from `offset`; fewer only at the end. */
export type Read = (offset: number, length: number) => Promise<Buffer>;

/** Random access to `size` bytes. */
export type Source = {
  readonly size: number;
  /** The bytes are held, not read from the file as it lies. */
  readonly isInMemory?: true;
  readonly read: Read;
  /** Several reads that depend on each other, with the file opened once. */
  readonly reading: <T>(use: (read: Read) => Promise<T>) => Promise<T>;
};

/** A file, opened for each run of reads so that an idle image holds no descriptor. */
export async function fileSource(path: string): Promise<Source> {
  return sizedSource(path, await withFile(path, async (file) => (await file.stat()).size));
}

/** A file whose size is known. */
export function sizedSource(path: string, size: number): Source {
  const reading = <T>(use: (read: Read) => Promise<T>): Promise<T> =>
    withFile(path, (file) => use((offset, length) => readFully(file, offset, Math.min(length, size - offset))));
  return { size, reading, read: (offset, length) => reading((read) => read(offset, length)) };
}

/** Bytes already in memory. */
export function memorySource(bytes: Buffer): Source {
  const read: Read = async (offset, length) => bytes.subarray(offset, offset + length);
  return { size: bytes.length, isInMemory: true, read, reading: (use) => use(read) };
}

type File = Awaited<ReturnType<typeof open>>;

async function withFile<T>(path: string, use: (file: File) => Promise<T>): Promise<T> {
  let file: File;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw new DicomError('not-found', 'The instance is no longer in the cache', { cause });
  }
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readFully(file: File, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, length));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
