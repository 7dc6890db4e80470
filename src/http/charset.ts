// The character set of text that is rendered (PS3.18 8.8): `charset` of the query, else Accept-Charset, else UTF-8.

import type { FastifyRequest } from 'fastify';
import { findEncoder } from '../dimse/data/charset-encode.ts';
import { DicomError } from '../dimse/errors.ts';
import { queryOf } from './exchange.ts';
import { single } from './query.ts';

/** PS3.18 Annex D: names of MIME, and what DICOM calls them; without those that need escape sequences. */
const TERMS: Readonly<Record<string, string>> = {
  'utf-8': 'ISO_IR 192',
  'us-ascii': 'ISO_IR 6',
  'iso-8859-1': 'ISO_IR 100',
  'iso-8859-2': 'ISO_IR 101',
  'iso-8859-3': 'ISO_IR 109',
  'iso-8859-4': 'ISO_IR 110',
  'iso-8859-5': 'ISO_IR 144',
  'iso-8859-6': 'ISO_IR 127',
  'iso-8859-7': 'ISO_IR 126',
  'iso-8859-8': 'ISO_IR 138',
  'iso-8859-9': 'ISO_IR 148',
  'iso-8859-15': 'ISO_IR 203',
  'tis-620': 'ISO_IR 166',
  gb18030: 'GB18030',
  gbk: 'GBK',
};
const UTF_8 = 'utf-8';

/** Names of MIME that a list names, the best first; those that are unknown are ignored (8.8.1). */
function namesOf(list: string): string[] {
  const ranked = list.split(',').map((one) => {
    const [name = '', ...parameters] = one.split(';').map((piece) => piece.trim().toLowerCase());
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    return { name: nameOf(name.replace(/^"(.*)"$/, '$1')), q };
  });
  return ranked
    .filter(({ name, q }) => name !== undefined && q > 0)
    .sort((a, b) => b.q - a.q)
    .map(({ name = UTF_8 }) => name);
}

/** Clients may use the names of MIME and DICOM's own terms. */
function nameOf(text: string): string | undefined {
  if (text === '*') return UTF_8;
  return text in TERMS ? text : Object.keys(TERMS).find((name) => TERMS[name]?.toLowerCase() === text);
}

/** The character sets that the client takes, the best first; at least one. */
export function charsetsOf(request: FastifyRequest): readonly string[] {
  for (const list of [single(queryOf(request), 'charset'), request.headers['accept-charset']]) {
    const names = namesOf(String(list ?? ''));
    if (names.length > 0) return names;
  }
  return [UTF_8];
}

/** `text` in the first of the character sets that has all its characters. @throws DicomError `not-acceptable` when none has */
export function encodeText(text: string, charsets: readonly string[]): { charset: string; bytes: Buffer } {
  for (const charset of charsets) {
    const encoder = findEncoder(TERMS[charset] ?? '');
    if (encoder?.covers(text)) return { charset, bytes: encoder.encode(text) };
  }
  throw new DicomError('not-acceptable', `charset: the text has characters that ${charsets.join(', ')} lacks`, {
    field: 'charset',
  });
}
