// The whole gateway side by side with Orthanc's own DICOMweb (the pixels on its disk) and with DCMTK's tools, in one run.
// node bench/gateway.ts; DICOM_CORPUS names the folder with gen_study.py. The gateway runs in a process of its own.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { corpusDir } from '../test/support/corpus.ts';
import { multipartOf } from '../test/support/multipart.ts';
import { freePort, type Peer, requirePeer, runToolOk, startOrthanc } from '../test/support/peers.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const SLICES = 500;
const ROUNDS = 5;
const dir = mkdtempSync(join(tmpdir(), 'bench-gateway-'));

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function report(name: string, ours: number, theirs: number | undefined, peer: string, unit = 'ms'): void {
  const ratio =
    theirs === undefined ? '' : `, ${peer} ${theirs.toFixed(1)} ${unit}, ratio ${(ours / theirs).toFixed(2)}`;
  console.log(`${name}: gateway ${ours.toFixed(1)} ${unit}${ratio}`);
}

function ctStudy(slices: number): { files: string[]; study: string } {
  const corpus = corpusDir();
  if (corpus === undefined) throw new Error('no DICOM corpus: set DICOM_CORPUS to its folder');
  const out = join(dir, `ct${slices}`);
  const args = ['--out', out, '--slices', String(slices), '--transfer-syntax', 'explicit'];
  const said = execFileSync('/usr/bin/python3', [join(corpus, 'gen_study.py'), ...args], { encoding: 'utf8' });
  return { files: readdirSync(out).map((name) => join(out, name)), study: /study ([\d.]+)/.exec(said)?.[1] ?? '' };
}

type Running = { url: string; child: ChildProcess; stop(): void };

/** A gateway with an empty cache, in front of the peer. */
async function gateway(peer: Peer): Promise<Running> {
  const port = await freePort();
  const cache = mkdtempSync(join(dir, 'cache-'));
  const address = ['--pacs', `${peer.aeTitle}@${peer.host}:${peer.port}`, '--port', String(port), '--dicom-port', '0'];
  const child = spawn(process.execPath, [MAIN, 'serve', ...address, '--cache-dir', cache], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the gateway did not start')));
    child.stdout.on('data', (chunk) => String(chunk).includes('ready:') && resolve());
  });
  const stop = () => {
    child.kill('SIGKILL');
    rmSync(cache, { recursive: true, force: true });
  };
  return { url: `http://127.0.0.1:${port}/dicomweb`, child, stop };
}

type Got = { status: number; bytes: number; firstByteMs: number };

/** A plain GET that throws the body away. */
function get(url: string, accept: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const call = request(url, { headers: { accept }, agent: false }, (response) => {
      let bytes = 0;
      let firstByteMs = 0;
      response.on('data', (chunk: Buffer) => {
        if (bytes === 0) firstByteMs = performance.now() - start;
        bytes += chunk.length;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes, firstByteMs }));
      response.on('error', reject);
    });
    call.on('error', reject).end();
  });
}

async function whole(url: string, accept: string, least: number): Promise<Got> {
  const got = await get(url, accept);
  if (got.status !== 200 || got.bytes < least) throw new Error(`${url}: ${got.status}, ${got.bytes} bytes`);
  return got;
}

const STUDY_TYPE = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const FRAME_TYPE = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
const JSON_TYPE = 'application/dicom+json';

