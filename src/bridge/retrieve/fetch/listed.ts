// Retrieves instances by their UIDs (IMAGE level), each series with an identifier of its own.

import { DicomError } from '../../../dimse/errors.ts';
import type { Pacs } from '../../pacs/pacs.ts';
import type { Listed } from '../expectation.ts';
import type { Transfer, TransferRequest } from '../transfer.ts';

/** UIDs in one identifier: a list of them must stay below 64 KiB in explicit VR (PS3.5 7.1.2). */
const UIDS_AT_ONCE = 500;

export type ListedRequest = Omit<TransferRequest, 'target' | 'count'> & { study: string; listed: readonly Listed[] };

/** A failure for one identifier is none for the next. Whether the PACS has answered for every one of them. */
export async function transferListed(
  pacs: Pacs,
  transfer: Transfer,
  { study, listed, ...common }: ListedRequest,
): Promise<boolean> {
  let hasAnswered = true;
  for (const [series, rows] of Map.groupBy(listed, (row) => row.series)) {
    for (let at = 0; at < rows.length; at += UIDS_AT_ONCE) {
      const some = rows.slice(at, at + UIDS_AT_ONCE);
      const target = { study, series, instances: some.map(({ instance }) => instance) };
      await transfer(pacs, { ...common, target, count: some.length }).catch((error: unknown) => {
        if (common.signal.aborted) throw error;
        hasAnswered &&= isAnswer(error);
      });
    }
  }
  return hasAnswered;
}

/** It says that the PACS can't send this, not that it could not be asked or has too much to do (PS3.7 C.5.21, PS3.4 C.4.3.1.4). */
export function isAnswer(error: unknown): boolean {
  if (!(error instanceof DicomError)) return false;
  return (
    error.kind === 'no-context' || (error.kind === 'status' && ![0x0213, 0xa700, 0xa701].includes(error.status ?? 0))
  );
}
