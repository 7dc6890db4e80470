// What the figures are taken on: CT studies made for the run, Orthanc with its DICOMweb, and a gateway process in front of it.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { Tag } from '../../src/dimse/data/tags.ts';
import { corpusDir } from '../../test/support/corpus.ts';
import { freePort, type Peer, startOrthanc } from '../../test/support/peers.ts';
import { empty } from '../empty.ts';

/** The source, or what BENCH_MAIN names: `dist/main.js` after `npm run build` is what a container runs, and needs less memory. */
const MAIN = process.env.BENCH_MAIN ?? fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Node's flags of every way to start the gateway that is shipped: with a small young generation, buffers are let go of early. */
const AS_SHIPPED = ['--max-semi-space-size=4'];

export const SLICES = 500;
/** Everything of a run is below it; whoever starts the run removes it. */
export const dir = mkdtempSync(join(tmpdir(), 'bench-gateway-'));

export const STUDY_TYPE = 'multipart/related; type="application/dicom"; transfer-syntax=*';
export const FRAME_TYPE = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
export const JSON_TYPE = 'application/dicom+json';

/** A study of uncompressed CT slices of 512x512, as files: made anew unless the folder that BENCH_STUDY names has it. */
export function ctStudy(slices: number, seed = 1): { files: string[]; study: string } {
  const corpus = corpusDir();
  if (corpus === undefined) throw new Error('no DICOM corpus: set DICOM_CORPUS to its folder');
  const out = join(process.env.BENCH_STUDY ?? dir, `ct${slices}${seed === 1 ? '' : `-${seed}`}`);
  if (!existsSync(out)) {
    const args = ['--out', out, '--slices', String(slices), '--seed', String(seed), '--transfer-syntax', 'explicit'];
    execFileSync('/usr/bin/python3', [join(corpus, 'gen_study.py'), ...args]);
  }
  const files = readdirSync(out).map((name) => join(out, name));
  return { files, study: studyOf(files[0] ?? '') };
}

function studyOf(file: string): string {
  const bytes = readFileSync(file);
  const { dataOffset, transferSyntaxUid } = readFileMeta(bytes);
  const dataset = readDataset(bytes.subarray(dataOffset), transferSyntaxUid, { until: Tag.SeriesInstanceUID });
  return String(dataset[Tag.StudyInstanceUID]?.Value?.[0]);
}

/** Orthanc with one large study: what most figures are taken on. Paths are below the base URL of either side. */
export type Scene = {
  peer: Peer;
  /** Base URL of Orthanc's own DICOMweb. */
  web: string;
  study: string;
  /** A study of 100 slices, of the same kind, for what comes before. */
  other: string;
  /** Path of the series. */
  series: string;
  /** Paths of the instances. */
  instances: string[];
  /** Bytes of all pixels: no whole answer has fewer. */
  bytes: number;
};

type Row = { '0020000E': { Value: [string] }; '00080018': { Value: [string] } };

export async function startScene(): Promise<Scene> {
  const { files, study } = ctStudy(SLICES);
  const before = ctStudy(100, 2);
  const peer = await startOrthanc({ files: [...files, ...before.files], dicomWeb: true });
  const web = `${peer.httpUrl}/dicom-web`;
  const rows = (await (await fetch(`${web}/studies/${study}/instances`)).json()) as Row[];
  const instances = rows.map(
    (row) => `/studies/${study}/series/${row['0020000E'].Value[0]}/instances/${row['00080018'].Value[0]}`,
  );
  const series = instances[0]?.replace(/\/instances\/.*/, '') ?? '';
  return { peer, web, study, other: before.study, series, instances, bytes: SLICES * 512 * 512 * 2 };
}

export type Running = { url: string; child: ChildProcess; stop(): void };

/** A gateway with an empty cache, in front of the peer, in a process of its own; `nodeOptions` are for that process. */
export async function startGateway(
  peer: { aeTitle: string; host: string; port: string | number },
  nodeOptions: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const port = await freePort();
  const cache = mkdtempSync(join(dir, 'cache-'));
  const address = ['--port', String(port), '--dicom-port', '0'];
  // By the environment: --pacs would take the place of all that `settings` say of a PACS.
  const pacs = {
    DICOMWEB_PACS_0_AE_TITLE: peer.aeTitle,
    DICOMWEB_PACS_0_HOST: peer.host,
    DICOMWEB_PACS_0_PORT: String(peer.port),
  };
  const child = spawn(
    process.execPath,
    [...AS_SHIPPED, ...nodeOptions, MAIN, 'serve', ...address, '--cache-dir', cache],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...pacs, ...settings },
    },
  );
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the gateway did not start')));
    child.stdout.on('data', (chunk) => String(chunk).includes('ready:') && resolve());
  });
  const stop = () => {
    child.kill('SIGKILL');
    empty(cache);
  };
  return { url: `http://127.0.0.1:${port}/dicomweb`, child, stop };
}

/** User and system time that a process has used, in ms (proc(5): clock ticks of 10 ms). */
export function cpuMs(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/stat`, 'utf8').replace(/^.*\) /, '');
  const [user, system] = status.split(' ').slice(11);
  return (Number(user) + Number(system)) * 10;
}

/** Memory that a process has now, or had at most since it began (proc(5)). */
export function residentMb(child: ChildProcess, when: 'now' | 'most' = 'now'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const line = when === 'now' ? /VmRSS:\s+(\d+)/ : /VmHWM:\s+(\d+)/;
  return Math.round(Number(line.exec(status)?.[1] ?? 0) / 1024);
}
