// The renderer that HTTP talks to: pictures and native frames of stored instances, made in worker threads.

import type { RenderOptions } from './options.ts';
import { Pool, type PoolOptions } from './pool.ts';

/** Renders and decodes frames of Part 10 files; frames are 1-based. */
export interface Renderer {
  /**
   * A picture of a frame.
   * @throws DicomError `not-acceptable` (no image, no decoder), `not-found` (no such frame), `corrupt`, `timeout`, `busy`,
   * `malformed` (a viewport outside the picture)
   */
  render(
    path: string,
    frame: number,
    options: RenderOptions,
    signal?: AbortSignal,
  ): Promise<{ mediaType: string; bytes: Buffer }>;
  /**
   * The samples of a frame in little endian, colour by pixel, in the container of Bits Allocated, as transcoding to
   * Explicit VR Little Endian gives them; `photometricInterpretation` is theirs, which differs from the stored one where
   * the codec had to leave the colour space.
   * @throws DicomError as `render` does
   */
  decode(
    path: string,
    frame: number,
    signal?: AbortSignal,
  ): Promise<{ bytes: Buffer; photometricInterpretation: string }>;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Creates a renderer with its own worker threads; none is started before the first job. */
export function createRenderer(options: PoolOptions = {}): Renderer {
  const pool = new Pool(options);
  return {
    async render(path, frame, renderOptions, signal) {
      const { bytes } = await pool.run({ task: 'render', path, frame, options: renderOptions }, signal);
      return { mediaType: renderOptions.mediaType, bytes: asBuffer(bytes) };
    },
    async decode(path, frame, signal) {
      const { bytes, photometric = '' } = await pool.run({ task: 'decode', path, frame }, signal);
      return { bytes: asBuffer(bytes), photometricInterpretation: photometric };
    },
    close: () => pool.close(),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
