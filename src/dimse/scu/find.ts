// C-FIND as SCU (PS3.7 9.1.2, PS3.4 C.4.1).

import { PRIORITY } from '../command.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Dialogue } from '../dialogue.ts';
import { DicomError } from '../errors.ts';
import type { OperationOptions } from '../exchange.ts';
import { statusOf } from '../status.ts';
import { contextFor } from './context.ts';
import { encodeIdentifier } from './identifier.ts';

export type FindRequest = {
  sopClassUid: string;
  identifier: Dataset;
  /** Specific Character Set to encode the identifier in; responses are decoded by their own. */
  charset?: string;
};

/** Bounds one response's identifier. */
const MAX_IDENTIFIER = 16 << 20;

/**
 * One match per pending response (FF00, FF01), read from the network only when asked for. Returning early cancels
 * (C-CANCEL) and lets the rest go. A final status other than success or warning throws 'status'.
 */
export async function* find(
  dialogue: Dialogue,
  request: FindRequest,
  options: OperationOptions,
): AsyncGenerator<{ identifier: Dataset; status: number }, void> {
  const { sopClassUid } = request;
  const context = contextFor(dialogue, 'C-FIND', sopClassUid);
  const data = encodeIdentifier(dialogue, 'C-FIND', context, request);
  const exchange = dialogue.begin('C-FIND', context);
  try {
    await exchange.request({ affectedSopClassUid: sopClassUid, priority: PRIORITY.medium }, data, options);
    for (;;) {
      const { command, body } = await exchange.next(options);
      const { status = 0 } = command;
      const { category } = statusOf('C-FIND', status);
      if (category !== 'pending') {
        await body?.discard();
        if (category === 'success' || category === 'warning') return;
        throw exchange.failed(command, command.errorComment === undefined ? '' : ', with a comment');
      }
      if (body === undefined) {
        throw new DicomError('protocol', `${exchange.doing}: pending response without identifier`, exchange.detail);
      }
      yield { identifier: await exchange.dataset(body, MAX_IDENTIFIER), status };
    }
  } finally {
    await exchange.finish();
  }
}
