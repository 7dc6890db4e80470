// C-STORE statuses by their class (PS3.7 C.1 to C.4, PS3.4 B.2.3).

/** Success and warnings: the instance is in the PACS. */
export function isStored(status: number): boolean {
  return status === 0 || isWarning(status);
}

export function isWarning(status: number): boolean {
  return status >> 12 === 0xb || status === 0x0001 || status === 0x0107 || status === 0x0116;
}
