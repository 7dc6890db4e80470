// The thread that writes the cache's files, out of memory that it shares with the thread that fills it. One order after the
// other: a disk that hangs holds this thread and no other.

import { closeSync, openSync, rmSync, writevSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { codeOf, makeFolder } from './file.ts';

/** Bytes of a file that follow those of the orders before. */
export type Order = {
  path: string;
  /** Where in the shared memory they lie: first byte and length of each piece in turns. */
  spans: readonly number[];
  /** Nothing follows: the file is closed, or closed and removed. */
  end?: 'close' | 'remove';
};

/** Of each order in turn: undefined when it was carried out, else the code of what went wrong; the file is closed then. */
export type Answers = readonly (string | undefined)[];

const memory = workerData as SharedArrayBuffer;
/** Those that are open, by path. */
const files = new Map<string, number>();

parentPort?.on('message', async (orders: readonly Order[]) => {
  const answers: (string | undefined)[] = [];
  for (const order of orders) answers.push(await carryOut(order));
  parentPort?.postMessage(answers satisfies Answers);
});

async function carryOut({ path, spans, end }: Order): Promise<string | undefined> {
  try {
    if (spans.length > 0) append(await openFile(path), spans);
    if (end !== undefined) close(path);
    if (end === 'remove') rmSync(path, { force: true });
    return undefined;
  } catch (error) {
    close(path);
    return codeOf(error);
  }
}

async function openFile(path: string): Promise<number> {
  const file = files.get(path) ?? (await create(path));
  files.set(path, file);
  return file;
}

function close(path: string): void {
  const file = files.get(path);
  files.delete(path);
  if (file !== undefined) closeSync(file);
}

/** A new private file, in a folder that somebody may have cleared away. */
async function create(path: string): Promise<number> {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    return openSync(path, 'wx', 0o600);
  }
}

/** Throws ENOSPC for what a disk that becomes full in the middle of a write does. */
function append(file: number, spans: readonly number[]): void {
  const pieces: Uint8Array[] = [];
  let wanted = 0;
  for (let at = 0; at < spans.length; at += 2) {
    const [first = 0, length = 0] = [spans[at], spans[at + 1]];
    pieces.push(new Uint8Array(memory, first, length));
    wanted += length;
  }
  if (writevSync(file, pieces) < wanted) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
}
