// What a codestream has room for beside its picture: comments and application data. They are made blank where they stand, so
// that every length and offset stays right.

import { DicomError } from '../../errors.ts';

/** Codestreams of one grammar. */
export type Grammar = 'jpeg' | 'jpeg-ls' | 'jpeg-2000';

const TS = '1.2.840.10008.1.2.4';
const GRAMMARS: Readonly<Record<Grammar, readonly string[]>> = {
  jpeg: ['50', '51', '53', '55', '57', '70'],
  'jpeg-ls': ['80', '81'],
  'jpeg-2000': ['90', '91', '92', '93', '201', '202', '203'],
};

/** Frames that hold nothing but samples: RLE (PS3.5 G), deflated image frames. */
const SAMPLES_ALONE: ReadonlySet<string> = new Set(['1.2.840.10008.1.2.5', '1.2.840.10008.1.2.8.1']);

/** The grammar of a transfer syntax's frames; `none` without room for text, undefined where it is not known here. */
export function grammarOf(transferSyntaxUid: string): Grammar | 'none' | undefined {
  if (SAMPLES_ALONE.has(transferSyntaxUid)) return 'none';
  const names = Object.keys(GRAMMARS) as Grammar[];
  return names.find((name) => GRAMMARS[name].some((suffix) => transferSyntaxUid === `${TS}.${suffix}`));
}

/**
 * Blanks what `codestream` says in words, and whatever stands behind its end. False, where it has no end yet.
 * @throws DicomError `not-acceptable` (field `anonymize`) for what doesn't follow the grammar
 */
export function blankText(codestream: Buffer, grammar: Grammar): boolean {
  const end = grammar === 'jpeg-2000' ? blankJpeg2000(codestream) : blankJpeg(codestream, grammar);
  if (end === undefined) return false;
  codestream.fill(0, end);
  return true;
}

/** What is said of pixel data in which text can't be looked for. */
export function unsearchable(): DicomError {
  return new DicomError(
    'not-acceptable',
    "the instance can't be de-identified: its frames can't be searched for text",
    {
      field: 'anonymize',
    },
  );
}

const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const COMMENT = 0xfe;
const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;
const isApplication = (marker: number): boolean => marker >= 0xe0 && marker <= 0xef;

/** Application data that decoders go by, and how much of each: JFIF without its thumbnail, Adobe's and HP's transforms. */
const DECODED_BY: readonly (readonly [marker: number, name: string, length: number])[] = [
  [0xe0, 'JFIF\0', 12],
  [0xee, 'Adobe', 12],
  [0xe8, 'mrfx', 5],
];

/** ISO 10918-1 B.1, ISO 14495-1 C.1. The offset behind the end marker. */
function blankJpeg(bytes: Buffer, grammar: Grammar): number | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) throw unsearchable();
  for (let at = 2; at + 2 <= bytes.length; ) {
    if (bytes[at] !== 0xff) throw unsearchable();
    const marker = bytes[at + 1] ?? 0;
    if (marker === END_OF_IMAGE) return at + 2;
    if (marker === 0xff) {
      at += 1; // A fill byte.
      continue;
    }
    if (at + 4 > bytes.length) return undefined;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return undefined;
    const segment = bytes.subarray(at + 4, end);
    if (marker === COMMENT || isApplication(marker)) segment.fill(0, keptOf(marker, segment));
    at = marker === START_OF_SCAN ? endOfScan(bytes, end, grammar) : end;
  }
  return undefined;
}

function keptOf(marker: number, segment: Buffer): number {
  const known = DECODED_BY.find(([of, name]) => of === marker && segment.toString('latin1', 0, name.length) === name);
  return Math.min(known?.[2] ?? 0, segment.length);
}

/** The next marker that is none of the scan's own: in JPEG behind `FF` comes `00` (B.1.1.5), in JPEG-LS a bit that is 0 (A.1). */
function endOfScan(bytes: Buffer, from: number, grammar: Grammar): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at)) {
    const next = bytes[at + 1] ?? 0;
    const isData = grammar === 'jpeg-ls' ? next < 0x80 : next === 0;
    if (!isData && !isRestart(next) && next !== 0xff) return at;
    at += next === 0xff ? 1 : 2;
  }
  return bytes.length;
}

const START_OF_TILE = 0xff90;
const START_OF_DATA = 0xff93;
const COMMENT_2000 = 0xff64;
const END_2000 = 0xffd9;

/** ISO 15444-1 A.2 to A.4, A.9.2. The offset behind the end marker. */
function blankJpeg2000(bytes: Buffer): number | undefined {
  if (bytes.length < 4 || bytes.readUInt32BE(0) !== 0xff4fff51) throw unsearchable();
  let tileEnd = 0;
  for (let at = 2; at + 2 <= bytes.length; ) {
    const marker = bytes.readUInt16BE(at);
    if (marker === END_2000) return at + 2;
    if (marker === START_OF_DATA && tileEnd > at) {
      at = tileEnd;
      continue;
    }
    if (marker < 0xff00) throw unsearchable();
    if (at + 12 > bytes.length) return undefined;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return undefined;
    // Behind Rcom, which says what kind of text it is.
    if (marker === COMMENT_2000) bytes.fill(0x20, Math.min(at + 6, end), end);
    if (marker === START_OF_TILE) {
      const length = bytes.readUInt32BE(at + 6);
      // 0: the last tile-part, up to the end of the codestream.
      tileEnd = length === 0 ? bytes.lastIndexOf('ffd9', undefined, 'hex') : at + length;
      if (tileEnd <= at) return undefined;
    }
    at = end;
  }
  return undefined;
}
