// C-ECHO as SCU (PS3.7 9.1.5).

import type { Dialogue } from '../dialogue.ts';
import type { OperationOptions } from '../exchange.ts';
import { contextFor } from './context.ts';

/** Verification SOP Class (PS3.4 A). */
export const VERIFICATION = '1.2.840.10008.1.1';

/** Resolves at status 0000; throws 'status' at any other. */
export async function echo(dialogue: Dialogue, options: OperationOptions): Promise<void> {
  const exchange = dialogue.begin('C-ECHO', contextFor(dialogue, 'C-ECHO', VERIFICATION));
  try {
    await exchange.request({ affectedSopClassUid: VERIFICATION }, undefined, options);
    const { command, body } = await exchange.next(options);
    await body?.discard();
    if (command.status !== 0) throw exchange.failed(command);
  } finally {
    exchange.end();
  }
}
