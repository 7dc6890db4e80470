// One frame of a stored video as a picture, by ffmpeg, which reads it out of the file as it lies there.

import { basename, dirname } from 'node:path';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { numberOf } from '../attributes.ts';
import type { Fragment } from '../frames/fragments.ts';
import { type Image, openImage } from '../frames/image.ts';
import { frameTimes } from '../output/cine.ts';
import type { Ffmpeg } from './ffmpeg.ts';
import { fragmentsOfVideo } from './stored-video.ts';

/** Containers and bare streams of video (PS3.5 8.2.5 to 8.2.8): nothing that could name other files or hosts. */
const FORMATS = 'mpeg,mpegts,mpegvideo,mov,h264,hevc';
const PROTOCOLS = 'file,subfile,concat';
const MAX_BYTES = 3 * 8192 * 8192 + 64;

/**
 * Frame `n` (1-based) of a video as Portable Pixmap (`P6`). To find it exactly all frames before it are decoded; `near` is enough for a thumbnail.
 * @throws DicomError as `Ffmpeg.run` does, `not-found` beyond the last frame, `corrupt` for broken fragments
 */
export async function stillOf(
  path: string,
  n: number,
  near: boolean,
  ffmpeg: Ffmpeg,
  signal?: AbortSignal,
): Promise<Buffer> {
  const image = await openImage(path);
  const numberOfFrames = numberOf(image.attributes, Tag.NumberOfFrames);
  if (numberOfFrames !== undefined && n > numberOfFrames) throw beyond(n);
  if (image.source.isInMemory) throw new DicomError('not-acceptable', 'a deflated video cannot be read in place');
  const input = inputOf(basename(path), await fragmentsOfVideo(image));
  const [before, filter] =
    near && numberOfFrames !== undefined
      ? [['-ss', String(timeOf(image, n))], []]
      : [[], ['-vf', `select=eq(n\\,${n - 1})`]];
  const whitelists = ['-protocol_whitelist', PROTOCOLS, '-format_whitelist', FORMATS];
  const output = ['-an', '-vsync', '0', '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'ppm', 'pipe:1'];
  const args = [...whitelists, ...before, '-i', input, ...filter, ...output];
  const picture = await ffmpeg.run(args, { maxBytes: MAX_BYTES, folder: dirname(path), signal });
  if (picture.length === 0) throw beyond(n);
  return picture;
}

function beyond(n: number): DicomError {
  return new DicomError('not-found', `frame ${n} does not exist`, { field: 'frames' });
}

function timeOf({ attributes }: Image, n: number): number {
  const times = frameTimes({ attributes, numberOfFrames: n - 1 });
  return times.reduce((sum, time) => sum + time, 0) / 1000;
}

/** The parts of a file that are the stream, in the language of ffmpeg's protocols. */
function inputOf(name: string, fragments: readonly Fragment[]): string {
  const parts = fragments.map(({ offset, length }) => `subfile,,start,${offset},end,${offset + length},,:${name}`);
  return parts.length === 1 ? `${parts[0]}` : `concat:${parts.join('|')}`;
}
