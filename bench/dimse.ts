// DIMSE side by side with DCMTK's tools, against the same peers in the same run: C-GET, C-STORE, C-FIND, and memory.
// node bench/dimse.ts [get] [store] [find] [memory]; DICOM_CORPUS names the folder with gen_study.py, BENCH_ROUNDS how often.
// As a gateway is shipped: BENCH_DIMSE=dist/dimse/index.js (npm run build) node --max-semi-space-size=4 bench/dimse.ts

import { execFileSync, fork, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { vrOf } from '../src/dimse/data/dictionary.ts';
import { readFileMeta } from '../src/dimse/data/part10.ts';
import { Tag } from '../src/dimse/data/tags.ts';
import { ExplicitLittle, ImplicitLittle } from '../src/dimse/data/transfer-syntax.ts';
import type { Instance } from '../src/dimse/index.ts';
import { corpusDir } from '../test/support/corpus.ts';
import { peerEnvironment } from '../test/support/peer.ts';
import { type Peer, runToolOk, startDcmqrscp, startOrthanc } from '../test/support/peers.ts';
import { empty } from './empty.ts';

const source = process.env.BENCH_DIMSE ?? fileURLToPath(new URL('../src/dimse/index.ts', import.meta.url));
const { connect, listen }: typeof import('../src/dimse/index.ts') = await import(pathToFileURL(resolve(source)).href);

const CT = '1.2.840.10008.5.1.4.1.1.2';
const STUDY_FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const STUDY_GET = '1.2.840.10008.5.1.4.1.2.2.3';
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7);
const LARGEST_FILE = 1 << 20;
const dir = mkdtempSync(join(tmpdir(), 'bench-dimse-'));

type Sample = { ms: number; cpuMs: number };

async function measured(run: () => Promise<unknown>): Promise<Sample> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await run();
  const used = process.cpuUsage(cpu);
  return { ms: performance.now() - start, cpuMs: (used.user + used.system) / 1000 };
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
const medianMs = (samples: Sample[]) => median(samples.map(({ ms }) => ms));

/** Ours and theirs by turns, so that both have the same machine. */
async function sideBySide(name: string, ours: () => Promise<unknown>, theirs: () => Promise<unknown>): Promise<void> {
  const left: Sample[] = [];
  const right: Sample[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    right.push(await measured(theirs));
    left.push(await measured(ours));
  }
  const cpu = median(left.map(({ cpuMs }) => cpuMs)).toFixed(0);
  const ratio = (medianMs(left) / medianMs(right)).toFixed(2);
  console.log(
    `${name}: ours ${medianMs(left).toFixed(0)} ms (our CPU ${cpu} ms), peer's tool ${medianMs(right).toFixed(0)} ms, ratio ${ratio}`,
  );
}

function study(slices: number): { files: string[]; studyUid: string } {
  const corpus = corpusDir();
  if (corpus === undefined) throw new Error('no DICOM corpus: set DICOM_CORPUS to its folder');
  const out = join(dir, `ct${slices}`);
  const script = join(corpus, 'gen_study.py');
  const args = ['--out', out, '--slices', String(slices), '--transfer-syntax', 'explicit'];
  const said = execFileSync('/usr/bin/python3', [script, ...args], { encoding: 'utf8' });
  const files = readdirSync(out).map((name) => join(out, name));
  return { files, studyUid: /study ([\d.]+)/.exec(said)?.[1] ?? '' };
}

const address = (peer: Peer) => ['-aec', peer.aeTitle, peer.host, String(peer.port)];

const associate = (peer: Peer, contexts: Parameters<typeof connect>[0]['contexts']) =>
  connect({ host: peer.host, port: peer.port, calledAeTitle: peer.aeTitle, callingAeTitle: 'BENCH', contexts });

