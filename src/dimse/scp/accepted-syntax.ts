// What is sent where an instance's transfer syntax was not accepted (PS3.4 C.4.3, PS3.5 10.1).

import { reencode } from '../data/reencode.ts';
import { ExplicitLittle, transferSyntax } from '../data/transfer-syntax.ts';
import type { Dialogue } from '../dialogue.ts';
import type { Instance } from '../instance.ts';

/**
 * The instance as it is where it can go out so. An uncompressed one is re-encoded, values unchanged, into an uncompressed
 * syntax that was accepted for its SOP class; Explicit VR Little Endian first, which keeps the VRs of private elements.
 * Else as it is too: storing it then throws 'no-context'.
 */
export function inAcceptedSyntax(instance: Instance, dialogue: Dialogue): Instance {
  const { sopClassUid, transferSyntaxUid: stored, body } = instance;
  const accepted = dialogue.agreement.contexts
    .filter((context) => context.abstractSyntax === sopClassUid && dialogue.mayInvoke(context))
    .map((context) => context.transferSyntaxUid);
  if (accepted.includes(stored) || !isNative(stored)) return instance;
  const other = accepted.includes(ExplicitLittle) ? ExplicitLittle : accepted.find(isNative);
  if (other === undefined) return instance;
  return { ...instance, transferSyntaxUid: other, body: reencode(body, stored, other, { evenLengths: true }) };
}

const isNative = (uid: string): boolean => transferSyntax(uid)?.encapsulated === false;
