// What a ring gives is used again when three more have been given out; what it borrowed is given back then, or when the answer is over.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { createRing } from '../../src/http/ring.ts';

const answer = (destroyed = false) => Object.assign(new EventEmitter(), { destroyed });

function lender() {
  const back: number[] = [];
  const lent = (n: number) => ({ bytes: Buffer.from([n]), done: () => back.push(n) });
  return { back, lent };
}

test('what is borrowed is given back when three more have been given out, borrowed or not', () => {
  const { back, lent } = lender();
  const ring = createRing(answer());
  assert.deepEqual(ring.borrow?.(lent(1)), Buffer.from([1]));
  ring.borrow?.(lent(2));
  ring.buffer(10);
  ring.borrow?.(lent(3));
  assert.deepEqual(back, []);
  ring.buffer(10);
  assert.deepEqual(back, [1]);
  ring.borrow?.(lent(4));
  assert.deepEqual(back, [1, 2]);
});

test('at the end of the answer all goes back, and what is borrowed after it at once', () => {
  const { back, lent } = lender();
  const closing = answer();
  const ring = createRing(closing);
  ring.borrow?.(lent(1));
  ring.borrow?.(lent(2));
  closing.emit('close');
  assert.deepEqual(back.toSorted(), [1, 2]);
  ring.borrow?.(lent(3));
  assert.ok(back.includes(3));
});

test('for an answer that is over already nothing is kept', () => {
  const { back, lent } = lender();
  createRing(answer(true)).borrow?.(lent(1));
  assert.deepEqual(back, [1]);
});

test('a buffer is another one until three more have been given out', () => {
  const ring = createRing(answer());
  const buffers = Array.from({ length: 5 }, () => ring.buffer(10).buffer);
  assert.equal(new Set(buffers.slice(0, 4)).size, 4);
  assert.equal(buffers[4], buffers[0]);
});
