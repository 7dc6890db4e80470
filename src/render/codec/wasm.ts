// The WebAssembly codecs, loaded when first needed and thrown away when they fail: an instance that trapped may fail on
// every later call, and one that reported an error keeps the memory of the broken frame.

import { createRequire } from 'node:module';

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

/** The codecs of one thread. */
export class Codecs {
  readonly #loaded = new Map<CodecName, Promise<unknown>>();

  charls(): Promise<Modules['charls']> {
    return this.#load('charls', () => instantiate('@cornerstonejs/codec-charls'));
  }

  openjpeg(): Promise<Modules['openjpeg']> {
    return this.#load('openjpeg', () => instantiate('@cornerstonejs/codec-openjpeg'));
  }

  openjph(): Promise<Modules['openjph']> {
    return this.#load('openjph', () => instantiate('@cornerstonejs/codec-openjph'));
  }

  dcmjs(): Promise<DcmjsCodecs> {
    return this.#load('dcmjs', async () => {
      const codecs: DcmjsCodecs = require('dcmjs-codecs');
      codecs.log.setLevel('silent'); // It prints every complaint of its libraries, with the paths they were built at.
      codecs.NativeCodecs.release();
      await codecs.NativeCodecs.initializeAsync();
      return codecs;
    });
  }

  /** Forgets an instance; the next use makes a new one. */
  discard(name: CodecName): void {
    this.#loaded.delete(name);
  }

  #load<T>(name: CodecName, load: () => Promise<T>): Promise<T> {
    const known = this.#loaded.get(name);
    if (known) return known as Promise<T>;
    const loading = load();
    this.#loaded.set(name, loading);
    loading.catch(() => this.discard(name));
    return loading;
  }
}

function instantiate<T>(name: string): Promise<T> {
  const create: (options: object) => Promise<T> = require(`${name}/wasmjs`);
  const wasm = require.resolve(`${name}/wasm`);
  const silent = (): void => {};
  return create({ locateFile: () => wasm, print: silent, printErr: silent });
}
