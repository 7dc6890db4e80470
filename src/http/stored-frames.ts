// The frames of a stored instance: by the frame index that is kept beside it; the first request makes the index.

import type { GrowingFile, StoredFile } from '../bridge/gateway.ts';
import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { DicomError } from '../dimse/errors.ts';
import { frameIndexOf, indexedFrames } from '../render/frames/frame-index.ts';
import type { Frames } from '../render/frames/frames.ts';
import { openImage } from '../render/frames/image.ts';
import { sizedSource } from '../render/frames/source.ts';
import { fileSource } from './file-source.ts';

/** To be raised when an index of another shape is written: those that are kept are then made anew. */
const KIND = 'frames-1';

/** @throws DicomError as `openImage` does */
export async function storedFrames(file: StoredFile): Promise<Frames> {
  const kept = file.document(KIND);
  const isOnDisk = file.isOnDisk();
  if (kept !== undefined) {
    return indexedFrames(isOnDisk ? sizedSource(file.path, file.size) : fileSource(file), kept);
  }
  const image = await openImage(isOnDisk ? file.path : fileSource(file));
  const index = await frameIndexOf(image).catch((error: unknown) => {
    // Frames that can't be found are an error for who asks for one.
    if (error instanceof DicomError) return undefined;
    throw error;
  });
  if (index !== undefined) file.keep(KIND, index);
  return image;
}

/** The frames of an instance that still arrives: native ones lie one behind the other. Undefined for others. */
export async function arrivingFrames(file: GrowingFile): Promise<Frames | undefined> {
  const { encapsulated = true, deflated = true } = transferSyntax(file.transferSyntaxUid) ?? {};
  return encapsulated || deflated ? undefined : openImage(fileSource(file));
}