async function getStudy(peer: Peer, studyUid: string, expected: number): Promise<void> {
  const association = await associate(peer, [
    { abstractSyntax: STUDY_GET, transferSyntaxes: [ExplicitLittle, ImplicitLittle] },
    { abstractSyntax: CT, transferSyntaxes: [ExplicitLittle], roles: { scu: false, scp: true } },
  ]);
  const identifier = {
    [Tag.QueryRetrieveLevel]: { vr: 'CS' as const, Value: ['STUDY'] },
    [Tag.StudyInstanceUID]: { vr: 'UI' as const, Value: [studyUid] },
  };
  let instances = 0;
  for await (const instance of association.get({ sopClassUid: STUDY_GET, identifier })) {
    for await (const _ of instance.body.pieces?.() ?? instance.body);
    instances += 1;
  }
  await association.release();
  if (instances !== expected) throw new Error(`${instances} of ${expected} instances came`);
}

async function benchGet(): Promise<void> {
  const { files, studyUid } = study(500);
  const peer = await startOrthanc({ files });
  try {
    const theirs = async () => {
      const out = mkdtempSync(join(dir, 'getscu-'));
      const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${studyUid}`];
      await runToolOk('getscu', ['-S', '+B', '-od', out, ...keys, ...address(peer)]);
      const came = readdirSync(out).length;
      empty(out);
      if (came !== files.length) throw new Error(`getscu received ${came}`);
    };
    await sideBySide('C-GET of 500 CT slices from Orthanc', () => getStudy(peer, studyUid, files.length), theirs);
  } finally {
    await peer.stop();
  }
}

function instanceOf(bytes: Buffer): Instance {
  const meta = readFileMeta(bytes);
  return {
    sopClassUid: meta.sopClassUid ?? '',
    sopInstanceUid: meta.sopInstanceUid ?? '',
    transferSyntaxUid: meta.transferSyntaxUid,
    body: (async function* () {
      yield bytes.subarray(meta.dataOffset);
    })(),
  };
}

/** A file into a buffer that is used again: fresh ones of this size cost more in garbage collection than all the sending. */
async function readInto(buffer: Buffer, path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Reads the next file while the peer deals with the one before, which is out of our hands when store() settles. */
async function storeAll(peer: Peer, files: string[]): Promise<void> {
  const association = await associate(peer, [{ abstractSyntax: CT, transferSyntaxes: [ExplicitLittle] }]);
  const buffers = [Buffer.allocUnsafe(LARGEST_FILE), Buffer.allocUnsafe(LARGEST_FILE)];
  const read = (index: number) => readInto(buffers[index % 2] ?? Buffer.alloc(0), files[index] ?? '');
  let next = read(0);
  for (const index of files.keys()) {
    const bytes = await next;
    if (index + 1 < files.length) next = read(index + 1);
    const { status } = await association.store(instanceOf(bytes));
    if (status !== 0) throw new Error(`C-STORE status ${status.toString(16)}`);
  }
  await association.release();
}

async function benchStore(): Promise<void> {
  const { files } = study(100);
  const folder = join(dir, 'ct100');
  for (const [name, start] of [
    ['Orthanc', () => startOrthanc()],
    ['dcmqrscp', () => startDcmqrscp({ maxPduLength: 131072 })],
  ] as const) {
    const peer = await start();
    try {
      const theirs = () => runToolOk('storescu', ['-xe', '+sd', '+r', ...address(peer), folder]);
      await sideBySide(`C-STORE of 100 CT slices to ${name}`, () => storeAll(peer, files), theirs);
    } finally {
      await peer.stop();
    }
  }
}

/** Our processor time per query, in ms. */
async function thousandQueries(stage: string, query: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  const total = await measured(async () => {
    for (let count = 0; count < 1000; count += 1) {
      const start = performance.now();
      await query();
      times.push(performance.now() - start);
    }
  });
  times.sort((a, b) => a - b);
  const [p50 = 0, p99 = 0] = [times[500], times[990]];
  const cpu = total.cpuMs / 1000;
  console.log(
    `C-FIND, ${stage} 1,000 study queries: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, our CPU ${cpu.toFixed(3)} ms per query`,
  );
  return cpu;
}

/** Processor time of findscu per query, in ms: 1,000 of the same on one association. */
function findscuCpu(peer: Peer, keywords: readonly string[]): number {
  const keys = ['QueryRetrieveLevel=STUDY', ...keywords].flatMap((key) => ['-k', key]);
  const timed = ['-c', 'TIMEFORMAT="%U %S"; time findscu "$@" > /dev/null 2>&1', 'bash'];
  const args = ['-S', '--repeat', '1000', ...keys, ...address(peer)];
  const { stderr } = spawnSync('bash', [...timed, ...args], { env: peerEnvironment(), encoding: 'utf8' });
  const [user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return user + system;
}

async function benchFind(): Promise<void> {
  const { files } = study(3);
  const peer = await startOrthanc({ files });
  try {
    const association = await associate(peer, [{ abstractSyntax: STUDY_FIND, transferSyntaxes: [ExplicitLittle] }]);
    const keywords = ['PatientName', 'PatientID', 'StudyDate', 'StudyInstanceUID', 'AccessionNumber'] as const;
    const identifier = {
      [Tag.QueryRetrieveLevel]: { vr: 'CS' as const, Value: ['STUDY'] },
      ...Object.fromEntries(keywords.map((keyword) => [Tag[keyword], { vr: vrOf(Tag[keyword]) }])),
    };
    const query = async () => {
      let matches = 0;
      for await (const _ of association.find({ sopClassUid: STUDY_FIND, identifier })) matches += 1;
      if (matches !== 1) throw new Error(`${matches} matches`);
    };
    // The compiler is at work for the first few thousand: both are told.
    const ours: number[] = [];
    const theirs: number[] = [];
    for (const stage of ['the first', 'the second', 'the third', 'the fourth', 'the fifth']) {
      theirs.push(findscuCpu(peer, keywords));
      ours.push(await thousandQueries(stage, query));
    }
    const [warm, tool] = [median(ours.slice(2)), median(theirs)];
    console.log(
      `C-FIND, from the third 1,000 on: our CPU ${warm.toFixed(3)} ms per query, that of findscu ${tool.toFixed(3)} ms, ratio ${(warm / tool).toFixed(2)}`,
    );
    await association.release();
  } finally {
    await peer.stop();
  }
}

/** The other process of the memory measurement: serves one instance of so many bytes by C-GET. */
async function serve(size: number): Promise<void> {
  const chunk = Buffer.alloc(1 << 20);
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [ExplicitLittle],
    services: {
      get: async () => ({
        total: 1,
        instances: (async function* () {
          const body = (async function* () {
            for (let sent = 0; sent < size; sent += chunk.length) yield chunk;
          })();
          yield { sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: ExplicitLittle, body };
        })(),
      }),
    },
  });
  process.send?.(listener.port);
}

async function benchMemory(): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', String(2 ** 31)]);
  try {
    const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(Number(message))));
    const peer = { aeTitle: 'SERVER', host: '127.0.0.1', port } as Peer;
    globalThis.gc?.();
    const before = process.memoryUsage.rss();
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 10);
    const { ms } = await measured(() => getStudy(peer, '1.2', 1));
    clearInterval(timer);
    const growth = ((peak - before) / 1e6).toFixed(0);
    console.log(`one instance of 2 GiB: RSS grew by ${growth} MB at most, ${(2 ** 31 / 1e3 / ms).toFixed(0)} MB/s`);
  } finally {
    child.kill();
  }
}

const BENCHES: Record<string, () => Promise<void>> = {
  get: benchGet,
  store: benchStore,
  find: benchFind,
  memory: benchMemory,
};
const [first, size] = process.argv.slice(2);
if (first === 'serve') {
  await serve(Number(size));
} else {
  mkdirSync(dir, { recursive: true });
  try {
    const chosen = process.argv.slice(2);
    for (const [name, bench] of Object.entries(BENCHES))
      if (chosen.length === 0 || chosen.includes(name)) await bench();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
