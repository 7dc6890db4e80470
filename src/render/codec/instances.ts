// Instances of WebAssembly modules. A module is compiled once for a thread: one compiled anew for each instance, as the libraries
// would have it, takes ten times as long as the instance.

import { readFileSync } from 'node:fs';
import { DicomError } from '../../dimse/errors.ts';
import type { DcmjsCodecs } from './wasm.ts';

type Module = object;
type Instance = { exports: Record<string, unknown> };

/** Of the JavaScript interface of WebAssembly what is used here: Node's types leave it out. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => Module;
  Instance: new (module: Module, imports: object) => Instance;
};

/** Compiled modules by the path of their file. */
export class Instances {
  readonly #modules = new Map<string, Module>();

  /** An instance of the module at `path` by Emscripten's glue: `create` is what its JavaScript file brings out. */
  emscripten<T>(path: string, create: (options: object) => Promise<T>): Promise<T> {
    const module = this.#module(path);
    const silent = (): void => {};
    const instantiateWasm = (imports: object, done: (instance: Instance, module: Module) => void): object => {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance, module);
      return instance.exports;
    };
    return create({ instantiateWasm, print: silent, printErr: silent });
  }

  /** dcmjs-codecs with an instance of the module at `path` of its own: the library itself has one for all who use it. */
  async dcmjs(path: string, library: DcmjsCodecs['NativeCodecs']): Promise<DcmjsCodecs['NativeCodecs']> {
    const module = this.#module(path);
    class Instantiated extends library {
      static async _createWebAssemblyInstance(): Promise<{ instance: Instance; module: Module }> {
        return { instance: instantiated(module), module };
      }
    }
    await Instantiated.initializeAsync();
    return Instantiated;
  }

  #module(path: string): Module {
    const known = this.#modules.get(path);
    if (known) return known;
    const module = new WebAssembly.Module(readFileSync(path));
    this.#modules.set(path, module);
    return module;
  }
}

/**
 * What dcmjs-codecs asks of its surroundings: to be told of errors, and of WASI (preview 1) a system that has nothing. It reports an
 * error from the depth of its calls, which never return: their stack has to be taken back, or it grows into what lies below it.
 */
function instantiated(module: Module): Instance {
  const memory = (): DataView => new DataView((instance.exports.memory as { buffer: ArrayBuffer }).buffer);
  const nothing = (): number => 0;
  const instance: Instance = new WebAssembly.Instance(module, {
    env: {
      onCodecsException(): never {
        restore(stack);
        throw new DicomError('corrupt', 'The codec cannot make sense of the frame', { field: 'PixelData' });
      },
      onCodecsInfo: nothing,
      onCodecsTrace: nothing,
      emscripten_notify_memory_growth: nothing,
    },
    wasi_snapshot_preview1: {
      environ_get: nothing,
      environ_sizes_get(count: number, bytes: number): number {
        memory().setUint32(count, 0, true);
        memory().setUint32(bytes, 0, true);
        return 0;
      },
      clock_time_get(_clock: number, _precision: bigint, at: number): number {
        memory().setBigUint64(at, 0n, true);
        return 0;
      },
      /** Its libraries' complaints, with the paths they were built at: taken, and not told. */
      fd_write(_file: number, vectors: number, count: number, written: number): number {
        let total = 0;
        for (let n = 0; n < count; n += 1) total += memory().getUint32(vectors + 8 * n + 4, true);
        memory().setUint32(written, total, true);
        return 0;
      },
      fd_seek: nothing,
      fd_close: nothing,
      proc_exit(code: number): never {
        throw new Error(`The codecs ended with ${code}`);
      },
    },
  });
  const { emscripten_stack_get_current: current, _emscripten_stack_restore: restore } = instance.exports as Stack;
  const stack = current();
  return instance;
}

type Stack = { emscripten_stack_get_current(): number; _emscripten_stack_restore(pointer: number): void };
