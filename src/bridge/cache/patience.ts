// Waiting that ends: a disk that hangs holds nobody for ever, and nobody waits who has gone.

import { DicomError } from '../../dimse/errors.ts';

/** Milliseconds that one operation of the disk may take; less than an instance waits for memory. */
export const DISK_PATIENCE = 10_000;

export type Patience = {
  ms?: number;
  signal?: AbortSignal | undefined;
};

/** `result`, or 'busy' when it does not come in time, 'cancelled' at the signal. */
export async function inTime<T>(result: Promise<T>, { ms = DISK_PATIENCE, signal }: Patience = {}): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new DicomError('cancelled', 'retrieve: the request was cancelled'));
  const timer = setTimeout(() => reject(diskHangs()), ms);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  try {
    return await Promise.race([result, over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

export function diskHangs(): DicomError {
  return new DicomError('busy', 'cache: the disk does not answer', { field: 'cache.dir' });
}

/** What is waited for by several goes on without one of them. Throws 'cancelled' at the signal. */
export async function untilAborted<Result>(shared: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const gone = Promise.withResolvers<never>();
  const leave = () => gone.reject(new DicomError('cancelled', 'retrieve: the request was cancelled'));
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([shared, gone.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
    gone.promise.catch(() => {});
    shared.catch(() => {});
  }
}
