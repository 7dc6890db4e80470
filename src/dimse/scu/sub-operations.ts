// The counters of C-GET and C-MOVE responses (PS3.4 C.4.2.1.6, C.4.3.1.4).

import type { Exchange } from '../exchange.ts';
import type { SubOperations } from '../instance.ts';
import type { Message } from '../message.ts';
import { statusOf } from '../status.ts';

const FAILED_SOP_INSTANCE_UID_LIST = '00080058';
/** Bounds the identifier of a final response: some 250,000 failed UIDs. */
const MAX_IDENTIFIER = 16 << 20;

/** What a C-GET-RSP or C-MOVE-RSP counts; reads its identifier to the end. */
export async function subOperationsOf({ command, body }: Message, exchange: Exchange): Promise<SubOperations> {
  const identifier = body && (await exchange.dataset(body, MAX_IDENTIFIER));
  const failedList = identifier?.[FAILED_SOP_INSTANCE_UID_LIST]?.Value ?? command.failedSopInstanceUids;
  return {
    status: command.status ?? 0,
    ...count('remaining', command.numberOfRemainingSuboperations),
    ...count('completed', command.numberOfCompletedSuboperations),
    ...count('failed', command.numberOfFailedSuboperations),
    ...count('warning', command.numberOfWarningSuboperations),
    ...(failedList && { failedSopInstanceUids: failedList.filter((uid) => typeof uid === 'string') }),
  };
}

const count = (name: 'remaining' | 'completed' | 'failed' | 'warning', value: number | undefined) =>
  value === undefined ? {} : { [name]: value };

/** Returns the counts of a final response that is a success or warning; throws 'status', with the counts, at any other. */
export function finalCounts(message: Message, counts: SubOperations, exchange: Exchange): SubOperations {
  const { category } = statusOf(exchange.operation, counts.status);
  if (category === 'success' || category === 'warning') return counts;
  const { failed, completed = 0, warning = 0 } = counts;
  const total = (failed ?? 0) + completed + warning;
  throw exchange.failed(message.command, failed === undefined ? '' : `, ${failed} of ${total} failed`);
}
