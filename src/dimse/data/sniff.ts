// How a data set is really encoded: archives hold files whose meta information names another transfer syntax.

import type { Encoding } from './element.ts';
import { vrOfBytes } from './vr.ts';

/** Two letters where explicit VR has its VR; with doubt, also one that the standard has and what must follow it. */
function spellsVr(bytes: Uint8Array, inDoubt: boolean): boolean {
  const [, , , , first = 0, second = 0] = bytes;
  if (!inDoubt) return first >= 0x41 && first <= 0x5a && second >= 0x41 && second <= 0x5a;
  const vr = vrOfBytes(first, second);
  return vr !== undefined && (!vr.long || (bytes[6] === 0 && bytes[7] === 0));
}

/**
 * The encoding that the first element of a data set shows, where it contradicts the declared one beyond doubt: a VR where
 * implicit VR would have a length, none where explicit VR must have one, a group that only makes sense the other way round.
 */
export function actualEncoding(bytes: Uint8Array, declared: Encoding): Encoding {
  if (bytes.length < 8) return declared;
  const explicit = spellsVr(bytes, !declared.explicit);
  const [first = 0, second = 0] = bytes;
  const turned = declared.little ? first === 0 && second !== 0 : second === 0 && first !== 0;
  const little = turned && (explicit || !declared.little) ? !declared.little : declared.little;
  return explicit === declared.explicit && little === declared.little ? declared : { explicit, little };
}
