// The event loop under a mixed load: frames, pictures, metadata, searches and a whole study at once, for some seconds. What
// /healthz says of it afterwards is the figure: how long any request had to wait for the thread that answers all.

import { load, report, whole } from './measure.ts';
import { FRAME_TYPE, JSON_TYPE, type Scene, STUDY_TYPE, startGateway } from './setup.ts';

const SECONDS = 15;

type Health = { eventLoopDelayMs: { p50: number; p99: number; max: number } };

export async function mixed({ peer, study, series, instances, bytes }: Scene): Promise<void> {
  const running = await startGateway(peer);
  try {
    const { url } = running;
    await whole(`${url}/studies/${study}`, STUDY_TYPE, bytes);
    const until = performance.now() + SECONDS * 1000;
    let requests = 0;
    const keepOn = async (paths: readonly string[], accept: string, clients: number) => {
      const urls = paths.map((path) => url + path);
      while (performance.now() < until) {
        await load(urls, accept, clients);
        requests += urls.length;
      }
    };
    const some = instances.slice(0, 100);
    await Promise.all([
      keepOn(
        some.map((path) => `${path}/frames/1`),
        FRAME_TYPE,
        8,
      ),
      keepOn(
        some.map((path) => `${path}/rendered`),
        'image/jpeg',
        4,
      ),
      keepOn([`${series}/metadata`], JSON_TYPE, 1),
      keepOn(Array<string>(50).fill('/studies?PatientID=*&limit=10'), JSON_TYPE, 2),
      keepOn([`${series}/instances`], JSON_TYPE, 1),
      keepOn([`/studies/${study}`], STUDY_TYPE, 1),
    ]);
    const health = (await (await fetch(new URL('/healthz', url))).json()) as Health;
    const { p50, p99, max } = health.eventLoopDelayMs;
    console.log(`mixed load, ${(requests / SECONDS).toFixed(0)} requests a second for ${SECONDS} s:`);
    for (const [name, value] of Object.entries({ p50, p99, max })) report(`  event-loop delay ${name}`, value);
  } finally {
    running.stop();
  }
}
