// The rule of PS3.5 9.1, to hold the UIDs to that we make; those of others are only checked for shape.

const COMPONENTS = /^[0-2](?:\.(?:0|[1-9][0-9]*))+$/;

/** At most 64 characters; root 0, 1 or 2; components without leading zeros. */
export function isValidUid(text: string): boolean {
  return text.length <= 64 && COMPONENTS.test(text);
}
