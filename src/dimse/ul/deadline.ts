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

/**
 * Settles as `promise` does, or rejects with 'timeout' after `ms`, or with 'cancelled' when the signal fires.
 * @param giveUp called at that very moment, so that what `promise` would have brought can be kept for the next who asks
 */
export function waitFor<T>(promise: Promise<T>, wait: Wait, giveUp?: () => void): Promise<T> {
  const { ms, signal } = wait;
  if (signal?.aborted) {
    giveUp?.();
    return Promise.reject(cancellation(wait, signal));
  }
  if (ms === undefined && signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const fail = (error: DicomError) => {
      giveUp?.();
      settle();
      reject(error);
    };
    const onTimeout = () => {
      const limit = `${(ms ?? 0) / 1000} s`;
      fail(new DicomError('timeout', `${wait.doing}: no ${wait.awaited} within ${limit}`, wait.detail));
    };
    const onAbort = () => signal && fail(cancellation(wait, signal));
    const timer = ms === undefined ? undefined : setTimeout(onTimeout, ms);
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}
