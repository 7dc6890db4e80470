// C-MOVE as SCU (PS3.7 9.1.4, PS3.4 C.4.2): the peer sends to a third AE, on associations of its own.

import { PRIORITY } from '../command.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Dialogue } from '../dialogue.ts';
import type { OperationOptions } from '../exchange.ts';
import type { SubOperations } from '../instance.ts';
import { statusOf } from '../status.ts';
import { contextFor } from './context.ts';
import { encodeIdentifier } from './identifier.ts';
import { finalCounts, subOperationsOf } from './sub-operations.ts';

export type MoveRequest = { sopClassUid: string; identifier: Dataset /** AE title to send to. */; destination: string };

export type MoveOptions = OperationOptions & {
  /** Told before the request is sent: what the C-STOREs will carry as Move Originator Message ID. */
  onMessageId?: ((messageId: number) => void) | undefined;
  /**
   * Whether sub-operations went on since this was last asked. A peer that stores all the while owes no pending response, and none
   * comes amid a large instance (PS3.4 C.4.2.3.1): its silence is none then.
   */
  stirred?: (() => boolean) | undefined;
};

/**
 * The counts of each pending response; returns those of the final one (success or warning), throws 'status' at failure.
 * Returning early cancels.
 */
export async function* move(
  dialogue: Dialogue,
  request: MoveRequest,
  options: MoveOptions,
): AsyncGenerator<SubOperations, SubOperations> {
  const { sopClassUid, destination } = request;
  const context = contextFor(dialogue, 'C-MOVE', sopClassUid);
  const data = encodeIdentifier(dialogue, 'C-MOVE', context, request);
  const exchange = dialogue.begin('C-MOVE', context);
  options.onMessageId?.(exchange.messageId);
  const elements = { affectedSopClassUid: sopClassUid, priority: PRIORITY.medium, moveDestination: destination };
  try {
    await exchange.request(elements, data, options);
    for (;;) {
      const message = await exchange.next(options);
      const counts = await subOperationsOf(message, exchange);
      if (statusOf('C-MOVE', counts.status).category !== 'pending') return finalCounts(message, counts, exchange);
      yield counts;
    }
  } finally {
    await exchange.finish();
  }
}
