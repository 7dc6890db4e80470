// A multi-frame image as a video: H.264 in MP4 (PS3.18 Table 8.7.4-1), at the speed of its frames.

import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DicomError } from '../../dimse/errors.ts';
import type { Image } from '../frames/image.ts';
import { frameTimes } from '../output/cine.ts';
import type { Ffmpeg } from './ffmpeg.ts';

/** A frame as ffmpeg takes it: RGB of 8 bits, colour by pixel, in even sides. */
export type MoviePage = { bytes: Uint8Array; width: number; height: number };

/** Bytes of a video that is made; it is held in memory to be sent. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Pixels of all frames together: some minutes of work. */
const MAX_PIXELS = 4 * 1024 ** 3;
const DEFAULT_QUALITY = 90;
/** Loss for ever less quality, as x264 counts it: from 12, which cannot be seen, to 48. */
const BEST_RATE_FACTOR = 12;
const STEPS_OF_RATE_FACTOR = 36;

/**
 * Encodes the pages of an image, which come in order and in one size. The video has the mean of the frames' times as its rate.
 * @throws DicomError as `Ffmpeg.run` does; `too-large`, `corrupt` where pages differ in size
 */
export async function encodeMovie(
  pages: AsyncGenerator<MoviePage, void>,
  image: Pick<Image, 'attributes' | 'numberOfFrames'>,
  quality: number | undefined,
  ffmpeg: Ffmpeg,
  signal?: AbortSignal,
): Promise<Buffer> {
  // The index of a video goes before its frames, so that it can be shown while it comes: ffmpeg must be able to go back.
  const folder = await mkdtemp(join(tmpdir(), 'movie-'));
  try {
    const path = join(folder, 'movie.mp4');
    const { value: first } = await pages.next();
    if (!first) throw new DicomError('corrupt', 'The instance has no frames', { field: 'NumberOfFrames' });
    const size = { width: first.width, height: first.height };
    if (size.width * size.height * image.numberOfFrames > MAX_PIXELS) throw tooLarge();
    const args = [...inputOf(size, frameTimes(image)), ...outputOf(quality), path];
    await ffmpeg.run(args, { input: pixelsOf(first, pages), maxBytes: 0, signal });
    if ((await stat(path)).size > MAX_BYTES) throw tooLarge();
    return await readFile(path);
  } finally {
    await pages.return();
    await rm(folder, { recursive: true, force: true });
  }
}

function tooLarge(): DicomError {
  return new DicomError('too-large', 'The frames are too many for one video of this size', { field: 'viewport' });
}

async function* pixelsOf(first: MoviePage, rest: AsyncIterable<MoviePage>): AsyncGenerator<Uint8Array, void> {
  yield first.bytes;
  for await (const { bytes, width, height } of rest) {
    if (width !== first.width || height !== first.height)
      throw new DicomError('corrupt', 'The frames of the instance differ in size', { field: 'PixelData' });
    yield bytes;
  }
}

function inputOf({ width, height }: { width: number; height: number }, times: readonly number[]): string[] {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const rate = String(Number((1000 / mean).toFixed(4)));
  const raw = ['-f', 'rawvideo', '-pixel_format', 'rgb24', '-video_size', `${width}x${height}`];
  return [...raw, '-framerate', rate, '-i', 'pipe:0'];
}

/** Colours as BT.709 says, which players take video of any size for. Browsers show chroma at half the sides only. */
function outputOf(quality = DEFAULT_QUALITY): string[] {
  const factor = Math.round(BEST_RATE_FACTOR + (STEPS_OF_RATE_FACTOR * (100 - quality)) / 99);
  const filter = 'scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p';
  const colours = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'];
  const codec = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', String(factor)];
  const limit = ['-fs', String(MAX_BYTES + 1)];
  return ['-an', '-vf', filter, ...codec, ...colours, ...limit, '-movflags', '+faststart', '-f', 'mp4'];
}
