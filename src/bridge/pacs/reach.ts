// How hard one PACS is tried: a transient rejection is tried again with back-off (PS3.8 9.3.4, result 2); after several
// failures in a row the PACS is left alone for a while, so that requests fail at once in place of one timeout each.

import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  TaskCancelledError,
  wrap,
} from 'cockatiel';
import { DicomError } from '../../dimse/errors.ts';

type ReachOptions = {
  /** Names the peer in errors, as `AET@host:port`. */
  peer: string;
  /** Tries after a transient rejection, and the wait before the first of them in ms; it doubles up to `maxDelay`. */
  retries?: number;
  initialDelay?: number;
  maxDelay?: number;
  /** Failures in a row after which nothing is tried for `pause` ms. */
  failures?: number;
  pause?: number;
};

/** An error that `isFinal` is thrown at once, where else it might be tried again. */
type Reach = <Result>(
  attempt: (signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
  isFinal?: (error: unknown) => boolean,
) => Promise<Result>;

/** Runs attempts to associate. The error is that of the last attempt, or 'unreachable' when none was made. */
export function createReach(options: ReachOptions): Reach {
  const { peer, retries = 4, initialDelay = 250, maxDelay = 4000, failures = 5, pause = 5000 } = options;
  const again = retry(handleWhen(isTransientRejection), {
    maxAttempts: retries,
    backoff: new ExponentialBackoff({ initialDelay, maxDelay }),
  });
  const breaker = circuitBreaker(handleWhen(isOutage), {
    halfOpenAfter: pause,
    breaker: new ConsecutiveBreaker(failures),
  });
  const policy = wrap(breaker, again);
  let outage: unknown;
  return async (attempt, signal, isFinal = () => false) => {
    let last: unknown;
    const run = async () => {
      if (signal.aborted) throw cancelled(peer);
      return attempt(signal).then(
        (result) => ({ result }),
        (error: unknown) => {
          if (isFinal(error)) return { error };
          last = error;
          if (isOutage(error)) outage = error;
          throw error;
        },
      );
    };
    try {
      const outcome = await policy.execute(run, signal);
      if ('error' in outcome) throw outcome.error;
      return outcome.result;
    } catch (error) {
      if (error instanceof TaskCancelledError) throw last ?? cancelled(peer);
      if (!(error instanceof BrokenCircuitError)) throw error;
      const why = outage instanceof Error ? `: ${outage.message}` : '';
      const message = `${peer}: not tried, because the last ${failures} attempts failed${why}`;
      throw new DicomError('unreachable', message, { peer, operation: 'A-ASSOCIATE' });
    }
  };
}

function isTransientRejection(error: unknown): boolean {
  return error instanceof DicomError && error.kind === 'rejected' && error.rejection?.result === 2;
}

function isOutage(error: unknown): boolean {
  return error instanceof DicomError && ['unreachable', 'timeout', 'aborted', 'protocol'].includes(error.kind);
}

function cancelled(peer: string): DicomError {
  return new DicomError('cancelled', `association with ${peer}: the request was cancelled`, { peer });
}
