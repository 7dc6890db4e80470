// How large the gateway's process gets at most: with an instance of 2 GB, and with twenty studies at once whose clients stop
// reading. The peer is the embedded PACS, in this process, with files that are made for it.

import { mkdir } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPacs } from '../../src/demo/pacs.ts';
import { type Made, makeImage } from './large.ts';
import { get, report, timed } from './measure.ts';
import { dir, FRAME_TYPE, type Running, residentMb, STUDY_TYPE, startGateway } from './setup.ts';

const FRAMES = 4095;
const STUDIES = 20;
const SLICES = 60;
/** Of the clients of the studies, those that go on reading. */
const READING = 4;
/** Milliseconds for which the others do not. */
const STALLED = 8000;

export async function memory(): Promise<void> {
  const folder = join(dir, 'large');
  await mkdir(folder);
  const large = await makeImage(folder, 100, 1, FRAMES);
  const studies: Made[][] = [];
  for (let study = 1; study <= STUDIES; study += 1) {
    const slices: Made[] = [];
    for (let slice = 1; slice <= SLICES; slice += 1) slices.push(await makeImage(folder, study, slice));
    studies.push(slices);
  }
  const files = [large, ...studies.flat()].map(({ path }) => path);
  const pacs = await startPacs({ dir: join(dir, 'pacs'), aeTitle: 'LARGE', port: 0, files });
  const onGateway = async (title: string, run: (running: Running) => Promise<void>) => {
    const running = await startGateway(pacs);
    report(`${title}: resident before`, residentMb(running.child), undefined, '', 'MB');
    await run(running);
    report(`${title}: resident at most`, residentMb(running.child, 'most'), undefined, '', 'MB');
    running.stop();
  };
  try {
    await onGateway('an instance of 2 GB', ({ url }) => oneLarge(url, large));
    await onGateway(`${STUDIES} studies at once, ${STUDIES - READING} clients stalled`, ({ url }) =>
      many(url, studies),
    );
  } finally {
    await pacs.close();
  }
}

/** Retrieved whole, then frames of it. */
async function oneLarge(url: string, { study, series, instance, bytes }: Made): Promise<void> {
  const path = `${url}/studies/${study}/series/${series}/instances/${instance}`;
  const ms = await timed(() => complete(path, STUDY_TYPE, bytes));
  report('  retrieved whole, cold', bytes / 1e3 / ms, undefined, '', 'MB/s');
  for (const frame of [1, FRAMES >> 1, FRAMES]) await complete(`${path}/frames/${frame}`, FRAME_TYPE, bytes / FRAMES);
}

/** Most clients read a little and then nothing for a while; all get everything in the end. */
async function many(url: string, studies: readonly Made[][]): Promise<void> {
  const paths = studies.map(([slice]) => `${url}/studies/${slice?.study}`);
  const bytes = studies[0]?.reduce((sum, slice) => sum + slice.bytes, 0) ?? 0;
  const reading = paths.slice(0, READING).map((path) => complete(path, STUDY_TYPE, bytes));
  const stalled = paths.slice(READING).map((path) => stalling(path, bytes));
  await Promise.all([...reading, ...stalled]);
}

async function complete(url: string, accept: string, least: number): Promise<void> {
  const { status, bytes } = await get(url, accept);
  if (status !== 200 || bytes < least) throw new Error(`${url}: ${status}, ${bytes} bytes`);
}

async function stalling(url: string, least: number): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { headers: { accept: STUDY_TYPE }, agent: false }, resolve)
      .on('error', reject)
      .end();
  });
  await sleep(STALLED);
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  if (response.statusCode !== 200 || bytes < least) throw new Error(`${url}: ${response.statusCode}, ${bytes} bytes`);
}
