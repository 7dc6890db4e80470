// Bytes as annotated text: two hex digits each, `"…"` for ASCII, `#` starts a comment.

export function hex(text: string): Buffer {
  const chunks: Buffer[] = [];
  for (const line of text.split('\n')) {
    for (const [, literal, digits] of line.replace(/#.*$/, '').matchAll(/"([^"]*)"|((?:[0-9A-Fa-f]{2})+)/g)) {
      chunks.push(literal === undefined ? Buffer.from(digits ?? '', 'hex') : Buffer.from(literal, 'latin1'));
    }
  }
  return Buffer.concat(chunks);
}
