// Instances of loops.wat, each with a memory of its own.

import { LOOPS } from './loops-module.ts';

/** What loops.wat brings out; addresses are bytes of `memory`. */
export type Loops = {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  lookUp(at: number, end: number, used: number): number;
  unpack(from: number, end: number, to: number, stop: number, stride: number): number;
};

/** Of the JavaScript interface of WebAssembly what is used here: Node's types leave it out. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

const PAGE = 65536;

/** A new instance. */
export function newLoops(): Loops {
  return new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(LOOPS, 'base64'))).exports as Loops;
}

/** The memory of an instance, at least so many bytes of it. Views on it from before are empty when it had to grow. */
export function memoryOf({ memory }: Loops, length: number): Uint8Array<ArrayBuffer> {
  const lacking = length - memory.buffer.byteLength;
  if (lacking > 0) memory.grow(Math.ceil(lacking / PAGE));
  return new Uint8Array(memory.buffer);
}
