// C-GET as SCU (PS3.7 9.1.3, PS3.4 C.4.3): instances come as C-STORE requests on the same association.

import { isResponse, PRIORITY } from '../command.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Dialogue } from '../dialogue.ts';
import { type OperationOptions, storeResponse } from '../exchange.ts';
import type { Instance, SubOperations } from '../instance.ts';
import type { Message } from '../message.ts';
import { statusOf } from '../status.ts';
import { contextFor } from './context.ts';
import { encodeIdentifier } from './identifier.ts';
import { finalCounts, subOperationsOf } from './sub-operations.ts';

export type GetRequest = { sopClassUid: string; identifier: Dataset };

/**
 * One Instance per C-STORE request, its body being the P-DATA as it arrives. The peer is answered 0000 when the next
 * instance is asked for; a body that was not read by then is let go. Returns the final counts (success or warning);
 * throws 'status' at failure. Returning early cancels and refuses what still comes.
 */
export async function* get(
  dialogue: Dialogue,
  request: GetRequest,
  options: OperationOptions,
): AsyncGenerator<Instance, SubOperations> {
  const { sopClassUid } = request;
  const context = contextFor(dialogue, 'C-GET', sopClassUid);
  const data = encodeIdentifier(dialogue, 'C-GET', context, request);
  const exchange = dialogue.begin('C-GET', context);
  exchange.takesStores = true;
  let unanswered: Message | undefined;
  try {
    await exchange.request({ affectedSopClassUid: sopClassUid, priority: PRIORITY.medium }, data, options);
    for (;;) {
      const message = await exchange.next(options);
      if (!isResponse(message.command)) {
        unanswered = message;
        if (options.signal !== undefined) message.body?.heed(options.signal);
        yield instanceOf(message, dialogue);
        await message.body?.discard();
        unanswered = undefined;
        await exchange.reply(message.contextId, storeResponse(message.command, 0x0000));
        continue;
      }
      const counts = await subOperationsOf(message, exchange);
      if (statusOf('C-GET', counts.status).category !== 'pending') return finalCounts(message, counts, exchange);
    }
  } finally {
    await exchange.finish(unanswered);
  }
}

const nothing = async function* (): AsyncGenerator<Buffer> {};

/** The instance that a C-STORE request carries. */
export function instanceOf({ contextId, command, body }: Message, dialogue: Dialogue): Instance {
  const { moveOriginatorAeTitle, moveOriginatorMessageId } = command;
  return {
    sopClassUid: command.affectedSopClassUid ?? '',
    sopInstanceUid: command.affectedSopInstanceUid ?? '',
    transferSyntaxUid: dialogue.context(contextId)?.transferSyntaxUid ?? '',
    body: body ?? nothing(),
    ...(moveOriginatorAeTitle !== undefined && {
      moveOriginator: { aeTitle: moveOriginatorAeTitle, messageId: moveOriginatorMessageId ?? 0 },
    }),
  };
}
