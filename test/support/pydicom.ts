// pydicom as an independent reader: every element of a file as it reads it, and the comparison with a Dataset of ours.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Attribute, Dataset, PersonName } from '../../src/dimse/data/dataset.ts';
import { Tag } from '../../src/dimse/data/tags.ts';

/** As pydicom's dump writes it: VR, values, and the digest of the value field where pydicom still had it. */
export type Theirs = [vr: string, values: unknown[], field: string | null];
export type TheirDataset = { [tag: string]: Theirs };

export function digest(bytes: Uint8Array): string {
  return `${bytes.length}:${createHash('sha1').update(bytes).digest('hex')}`;
}

function digestOf({ InlineBinary: bytes }: Attribute, swapped: boolean): string {
  const copy = Buffer.from(bytes ?? []);
  return digest(swapped ? copy.swap16() : copy);
}

const FLOATS: Record<string, number> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

/** An empty name is one to pydicom; and escape sequences that a set does not need stay in its text. */
function theirNames(names: string[][]): string[][] {
  const readable = names.map((groups) => groups.map((group) => group.replace(/\x1b\$?[()][A-Z]/g, '')));
  return readable.some((groups) => groups.some((group) => group !== '')) ? readable : [];
}

/** pydicom's values in the forms that ours have. */
function theirValues(vr: string, values: unknown[]): unknown[] {
  if (vr === 'PN') return theirNames(values as string[][]);
  if (['DS', 'IS', 'SV', 'UV'].includes(vr)) return values.map((value) => (value === '' ? '' : Number(value)));
  if (['FL', 'FD'].includes(vr)) return values.map((value) => (typeof value === 'string' ? FLOATS[value] : value));
  // Of several values pydicom takes the padding off the last one only.
  return values.map((value) => (typeof value === 'string' ? value.replace(/[ \0]+$/, '') : value));
}

function ourValues({ vr, Value: values = [] }: Attribute): unknown[] {
  return values.map((value) => {
    if (vr === 'PN') {
      const { Alphabetic = '', Ideographic = '', Phonetic = '' } = (value ?? {}) as PersonName;
      return [Alphabetic, Ideographic, Phonetic];
    }
    if (value === null) return '';
    return ['DS', 'IS', 'SV', 'UV'].includes(vr) ? Number(value) : value;
  });
}

function comparePixelData(ours: Attribute, theirs: Theirs, path: string, big: boolean): void {
  // Implicit VR says OW, which Explicit VR calls OB for 8 bits; pydicom leaves OW big endian.
  assert.ok(theirs[0] === 'OB' || theirs[0] === 'OW', path);
  assert.ok([digestOf(ours, false), digestOf(ours, big)].includes(String(theirs[1][0])), path);
}

function compareAttribute(ours: Attribute, theirs: Theirs, path: string, big: boolean): void {
  const [vr, values, field] = theirs;
  if (path.endsWith(Tag.PixelData) && ours.InlineBinary) {
    comparePixelData(ours, theirs, path, big);
    return;
  }
  if (ours.vr === 'UN' && vr !== 'UN') {
    // pydicom knows private attributes by their creators; the bytes must be the same.
    assert.match(path.slice(-8), /^...[13579BDF]/, path);
    if (field !== null) assert.equal(digest(ours.InlineBinary ?? new Uint8Array()), field, path);
    return;
  }
  assert.equal(ours.vr, vr, path);
  if (vr === 'SQ') {
    const items = (ours.Value ?? []) as Dataset[];
    assert.equal(items.length, values.length, path);
    for (const [index, item] of items.entries())
      compareDatasets(item, values[index] as TheirDataset, `${path}/${index}/`, big);
    return;
  }
  if (ours.InlineBinary) assert.ok([digestOf(ours, false), digestOf(ours, big)].includes(String(values[0])), path);
  else assert.deepEqual(ourValues(ours), theirValues(vr, values), path);
}

/** Throws at the first difference. `big`: the file is big endian, whose words pydicom leaves as they are. */
export function compareDatasets(ours: Dataset, theirs: TheirDataset, path: string, big: boolean): void {
  const kept = Object.keys(theirs).filter((tag) => !tag.endsWith('0000') && tag !== Tag.DataSetTrailingPadding);
  assert.deepEqual(Object.keys(ours).sort(), kept.sort(), path);
  for (const [tag, attribute] of Object.entries(ours)) {
    const same = theirs[tag];
    assert.ok(same, path + tag);
    compareAttribute(attribute, same, path + tag, big);
  }
}

/** What pydicom reads in every .dcm file of a folder, by file name. */
export function pydicomReadings(dir: string): Map<string, { error?: string; dataset: TheirDataset }> {
  const script = fileURLToPath(new URL('pydicom-elements.py', import.meta.url));
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', [script, dir], {
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  });
  assert.equal(status, 0, `pydicom is needed (apt-get install python3-pydicom): ${stderr.slice(-300)}`);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return new Map(lines.map(({ file, ...reading }) => [file, reading]));
}
