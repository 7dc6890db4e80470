// Character sets (PS3.5 6.1, PS3.3 C.12.1.1.2): bytes to text for every defined term of Specific Character Set.
// Code extensions (ISO 2022) are read by the package dicom-character-set; single sets by the platform's decoders.

import { isUtf8 } from 'node:buffer';
import { convertBytes } from 'dicom-character-set';
import type { Vr } from './vr.ts';

/** Reads text of one data set or item, whose Specific Character Set it was made for. */
export type TextDecoding = {
  /** Text of bytes[start, end): all values with their backslashes. Never throws: what cannot be read becomes U+FFFD. */
  decode(bytes: Buffer, vr: Vr, start?: number, end?: number): string;
  /** Bytes below 0x80 (and without ESC) mean ASCII wherever they stand. */
  asciiSafe: boolean;
};

/** Writes text in one set, or in several with code extensions. */
export type TextEncoding = {
  /** The defined term for (0008,0005), or several with backslashes between. */
  term: string;
  /** Bytes of a text; characters that the set lacks become `?`. */
  encode(text: string): Buffer;
  /** Whether the set has every character of a text. */
  covers(text: string): boolean;
};

/** Defined terms of single sets without code extensions (PS3.3 Table C.12-2, C.12-5), and the Encoding Standard's label. */
export const SINGLE_SETS: Record<string, string> = {
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'iso-8859-9',
  'ISO_IR 203': 'iso-8859-15',
  'ISO_IR 13': 'shift_jis',
  'ISO_IR 166': 'iso-8859-11',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/** Sets of code extensions (PS3.3 Tables C.12-3 and C.12-4) that the package knows. */
const EXTENSIONS = [6, 100, 101, 109, 110, 144, 127, 126, 138, 148, 13, 166, 87, 159, 149, 58].map(
  (registration) => `ISO 2022 IR ${registration}`,
);

/** ISO-IR 203 (Latin-9) differs from ISO-IR 100 in these characters alone. */
const LATIN_9: Record<string, string> = {
  '¤': '€',
  '¦': 'Š',
  '¨': 'š',
  '´': 'Ž',
  '¸': 'ž',
  '¼': 'Œ',
  '½': 'œ',
  '¾': 'Ÿ',
};

/** ISO-IR 6 alone: ASCII. Other bytes are an error of the sender, read as UTF-8 where they are that, else as Latin-1. */
const DEFAULT: TextDecoding = {
  asciiSafe: true,
  decode: (bytes, _vr, start = 0, end = bytes.length) =>
    isUtf8(bytes.subarray(start, end)) ? bytes.utf8Slice(start, end) : bytes.latin1Slice(start, end),
};

const UTF_8: TextDecoding = {
  asciiSafe: true,
  decode: (bytes, _vr, start = 0, end = bytes.length) => bytes.utf8Slice(start, end),
};

const LATIN_1: TextDecoding = {
  asciiSafe: true,
  decode: (bytes, _vr, start = 0, end = bytes.length) => bytes.latin1Slice(start, end),
};

function single(label: string): TextDecoding {
  const platform = new TextDecoder(label);
  return {
    asciiSafe: true,
    decode: (bytes, _vr, start = 0, end = bytes.length) => platform.decode(bytes.subarray(start, end)),
  };
}

/** ESC 02/13 06/02 designates ISO-IR 203 to G1; 02/13 04/01 ISO-IR 100 (PS3.3 Table C.12-3). */
function latin9AsLatin1(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf('\x1b-b', 0, 'latin1'); at >= 0; at = copy.indexOf('\x1b-b', at + 1, 'latin1')) {
    copy[at + 2] = 0x41;
  }
  return copy;
}

function extended(terms: string[]): TextDecoding {
  const latin9 = terms.includes('ISO 2022 IR 203');
  const known = terms.map((term) => (term === 'ISO 2022 IR 203' ? 'ISO 2022 IR 100' : term));
  const declared = known.join('\\');
  const all = [...known, ...EXTENSIONS.filter((term) => !known.includes(term))].join('\\');
  const read = (bytes: Buffer, vr: Vr): string => {
    for (const sets of [declared, all]) {
      try {
        return convertBytes(sets, bytes, { vr });
      } catch {
        // an escape sequence that was not declared: once more with every set declared, then as it stands
      }
    }
    return bytes.latin1Slice();
  };
  return {
    asciiSafe: terms[0] !== 'ISO 2022 IR 13',
    decode: (bytes, vr, start = 0, end = bytes.length) => {
      const value = bytes.subarray(start, end);
      if (!latin9) return read(value, vr);
      return read(latin9AsLatin1(value), vr).replace(/[¤¦¨´¸¼½¾]/g, (character) => LATIN_9[character] ?? character);
    },
  };
}

/** Almost every term is written as PS3.3 C.12.1.1.2 has it. */
const AS_DEFINED = /^ISO_IR [1-9]\d*$/;

/** The defined term that a sender meant: spaces, case and the separators of `ISO_IR` and `ISO 2022 IR` put right. */
export function normalTerm(term: string): string {
  if (term === '' || AS_DEFINED.test(term)) return term;
  const text = term.trim().toUpperCase();
  const registered = /^ISO[-_ ]*(2022[-_ ]*)?IR[-_ ]*(\d+)$/.exec(text);
  if (registered) return `${registered[1] ? 'ISO 2022 IR' : 'ISO_IR'} ${registered[2]}`;
  return text === 'UTF-8' || text === 'UTF8' ? 'ISO_IR 192' : text;
}

/**
 * The decoder for the values of Specific Character Set (0008,0005); none or an empty one is ISO-IR 6. Terms that PS3.3
 * does not know are passed over. `ISO_IR 192`, `GB18030` and `GBK` stand alone (PS3.3 C.12.1.1.2).
 */
export function decoder(specificCharacterSet: readonly (string | null)[]): TextDecoding {
  if (specificCharacterSet.length === 0) return DEFAULT;
  const terms = specificCharacterSet.map((term) => normalTerm(term ?? ''));
  const alone = terms.find((term) => term === 'ISO_IR 192' || term === 'GB18030' || term === 'GBK');
  const [first = ''] = terms;
  if (alone === 'ISO_IR 192') return UTF_8;
  if (alone === undefined && (terms.length > 1 || first.startsWith('ISO 2022'))) {
    const extensions = terms.map((term) => (term === '' ? 'ISO 2022 IR 6' : term.replace('ISO_IR', 'ISO 2022 IR')));
    const usable = extensions.filter((term) => EXTENSIONS.includes(term) || term === 'ISO 2022 IR 203');
    if (usable[0] === 'ISO 2022 IR 6' && usable.length === 1) return DEFAULT;
    if (usable.length > 0) return extended(usable);
  }
  if (first === 'ISO_IR 100') return LATIN_1;
  const label = SINGLE_SETS[alone ?? first];
  return label === undefined ? DEFAULT : single(label);
}
