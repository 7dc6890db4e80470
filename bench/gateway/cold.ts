// Cold: the process has spoken to the PACS, the cache is empty: a first request after a quiet night. Beside DCMTK's getscu.

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { requirePeer, runToolOk } from '../../test/support/peers.ts';
import { startRelay } from '../relay.ts';
import { get, median, ROUNDS, report, timed, whole } from './measure.ts';
import { cpuMs, dir, JSON_TYPE, type Scene, STUDY_TYPE, startGateway } from './setup.ts';

type Figure = { title: string; rounds: number; beside: 'getscu' | 'one client' | undefined; run: Run };
/** One measured request; what it resolves with is reported too, by name, in ms. */
type Run = (url: string, scene: Scene) => Promise<Record<string, number>>;

const oneStudy = (url: string, { study, bytes }: Scene) => whole(`${url}/studies/${study}`, STUDY_TYPE, bytes);

const study: Run = async (url, scene) => ({ 'first byte': (await oneStudy(url, scene)).firstByteMs });

const metadata: Run = async (url, { series }) => {
  await whole(`${url}${series}/metadata`, JSON_TYPE, 100_000);
  return {};
};

const thumbnail: Run = async (url, { series }) => {
  await whole(`${url}${series}/thumbnail`, 'image/jpeg', 100);
  return {};
};

const fifty: Run = async (url, scene) => {
  await Promise.all(Array.from({ length: 50 }, () => oneStudy(url, scene)));
  return {};
};

const one = { rounds: ROUNDS, beside: 'getscu' } as const;

export const coldStudy = measured({ title: 'study cold', ...one, run: study });
export const coldMetadata = measured({ title: 'series metadata cold', ...one, run: metadata });
export const coldThumbnail = measured({
  title: 'thumbnail of a cold series',
  ...one,
  beside: undefined,
  run: thumbnail,
});
export const fiftyClients = measured({
  title: '50 clients, one cold study',
  rounds: 1,
  beside: 'one client',
  run: fifty,
});

/** Every byte delayed by 2.5 ms each way, for both sides: what parallel associations are for. */
export async function throughRelay(scene: Scene): Promise<void> {
  const { peer } = scene;
  const relay = await startRelay(peer);
  try {
    const far = { ...scene, peer: { ...peer, host: relay.host, port: relay.port } };
    await measured({ title: 'study cold through the relay', rounds: 3, beside: 'getscu', run: study })(far);
  } finally {
    await relay.stop();
  }
}

function measured({ title, rounds, beside, run }: Figure): (scene: Scene) => Promise<void> {
  return async (scene) => {
    requirePeer('getscu');
    const times: number[] = [];
    const cpu: number[] = [];
    const others: number[] = [];
    const more: Record<string, number[]> = {};
    for (let round = 0; round < rounds; round += 1) {
      if (beside === 'getscu') others.push(await getscu(scene));
      if (beside === 'one client') others.push(await onGateway(scene, (url) => timed(() => oneStudy(url, scene))));
      await onGateway(scene, async (url, cpuTime) => {
        const before = cpuTime();
        let found: Record<string, number> = {};
        times.push(
          await timed(async () => {
            found = await run(url, scene);
          }),
        );
        cpu.push(cpuTime() - before);
        for (const [name, value] of Object.entries(found)) (more[name] ??= []).push(value);
      });
    }
    report(title, median(times), beside === undefined ? undefined : median(others), beside);
    report(`${title}, CPU of the gateway`, median(cpu));
    for (const [name, values] of Object.entries(more)) report(`${title}, ${name}`, median(values));
  };
}

/** On a gateway with an empty cache that has spoken to the PACS once. */
async function onGateway<T>({ peer }: Scene, run: (url: string, cpuTime: () => number) => Promise<T>): Promise<T> {
  const running = await startGateway(peer);
  try {
    await get(`${running.url}/studies?StudyInstanceUID=1.2.3`, JSON_TYPE);
    return await run(running.url, () => cpuMs(running.child));
  } finally {
    running.stop();
  }
}

async function getscu({ peer, study }: Scene): Promise<number> {
  const out = mkdtempSync(join(dir, 'getscu-'));
  const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${study}`];
  const address = ['-aec', peer.aeTitle, peer.host, String(peer.port)];
  const ms = await timed(() => runToolOk('getscu', ['-S', '+B', '-od', out, ...keys, ...address]));
  rmSync(out, { recursive: true });
  return ms;
}
