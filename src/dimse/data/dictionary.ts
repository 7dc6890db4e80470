// The data dictionary (PS3.6 chapters 6 to 9): attributes by tag and by keyword, and the VR that implicit VR leaves unsaid.
// The rows come from dcmjs, read when first asked for, put right by dictionary-amendments.ts.

import { createRequire } from 'node:module';
import { AMENDED_ROWS } from './dictionary-amendments.ts';
import { attributeName } from './dictionary-names.ts';
import { isVr, type Vr } from './vr.ts';

export type DictionaryEntry = {
  /** Empty for the few retired attributes that have lost theirs. */
  keyword: string;
  /** As PS3.6 prints it: also `US or SS`, `OB or OW`, `US or OW`, and `See Note 2` for the item tags. */
  vr: string;
  vm: string;
  name: string;
  retired: boolean;
};

/** What decides the VR of an attribute that has several, or none of the standard's. */
export type VrContext = {
  /** Pixel Representation (0028,0103): 1 makes `US or SS` SS. */
  pixelRepresentation?: number | undefined;
  /** Bits Allocated (0028,0100): 8 or less makes Pixel Data OB (PS3.5 A.2). */
  bitsAllocated?: number | undefined;
  /** First value of LUT Descriptor (0028,3002): 1 makes LUT Data US. */
  lutEntries?: number | undefined;
};

type Row = { keyword: string; vr: string; vm: string; retired: boolean };

/** VRs that dcmjs writes for what PS3.6 leaves open. */
const PSEUDO_VRS: Record<string, string> = { up: 'UL', xs: 'US or SS', ox: 'OB or OW', lt: 'US or OW' };

function tagOfSource(key: string): string | undefined {
  if (/^\([0-9A-Fa-f]{4},[0-9A-Fa-f]{4}\)$/.test(key)) return (key.slice(1, 5) + key.slice(6, 10)).toUpperCase();
  const repeating = /^\(([0-9A-F]{2})00-\1FF,([0-9A-F]{4})\)$/.exec(key);
  if (repeating) return `${repeating[1]}XX${repeating[2]}`;
  return key === '(0020,3100-31FF)' ? '002031XX' : undefined;
}

function readSource(): Map<string, Row> {
  const source: { default: Record<string, { vr: string; name: string; vm: string; version: string }> } = createRequire(
    import.meta.url,
  )('dcmjs/dictionary');
  const rows = new Map<string, Row>();
  for (const [key, { vr, name, vm, version = '' }] of Object.entries(source.default)) {
    const tag = tagOfSource(key);
    if (tag === undefined) continue;
    const keyword = name.replace(/^RETIRED_/, '');
    rows.set(tag, { keyword, vr: PSEUDO_VRS[vr] ?? vr, vm, retired: version.endsWith('/retired') });
  }
  for (const line of AMENDED_ROWS.trim().split('\n')) {
    const [tag = '', keyword = '', vr = '', vm = '', retired] = line.split('|');
    rows.set(tag, { keyword, vr, vm, retired: retired === 'R' });
  }
  for (const [tag, { keyword }] of rows) {
    const pattern = patternOf(tag);
    if (pattern !== undefined && pattern !== tag && rows.get(pattern)?.keyword === keyword) rows.delete(tag);
  }
  return rows;
}

let rows: Map<string, Row> | undefined;
let tagsByKeyword: Map<string, string> | undefined;

/** The tag under which a repeating attribute stands in PS3.6 (`X` for the digits that vary). */
function patternOf(tag: string): string | undefined {
  const group = tag.slice(0, 4);
  if (/^(?:50|60|7F)/.test(group)) return `${tag.slice(0, 2)}XX${tag.slice(4)}`;
  if (group === '0020' && tag.startsWith('31', 4)) return '002031XX';
  if (group === '0028' && /^0[48]/.test(tag.slice(4))) return `${tag.slice(0, 6)}X${tag.slice(7)}`;
  if (group === '1000') return `1000XXX${tag.slice(7)}`;
  return group === '1010' ? '1010XXXX' : undefined;
}

function isPrivate(tag: string): boolean {
  return (Number.parseInt(tag.charAt(3), 16) & 1) === 1;
}

function findRow(tag: string): { tag: string; row: Row } | undefined {
  rows ??= readSource();
  const row = rows.get(tag);
  if (row) return { tag, row };
  if (isPrivate(tag)) return undefined;
  const pattern = patternOf(tag);
  const repeated = pattern === undefined ? undefined : rows.get(pattern);
  return pattern !== undefined && repeated ? { tag: pattern, row: repeated } : undefined;
}

/** The dictionary's entry for a tag of eight upper-case hex digits, repeating groups included; undefined for others. */
export function lookup(tag: string): DictionaryEntry | undefined {
  const found = findRow(tag);
  return found && { ...found.row, name: attributeName(found.tag, found.row.keyword) };
}

/** The tag of a keyword (`PatientID`) or of a tag in any case (`00100020`); undefined when it is neither. */
export function tagOf(keywordOrTag: string): string | undefined {
  if (/^[0-9A-Fa-f]{8}$/.test(keywordOrTag)) return keywordOrTag.toUpperCase();
  if (!tagsByKeyword) {
    rows ??= readSource();
    tagsByKeyword = new Map();
    for (const [tag, { keyword }] of rows) {
      if (keyword !== '' && !tag.includes('X')) tagsByKeyword.set(keyword, tag);
      else if (/^(?:50|60|7F)XX/.test(tag)) tagsByKeyword.set(keyword, tag.replace('XX', '00'));
    }
  }
  return tagsByKeyword.get(keywordOrTag);
}

/** The keyword of a tag; undefined for private, unknown and nameless attributes. */
export function keywordOf(tag: string): string | undefined {
  return findRow(tag)?.row.keyword || undefined;
}

function chooseVr(vr: string, tag: string, context: VrContext): Vr {
  if (vr === 'US or SS') return context.pixelRepresentation === 1 ? 'SS' : 'US';
  if (vr === 'US or OW' || vr === 'US or SS or OW') return context.lutEntries === 1 ? 'US' : 'OW';
  if (tag === '7FE00010' && (context.bitsAllocated ?? 16) <= 8) return 'OB';
  return vr === 'OB or OW' ? 'OW' : 'UN';
}

/**
 * The VR of an attribute where the encoding does not say it (PS3.5 7.1.3): from the dictionary, the open ones by `context`
 * and PS3.5 A.1; UL for group lengths, LO for private creators, UN for what is unknown.
 */
export function vrOf(tag: string, context: VrContext = {}): Vr {
  if (tag.endsWith('0000')) return 'UL';
  const vr = rows?.get(tag)?.vr ?? findRow(tag)?.row.vr;
  if (vr !== undefined) return isVr(vr) ? vr : chooseVr(vr, tag, context);
  return isPrivate(tag) && /^....00[1-9A-F]/.test(tag) ? 'LO' : 'UN';
}