async function getscu(peer: Peer, study: string): Promise<number> {
  const out = mkdtempSync(join(dir, 'getscu-'));
  const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${study}`];
  const ms = await timed(() =>
    runToolOk('getscu', ['-S', '+B', '-od', out, ...keys, '-aec', peer.aeTitle, peer.host, String(peer.port)]),
  );
  rmSync(out, { recursive: true });
  return ms;
}

/** `total` requests, `clients` at a time over kept connections: p50 in ms, and requests a second. */
async function load(urls: string[], accept: string, clients: number): Promise<{ p50: number; perSecond: number }> {
  const origin = new URL(urls[0] ?? '').origin;
  const pool = new Pool(origin, { connections: clients });
  const times: number[] = [];
  let next = 0;
  const client = async () => {
    for (let at = next++; at < urls.length; at = next++) {
      const start = performance.now();
      const { statusCode, body } = await pool.request({
        path: (urls[at] ?? '').slice(origin.length),
        method: 'GET',
        headers: { accept },
      });
      await body.arrayBuffer();
      if (statusCode !== 200) throw new Error(`${urls[at]}: ${statusCode}`);
      times.push(performance.now() - start);
    }
  };
  const ms = await timed(() => Promise.all(Array.from({ length: clients }, client)));
  await pool.close();
  return { p50: median(times), perSecond: (urls.length / ms) * 1000 };
}

async function compareLoad(
  name: string,
  ours: string[],
  theirs: string[],
  accept: string,
  theirAccept = accept,
): Promise<void> {
  await load(ours.slice(0, 50), accept, 1);
  await load(theirs.slice(0, 50), theirAccept, 1);
  for (const clients of [1, 8]) {
    const left = await load(ours, accept, clients);
    const right = await load(theirs, theirAccept, clients);
    report(`${name}, ${clients} at a time, p50`, left.p50, right.p50, 'Orthanc');
    report(`${name}, ${clients} at a time, rate`, left.perSecond, right.perSecond, 'Orthanc', '/s');
  }
}

type Instances = { '0020000E': { Value: [string] }; '00080018': { Value: [string] } }[];

async function main(): Promise<void> {
  const { files, study } = ctStudy(SLICES);
  const peer = await startOrthanc({ files, dicomWeb: true });
  const web = `${peer.httpUrl}/dicom-web`;
  const bytes = SLICES * 512 * 512 * 2;
  const instances = (await (await fetch(`${web}/studies/${study}/instances`)).json()) as Instances;
  const paths = instances.map(
    (row) => `/studies/${study}/series/${row['0020000E'].Value[0]}/instances/${row['00080018'].Value[0]}`,
  );
  const series = paths[0]?.replace(/\/instances\/.*/, '') ?? '';

  await cold(peer, study, series, bytes);
  await warm(peer, web, study, series, paths, bytes);
  await stow(peer);
  await peer.stop();
}

async function cold(peer: Peer, study: string, series: string, bytes: number): Promise<void> {
  const figures: Record<string, number[]> = {
    study: [],
    first: [],
    getscu: [],
    metadata: [],
    thumbnail: [],
    fifty: [],
  };
  const measure = async (name: string, run: (url: string) => Promise<number>) => {
    const running = await gateway(peer);
    // the process is warm and has spoken to the PACS, the cache is empty: a first request after a quiet night
    await get(`${running.url}/studies?StudyInstanceUID=1.2.3`, JSON_TYPE);
    figures[name]?.push(await run(running.url));
    running.stop();
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    figures.getscu?.push(await getscu(peer, study));
    await measure('study', async (url) => {
      let first = 0;
      const ms = await timed(async () => {
        first = (await whole(`${url}/studies/${study}`, STUDY_TYPE, bytes)).firstByteMs;
      });
      figures.first?.push(first);
      return ms;
    });
    await measure('metadata', (url) => timed(() => whole(`${url}${series}/metadata`, JSON_TYPE, 100_000)));
    await measure('thumbnail', (url) => timed(() => whole(`${url}${series}/thumbnail`, 'image/jpeg', 100)));
  }
  await measure('fifty', (url) =>
    timed(() => Promise.all(Array.from({ length: 50 }, () => whole(`${url}/studies/${study}`, STUDY_TYPE, bytes)))),
  );
  const value = (name: string) => median(figures[name] ?? []);
  report('study cold', value('study'), value('getscu'), 'getscu');
  report('first byte cold', value('first'), undefined, '');
  report('series metadata cold', value('metadata'), value('getscu'), 'getscu');
  report('thumbnail of a cold series', value('thumbnail'), undefined, '');
  report('50 clients, one cold study', value('fifty'), value('study'), 'one client');
}

async function warm(
  peer: Peer,
  web: string,
  study: string,
  series: string,
  paths: string[],
  bytes: number,
): Promise<void> {
  const running = await gateway(peer);
  const { url } = running;
  await whole(`${url}/studies/${study}`, STUDY_TYPE, bytes);
  const twice = async (name: string, path: string, accept: string, least: number) => {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      theirs.push(await timed(() => whole(`${web}${path}`, accept, least)));
      ours.push(await timed(() => whole(`${url}${path}`, accept, least)));
    }
    report(name, median(ours), median(theirs), 'Orthanc');
  };
  await twice('study warm', `/studies/${study}`, STUDY_TYPE, bytes);
  await twice('series metadata warm', `${series}/metadata`, JSON_TYPE, 100_000);
  await twice('QIDO 500 instances', `${series}/instances`, JSON_TYPE, 100_000);
  const query = '/studies?PatientID=*&limit=10';
  await compareLoad('QIDO studies', Array(200).fill(`${url}${query}`), Array(200).fill(`${web}${query}`), JSON_TYPE);
  const frames = paths.map((path) => `${path}/frames/1`);
  await compareLoad(
    'frame 512x512',
    frames.map((path) => url + path),
    frames.map((path) => web + path),
    FRAME_TYPE,
  );
  const rendered = paths.map((path) => `${path}/rendered`);
  await compareLoad(
    'rendered 512x512 JPEG',
    rendered.map((path) => url + path),
    rendered.map((path) => web + path),
    'image/jpeg',
  );
  console.log(`resident size of the gateway: ${residentMb(running.child)} MB`);
  running.stop();
}

function residentMb(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

async function stow(peer: Peer): Promise<void> {
  const { files } = ctStudy(100);
  const running = await gateway(peer);
  const parts = files.map((file) => ({ headers: { 'Content-Type': 'application/dicom' }, body: readFileSync(file) }));
  const body = multipartOf('bench', parts);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    theirs.push(
      await timed(() =>
        runToolOk('storescu', ['+sd', '+r', '-aec', peer.aeTitle, peer.host, String(peer.port), join(dir, 'ct100')]),
      ),
    );
    ours.push(
      await timed(async () => {
        const response = await fetch(`${running.url}/studies`, {
          method: 'POST',
          headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=bench' },
          body: new Uint8Array(body),
        });
        await response.arrayBuffer();
        if (response.status !== 200) throw new Error(`STOW: ${response.status}`);
      }),
    );
  }
  report('STOW of 100 CT', median(ours), median(theirs), 'storescu');
  running.stop();
}

requirePeer('getscu');
console.log(`node ${process.version}, ${SLICES} CT slices of 512x512, ${ROUNDS} rounds, medians`);
try {
  await main();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
