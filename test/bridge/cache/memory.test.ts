// Slabs are lent without a copy: what is lent stays as it is, and who borrows keeps nobody from landing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lent, Memory, SLAB } from '../../../src/bridge/cache/memory.ts';

const SLABS = 8;

function slabOf(memory: Memory): Buffer {
  const slab = memory.take();
  assert.ok(slab !== undefined);
  return slab;
}

function lent(memory: Memory, slab: Buffer): Lent {
  const one = memory.lend(slab, 0, SLAB);
  assert.ok(one !== undefined);
  return one;
}

test('what is lent are the bytes themselves', () => {
  const memory = new Memory(SLABS * SLAB);
  const slab = slabOf(memory);
  const { bytes } = memory.lend(slab, 10, 20) ?? { bytes: Buffer.alloc(0) };
  slab.fill(7, 10, 20);
  assert.deepEqual(bytes, Buffer.alloc(10, 7));
});

test('a slab that is given up while it is lent is used again only when the last who borrowed it is done', () => {
  const memory = new Memory(SLABS * SLAB);
  const [first, ...others] = Array.from({ length: SLABS }, () => slabOf(memory));
  assert.ok(first !== undefined && others.length === SLABS - 1);
  const [one, two] = [lent(memory, first), lent(memory, first)];
  memory.give([first]);
  assert.equal(memory.take(), undefined);
  one.done();
  one.done();
  assert.equal(memory.take(), undefined, 'done twice is done once');
  two.done();
  assert.equal(memory.take(), first);
});

test('who waits for memory is given a slab as soon as it is no longer lent', async () => {
  const memory = new Memory(SLABS * SLAB);
  const slabs = Array.from({ length: SLABS }, () => slabOf(memory));
  const [slab = Buffer.alloc(0)] = slabs;
  const { done } = lent(memory, slab);
  memory.spare({ giveUp: () => [slab] });
  const waiting = memory.wait(undefined);
  await new Promise(setImmediate);
  done();
  assert.equal(await waiting, slab);
});

test('at most half of all slabs are lent, each to as many as want it', () => {
  const memory = new Memory(SLABS * SLAB);
  const slabs = Array.from({ length: SLABS }, () => slabOf(memory));
  const all = slabs.map((slab) => memory.lend(slab, 0, 1));
  assert.equal(all.filter((one) => one !== undefined).length, SLABS / 2);
  assert.ok(memory.lend(slabs[0] ?? Buffer.alloc(0), 0, 1) !== undefined);
  all[1]?.done();
  assert.ok(memory.lend(slabs[7] ?? Buffer.alloc(0), 0, 1) !== undefined);
});
