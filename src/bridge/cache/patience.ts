// How long the disk is waited for: one that hangs holds nobody for ever.

import { DicomError } from '../../dimse/errors.ts';

/** Milliseconds that one operation of the disk may take; less than an instance waits for memory. */
const DISK_PATIENCE = 10_000;

export type Patience = {
  ms?: number;
  signal?: AbortSignal | undefined;
  /** Told when the time is over. */
  onLate?: () => void;
};

/** `result`, or 'busy' when it does not come in time, 'cancelled' at the signal. */
export async function inTime<T>(result: Promise<T>, { ms = DISK_PATIENCE, signal, onLate }: Patience = {}): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new DicomError('cancelled', 'retrieve: the request was cancelled'));
  const timer = setTimeout(() => {
    reject(diskHangs());
    onLate?.();
  }, ms);
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
