// A new file of the cache: private, and with errors that say what the disk said.

import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DicomError } from '../../dimse/errors.ts';

const DISK_FULL = 'ENOSPC';

/** A new private file, in a folder that somebody may have cleared away. */
export async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    await makeFolder(dirname(path));
    return open(path, 'wx', 0o600);
  }
}

/** A private folder and those above it. Node's own way to make them never ends below /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
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
