import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdentifiedInstance } from '../../../src/bridge/cache/identify.ts';
import { Arrivals } from '../../../src/bridge/retrieve/arrivals.ts';

test('a PACS stirs while an instance arrives, and once more for what has come since', async () => {
  const landed = Promise.withResolvers<void>();
  const arrivals = new Arrivals(() => landed.promise);
  assert.equal(arrivals.stirred(), false, 'before anything came');
  const taken = arrivals.take({} as IdentifiedInstance);
  assert.deepEqual([arrivals.stirred(), arrivals.stirred()], [true, true], 'amid an instance');
  landed.resolve();
  await taken;
  assert.deepEqual([arrivals.stirred(), arrivals.stirred()], [true, false], 'after it');
});

test('what could not be kept is not progress', async () => {
  const arrivals = new Arrivals(() => Promise.reject(new Error('disk')));
  await assert.rejects(arrivals.take({} as IdentifiedInstance), /disk/);
  assert.equal(arrivals.stirred(), false);
});
