// A gateway under mixed load, with chaos between it and its PACS, for so many minutes: what it answers is right or an error, and
// what it holds does not grow. node bench/soak.ts [MINUTES]; a line each ten seconds. SOAK_SEED for another course of things.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { chaos, findTheTruth, type Scene, setTheScene, type Truth } from '../test/resilience/chaos/scene.ts';

const minutes = Number(process.argv[2] ?? 10);
const SEED = Number(process.env.SOAK_SEED ?? Date.now() % 1e9);
const LINE_MS = 10_000;
/** Of a stretch of work, the requests; between two stretches one may see what is left of the one before. */
const STRETCH = 400;

const until = performance.now() + minutes * 60_000;
const counts = { rights: 0, errors: 0 };

/** Tells each ten seconds how things stand. */
function tell(scenes: readonly Scene[]): NodeJS.Timeout {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const started = performance.now();
  return setInterval(() => {
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    const rss = (process.memoryUsage.rss() / 1e6).toFixed(0);
    const connections = scenes.flatMap(({ proxies }) => proxies).reduce((sum, proxy) => sum + proxy.connections, 0);
    const p99 = (delay.percentile(99) / 1e6).toFixed(1);
    delay.reset();
    const { rights, errors } = counts;
    console.log(
      `${seconds} s: ${rights} right, ${errors} errors, RSS ${rss} MB, ${connections} connections, event-loop delay p99 ${p99} ms`,
    );
  }, LINE_MS);
}

async function load(scene: Scene, truth: Truth, first: number): Promise<void> {
  for (let seed = first; performance.now() < until; seed += STRETCH) {
    const seeds = Array.from({ length: STRETCH }, (_, index) => seed + index);
    const { rights, errors } = await chaos(scene.gateway, truth, seeds);
    counts.rights += rights;
    counts.errors += errors;
  }
}

console.log(`seed ${SEED}, ${minutes} minutes`);
const truth = await findTheTruth();
// C-MOVE destinations are the PACS's own: one gateway at a time can be one of them.
const scenes = [await setTheScene('get', truth, SEED), await setTheScene('move', truth, SEED + 1)];
const timer = tell(scenes);
try {
  await Promise.all(scenes.map((scene, index) => load(scene, truth, SEED + index * 1e9)));
} finally {
  clearInterval(timer);
  for (const scene of scenes) await scene.close();
  await truth.pacs.close();
}
