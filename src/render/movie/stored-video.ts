// A video stream out of its fragments (PS3.5 8.2.5 to 8.2.8), as it is stored.

import { type Fragment, frameLocator, readFrameTable } from '../frames/fragments.ts';
import { type Image, openImage } from '../frames/image.ts';
import type { Place } from '../frames/source.ts';

/** A stream of `length` bytes, of which any part can be read. */
export type Video = {
  length: number;
  /** Bytes from `start` to before `end`. */
  read(start: number, end: number): AsyncGenerator<Buffer, void, undefined>;
};

const CHUNK = 1024 * 1024;

/** Opens the stream of an instance. @throws DicomError `not-acceptable` without pixel data, `corrupt` for broken fragments */
export async function openVideo(path: Place): Promise<Video> {
  const image = await openImage(path);
  const fragments = await fragmentsOfVideo(image);
  return {
    length: fragments.reduce((sum, { length }) => sum + length, 0),
    async *read(start, end) {
      let first = 0;
      for (const { offset, length } of fragments) {
        const last = Math.min(length, end - first);
        for (let at = Math.max(0, start - first); at < last; at += CHUNK) {
          yield await image.source.read(offset + at, Math.min(CHUNK, last - at));
        }
        first += length;
      }
    },
  };
}

/** The parts of the file that together are the stream. */
export async function fragmentsOfVideo(image: Image): Promise<readonly Fragment[]> {
  return frameLocator(image, await readFrameTable(image, image.attributes))(1);
}
