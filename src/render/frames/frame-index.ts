// The frame index of an image: what its stored frames are read by, as bytes to be kept beside the file, so that the next request
// for a frame reads nothing but the frame.

import { type FrameTable, frameLocator, readFrameTable } from './fragments.ts';
import type { Frames } from './frames.ts';
import type { Image } from './image.ts';
import type { Source } from './source.ts';

type Index = Pick<Frames, 'transferSyntaxUid' | 'pixel' | 'numberOfFrames' | 'pixelData'> & { table?: FrameTable };

/** The index of an image; undefined where the frames can't be read from the file as it lies (a deflated data set). */
export async function frameIndexOf(image: Image): Promise<Buffer | undefined> {
  if (image.source.isInMemory) return undefined;
  const { transferSyntaxUid, pixel, numberOfFrames, pixelData } = image;
  const index: Index = { transferSyntaxUid, pixel, numberOfFrames, pixelData };
  if (pixelData.encapsulated) {
    index.table = await readFrameTable(image, image.attributes);
    image.locator = Promise.resolve(frameLocator(image, index.table));
  }
  return Buffer.from(JSON.stringify(index));
}

/** The frames in the bytes of a file that `index` was made of. */
export function indexedFrames(source: Source, index: Buffer): Frames {
  const { table, ...rest } = JSON.parse(index.toString()) as Index;
  const frames: Frames = { ...rest, source };
  if (table !== undefined) frames.locator = Promise.resolve(frameLocator(frames, table));
  return frames;
}
