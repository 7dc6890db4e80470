// A file of the cache while it is written: private, in large writes, and with errors that say what the disk said.

import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DicomError } from '../../dimse/errors.ts';

/** Bytes gathered before a write. */
const BATCH = 1 << 20;
const DISK_FULL = 'ENOSPC';

/** Writes head and body to a new private file; its size. */
export async function writeAll(path: string, head: Buffer, body: AsyncIterable<Buffer>): Promise<number> {
  let file: FileHandle | undefined;
  let size = 0;
  let batch: Buffer[] = [head];
  let gathered = head.length;
  const flush = async () => {
    file ??= await create(path).catch(rethrow);
    const { bytesWritten } = await file.writev(batch).catch(rethrow);
    // What a disk that becomes full in the middle of a write says.
    if (bytesWritten < gathered) throw fault(Object.assign(new Error('short write'), { code: DISK_FULL }));
    size += gathered;
    batch = [];
    gathered = 0;
  };
  try {
    for await (const chunk of body) {
      batch.push(chunk);
      gathered += chunk.length;
      if (gathered >= BATCH) await flush();
    }
    if (gathered > 0) await flush();
    return size;
  } finally {
    await file?.close().catch(() => undefined);
  }
}

/** A new private file, in a folder that somebody may have cleared away. */
async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, 'wx', 0o600);
  }
}

/** Whether a write failed for want of room. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof DicomError && hasCode(error.cause, DISK_FULL);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

export function rethrow(cause: Error): never {
  throw fault(cause);
}

/** What the disk or the index says, as an error that tells no path. */
export function fault(cause: Error): DicomError {
  const code = 'code' in cause ? String(cause.code) : cause.message;
  return new DicomError('busy', `cache: an instance cannot be written (${code})`, { field: 'cache.dir', cause });
}
