// The renderer that HTTP talks to: pictures and native frames of stored instances, made in worker threads.

import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { DicomError } from '../dimse/errors.ts';
import { openImage, versionOf } from './frames/image.ts';
import type { Place } from './frames/source.ts';
import { madeAhead } from './made-ahead.ts';
import { Ffmpeg, findFfmpeg } from './movie/ffmpeg.ts';
import { encodeMovie, type MoviePage } from './movie/movie.ts';
import { RecentMovies } from './movie/recent-movies.ts';
import { stillOf } from './movie/still.ts';
import type { RenderOptions } from './options.ts';
import { DEFAULT_TIMEOUT_MS, Pool, type PoolOptions } from './pool.ts';
import { rehearsal } from './rehearsal.ts';
import type { ReportMediaType } from './report/report.ts';
import { type TargetFrame, transcodeInstance } from './transcode/transcode.ts';
import type { PlotMediaType } from './waveform/render.ts';
import type { Job } from './worker.ts';

/** Renders and decodes frames of Part 10 files; frames are 1-based. */
export interface Renderer {
  /**
   * A picture of a frame.
   * @throws DicomError `not-acceptable` (no image, no decoder), `not-found` (no such frame), `corrupt`, `timeout`, `busy`,
   * `malformed` (a viewport outside the picture)
   */
  render(
    path: Place,
    frame: number,
    options: RenderOptions,
    signal?: AbortSignal,
  ): Promise<{ mediaType: string; bytes: Buffer }>;
  /**
   * A picture of a frame as the presentation state in the file `state` wants it; of the options, the viewport's
   * region and the window are not looked at.
   * @throws DicomError as `render` does
   */
  present(
    state: Place,
    path: Place,
    frame: number,
    options: RenderOptions,
    signal?: AbortSignal,
  ): Promise<{ mediaType: string; bytes: Buffer }>;
  /**
   * All frames of an image as one animated picture, GIF or WebP.
   * @throws DicomError as `render` does; `too-large` when the frames are too many or too large for that
   */
  animate(path: Place, options: RenderOptions, signal?: AbortSignal): Promise<{ mediaType: string; bytes: Buffer }>;
  /** Whether there is an ffmpeg, which videos are made and read with. */
  readonly hasFfmpeg: boolean;
  /**
   * All frames of an image as one video, H.264 in MP4; the media type of the options is not looked at. Who asks again soon is
   * given the same one.
   * @throws DicomError as `render` does; `not-acceptable` without ffmpeg, `too-large` when the frames are too many
   */
  movie(path: Place, options: RenderOptions, signal?: AbortSignal): Promise<Buffer>;
  /**
   * A picture of a frame of a stored video; of a thumbnail some frame close to it.
   * @throws DicomError as `movie` does, `not-found` beyond the last frame
   */
  still(path: string, frame: number, options: RenderOptions, signal?: AbortSignal): Promise<Buffer>;
  /**
   * A structured report as a page or as plain text, in UTF-8; its links begin with `base`, the URL of the services.
   * @throws DicomError `not-acceptable` for what is no report, `corrupt`, `timeout`, `busy`
   */
  report(path: Place, mediaType: ReportMediaType, base: string, signal?: AbortSignal): Promise<Buffer>;
  /**
   * Waveforms plotted on ECG paper.
   * @throws DicomError `not-acceptable` for what has no waveforms, `corrupt`, `timeout`, `busy`
   */
  plot(
    path: Place,
    mediaType: PlotMediaType,
    options: Omit<RenderOptions, 'mediaType'>,
    signal?: AbortSignal,
  ): Promise<Buffer>;
  /** A picture for what has none, with a word of at most five letters on it. */
  icon(word: string, options: RenderOptions, signal?: AbortSignal): Promise<Buffer>;
  /**
   * The samples of a frame in little endian, colour by pixel, in the container of Bits Allocated, as transcoding to
   * Explicit VR Little Endian gives them; `photometricInterpretation` is theirs, which differs from the stored one where
   * the codec had to leave the colour space.
   * @throws DicomError as `render` does
   */
  decode(
    path: Place,
    frame: number,
    signal?: AbortSignal,
  ): Promise<{ bytes: Buffer; photometricInterpretation: string }>;
  /**
   * The same in the colour space and the order that the header of the instance declares, where samples can be in it: for who
   * reads them by the metadata alone.
   * @throws DicomError as `render` does
   */
  declared(
    path: Place,
    frame: number,
    signal?: AbortSignal,
  ): Promise<{ bytes: Buffer; photometricInterpretation: string }>;
  /**
   * A frame encoded in a compressed transfer syntax without loss: the bare codestream.
   * @throws DicomError as `render` does; `not-acceptable` where the syntax has no encoder or no place for such samples
   */
  encode(
    path: Place,
    frame: number,
    transferSyntaxUid: string,
    signal?: AbortSignal,
  ): Promise<{ bytes: Buffer; photometricInterpretation: string }>;
  /**
   * The data set of an instance in another transfer syntax, native or compressed without loss, without File Meta
   * Information; what cannot be done is thrown before the first chunk.
   */
  transcode(path: Place, transferSyntaxUid: string, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Makes a small picture, so that the first one asked for does not wait for a thread to load its modules. Never rejects. */
  rehearse(): Promise<void>;
  /** Ends the threads. */
  close(): Promise<void>;
}

export type RendererOptions = PoolOptions & {
  /** Where ffmpeg is; looked for on the PATH when the key is missing. */
  ffmpeg?: string | undefined;
};

/** Creates a renderer with its own worker threads; one starts at once, so that the first picture need not wait for it. */
export function createRenderer(options: RendererOptions = {}): Renderer {
  const pool = new Pool(options);
  const ffmpeg = new Ffmpeg(
    'ffmpeg' in options ? options.ffmpeg : findFfmpeg(),
    options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  );
  const movies = new RecentMovies();
  const pageOf = async (path: Place, frame: number, how: RenderOptions, signal?: AbortSignal): Promise<MoviePage> => {
    const { bytes, size } = await pool.run({ task: 'page', path, frame, options: how }, signal);
    if (!size) throw new DicomError('corrupt', 'The page came without its size');
    return { bytes, ...size };
  };
  const frameOf = async (job: Job, signal?: AbortSignal): Promise<TargetFrame> => {
    const { bytes, pixel } = await pool.run(job, signal);
    if (!pixel) throw new DicomError('corrupt', 'The frame came without its description');
    return { bytes, pixel };
  };
  const described = async (
    job: Job,
    signal?: AbortSignal,
  ): Promise<{ bytes: Buffer; photometricInterpretation: string }> => {
    const { bytes, pixel } = await frameOf(job, signal);
    return { bytes: asBuffer(bytes), photometricInterpretation: pixel.photometric };
  };
  return {
    async render(path, frame, renderOptions, signal) {
      const { bytes } = await pool.run({ task: 'render', path, frame, options: renderOptions }, signal);
      return { mediaType: renderOptions.mediaType, bytes: asBuffer(bytes) };
    },
    async present(state, path, frame, renderOptions, signal) {
      const { bytes } = await pool.run({ task: 'present', state, path, frame, options: renderOptions }, signal);
      return { mediaType: renderOptions.mediaType, bytes: asBuffer(bytes) };
    },
    async animate(path, renderOptions, signal) {
      const { bytes } = await pool.run({ task: 'animate', path, options: renderOptions }, signal);
      return { mediaType: renderOptions.mediaType, bytes: asBuffer(bytes) };
    },
    hasFfmpeg: ffmpeg.command !== undefined,
    async movie(path, how, signal) {
      const make = async (): Promise<Buffer> => {
        const image = await openImage(path);
        const pages = madeAhead(image.numberOfFrames, pool.threads, (n) => pageOf(path, n, how, signal));
        return encodeMovie(pages, image, how.quality, ffmpeg, signal);
      };
      return typeof path === 'string' ? movies.get(`${versionOf(path)} ${JSON.stringify(how)}`, make) : make();
    },
    async still(path, frame, how, signal) {
      const pixmap = await stillOf(path, frame, how.thumbnail === true, ffmpeg, signal);
      return asBuffer((await pool.run({ task: 'still', path, frame, pixmap, options: how }, signal)).bytes);
    },
    report: async (path, mediaType, base, signal) =>
      asBuffer((await pool.run({ task: 'report', path, mediaType, base }, signal)).bytes),
    plot: async (path, mediaType, plotOptions, signal) =>
      asBuffer((await pool.run({ task: 'plot', path, mediaType, options: plotOptions }, signal)).bytes),
    icon: async (word, iconOptions, signal) =>
      asBuffer((await pool.run({ task: 'icon', word, options: iconOptions }, signal)).bytes),
    decode: (path, frame, signal) => described({ task: 'decode', path, frame }, signal),
    declared: (path, frame, signal) => described({ task: 'decode', path, frame, declared: true }, signal),
    encode: (path, frame, transferSyntaxUid, signal) =>
      described({ task: 'encode', path, frame, transferSyntaxUid }, signal),
    transcode(path, transferSyntaxUid, signal) {
      const compressed = transferSyntax(transferSyntaxUid)?.encapsulated === true;
      return transcodeInstance(path, transferSyntaxUid, pool.threads, (frame) =>
        frameOf(
          compressed
            ? { task: 'encode', path, frame, transferSyntaxUid, whole: true }
            : { task: 'decode', path, frame },
          signal,
        ),
      );
    },
    async rehearse() {
      await pool.run(rehearsal()).catch(() => undefined);
    },
    close() {
      ffmpeg.close();
      movies.clear();
      return pool.close();
    },
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
