// Text to bytes with code extensions (ISO 2022; PS3.5 6.1.2.5): several sets in one value, each called by its escape sequence.

import iconv from 'iconv-lite';
import type { TextEncoding } from './charset.ts';

/** The code element that a set is designated to: G0 takes the bytes below 80H, G1 those above. */
type CodeSet = { element: 'G0' | 'G1'; escape: string; bytes(character: string): Buffer | undefined };

const ASCII_SET: CodeSet = { element: 'G0', escape: '\x1b(B', bytes: () => undefined };
/** ISO-IR 14, the romaji of JIS X 0201, which ISO 2022 IR 13 begins with. */
const ROMAJI: CodeSet = { ...ASCII_SET, escape: '\x1b(J' };

const single = (sequence: string, encoding: string): CodeSet => ({
  element: 'G1',
  escape: sequence,
  bytes: (character) => {
    const bytes = iconv.encode(character, encoding);
    return bytes.length === 1 && (bytes[0] ?? 0) >= 0xa0 ? bytes : undefined;
  },
});

/** Characters of a 94×94 set, which stand in an encoding of the platform behind `prefix`; what that reads otherwise is left out. */
function double(
  element: CodeSet['element'],
  sequence: string,
  { encoding, label = encoding, prefix = [] }: { encoding: string; label?: string; prefix?: number[] },
): CodeSet {
  const platform = new TextDecoder(label);
  return {
    element,
    escape: sequence,
    bytes: (character) => {
      const whole = iconv.encode(character, encoding);
      const bytes = whole.subarray(prefix.length);
      const inSet = bytes.length === 2 && bytes.every((byte) => byte >= 0xa1 && byte <= 0xfe);
      if (!inSet || prefix.some((byte, at) => whole[at] !== byte)) return undefined;
      if (platform.decode(whole) !== character) return undefined;
      return element === 'G0' ? (bytes.map((byte) => byte & 0x7f) as Buffer) : bytes;
    },
  };
}

const KATAKANA: CodeSet = {
  element: 'G1',
  escape: '\x1b)I',
  bytes: (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= 0xff61 && code <= 0xff9f ? Buffer.from([code - 0xff61 + 0xa1]) : undefined;
  },
};

/** PS3.3 Table C.12-3, by the number of the registration. */
const SINGLE: Readonly<Record<string, CodeSet>> = {
  '100': single('\x1b-A', 'iso-8859-1'),
  '101': single('\x1b-B', 'iso-8859-2'),
  '109': single('\x1b-C', 'iso-8859-3'),
  '110': single('\x1b-D', 'iso-8859-4'),
  '144': single('\x1b-L', 'iso-8859-5'),
  '127': single('\x1b-G', 'iso-8859-6'),
  '126': single('\x1b-F', 'iso-8859-7'),
  '138': single('\x1b-H', 'iso-8859-8'),
  '148': single('\x1b-M', 'iso-8859-9'),
  '203': single('\x1b-b', 'iso-8859-15'),
  '166': single('\x1b-T', 'iso-8859-11'),
  '13': KATAKANA,
};

/** PS3.3 Table C.12-4: never the first value. */
const MULTIPLE: Readonly<Record<string, CodeSet>> = {
  '87': double('G0', '\x1b$B', { encoding: 'euc-jp' }),
  '159': double('G0', '\x1b$(D', { encoding: 'euc-jp', prefix: [0x8f] }),
  '149': double('G1', '\x1b$)C', { encoding: 'euc-kr' }),
  '58': double('G1', '\x1b$)A', { encoding: 'gb2312', label: 'gbk' }),
};

/** Where the sets of the first value must be active: delimiters of values and names, and control characters (PS3.5 6.1.2.5.3). */
const DELIMITER = /[\\^=\x00-\x1f]/;

/**
 * The encoder for several values of Specific Character Set, `ISO 2022 IR 6` or nothing for an empty one. Delimiters of names
 * are such in every text: to call a set once more than needed is no error. Undefined for a set that is not known, or that
 * cannot be the first.
 */
export function extendedEncoder(terms: readonly string[]): TextEncoding | undefined {
  const [first = '', ...others] = terms.map((term) => /^(?:ISO_IR|ISO 2022 IR) (\d+)$/.exec(term)?.[1] ?? term);
  const base = first === '' || first === '6' ? undefined : SINGLE[first];
  const more = others.filter((name) => name !== '6').map((name) => SINGLE[name] ?? MULTIPLE[name]);
  const sets = [base, ...more].filter((set) => set !== undefined);
  if ((base === undefined && first !== '' && first !== '6') || more.includes(undefined)) return undefined;
  const start = { G0: first === '13' ? ROMAJI : ASCII_SET, G1: base };
  const written = terms.map((term) => term.replace('ISO_IR', 'ISO 2022 IR'));
  return {
    term: written.join('\\'),
    encode: (text) => encodeRuns(text, sets, start),
    covers: (text) => Array.from(text).every((character) => character < '\x80' || setOf(character, sets) !== undefined),
  };
}

type Active = { G0: CodeSet; G1: CodeSet | undefined };

/** The set of a character and its bytes in it; sets that are active already first. */
function setOf(character: string, sets: readonly CodeSet[], active?: Active): [CodeSet, Buffer] | undefined {
  const current = [active?.G0, active?.G1].filter((set) => set !== undefined);
  for (const set of [...current, ...sets]) {
    const bytes = set.bytes(character);
    if (bytes !== undefined) return [set, bytes];
  }
  return undefined;
}

function encodeRuns(text: string, sets: readonly CodeSet[], start: Active): Buffer {
  const parts: Buffer[] = [];
  const active: Active = { ...start };
  const call = (set: CodeSet) => {
    if (active[set.element] === set) return;
    parts.push(Buffer.from(set.escape, 'latin1'));
    active[set.element] = set;
  };
  const reset = () => {
    call(start.G0);
    if (start.G1 !== undefined) call(start.G1);
    active.G1 = start.G1;
  };
  for (const character of text) {
    const found = character < '\x80' ? undefined : setOf(character, sets, active);
    if (DELIMITER.test(character)) reset();
    // What reads byte by byte is not left in a set of two bytes below 80H.
    else if (found === undefined || found[0].element === 'G1') call(start.G0);
    if (found !== undefined) call(found[0]);
    parts.push(found?.[1] ?? Buffer.from(character < '\x80' ? character : '?', 'latin1'));
  }
  reset();
  return Buffer.concat(parts);
}
