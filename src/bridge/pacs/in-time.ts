// A deadline for what is asked of one PACS among several: the others must not wait for it.

import { DicomError } from '../../dimse/errors.ts';
import type { Pacs } from './pacs.ts';

type Deadline = { ms: number; signal: AbortSignal };

/** What `ask` gives within `ms`; else 'timeout' naming the PACS. The signal that `ask` gets fires then. */
export async function inTime<Result>(
  { name }: Pick<Pacs, 'name'>,
  { ms, signal }: Deadline,
  ask: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = AbortSignal.timeout(ms);
  try {
    return await ask(AbortSignal.any([signal, deadline]));
  } catch (cause) {
    if (!deadline.aborted || signal.aborted) throw cause;
    throw new DicomError('timeout', `C-FIND to ${name}: no answer in time`, { operation: 'C-FIND', peer: name, cause });
  }
}
