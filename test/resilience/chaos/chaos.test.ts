// Between gateway and PACS everything goes wrong that can: what the client gets is whole and right, or an error; nothing leaks.
// CHAOS_ROUNDS and CHAOS_SEED for more, or for other ones.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask } from './answer.ts';
import { MISCHIEFS } from './proxy.ts';
import { BASE, chaos, findTheTruth, forEach, PATHS, type Scene, setTheScene, type Truth } from './scene.ts';

const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 200);
const SEED = Number(process.env.CHAOS_SEED ?? 1);
const SEEDS = Array.from({ length: ROUNDS / 2 }, (_, round) => SEED + round);
/** Open files and sockets of this process, and what keeps its event loop going. */
const held = () => ({
  files: readdirSync('/proc/self/fd').length,
  timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
});

async function eventually(condition: () => boolean, what: () => string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, what());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function nothingIsLeft({ gateway, proxies }: Scene): Promise<void> {
  const connections = () => proxies.map((proxy) => proxy.connections);
  const none = () => connections().every((count) => count === 0);
  await eventually(none, () => `connections left: ${connections()}`);
  const cached = readdirSync(join(gateway.config.cache.dir, 'files'));
  const unfinished = cached.filter((name) => !name.endsWith('.dcm'));
  assert.deepEqual(unfinished, [], 'unfinished files in the cache');
}

/**
 * The gateway of this suite waits 0.3 s for its PACS, and asks no more for a while when that was too short several times: a busy machine
 * is asked again after an error, for so long.
 */
const PATIENCE = 60_000;
async function patientAnswer(origin: string, path: string): ReturnType<typeof ask> {
  for (const deadline = Date.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const answer = await ask(origin, BASE + path);
    const isError = typeof answer === 'string' || answer.status >= 500;
    if (!isError || Date.now() > deadline) return answer;
  }
}

describe('chaos between gateway and PACS', () => {
  let truth: Truth;
  before(async () => {
    truth = await findTheTruth();
  });
  after(() => truth.pacs.close());

  for (const way of ['get', 'move'] as const) {
    test(`${ROUNDS / 2} requests by C-${way.toUpperCase()}: whole and right, or an error, and nothing is left`, async (t) => {
      const calm = held();
      const scene = await setTheScene(way, truth, SEED);
      const { gateway, proxies } = scene;
      try {
        const { rights, bytes, errors, broken } = await chaos(gateway, truth, SEEDS);
        const done = MISCHIEFS.map((mischief) => `${mischief} ${proxies[0]?.done[mischief]}`).join(', ');
        t.diagnostic(
          `${rights} right of ${bytes} bytes, ${errors} errors, ${broken} amid the body; connections: ${done}`,
        );
        assert.ok(rights > 0 && errors > 0, 'that was no chaos');
        await nothingIsLeft(scene);
        // What was kept of all that is right, and the rest can be had.
        for (const proxy of proxies) proxy.active = false;
        await forEach(PATHS, async (path) => {
          assert.deepEqual(await patientAnswer(gateway.origin, path), truth.right.get(path), path);
        });
      } finally {
        await scene.close();
      }
      const isCalm = () => held().files <= calm.files && held().timers <= calm.timers;
      await eventually(isCalm, () => `held before and after: ${JSON.stringify([calm, held()])}`);
    });
  }
});
