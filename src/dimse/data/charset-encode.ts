// Text to bytes for Specific Character Set (PS3.5 6.1): one set alone, or several with code extensions.

import iconv from 'iconv-lite';
import { DicomError } from '../errors.ts';
import { normalTerm, SINGLE_SETS, type TextEncoding } from './charset.ts';
import { extendedEncoder } from './charset-extensions.ts';

/** iconv-lite knows the single sets by the labels that decode them, and Latin-1 beside them. */
const ENCODINGS: Record<string, string> = { ...SINGLE_SETS, 'ISO_IR 100': 'iso-8859-1' };

const NON_ASCII = /[^\x00-\x7f]/;

/** JIS X 0201: ISO-IR 14 with yen sign and overline, and the katakana of ISO-IR 13 as half-width forms. */
const JIS_X_0201: TextEncoding = {
  term: 'ISO_IR 13',
  encode: (text) => Buffer.from(Array.from(text, (character) => jisByte(character) ?? 0x3f)),
  covers: (text) => Array.from(text).every((character) => jisByte(character) !== undefined),
};

function jisByte(character: string): number | undefined {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return code;
  if (code >= 0xff61 && code <= 0xff9f) return code - 0xff61 + 0xa1;
  return code === 0x203e ? 0x7e : undefined;
}

/** The encoder for a defined term, or for several with backslashes between; '' is ISO-IR 6. Undefined for what cannot be written. */
export function findEncoder(term: string): TextEncoding | undefined {
  if (term.includes('\\')) return extendedEncoder(term.split('\\').map(normalTerm));
  const name = normalTerm(term).replace('ISO 2022 IR', 'ISO_IR');
  if (name === 'ISO_IR 192') return { term: name, encode: (text) => Buffer.from(text, 'utf8'), covers: () => true };
  if (name === '' || name === 'ISO_IR 6') {
    const encode = (text: string) => Buffer.from(text.replace(/[^\x00-\x7f]/gu, '?'), 'latin1');
    return { term: name, encode, covers: (text) => !NON_ASCII.test(text) };
  }
  if (name === JIS_X_0201.term) return JIS_X_0201;
  const encoding = ENCODINGS[name];
  if (encoding === undefined) return undefined;
  const encode = (text: string) => (NON_ASCII.test(text) ? iconv.encode(text, encoding) : Buffer.from(text, 'latin1'));
  return {
    term: name,
    encode,
    covers: (text) => !NON_ASCII.test(text) || iconv.decode(encode(text), encoding) === text,
  };
}

/**
 * The encoder for a defined term, or for several with backslashes between; '' is ISO-IR 6. `ISO 2022 IR n` alone is written as
 * the set n without escape sequences.
 * Throws `malformed` for a term that cannot be written.
 */
export function encoder(term: string): TextEncoding {
  const found = findEncoder(term);
  if (found) return found;
  throw new DicomError('malformed', 'The character set cannot be written', { field: 'SpecificCharacterSet' });
}
