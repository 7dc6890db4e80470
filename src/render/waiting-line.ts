// A bounded line before a bounded number of places: worker threads, and processes of ffmpeg.

import { DicomError } from '../dimse/errors.ts';

type Waiting = { start: () => void; reject: (error: DicomError) => void };

export class WaitingLine {
  readonly #maxWaiting: number;
  readonly #waiting: Waiting[] = [];
  #free: number;
  #closed = false;

  constructor(places: number, maxWaiting: number) {
    this.#free = places;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Waits for a place, which the caller gives back with `leave`.
   * @throws DicomError `cancelled` by the signal or when the line is closed, `busy` when it is too long
   */
  enter(signal?: AbortSignal): Promise<void> {
    if (this.#closed) throw closed();
    if (signal?.aborted) throw cancelled();
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#maxWaiting) throw new DicomError('busy', 'Too many frames wait to be decoded');
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(cancelled());
      };
      const start = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const waiting: Waiting = { start, reject };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Gives a place back, to whoever waits longest. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next) next.start();
    else this.#free += 1;
  }

  /** Sends everybody home. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
  }
}

export function cancelled(): DicomError {
  return new DicomError('cancelled', 'The request was given up');
}

export function closed(): DicomError {
  return new DicomError('cancelled', 'The renderer is closed');
}
