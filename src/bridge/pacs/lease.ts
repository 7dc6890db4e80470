// Lease: an association on loan from a pool, and the way to use one that survives a peer that had hung up meanwhile.

import { DicomError } from '../../dimse/errors.ts';
import type { Association, ProposedContext } from '../../dimse/index.ts';

/** Exactly one of `release` (the association goes back) and `drop` (it is aborted) ends a lease; more calls do nothing. */
export type Lease = {
  readonly association: Association;
  /** It has served others before: a failure at its first operation may only mean that the peer had closed it meanwhile. */
  readonly reused: boolean;
  release(): void;
  drop(): void;
};

/** Where who asks stands in the queue for associations; without a word of it, in front of every prefetch. */
export type Standing = {
  priority?: 'interactive' | 'prefetch' | undefined;
  /** Of a prefetch: told, once, that somebody interactive waits for its association. */
  onWanted?: (() => void) | undefined;
  /** Of a prefetch: fires when somebody waits for what it brings, and makes it interactive. */
  raised?: AbortSignal | undefined;
};

export type LeaseOptions = Standing & {
  signal: AbortSignal;
  /** Nothing else may have been proposed (but what is always proposed): what else was accepted would matter. */
  exact?: boolean;
};

type Lender = {
  lease(contexts: readonly ProposedContext[], options: LeaseOptions): Promise<Lease>;
  name: string;
};

/**
 * Runs one operation on an association where all of `contexts` were proposed. Where a
 * reused association turns out closed before the operation has `begun`, the next one is tried.
 */
export async function onLease<Result>(
  lender: Lender,
  contexts: readonly ProposedContext[],
  options: LeaseOptions,
  run: (association: Association, begun: () => void) => Promise<Result>,
): Promise<Result> {
  for (;;) {
    const lease = await lender.lease(contexts, options);
    let hasBegun = false;
    try {
      return await run(lease.association, () => {
        hasBegun = true;
      });
    } catch (error) {
      if (hasBegun || !isStale(lease, error)) throw error;
    } finally {
      lease.release();
    }
  }
}

/** Whether an operation that got no answer failed only because the peer had closed an idle association. */
export function isStale(lease: Lease, error: unknown): boolean {
  return lease.reused && error instanceof DicomError && error.kind === 'aborted' && !lease.association.isOpen;
}
