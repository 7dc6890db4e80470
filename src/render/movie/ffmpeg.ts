// The system's ffmpeg, where there is one: run as a process of its own, with a deadline, and killed when nobody waits for it.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DicomError } from '../../dimse/errors.ts';
import { cancelled, closed, WaitingLine } from '../waiting-line.ts';

/** What goes in at standard input, how much may come out at standard output, and the folder that file names begin at. */
export type Exchange = {
  input?: AsyncIterable<Uint8Array>;
  maxBytes: number;
  folder?: string;
  signal?: AbortSignal | undefined;
};

/** Processes at once: each of them uses more than one core. */
const PROCESSES = 2;
const MAX_WAITING = 64;

export class Ffmpeg {
  /** Where it is; undefined where there is none. */
  readonly command: string | undefined;
  readonly #timeoutMs: number;
  readonly #line = new WaitingLine(PROCESSES, MAX_WAITING);
  readonly #ending = new AbortController();

  /** `timeoutMs` is the longest time in which nothing goes in or comes out. */
  constructor(command: string | undefined, timeoutMs: number) {
    this.command = command;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs it and gives what it writes.
   * @throws DicomError `not-acceptable` where there is none or it has no way to do this, `timeout`, `cancelled`, `busy`,
   * `too-large` for more than `maxBytes`, and what `input` throws
   */
  async run(args: readonly string[], exchange: Exchange): Promise<Buffer> {
    const { command } = this;
    if (command === undefined) throw absent();
    await this.#line.enter(exchange.signal);
    try {
      const child = spawn(command, ['-nostdin', '-loglevel', 'quiet', ...args], { cwd: exchange.folder });
      return await this.#process(child, exchange);
    } finally {
      this.#line.leave();
    }
  }

  /** Ends every process; who waits for one gets `cancelled`. */
  close(): void {
    this.#line.close();
    this.#ending.abort(closed());
  }

  async #process(child: ChildProcessWithoutNullStreams, { input, maxBytes, signal }: Exchange): Promise<Buffer> {
    const stop = new AbortController();
    const idle = setTimeout(() => stop.abort(late(this.#timeoutMs)), this.#timeoutMs);
    const end = AbortSignal.any([stop.signal, this.#ending.signal, ...(signal ? [signal] : [])]);
    const kill = (): void => void child.kill('SIGKILL');
    end.addEventListener('abort', kill, { once: true });
    const exited = exitOf(child);
    child.stderr.resume();
    async function* seen(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
      for await (const chunk of bytes) {
        idle.refresh();
        yield chunk;
      }
    }
    try {
      const [, output] = await Promise.all([fed(child, input && seen(input)), collected(seen(child.stdout), maxBytes)]);
      const code = await exited;
      end.throwIfAborted();
      if (code !== 0) throw new DicomError('not-acceptable', 'ffmpeg cannot make or read this video');
      return output;
    } catch (error) {
      throw reasonOf(end, signal) ?? error;
    } finally {
      clearTimeout(idle);
      end.removeEventListener('abort', kill);
      kill();
      await exited.catch(() => {});
    }
  }
}

/** The ffmpeg on the PATH. */
export function findFfmpeg(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, 'ffmpeg')).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function exitOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', (cause) => reject(new DicomError('not-acceptable', 'ffmpeg cannot be started', { cause })));
  child.once('close', resolve);
  promise.catch(() => {}); // Seen by whoever waits for the output.
  return promise;
}

/** Input that is no longer read is no failure by itself: the exit code says whether it was enough. */
async function fed({ stdin }: ChildProcessWithoutNullStreams, input?: AsyncIterable<Uint8Array>): Promise<void> {
  let failure: unknown;
  async function* watched(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    try {
      yield* bytes;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  await pipeline(Readable.from(input ? watched(input) : []), stdin).catch(() => {});
  if (failure !== undefined) throw failure;
}

async function collected(output: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of output) {
    length += chunk.length;
    if (length > maxBytes) throw new DicomError('too-large', 'The video is beyond the limit');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Why a process was ended before its time. */
function reasonOf(end: AbortSignal, caller: AbortSignal | undefined): DicomError | undefined {
  if (caller?.aborted) return cancelled();
  return end.aborted && end.reason instanceof DicomError ? end.reason : undefined;
}

function absent(): DicomError {
  return new DicomError('not-acceptable', 'there is no ffmpeg on this system, which video is made and read with');
}

function late(timeoutMs: number): DicomError {
  return new DicomError('timeout', `ffmpeg has done nothing for ${timeoutMs} ms`);
}
