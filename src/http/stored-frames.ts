// The frames of a stored instance: by the frame index that is kept beside it; the first request makes the index.

import type { StoredFile } from '../bridge/gateway.ts';
import { DicomError } from '../dimse/errors.ts';
import { frameIndexOf, indexedFrames } from '../render/frames/frame-index.ts';
import type { Frames } from '../render/frames/frames.ts';
import { openImage } from '../render/frames/image.ts';

/** To be raised when an index of another shape is written: those that are kept are then made anew. */
const KIND = 'frames-1';

/** @throws DicomError as `openImage` does */
export async function storedFrames(file: StoredFile): Promise<Frames> {
  const kept = file.document(KIND);
  if (kept !== undefined) return indexedFrames(file.path, file.size, kept);
  const image = await openImage(file.path);
  const index = await frameIndexOf(image).catch((error: unknown) => {
    // Frames that can't be found are an error for who asks for one.
    if (error instanceof DicomError) return undefined;
    throw error;
  });
  if (index !== undefined) file.keep(KIND, index);
  return image;
}
