// What the cache asks of the file system, and errors that say what the disk said.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DicomError } from '../../dimse/errors.ts';

const DISK_FULL = 'ENOSPC';

/** A private folder and those above it. Node's own way to make them never ends below /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

/** Whether a write failed for want of room. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof DicomError && codeOf(error.cause) === DISK_FULL;
}

/** The system's code of an error, its message where it has none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error ? String(error.code) : error.message;
}

export function rethrow(cause: Error): never {
  throw fault(cause);
}

/** What the disk or the index says, as an error that tells no path. */
export function fault(cause: Error): DicomError {
  return new DicomError('busy', `cache: an instance cannot be written (${codeOf(cause)})`, {
    field: 'cache.dir',
    cause,
  });
}
