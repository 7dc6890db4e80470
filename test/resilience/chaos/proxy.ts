// A TCP proxy that mistreats connections at random, by a seed: late, in crumbs, cut, reset, stalled, or with one bit turned over.
// Bits are turned where the protocol can see it: outside of data sets, which DICOM sends without a checksum.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { resetSocket } from '../../../src/http/reset.ts';
import { below, oneOf } from '../../dimse/fuzz/mutation.ts';
import { Outside } from './outside.ts';

export const MISCHIEFS = ['nothing', 'delay', 'crumbs', 'cut', 'reset', 'stall', 'corrupt'] as const;
export type Mischief = (typeof MISCHIEFS)[number];

export type ChaosProxy = {
  port: number;
  /** Where connections are passed on to. */
  target: { host: string; port: number };
  /** False: connections from now on are passed on as they are. */
  active: boolean;
  /** Connections there are now. */
  readonly connections: number;
  /** How often each was done. */
  readonly done: Readonly<Record<Mischief, number>>;
  close(): Promise<void>;
};

/** Half of the connections are left alone, else nothing would ever come through. */
const CHOICE: readonly Mischief[] = [...MISCHIEFS.map(() => 'nothing' as const), ...MISCHIEFS];
/** A mischief strikes within so many bytes, of what is small or of what is large, or within so many outside of data sets. */
const REACHES = [40_000, 5_300_000];
const REACH_OUTSIDE = 2_500;

type Way = { from: Socket; to: Socket; random: () => number };

/** Where in what is sent one way something happens; beyond all that is sent for the way that nothing happens to. */
async function pass({ from, to, random }: Way, mischief: Mischief): Promise<void> {
  const strike = below(random, mischief === 'corrupt' ? REACH_OUTSIDE : oneOf(random, REACHES));
  const outside = new Outside();
  let passed = 0;
  for await (const chunk of from as AsyncIterable<Buffer>) {
    const left = strike - passed;
    passed += chunk.length;
    if (mischief === 'delay') await delay(below(random, 5));
    if (mischief === 'corrupt') outside.turnOver(chunk, strike, 1 << below(random, 8));
    if (left < chunk.length && (mischief === 'cut' || mischief === 'reset' || mischief === 'stall')) {
      to.write(chunk.subarray(0, Math.max(0, left)));
      if (mischief === 'reset') resetSocket(to);
      if (mischief !== 'stall') break;
      await new Promise((resolve) => to.once('close', resolve));
      break;
    }
    if (mischief === 'crumbs') await crumbs(chunk, to, random);
    else if (!to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve).once('close', resolve));
  }
  to.end();
}

async function crumbs(chunk: Buffer, to: Socket, random: () => number): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const size = 1 + below(random, random() < 0.5 ? 16 : 4000);
    to.write(chunk.subarray(at, at + size));
    at += size;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Starts a proxy; the port it passes on to may be set later. */
export async function startChaosProxy(port: number, random: () => number): Promise<ChaosProxy> {
  const sockets = new Set<Socket>();
  const done = Object.fromEntries(MISCHIEFS.map((mischief) => [mischief, 0])) as Record<Mischief, number>;
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ ...proxy.target, noDelay: true });
    const mischief = proxy.active ? oneOf(random, CHOICE) : 'nothing';
    const toPeer = random() < 0.3;
    done[mischief] += 1;
    for (const [from, to, struck] of [
      [near, far, toPeer],
      [far, near, !toPeer],
    ] as const) {
      sockets.add(from);
      from
        .on('error', () => {})
        .once('close', () => {
          sockets.delete(from);
          to.destroy();
        });
      // What breaks a connection ends its reading, too.
      pass({ from, to, random }, struck ? mischief : 'nothing').catch(() => to.destroy());
    }
  });
  const proxy = {
    port: 0,
    target: { host: '127.0.0.1', port },
    active: true,
    get connections() {
      return sockets.size / 2;
    },
    done,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.port = (server.address() as AddressInfo).port;
  return proxy;
}
