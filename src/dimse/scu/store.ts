// C-STORE as SCU (PS3.7 9.1.1).

import { PRIORITY } from '../command.ts';
import { Deflated } from '../data/transfer-syntax.ts';
import type { Dialogue } from '../dialogue.ts';
import type { OperationOptions } from '../exchange.ts';
import type { Instance } from '../instance.ts';
import { contextFor } from './context.ts';

export type StoreOptions = OperationOptions & {
  /** When a C-MOVE caused it (PS3.7 9.3.1.1). */
  moveOriginator?: { aeTitle: string; messageId: number } | undefined;
};

export type StoreOutcome = { status: number; comment?: string };

/**
 * Sends an instance as it is encoded and returns the peer's status, failure or not. Throws 'no-context' when nothing was
 * accepted for its SOP class and transfer syntax (and leaves the body to the caller), else what broke the association.
 */
export async function store(dialogue: Dialogue, instance: Instance, options: StoreOptions): Promise<StoreOutcome> {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
  const { moveOriginator = instance.moveOriginator } = options;
  const exchange = dialogue.begin('C-STORE', contextFor(dialogue, 'C-STORE', sopClassUid, transferSyntaxUid));
  const elements = {
    affectedSopClassUid: sopClassUid,
    priority: PRIORITY.medium,
    affectedSopInstanceUid: sopInstanceUid,
    ...(moveOriginator && {
      moveOriginatorAeTitle: moveOriginator.aeTitle,
      moveOriginatorMessageId: moveOriginator.messageId,
    }),
  };
  try {
    await exchange.request(elements, transferSyntaxUid === Deflated ? evened(instance.body) : instance.body, options);
    const { command, body } = await exchange.next(options);
    await body?.discard();
    const { status = 0, errorComment } = command;
    return { status, ...(errorComment !== undefined && { comment: errorComment }) };
  } finally {
    exchange.end();
  }
}

/** A deflated stream of odd length gets one 00 (PS3.5 A.5). */
async function* evened(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let odd = 0;
  for await (const chunk of body) {
    odd ^= chunk.length & 1;
    yield chunk;
  }
  if (odd === 1) yield Buffer.alloc(1);
}
