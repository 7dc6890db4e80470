// Cold: the study is not in the cache. Either the process is young: it has spoken to the PACS, nothing else, its code is not
// compiled; or it is in use: it has brought and shown another study before. Beside DCMTK's getscu.

import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { requirePeer, runToolOk } from '../../test/support/peers.ts';
import { empty } from '../empty.ts';
import { startRelay } from '../relay.ts';
import { countedLine } from './counted.ts';
import { get, median, ROUNDS, report, timed, whole } from './measure.ts';
import { cpuMs, dir, JSON_TYPE, type Scene, STUDY_TYPE, startGateway } from './setup.ts';

type Figure = {
  title: string;
  rounds: number;
  beside: 'getscu' | 'one client' | undefined;
  /** Before it is measured: the process is in use then. */
  use?: Run;
  run: Run;
};
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

/** Each a process of its own that throws away what comes: one process could not take it for all. */
const clients = (count: number) => async (url: string, scene: Scene) => {
  await Promise.all(Array.from({ length: count }, () => discard(`${url}/studies/${scene.study}`, scene.bytes)));
  return {};
};

async function discard(url: string, least: number): Promise<void> {
  const said = ['-s', '-S', '-o', '/dev/null', '-w', '%{http_code} %{size_download}'];
  const stdout = await runToolOk('curl', [...said, '-H', `Accept: ${STUDY_TYPE}`, url]);
  const [status, bytes] = stdout.trim().split(' ');
  if (status !== '200' || Number(bytes) < least) throw new Error(`${url}: ${stdout}`);
}

/** What a day brings before: a study and its metadata, and a thumbnail. */
const day: Run = async (url, { other }) => {
  await whole(`${url}/studies/${other}`, STUDY_TYPE, 100_000);
  await whole(`${url}/studies/${other}/metadata`, JSON_TYPE, 10_000);
  await whole(`${url}/studies/${other}/thumbnail`, 'image/jpeg', 100);
  return {};
};

const figures = (title: string, beside: Figure['beside'], run: Run) => async (scene: Scene) => {
  await measured({ title, rounds: ROUNDS, beside, run })(scene);
  await measured({ title: `${title}, process in use`, rounds: ROUNDS, beside, use: day, run })(scene);
};

export const coldStudy = figures('study cold', 'getscu', study);
export const coldMetadata = figures('series metadata cold', 'getscu', metadata);
export const coldThumbnail = figures('thumbnail of a cold series', undefined, thumbnail);

/** All that the loopback carries for fifty passes one process either way: its floor is told beside. */
export async function fiftyClients(scene: Scene): Promise<void> {
  const title = '50 clients, one cold study';
  await measured({ title, rounds: 1, beside: 'one client', run: clients(50) })(scene);
  await retrievesOf(50, scene);
  await withFloor(scene.bytes, async (url) => {
    const one = await timed(() => discard(url, scene.bytes));
    const all = await timed(() => Promise.all(Array.from({ length: 50 }, () => discard(url, scene.bytes))));
    report(
      '  as many bytes to 50 clients from a server that only writes one buffer over and over',
      all,
      one,
      'one client',
    );
  });
}

/** What so many clients cost the PACS, in a run of its own: all that it sends passes this process. */
async function retrievesOf(count: number, scene: Scene): Promise<void> {
  const line = await countedLine({ host: scene.peer.host, port: scene.peer.port });
  try {
    await onGateway({ ...scene, peer: { ...scene.peer, ...line.address } }, (url) => clients(count)(url, scene));
    console.log(
      `  sent by the PACS to all of them: ${(line.bytes() / scene.bytes).toFixed(2)} times the study's pixels`,
    );
  } finally {
    line.stop();
  }
}

/** A server in this process that answers with so many bytes, the fastest way that Node has. */
async function withFloor(bytes: number, run: (url: string) => Promise<void>): Promise<void> {
  const chunk = Buffer.alloc(1 << 19);
  const server = createServer(async (_, response) => {
    for (let sent = 0; sent < bytes; sent += chunk.length) if (!response.write(chunk)) await once(response, 'drain');
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.close();
  }
}

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

function measured({ title, rounds, beside, use, run }: Figure): (scene: Scene) => Promise<void> {
  return async (scene) => {
    requirePeer('getscu');
    const times: number[] = [];
    const cpu: number[] = [];
    const others: number[] = [];
    const more: Record<string, number[]> = {};
    for (let round = 0; round < rounds; round += 1) {
      if (beside === 'getscu') others.push(await getscu(scene));
      if (beside === 'one client') others.push(await onGateway(scene, (url) => timed(() => clients(1)(url, scene))));
      await onGateway(scene, async (url, cpuTime) => {
        await use?.(url, scene);
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
  empty(out);
  return ms;
}
