// Replacements for UIDs: the same for the same UID as long as the key is the same, and no way back without it.

import { createHmac } from 'node:crypto';
import type { ReplaceUid } from './deidentify.ts';

const UUID_BYTES = 16;

/** @param key secret; whoever has it can tell whether a UID that he guesses is the replaced one */
export function uidReplacement(key: Uint8Array): ReplaceUid {
  return (uid) => {
    const digest = createHmac('sha256', key).update(uid).digest().subarray(0, UUID_BYTES);
    // A UUID of version 8, whose content is the maker's own (RFC 9562 5.8), as a UID (PS3.5 B.2).
    digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
    digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
    return `2.25.${BigInt(`0x${digest.toString('hex')}`)}`;
  };
}
