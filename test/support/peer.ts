// A real DICOM application as a child process of a test: found or named with its apt line, started on a free loopback port,
// waited for, and stopped with everything it forked, however the test process ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

/** A running application entity. `dir` is its own temporary folder; `log` everything it has printed so far. */
export type Peer = {
  aeTitle: string;
  host: '127.0.0.1';
  port: number;
  dir: string;
  log(): string;
  stop(): Promise<void>;
};

export type Finished = { code: number; output: string };

const INSTALL =
  'apt-get install -y dcmtk orthanc orthanc-dicomweb nginx-light tshark openssl libgdcm-tools libopenjp2-tools dicom3tools ffmpeg';
const READY_MS = 20_000;
const TOOL_MS = 120_000;
const LOG_BYTES = 4 << 20;

/** Path of an installed program; an absent one fails with the line that installs it, it never skips. */
export function requirePeer(program: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin'];
  for (const folder of folders) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return join(folder, program);
    } catch {}
  }
  throw new Error(`${program} is not installed: ${INSTALL}`);
}

/** A loopback port that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Removed when the process ends; a signal ends it as `process.exit` does. */
const folders = new Set<string>();
process.once('exit', () => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(143));

/** A temporary folder; removed when the given test is over, or else with the process. */
export async function tempDir(t?: TestContext, prefix = 'dicom-test-'): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  folders.add(dir);
  t?.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** DCMTK leaves Nagle's algorithm on, which stalls every exchange on loopback by 40 ms. */
export function peerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, TCP_NODELAY: '1' };
}

/** Runs a tool to its end, with both outputs in one text; killed after two minutes. */
export function runTool(program: string, args: string[], options: { cwd?: string } = {}): Promise<Finished> {
  const path = requirePeer(program);
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { ...options, env: peerEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), TOOL_MS);
    const output = collect(child);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? 128, output: signal === null ? output() : `${output()}\nkilled by ${signal}` });
    });
  });
}

/** Runs a tool that must succeed. */
export async function runToolOk(program: string, args: string[], options: { cwd?: string } = {}): Promise<string> {
  const { code, output } = await runTool(program, args, options);
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${output.slice(-4000)}`);
  return output;
}

/**
 * Runs "$0" "$@" and ends it when descriptor 3 closes, which it does even when the test process is killed. It has a process
 * group of its own, since dcmqrscp forks a child for every association, and the whole group ends with it.
 */
const WATCHED = `
  "$0" "$@" 3<&- & program=$!
  (read -r _ <&3; kill -9 $program) & watch=$!
  exec 3<&-
  wait $program
  kill -9 $watch; wait $watch
  kill -9 0`;

export type Launch = {
  program: string;
  aeTitle: string;
  /** Writes what the program needs into `dir` and gives its arguments; called again with another port when one was taken. */
  prepare(dir: string, port: number): Promise<string[]>;
  /** One try to talk to it; throws while it is not ready. */
  probe(port: number): Promise<void>;
};

/** Starts a program in a temporary folder and resolves when it answers. */
export async function launch(options: Launch): Promise<Peer> {
  const path = requirePeer(options.program);
  let reason = '';
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const dir = await tempDir(undefined, `${options.program.toLowerCase()}-`);
    const port = await freePort();
    const args = await options.prepare(dir, port);
    const child = spawn('sh', ['-c', WATCHED, path, ...args], {
      cwd: dir,
      env: peerEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const log = collect(child);
    const stop = stopper(child, dir);
    if (await answers(child, () => options.probe(port))) {
      return { aeTitle: options.aeTitle, host: '127.0.0.1', port, dir, log, stop };
    }
    reason = log().slice(-2000);
    await stop();
  }
  throw new Error(`${options.program} did not start:\n${reason}`);
}

/** A TCP connection that opens is enough to know that somebody listens. */
export function probeTcp(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

async function answers(child: ChildProcess, probe: () => Promise<void>): Promise<boolean> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    try {
      await probe();
      return true;
    } catch {
      await delay(30);
    }
  }
  return false;
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-LOG_BYTES);
    });
  }
  return () => text;
}

function stopper(child: ChildProcess, dir: string): () => Promise<void> {
  const closed = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  let stopping: Promise<void> | undefined;
  // What it holds is thrown away with its folder, so it need not be asked to end in order.
  const stop = async () => {
    child.stdio[3]?.destroy();
    await closed;
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  return () => (stopping ??= stop());
}
