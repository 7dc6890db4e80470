// The bytes of an instance for who reads it here and there: from the cache's memory, also while it arrives or the disk fails; and
// for the threads of the renderer.

import type { FollowedFile, StoredFile } from '../bridge/gateway.ts';
import { DicomError } from '../dimse/errors.ts';
import type { Place, Read, Source } from '../render/frames/source.ts';

/** Bytes of the largest instance that is handed to the renderer from memory. */
const LARGEST_SHARED = 64 << 20;

/** Reads wait for bytes that have not come; how many there are is known when the end was seen. */
export function fileSource(file: FollowedFile): Source {
  let size = file.size ?? Number.POSITIVE_INFINITY;
  const read: Read = async (offset, length, target) => {
    const wanted = Math.max(0, Math.min(length, size - offset));
    const bytes = target?.subarray(0, wanted) ?? Buffer.allocUnsafe(wanted);
    let filled = 0;
    while (filled < wanted) {
      const count = await file.read(bytes.subarray(filled), offset + filled);
      if (count === 0) {
        size = Math.min(size, offset + filled);
        break;
      }
      filled += count;
    }
    return bytes.subarray(0, filled);
  };
  return {
    get size() {
      return size;
    },
    read,
    reading: (use) => use(read),
  };
}

/** Where the renderer finds it: its file, or where the disk did not take it, its bytes. Throws 'busy' where they are too many. */
export async function placeOf(file: StoredFile, signal: AbortSignal): Promise<Place> {
  try {
    await file.onDisk(signal);
    return file.path;
  } catch (error) {
    if (!(error instanceof DicomError) || error.kind !== 'busy' || file.size > LARGEST_SHARED) throw error;
  }
  const bytes = new SharedArrayBuffer(file.size);
  await fileSource(file).read(0, file.size, Buffer.from(bytes));
  return bytes;
}
