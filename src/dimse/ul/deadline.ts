// Waiting, never for ever: a promise against a deadline and a signal, both cleaned up whatever happens.

import { DicomError, type DicomErrorDetail } from '../errors.ts';

/** How long to wait, who may call it off, and the words of the error when the wait fails. */
export type Wait = {
  /** What is being done and with whom: «C-FIND to ORTHANC@host:104». */
  doing: string;
  /** What is awaited: «response». */
  awaited: string;
  ms?: number | undefined;
  signal?: AbortSignal | undefined;
  detail?: DicomErrorDetail;
};

/** What a fired signal means: its own DicomError when the caller gave one as reason, else 'cancelled'. */
export function cancellation(wait: Pick<Wait, 'doing' | 'detail'>, signal: AbortSignal): DicomError {
  if (signal.reason instanceof DicomError) return signal.reason;
  return new DicomError('cancelled', `${wait.doing}: cancelled`, { ...wait.detail, cause: signal.reason });
}

/** Throws when the signal has already fired. */
export function checkSignal(wait: Pick<Wait, 'doing' | 'detail' | 'signal'>): void {
  if (wait.signal?.aborted) throw cancellation(wait, wait.signal);
}

/** Milliseconds that a timer may be early. */
const PRECISION = 2;

/**
 * One wait after another with one timer: to set and clear a new one each time costs more than most answers take. It runs on
 * between two waits and is gone with close().
 */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;
  #ms: number | undefined;
  /** Of the wait that runs, by the clock of `performance`. */
  #end = 0;
  #wait: Wait | undefined;
  #fail: ((error: DicomError) => void) | undefined;

  /** @param fail told 'timeout' after `wait.ms`, or 'cancelled' when the signal fires or has fired; unless it was met before */
  begin(wait: Wait, fail: (error: DicomError) => void): void {
    const { ms, signal } = wait;
    if (signal?.aborted) {
      fail(cancellation(wait, signal));
      return;
    }
    this.#wait = wait;
    this.#fail = fail;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (ms === undefined) return;
    this.#end = performance.now() + ms;
    if (this.#timer !== undefined && ms === this.#ms) this.#timer.refresh();
    else this.#start(ms);
  }

  /** What was waited for has come. */
  met(): void {
    this.#wait?.signal?.removeEventListener('abort', this.#onAbort);
    this.#wait = undefined;
    this.#fail = undefined;
  }

  /** Nothing is waited for any more. */
  close(): void {
    this.met();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(ms: number): void {
    clearTimeout(this.#timer);
    this.#ms = ms;
    this.#timer = setTimeout(this.#onTimeout, ms);
  }

  readonly #onTimeout = (): void => {
    const wait = this.#wait;
    if (wait?.ms === undefined) return;
    // Node still runs a timer that was refreshed between two of those that were due together: that was the end of an earlier wait.
    const left = this.#end - performance.now();
    if (left > PRECISION) {
      this.#start(left);
      return;
    }
    const message = `${wait.doing}: no ${wait.awaited} within ${wait.ms / 1000} s`;
    this.#missed(new DicomError('timeout', message, wait.detail));
  };

  readonly #onAbort = (): void => {
    const wait = this.#wait;
    if (wait?.signal !== undefined) this.#missed(cancellation(wait, wait.signal));
  };

  #missed(error: DicomError): void {
    const fail = this.#fail;
    this.met();
    fail?.(error);
  }
}

/** Settles as `promise` does, or rejects with 'timeout' after `ms`, or with 'cancelled' when the signal fires. */
export function waitFor<T>(promise: Promise<T>, wait: Wait): Promise<T> {
  if (wait.ms === undefined && wait.signal === undefined) return promise;
  const deadline = new Deadline();
  return new Promise<T>((resolve, reject) => {
    deadline.begin(wait, reject);
    promise.then(resolve, reject);
  }).finally(() => deadline.close());
}
