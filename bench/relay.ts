// A TCP relay that delays every byte by a fixed time each way and lets any number of them be under way: a long line at full
// bandwidth. It runs in a process of its own. node bench/relay.ts HOST PORT DELAY_MS prints the port it listens on.

import { fork } from 'node:child_process';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

export type Relay = { host: '127.0.0.1'; port: number; stop(): Promise<void> };
type Target = { host: string; port: number };

/** What may be under way in one direction: far more than a delay of some milliseconds lets gather at loopback's speed. */
const MAX_UNDER_WAY = 64 << 20;

/** Starts a relay to `target`. The set-up of a connection is not delayed, all that is sent on it and its end are. */
export async function startRelay(target: Target, delayMs = 2.5): Promise<Relay> {
  const child = fork(fileURLToPath(import.meta.url), [target.host, String(target.port), String(delayMs)]);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(Number(message)));
    child.once('exit', (code) => reject(new Error(`the relay ended with ${code}`)));
  });
  const stop = () => {
    child.kill();
    return ended;
  };
  return { host: '127.0.0.1', port, stop };
}

/** Calls back at a time of `performance.now()`; timers may be a millisecond late, so the last one is waited for turn by turn. */
function at(due: number, run: () => void): void {
  const left = due - performance.now();
  if (left <= 0) run();
  else if (left >= 2) setTimeout(at, Math.floor(left) - 1, due, run);
  else setImmediate(at, due, run);
}

/** Passes on what comes, each chunk `delayMs` after it came; an end, too. A slow receiver slows the sender in the end. */
function pass(from: Socket, to: Socket, delayMs: number): void {
  const underWay: { due: number; chunk: Buffer | undefined }[] = [];
  let bytes = 0;
  const balance = () => (bytes + to.writableLength > MAX_UNDER_WAY ? from.pause() : from.resume());
  const arrive = (): void => {
    const now = performance.now();
    to.cork();
    while (underWay[0] !== undefined && underWay[0].due <= now) {
      const chunk = underWay.shift()?.chunk;
      bytes -= chunk?.length ?? 0;
      if (chunk === undefined) to.end();
      else to.write(chunk);
    }
    to.uncork();
    balance();
    if (underWay[0] !== undefined) at(underWay[0].due, arrive);
  };
  const leave = (chunk?: Buffer): void => {
    const due = performance.now() + delayMs;
    bytes += chunk?.length ?? 0;
    underWay.push({ due, chunk });
    balance();
    if (underWay.length === 1) at(due, arrive);
  };
  from.on('data', leave).once('end', leave);
  to.on('drain', balance);
  from.on('error', () => at(performance.now() + delayMs, () => to.destroy()));
}

/** The process of the relay. */
function serve(target: Target, delayMs: number): void {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ ...target, noDelay: true, allowHalfOpen: true });
    pass(near, far, delayMs);
    pass(far, near, delayMs);
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    if (process.send === undefined) console.log(port);
    else process.send(port);
  });
  process.once('disconnect', () => process.exit());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [host = '127.0.0.1', port, delayMs = '2.5'] = process.argv.slice(2);
  serve({ host, port: Number(port) }, Number(delayMs));
}
