// C-STORE statuses by their class, and those that the gateway gives itself (PS3.7 C.1 to C.5, PS3.4 B.2.3, PS3.18 I.2).

/** Reasons of the gateway's own. */
export const REASONS = {
  /** The instance is of another study than the path names. */
  otherStudy: 0xa900,
  /** PS3.7 C.5.12: a UID that breaks the rules; one that is too long ends the association where it arrives. */
  invalidUid: 0x0117,
  /** The part broke off or can't be read. */
  unreadable: 0xc000,
  /** The PACS takes neither the transfer syntax nor anything that the gateway could make of it. */
  syntaxRefused: 0xc122,
  /** The PACS could not be reached, or the conversation with it broke. */
  processing: 0x0110,
  outOfResources: 0xa700,
} as const;

/** Success and warnings: the instance is in the PACS. */
export function isStored(status: number): boolean {
  return status === 0 || isWarning(status);
}

export function isWarning(status: number): boolean {
  return status >> 12 === 0xb || status === 0x0001 || status === 0x0107 || status === 0x0116;
}
