// The tables of a font in the Web Open Font Format (WOFF 1.0, section 3), each inflated when it is asked for.

import { inflateSync } from 'node:zlib';

const DIRECTORY = 44;
const ENTRY = 20;
/** The largest table of the font that ships is 11 MB. */
const MAX_TABLE = 64 * 1024 * 1024;

/** The table of a font by its four-letter tag. @throws Error where the font has none */
export function woffTable(font: Buffer, tag: string): Buffer {
  const count = font.readUInt16BE(12);
  for (let at = DIRECTORY; at < DIRECTORY + count * ENTRY; at += ENTRY) {
    if (font.toString('latin1', at, at + 4) !== tag) continue;
    const [offset, stored, length] = [4, 8, 12].map((field) => font.readUInt32BE(at + field)) as [
      number,
      number,
      number,
    ];
    const bytes = font.subarray(offset, offset + stored);
    return stored < length ? inflateSync(bytes, { maxOutputLength: MAX_TABLE }) : bytes;
  }
  throw new Error(`The font has no table ${tag}`);
}
