// How the figures are taken and told: medians, ratios, a load of requests over kept connections, one request alone.

import { request } from 'node:http';
import { Pool } from 'undici';

export const ROUNDS = 5;

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Milliseconds that `run` takes. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** One figure on one line; `theirs` is what the peer needs for the same, in the same unit. */
export function report(name: string, ours: number, theirs?: number, peer = '', unit = 'ms'): void {
  const ratio =
    theirs === undefined ? '' : `, ${peer} ${theirs.toFixed(1)} ${unit}, ratio ${(ours / theirs).toFixed(2)}`;
  console.log(`${name}: gateway ${ours.toFixed(1)} ${unit}${ratio}`);
}

export type Got = { status: number; bytes: number; firstByteMs: number };

/** A plain GET on a connection of its own that throws the body away. */
export function get(url: string, accept: string): Promise<Got> {
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

/** `get`, which must bring a 200 with so many bytes at least. */
export async function whole(url: string, accept: string, least: number): Promise<Got> {
  const got = await get(url, accept);
  if (got.status !== 200 || got.bytes < least) throw new Error(`${url}: ${got.status}, ${got.bytes} bytes`);
  return got;
}

/** Every URL once, `clients` at a time over kept connections: p50 in ms, and requests a second. */
export async function load(
  urls: readonly string[],
  accept: string,
  clients: number,
): Promise<{ p50: number; perSecond: number }> {
  const origin = new URL(urls[0] ?? '').origin;
  const pool = new Pool(origin, { connections: clients });
  const times: number[] = [];
  let next = 0;
  const client = async () => {
    for (let at = next++; at < urls.length; at = next++) {
      const start = performance.now();
      const path = (urls[at] ?? '').slice(origin.length);
      const { statusCode, body } = await pool.request({ path, method: 'GET', headers: { accept } });
      await body.arrayBuffer();
      if (statusCode !== 200) throw new Error(`${urls[at]}: ${statusCode}`);
      times.push(performance.now() - start);
    }
  };
  const ms = await timed(() => Promise.all(Array.from({ length: clients }, client)));
  await pool.close();
  return { p50: median(times), perSecond: (urls.length / ms) * 1000 };
}

/** The same paths asked of both sides by turns, one at a time and eight at a time: medians of the rounds. */
export async function compareLoad(
  name: string,
  paths: readonly string[],
  { ours, theirs, accept, rounds = 3 }: { ours: string; theirs: string; accept: string; rounds?: number },
): Promise<void> {
  const [left, right] = [ours, theirs].map((base) => paths.map((path) => base + path)) as [string[], string[]];
  for (const clients of [1, 8]) {
    await load(left.slice(0, 100), accept, clients);
    await load(right.slice(0, 100), accept, clients);
    const figures: Record<'ours' | 'theirs', Awaited<ReturnType<typeof load>>[]> = { ours: [], theirs: [] };
    for (let round = 0; round < rounds; round += 1) {
      figures.theirs.push(await load(right, accept, clients));
      figures.ours.push(await load(left, accept, clients));
    }
    const middle = (side: 'ours' | 'theirs', key: 'p50' | 'perSecond') => median(figures[side].map((one) => one[key]));
    report(`${name}, ${clients} at a time, p50`, middle('ours', 'p50'), middle('theirs', 'p50'), 'Orthanc');
    const rate = `${name}, ${clients} at a time, rate`;
    report(rate, middle('ours', 'perSecond'), middle('theirs', 'perSecond'), 'Orthanc', '/s');
  }
}
