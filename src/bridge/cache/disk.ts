// The disk behind a thread of its own that writes. Several files are handed over together: each time that one thread wakes the
// other costs more than a small file does.

import { Worker } from 'node:worker_threads';
import type { DicomError } from '../../dimse/errors.ts';
import type { Answers, Order } from './disk-thread.ts';
import { fault } from './file.ts';
import { DISK_PATIENCE, diskHangs } from './patience.ts';

/** Bytes, and milliseconds, that wait for others to be handed over with. */
const TOGETHER = 1 << 22;
const LINGER = 5;

/** The thread holds next to nothing. */
const HEAP = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 };

/** This file's own extension: the thread's is a .ts file beside it in the sources, a .js file when built. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** Bytes that lie in the shared memory, for a file; `isWanted` is asked before they are handed over. */
export type Writing = { path: string; bytes: readonly Buffer[]; isLast: boolean; isWanted(): boolean };

type Waiting = { order: Order; isWanted(): boolean; settle: PromiseWithResolvers<void> };

export class Disk {
  readonly #memory: SharedArrayBuffer;
  #thread: Worker | undefined;
  #waiting: Waiting[] = [];
  #bytes = 0;
  /** What the thread has been handed and has not answered to. */
  #given: readonly Waiting[] = [];
  #linger: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** The thread has not answered in time. */
  #isLate = false;
  #isClosed = false;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
    this.#thread = this.#start();
  }

  /**
   * Appends to a file, which the first bytes make; resolves when they are written, and the file closed after the last. Throws
   * 'busy' where the disk fails, hangs or has hung and not answered since, or when the bytes are not wanted any more.
   */
  write(writing: Writing): Promise<void> {
    if (this.#isLate) return Promise.reject(diskHangs());
    const settle = Promise.withResolvers<void>();
    const { isWanted } = writing;
    this.#waiting.push({ order: orderOf(writing), isWanted, settle });
    for (const { length } of writing.bytes) this.#bytes += length;
    if (this.#bytes >= TOGETHER) this.hurry();
    else this.#linger ??= setTimeout(() => this.hurry(), LINGER);
    return settle.promise;
  }

  /** Closes a file of which no more will come. */
  abandon(path: string): void {
    if (this.#isLate) return;
    this.#waiting.push(ending({ path, spans: [], end: 'close' }));
    this.hurry();
  }

  /** What waits is handed over as soon as the thread can take it. */
  hurry(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#given.length === 0) this.#goOn();
  }

  /** Ends the thread when all has been written. */
  close(): void {
    this.#isClosed = true;
    this.hurry();
  }

  /** The thread has nothing to do: it is given what waits, unless that still waits for others. */
  #goOn(): void {
    if (this.#linger === undefined) this.#hand();
    if (this.#given.length > 0) return;
    if (this.#isClosed) void this.#thread?.terminate();
    else this.#thread?.unref();
  }

  #hand(): void {
    const wanted = this.#waiting.filter(({ isWanted }) => isWanted());
    for (const one of this.#waiting) if (!wanted.includes(one)) one.settle.reject(givenUp());
    this.#waiting = [];
    this.#bytes = 0;
    if (wanted.length === 0) return;
    this.#given = wanted;
    this.#thread ??= this.#start();
    this.#thread.ref();
    this.#thread.postMessage(wanted.map(({ order }) => order));
    this.#deadline = setTimeout(() => this.#miss(), DISK_PATIENCE);
  }

  #start(): Worker {
    const file = new URL(`./disk-thread.${EXTENSION}`, import.meta.url);
    const thread = new Worker(file, { workerData: this.#memory, resourceLimits: HEAP });
    thread.on('message', (answers: Answers) => this.#answered(answers));
    thread.on('error', (cause) => this.#ended(thread, fault(cause)));
    thread.on('exit', () => this.#ended(thread, fault(new Error('thread ended'))));
    // After the listeners: the first of them would hold the process again.
    thread.unref();
    return thread;
  }

  #answered(answers: Answers): void {
    const given = this.#given;
    if (this.#isLate) this.#waiting = given.map(lateEnd);
    this.#settled();
    for (const [at, { settle }] of given.entries()) {
      const code = answers[at];
      if (code === undefined) settle.resolve();
      else settle.reject(fault(Object.assign(new Error(code), { code })));
    }
    this.#goOn();
  }

  #ended(thread: Worker, error: DicomError): void {
    if (thread !== this.#thread) return;
    this.#thread = undefined;
    for (const { settle } of this.#given) settle.reject(error);
    this.#settled();
    this.#goOn();
  }

  #settled(): void {
    clearTimeout(this.#deadline);
    this.#given = [];
    this.#isLate = false;
  }

  /** Nobody waits for it any longer. */
  #miss(): void {
    this.#isLate = true;
    for (const { settle } of [...this.#given, ...this.#waiting]) settle.reject(diskHangs());
    this.#waiting = [];
    this.#bytes = 0;
  }
}

function orderOf({ path, bytes, isLast }: Writing): Order {
  const spans = bytes.flatMap(({ byteOffset, length }) => [byteOffset, length]);
  return isLast ? { path, spans, end: 'close' } : { path, spans };
}

/** An order that nobody waits for. */
function ending(order: Order): Waiting {
  const settle = Promise.withResolvers<void>();
  settle.promise.catch(() => {});
  return { order, isWanted: () => true, settle };
}

/** To what was written too late: its owner may have removed it before it was there. */
function lateEnd({ order: { path }, isWanted }: Waiting): Waiting {
  return ending({ path, spans: [], end: isWanted() ? 'close' : 'remove' });
}

/** What ends the writing of an instance that nobody wants any more. */
export function givenUp(): DicomError {
  return fault(new Error('given up'));
}
