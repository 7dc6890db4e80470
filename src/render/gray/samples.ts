// The samples of a decoded frame as numbers: cells as they lie in memory, and the stored value each cell holds
// (PS3.5 8.1.1: the bits from High Bit down, never the unused ones).

import type { Frame } from '../codec/decode.ts';
import type { Scratch } from '../scratch.ts';

/** The stored values of some cells. */
export type Unpack = (cells: ArrayLike<number>, values: Float64Array) => void;

/** Cells of a frame, and how the stored value is taken out of one. */
export type Samples = {
  cells: Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;
  /** Bits of a cell from the lowest to High Bit, on which its stored value depends; 64 for what is no integer of up to 32. */
  usedBits: number;
  isFloat: boolean;
  scratch?: Scratch | undefined;
  extract: (cell: number) => number;
  /** `extract` for many cells at once. */
  unpack: Unpack;
};

/** Views the bytes of a frame as cells. */
export function samplesOf({ pixel, data, scratch }: Frame): Samples {
  if (pixel.kind === 'float') return floats(new Float32Array(...aligned(data, 4)));
  if (pixel.kind === 'double') return floats(new Float64Array(...aligned(data, 8)));
  const { bitsStored, highBit, signed } = pixel;
  const integers = {
    isFloat: false,
    scratch,
    usedBits: highBit + 1,
    extract: extractor(bitsStored, highBit, signed),
    unpack: unpacker(bitsStored, highBit, signed),
  };
  switch (pixel.bitsAllocated) {
    case 8:
      return { cells: data, ...integers };
    case 16:
      return { cells: new Uint16Array(...aligned(data, 2)), ...integers };
    case 32:
      return { cells: new Uint32Array(...aligned(data, 4)), ...integers };
    default:
      return { ...floats(wideCells(data, signed)), isFloat: false };
  }
}

function floats(cells: Float32Array | Float64Array): Samples {
  return { cells, usedBits: 64, isFloat: true, extract: (cell) => cell, unpack: copy };
}

/** 64-bit integers as the nearest numbers: enough for a display. */
function wideCells(data: Uint8Array, signed: boolean): Float64Array {
  const cells = signed ? new BigInt64Array(...aligned(data, 8)) : new BigUint64Array(...aligned(data, 8));
  return Float64Array.from(cells, Number);
}

type Span = [buffer: ArrayBufferLike, byteOffset: number, length: number];

/** A typed array needs its bytes at a multiple of their size: copied only where they lie otherwise. Buffers have a `slice` that is none. */
function aligned(data: Uint8Array, size: number): Span {
  const length = Math.floor(data.length / size);
  return data.byteOffset % size === 0
    ? [data.buffer, data.byteOffset, length]
    : [new Uint8Array(data).buffer, 0, length];
}

function extractor(bitsStored: number, highBit: number, signed: boolean): (cell: number) => number {
  const up = 31 - highBit;
  const down = 32 - bitsStored;
  return signed ? (cell) => (cell << up) >> down : (cell) => (cell << up) >>> down;
}

function unpacker(bitsStored: number, highBit: number, signed: boolean): Unpack {
  const up = 31 - highBit;
  const down = 32 - bitsStored;
  if (signed) {
    return (cells, values) => {
      for (let index = 0; index < values.length; index += 1) values[index] = ((cells[index] ?? 0) << up) >> down;
    };
  }
  return (cells, values) => {
    for (let index = 0; index < values.length; index += 1) values[index] = ((cells[index] ?? 0) << up) >>> down;
  };
}

/** Infinities are no values to show any more than NaN is. */
function copy(cells: ArrayLike<number>, values: Float64Array): void {
  for (let index = 0; index < values.length; index += 1) {
    const cell = cells[index] ?? 0;
    values[index] = Number.isFinite(cell) ? cell : Number.NaN;
  }
}
