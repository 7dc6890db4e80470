// Worker threads with a time limit on each job: a job that overruns it is killed with its thread, so that a codec that
// spins costs one request. The limit counts from the start of the job, not from its place in the queue.

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { DicomError } from '../dimse/errors.ts';
import { cancelled, closed, WaitingLine } from './waiting-line.ts';
import type { Job, Outcome, Product } from './worker.ts';

export type PoolOptions = {
  /** Worker threads at most; they start when needed and end when idle. */
  threads?: number;
  /** Longest run of a job in milliseconds. */
  timeoutMs?: number;
  /** Jobs that may wait for a thread. */
  maxWaiting?: number;
  /** Megabytes of JavaScript objects that a thread may hold; one that would hold more ends, and its job with it. */
  heapMb?: number;
};

export const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_WAITING = 256;
/** Frames lie outside the heap: this is for what is read of headers. */
const DEFAULT_HEAP_MB = 1024;
/** Small: Node ends a thread at its limit with 16 MB of leeway, and what survives of young objects moves over at once. */
const YOUNG_MB = 12;
const IDLE_MS = 60_000;

/** This file's own extension: the worker is a .ts file beside it in the sources, a .js file when built. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export class Pool {
  readonly #piscina: Piscina<Job, Outcome>;
  readonly #timeoutMs: number;
  readonly #line: WaitingLine;
  /** Worker threads at most. */
  readonly threads: number;
  #closed = false;

  constructor(options: PoolOptions = {}) {
    // One more than there are cores: a thread waits while the disk gives it the frame and while sharp encodes the picture.
    this.threads = options.threads ?? availableParallelism() + 1;
    this.#line = new WaitingLine(this.threads, options.maxWaiting ?? DEFAULT_MAX_WAITING);
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#piscina = new Piscina({
      filename: fileURLToPath(new URL(`./worker.${EXTENSION}`, import.meta.url)),
      minThreads: 1,
      maxThreads: this.threads,
      idleTimeout: IDLE_MS,
      resourceLimits: {
        maxOldGenerationSizeMb: options.heapMb ?? DEFAULT_HEAP_MB,
        maxYoungGenerationSizeMb: YOUNG_MB,
      },
    });
    // A thread that dies outside a job must not end the process; the job that then waits for one meets its deadline.
    this.#piscina.on('error', () => {});
  }

  /**
   * Runs a job in a thread. A caller that gives up is answered at once, while a job already running ends in its own time.
   * @throws DicomError `timeout` after the time limit, `cancelled` by the signal, `busy` when too many jobs wait, and
   * whatever the job itself failed with
   */
  async run(job: Job, signal?: AbortSignal): Promise<Product> {
    await this.#line.enter(signal);
    const running = this.#perform(job).finally(() => this.#line.leave());
    const outcome = await (signal ? orCancelled(running, signal) : running);
    if ('failure' in outcome) {
      const { kind, message, field } = outcome.failure;
      throw new DicomError(kind, message, field === undefined ? {} : { field });
    }
    return outcome;
  }

  /** Ends every thread; jobs under way fail with `cancelled`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#line.close();
    await this.#piscina.destroy();
  }

  async #perform(job: Job): Promise<Outcome> {
    const deadline = new AbortController();
    const { signal } = deadline;
    // Its timer keeps the process, which nothing else does while no thread can be started.
    const timer = setTimeout(() => deadline.abort(), this.#timeoutMs);
    try {
      return await this.#piscina.run(job, { signal });
    } catch (cause) {
      if (signal.aborted)
        throw new DicomError('timeout', `The frame took longer than ${this.#timeoutMs} ms`, { cause });
      if (this.#closed) throw closed();
      throw new DicomError('corrupt', 'The frame ended the thread that decoded it', { field: 'PixelData', cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

async function orCancelled<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(cancelled());
  signal.addEventListener('abort', abort, { once: true });
  running.catch(() => {}); // A failure after the caller left is nobody's.
  try {
    return await Promise.race([running, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
