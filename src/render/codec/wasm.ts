// The WebAssembly codecs, loaded when first needed and thrown away when they fail: an instance that trapped may fail on
// every later call, and one that reported an error keeps the memory of the broken frame, so that it may do so only so often.

import { createRequire } from 'node:module';
import { DicomError } from '../../dimse/errors.ts';
import type { PixelDescription } from '../frames/pixel.ts';
import { Instances } from './instances.ts';
import { Unpacker } from './unpacker.ts';

const require = createRequire(import.meta.url);

/** Facts of a decoded image, as the cornerstone codecs report them. */
export type FrameInfo = {
  width: number;
  height: number;
  bitsPerSample: number;
  componentCount: number;
  isSigned?: boolean;
};

/** The decoder classes of the cornerstone codecs: embind objects whose buffers are views on WebAssembly memory. */
export type WasmDecoder = {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): FrameInfo;
  decode(): void;
  delete(): void;
};

/** JPEG 2000 and HTJ2K decoders also stop at a lower resolution: level n halves both sides n times. */
export type ResolutionDecoder = WasmDecoder & {
  readHeader(): void;
  decodeSubResolution(level: number): void;
  calculateSizeAtDecompositionLevel(level: number): { width: number; height: number };
};

/** JPEG-LS: 0 none (by plane), 1 line, 2 sample. */
export type JpegLsDecoder = WasmDecoder & { getInterleaveMode(): number };

type Modules = {
  charls: { JpegLSDecoder: new () => JpegLsDecoder };
  openjpeg: { J2KDecoder: new () => ResolutionDecoder };
  openjph: { HTJ2KDecoder: new () => ResolutionDecoder };
};

export type CodecName = keyof Modules | 'dcmjs';

/** dcmjs-codecs: one WebAssembly module with a context per frame. */
export type DcmjsCodecs = Pick<typeof import('dcmjs-codecs'), 'NativeCodecs' | 'Context' | 'log'>;

/** Errors that an instance may report, and bytes of frames that it may have kept for them. */
const ERRORS_BORNE = 16;
const BYTES_BORNE = 8 * 1024 * 1024;

/** The codecs of one thread. */
export class Codecs {
  readonly #loaded = new Map<CodecName, Promise<unknown>>();
  readonly #failures = new Map<CodecName, { errors: number; bytes: number }>();
  readonly #instances = new Instances();
  /** Of RLE. */
  readonly unpacker = new Unpacker();

  charls(): Promise<Modules['charls']> {
    return this.#load('charls', () => this.#cornerstone('@cornerstonejs/codec-charls'));
  }

  openjpeg(): Promise<Modules['openjpeg']> {
    return this.#load('openjpeg', () => this.#cornerstone('@cornerstonejs/codec-openjpeg'));
  }

  openjph(): Promise<Modules['openjph']> {
    return this.#load('openjph', () => this.#cornerstone('@cornerstonejs/codec-openjph'));
  }

  dcmjs(): Promise<DcmjsCodecs> {
    return this.#load('dcmjs', async () => {
      const { Context, log, NativeCodecs }: DcmjsCodecs = require('dcmjs-codecs');
      log.setLevel('silent');
      const path = require.resolve('dcmjs-codecs/build/dcmjs-native-codecs.wasm');
      return { Context, log, NativeCodecs: await this.#instances.dcmjs(path, NativeCodecs) };
    });
  }

  /** Tells that an instance did not decode or encode a frame: what it threw decides whether it is used again. */
  failed(name: CodecName, cause: unknown, { rows, columns, samplesPerPixel, bitsAllocated }: PixelDescription): void {
    const { errors, bytes } = this.#failures.get(name) ?? { errors: 0, bytes: 0 };
    const now = { errors: errors + 1, bytes: bytes + (rows * columns * samplesPerPixel * bitsAllocated) / 8 };
    const borne = isReported(cause) && now.errors < ERRORS_BORNE && now.bytes < BYTES_BORNE;
    if (borne) this.#failures.set(name, now);
    else this.#discard(name);
  }

  /** Forgets an instance; the next use makes a new one. */
  #discard(name: CodecName): void {
    this.#loaded.delete(name);
    this.#failures.delete(name);
  }

  #load<T>(name: CodecName, load: () => Promise<T>): Promise<T> {
    const known = this.#loaded.get(name);
    if (known) return known as Promise<T>;
    const loading = load();
    this.#loaded.set(name, loading);
    loading.catch(() => this.#discard(name));
    return loading;
  }

  #cornerstone<T>(name: string): Promise<T> {
    return this.#instances.emscripten(require.resolve(`${name}/wasm`), require(`${name}/wasmjs`));
  }
}

/** Errors told in an orderly way: as a number (a C++ exception through Emscripten's glue), or found by ourselves. */
function isReported(cause: unknown): boolean {
  return typeof cause === 'number' || cause instanceof DicomError;
}
