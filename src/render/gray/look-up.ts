// Shades of cells by a table, in WebAssembly: a third of the time that it takes in JavaScript.

import { type Loops, newLoops } from '../loops/loops.ts';
import type { Samples } from './samples.ts';

/** Entries of a table at most. */
const ENTRIES = 65536;
/** Where loops.wat has the cells and their shades. */
const CELLS = 131072;
const SHADES = 163840;
/** Cells at once: they and their shades stay in the processor's cache on the way. */
const CHUNK = (SHADES - CELLS) / 2;
/** Cells that are looked at together. */
const GROUP = 4;

/** One thread's, with the memory for a table. */
export class LookUp {
  readonly #loops: Loops = newLoops();
  readonly #table = new Int16Array(this.#loops.memory.buffer, 0, ENTRIES);
  readonly #cells = new Uint16Array(this.#loops.memory.buffer, CELLS, CHUNK);
  readonly #shades = new Uint8Array(this.#loops.memory.buffer, SHADES, CHUNK);

  /** A table of so many entries, with the one before it in them. */
  table(length: number): Int16Array {
    return this.#table.subarray(0, length);
  }

  /**
   * The shade of each cell, by those of its bits that `used` has. `make` is told of cells whose entry may be negative, and has to
   * make it another.
   */
  shades(cells: Samples['cells'], used: number, make: (cell: number) => void, result: Uint8Array): void {
    for (let from = 0; from < result.length; from += CHUNK) {
      const length = Math.min(CHUNK, result.length - from);
      this.#cells.set(cells.subarray(from, from + length));
      for (let at = this.#loops.lookUp(0, length, used); at < length; at = this.#loops.lookUp(at, length, used)) {
        for (let each = at; each < at + GROUP; each += 1) make((this.#cells[each] ?? 0) & used);
      }
      result.set(this.#shades.subarray(0, length), from);
    }
  }
}
