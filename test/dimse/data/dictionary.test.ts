// The data dictionary against PS3.6.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keywordOf, lookup, tagOf, vrOf } from '../../../src/dimse/data/dictionary.ts';
import { Tag } from '../../../src/dimse/data/tags.ts';
import { corpusDir } from '../../support/corpus.ts';

type Row = [tag: string, keyword: string, vr: string, vm: string, retired: boolean, name: string];

/** Rows of PS3.6 of each kind: plain, renamed, retired, ambiguous, new, repeating, meta, and those that a source has wrong. */
const ROWS: Row[] = [
  ['00100010', 'PatientName', 'PN', '1', false, "Patient's Name"],
  ['0020000D', 'StudyInstanceUID', 'UI', '1', false, 'Study Instance UID'],
  ['00080005', 'SpecificCharacterSet', 'CS', '1-n', false, 'Specific Character Set'],
  ['00280106', 'SmallestImagePixelValue', 'US or SS', '1', false, 'Smallest Image Pixel Value'],
  ['00283006', 'LUTData', 'US or OW', '1-n or 1', false, 'LUT Data'],
  ['7FE00010', 'PixelData', 'OB or OW', '1', false, 'Pixel Data'],
  ['7FE00001', 'ExtendedOffsetTable', 'OV', '1', false, 'Extended Offset Table'],
  ['00080024', 'OverlayDate', 'DA', '1', true, 'Overlay Date'],
  [
    '00041200',
    'OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity',
    'UL',
    '1',
    false,
    'Offset of the First Directory Record of the Root Directory Entity',
  ],
  ['00660040', 'LongPrimitivePointIndexList', 'OL', '1', false, 'Long Primitive Point Index List'],
  ['006862F0', 'ViewOrientationModifierCodeSequence', 'SQ', '1', false, 'View Orientation Modifier Code Sequence'],
  ['00181153', 'ExposureInuAs', 'IS', '1', false, 'Exposure in µAs'],
  ['00020026', 'SourcePresentationAddress', 'UR', '1', false, 'Source Presentation Address'],
  ['60003000', 'OverlayData', 'OB or OW', '1', false, 'Overlay Data'],
  ['601E3000', 'OverlayData', 'OB or OW', '1', false, 'Overlay Data'],
  ['50003000', 'CurveData', 'OB or OW', '1', true, 'Curve Data'],
  ['00203120', 'SourceImageIDs', 'CS', '1-n', true, 'Source Image IDs'],
  ['00280413', 'CoefficientCodingPointers', 'AT', '1-n', true, 'Coefficient Coding Pointers'],
  ['FFFEE000', 'Item', 'See Note 2', '1', false, 'Item'],
];

for (const [tag, keyword, vr, vm, retired, name] of ROWS) {
  test(`PS3.6 has ${tag} ${keyword}`, () => {
    assert.deepEqual(lookup(tag), { keyword, vr, vm, name, retired });
  });
}

const dir = corpusDir();
const table = dir === undefined ? '' : join(dir, '../standard/dictionary.tsv');

test('every row of PS3.6 is as it stands there', {
  skip: !existsSync(table) && 'the tables of the standard are not here',
}, () => {
  const lines = readFileSync(table, 'utf8').trimEnd().split('\n').slice(1);
  assert.ok(lines.length > 5000);
  for (const line of lines) {
    const [pattern = '', keyword, vr, vm, retired, name] = line.split('\t');
    // X stands for any digit; 1 where 0 would be another attribute's.
    const tag = pattern.startsWith('0028') ? pattern.replace('X', '1') : pattern.replaceAll('X', '0');
    assert.deepEqual(lookup(tag), { keyword, vr, vm, name, retired: retired === 'Y' }, pattern);
  }
});

test('every constant is the tag of its keyword', () => {
  for (const [keyword, tag] of Object.entries(Tag)) assert.equal(keywordOf(tag), keyword);
});

const NAMES: [given: string, tag: string | undefined][] = [
  ['PatientID', '00100020'],
  ['00100020', '00100020'],
  ['0020000d', '0020000D'],
  ['OverlayData', '60003000'],
  ['patientid', undefined],
  ['NoSuchKeyword', undefined],
  ['0010002', undefined],
  ['__proto__', undefined],
  ['', undefined],
];

for (const [given, tag] of NAMES) {
  test(`the tag of '${given}' is ${tag}`, () => assert.equal(tagOf(given), tag));
}

test('unknown and private tags have no entry', () => {
  for (const tag of ['00091001', '00100099', '60010010', '50013000']) assert.equal(lookup(tag), undefined, tag);
});

const IMPLIED: [tag: string, context: Parameters<typeof vrOf>[1], vr: string][] = [
  ['00100010', {}, 'PN'],
  ['00280106', {}, 'US'],
  ['00280106', { pixelRepresentation: 0 }, 'US'],
  ['00280106', { pixelRepresentation: 1 }, 'SS'],
  ['7FE00010', {}, 'OW'],
  ['7FE00010', { bitsAllocated: 16 }, 'OW'],
  ['7FE00010', { bitsAllocated: 8 }, 'OB'],
  ['7FE00010', { bitsAllocated: 1 }, 'OB'],
  ['60003000', { bitsAllocated: 8 }, 'OW'],
  ['54001010', {}, 'OW'],
  ['00283006', { lutEntries: 256 }, 'OW'],
  ['00283006', { lutEntries: 1 }, 'US'],
  ['00080000', {}, 'UL'],
  ['00090000', {}, 'UL'],
  ['00090010', {}, 'LO'],
  ['000900FF', {}, 'LO'],
  ['00090001', {}, 'UN'],
  ['00091001', {}, 'UN'],
  ['00100099', {}, 'UN'],
];

for (const [tag, context, vr] of IMPLIED) {
  test(`PS3.5 A.1 ${tag} is ${vr} in implicit VR with ${JSON.stringify(context)}`, () => {
    assert.equal(vrOf(tag, context), vr);
  });
}
