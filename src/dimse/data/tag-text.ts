// Tags as text: eight upper-case hex digits for the 32-bit number that stands in a header.

const LARGEST = 8192;
const texts = new Map<number, string>();

/** '00100020' for 0x00100020. The same string each time for the tags seen first, so that they make quick keys. */
export function tagText(tag: number): string {
  const known = texts.get(tag);
  if (known !== undefined) return known;
  const text = tag.toString(16).toUpperCase().padStart(8, '0');
  if (texts.size < LARGEST) texts.set(tag, text);
  return text;
}
