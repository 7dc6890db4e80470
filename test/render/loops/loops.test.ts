// The loops in WebAssembly: that what runs is what is written, and their edges that no picture shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unpacker } from '../../../src/render/codec/unpacker.ts';
import { LookUp } from '../../../src/render/gray/look-up.ts';
import { LOOPS } from '../../../src/render/loops/loops-module.ts';
import { assembled } from './assemble.ts';

test('the module is what its text is assembled to', async () => {
  assert.equal(LOOPS, await assembled());
});

test('every cell has the shade of its used bits, whatever its type and wherever chunks and groups of cells end', () => {
  const lookUp = new LookUp();
  for (const Cells of [Uint8Array, Uint16Array, Uint32Array]) {
    for (const length of [1, 3, 4, 4097, 16383, 16385, 40001]) {
      const cells = new Cells(length);
      for (let index = 0; index < length; index += 1) cells[index] = (index * 40503) >>> 3;
      const table = lookUp.table(4096).fill(-1);
      const made: number[] = [];
      const make = (cell: number): void => {
        if (table[cell] !== -1) return;
        table[cell] = (cell * 7) & 255;
        made.push(cell);
      };
      const shades = new Uint8Array(length);
      lookUp.shades(cells, 4095, make, shades);
      assert.deepEqual(
        shades,
        Uint8Array.from(cells, (cell) => ((cell & 4095) * 7) & 255),
      );
      assert.equal(new Set(made).size, made.length);
    }
  }
});

const whole = (...packed: number[]) => [{ from: 0, end: packed.length, byte: 0 }];
const unpack = (packed: number[], pixels: number) =>
  new Unpacker().unpack(Uint8Array.from(packed), whole(...packed), pixels, 1);

test('PS3.5 G.3.2 literals, runs and the byte that means nothing', () => {
  assert.deepEqual(unpack([2, 7, 8, 9, 0x80, 0xfe, 5, 0, 6], 7), Uint8Array.of(7, 8, 9, 5, 5, 5, 6));
});

test('a run beyond the last pixel is cut there, and leaves nothing to the next frame', () => {
  const unpacker = new Unpacker();
  assert.deepEqual(unpacker.unpack(Uint8Array.of(0x81, 255), whole(0x81, 255), 3, 1), Uint8Array.of(255, 255, 255));
  assert.deepEqual(unpacker.unpack(Uint8Array.of(0, 1), whole(0, 1), 1, 1), Uint8Array.of(1));
  assert.equal(unpacker.unpack(Uint8Array.of(0, 1), whole(0, 1), 2, 1), undefined);
});

test('a segment that ends within a literal, or before the value of a run, is too short', () => {
  assert.equal(unpack([3, 1, 2], 3), undefined);
  assert.equal(unpack([0, 1, 0xff], 3), undefined);
});

test('a frame that its bytes cannot give takes no memory', () => {
  assert.equal(unpack([0x81, 1], 2 ** 40), undefined);
});

test('memory for a large frame serves that one, and smaller ones after it', () => {
  const unpacker = new Unpacker();
  const packed = Buffer.alloc(2 * 450_000, Buffer.of(0x81, 9));
  const pixels = 450_000 * 128;
  const large = unpacker.unpack(packed, [{ from: 0, end: packed.length, byte: 0 }], pixels, 1);
  assert.equal(large?.length, pixels);
  assert.equal(large.at(-1), 9);
  assert.deepEqual(unpacker.unpack(Uint8Array.of(1, 3, 4), whole(1, 3, 4), 2, 1), Uint8Array.of(3, 4));
});
