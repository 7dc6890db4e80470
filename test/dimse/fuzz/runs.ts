// How much is tried and where it begins: FUZZ_FACTOR multiplies the runs of a full test run, FUZZ_SEED moves the beginning.
// A failure names its seed: FUZZ_SEED with it has the same case first.

import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DicomError } from '../../../src/dimse/index.ts';

const FACTOR = Number(process.env.FUZZ_FACTOR ?? 1);
export const SEED = Number(process.env.FUZZ_SEED ?? 1);
export const RUNS = {
  pdus: 1_000_000 * FACTOR,
  commandSets: 200_000 * FACTOR,
  dataSets: 200_000 * FACTOR,
  reencodings: 20_000 * FACTOR,
  conversations: 50_000 * FACTOR,
  conversationsAsRequestor: 5_000 * FACTOR,
};

// Most of these runs throw: without stack traces they take a tenth of the time. A failure is run again by its seed.
Error.stackTraceLimit = 0;

/** Only a DicomError may come of it; anything else is reported with the seed that made it. */
export function toleratedError(seed: number, error: unknown): void {
  assert.ok(error instanceof DicomError, `seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
}

export function tolerated(seed: number, run: () => void): void {
  try {
    run();
  } catch (error) {
    toleratedError(seed, error);
  }
}

const GROWTH = 8 << 20;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Runs all of them, and compares the heap behind the last with what it was after the first tenth: nothing piles up. */
export async function withoutGrowth(runs: number, run: (index: number) => unknown): Promise<void> {
  const settled = Math.ceil(runs / 10);
  let before = 0;
  for (let index = 0; index < runs; index += 1) {
    if (index === settled) before = heap();
    const done = run(index);
    if (done instanceof Promise) await done;
  }
  const grown = heap() - before;
  assert.ok(grown < GROWTH, `the heap grew by ${grown} bytes`);
}

function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
