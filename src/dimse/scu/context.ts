// The presentation context for an operation: accepted, and with the role that the operation needs.

import type { CommandName } from '../command.ts';
import type { Dialogue } from '../dialogue.ts';
import { DicomError } from '../errors.ts';
import type { AcceptedContext } from '../ul/negotiation.ts';

/**
 * The accepted context for a SOP class, and for a transfer syntax where one is given.
 * Throws 'no-context' with field 'abstract-syntax', 'transfer-syntax' or 'role'.
 */
export function contextFor(
  dialogue: Dialogue,
  operation: CommandName,
  sopClassUid: string,
  transferSyntaxUid?: string,
): AcceptedContext {
  const named = dialogue.agreement.contexts.filter((context) => context.abstractSyntax === sopClassUid);
  const encoded = named.filter(
    (each) => transferSyntaxUid === undefined || each.transferSyntaxUid === transferSyntaxUid,
  );
  const usable = encoded.find((context) => dialogue.mayInvoke(context));
  if (usable !== undefined) return usable;
  const [field, what] = missing(named.length, encoded.length, sopClassUid, transferSyntaxUid);
  const { peer } = dialogue;
  const message = `${operation} to ${peer}: ${what}`;
  throw new DicomError('no-context', message, { peer, operation, field });
}

function missing(named: number, encoded: number, sopClassUid: string, transferSyntaxUid = ''): [string, string] {
  if (named === 0) return ['abstract-syntax', `SOP class ${sopClassUid} was not accepted`];
  if (encoded === 0) {
    return ['transfer-syntax', `transfer syntax ${transferSyntaxUid} was not accepted for SOP class ${sopClassUid}`];
  }
  return ['role', `our role for SOP class ${sopClassUid} was not accepted`];
}
