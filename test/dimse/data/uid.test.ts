// UIDs, their registry, and the transfer syntaxes.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TRANSFER_SYNTAXES, transferSyntax } from '../../../src/dimse/data/transfer-syntax.ts';
import {
  createUid,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  isUidShape,
  STORAGE_SOP_CLASSES,
  UID_REGISTRY,
  uidName,
} from '../../../src/dimse/data/uid.ts';
import { corpusDir } from '../../support/corpus.ts';
import { isValidUid } from '../../support/valid-uid.ts';

const VALID = ['1.2.840.10008.1.1', '2.25.0', '0.0', `1.2.${'3'.repeat(60)}`];
const INVALID = ['', '1', '1.', '.1', '3.1', '1.02', '1..2', '1.2a', '1.2 ', '1.-2', `1.2.${'3'.repeat(61)}`];

test('COM-11 UID syntax', () => {
  for (const uid of VALID) assert.ok(isValidUid(uid), uid);
  for (const uid of INVALID) assert.ok(!isValidUid(uid), uid);
});

test('the shape of a UID tolerates what archives hold', () => {
  for (const uid of [...VALID, '999.1', '1.02', `1.2.${'3'.repeat(61)}`]) assert.ok(isUidShape(uid), uid);
  for (const uid of ['', '1.', '1.2/3', '1.2\\3', '1.*', `1.${'3'.repeat(127)}`]) assert.ok(!isUidShape(uid), uid);
});

test('new UIDs are valid, derived from a UUID, and differ', () => {
  const uids = new Set(Array.from({ length: 100 }, createUid));
  assert.equal(uids.size, 100);
  for (const uid of uids) {
    assert.ok(isValidUid(uid), uid);
    assert.match(uid, /^2\.25\./);
    const hex = BigInt(uid.slice(5)).toString(16).padStart(32, '0');
    assert.match(hex, /^.{12}4.{3}[89ab]/);
  }
});

test('what the implementation calls itself keeps to PS3.7 D.3.3.2', () => {
  assert.ok(isValidUid(IMPLEMENTATION_CLASS_UID));
  assert.match(IMPLEMENTATION_VERSION_NAME, /^[ -~]{1,16}$/);
});

const NAMES = [
  ['1.2.840.10008.1.1', 'Verification SOP Class', 'SOP Class', false],
  ['1.2.840.10008.1.2', 'Implicit VR Little Endian', 'Transfer Syntax', false],
  ['1.2.840.10008.5.1.4.1.1.2', 'CT Image Storage', 'SOP Class', false],
  ['1.2.840.10008.5.1.4.1.1.6', 'Ultrasound Image Storage', 'SOP Class', true],
] as const;

for (const [uid, name, type, retired] of NAMES) {
  test(`PS3.6 Table A-1 has ${name}`, () => {
    assert.equal(uidName(uid), name);
    const entry = UID_REGISTRY.get(uid);
    assert.deepEqual([entry?.type, entry?.retired], [type, retired]);
  });
}

test('a transfer syntax has the name that PS3.6 gives it', () => {
  for (const { uid, name } of TRANSFER_SYNTAXES) assert.equal(name, uidName(uid));
});

test('every transfer syntax for composite instances is known', () => {
  // 1.2.6: retired forms of documents; 1.2.7: real-time video, no data sets; 1.20: Papyrus 3, retired
  const others = /^1\.2\.840\.10008\.1\.2(?:\.[67]\.|0$)|^1\.2\.840\.10008\.1\.20$/;
  const syntaxes = [...UID_REGISTRY.values()].filter(({ type }) => type === 'Transfer Syntax');
  assert.deepEqual(
    syntaxes.filter(({ uid }) => !others.test(uid) && !transferSyntax(uid)).map(({ uid }) => uid),
    [],
  );
});

/** PS3.5 Annex A: how the data set is encoded. */
const ENCODINGS = [
  ['1.2.840.10008.1.2', 'little', false, false, false],
  ['1.2.840.10008.1.2.1', 'little', true, false, false],
  ['1.2.840.10008.1.2.1.99', 'little', true, true, false],
  ['1.2.840.10008.1.2.2', 'big', true, false, false],
  ['1.2.840.10008.1.2.4.50', 'little', true, false, true],
  ['1.2.840.10008.1.2.5', 'little', true, false, true],
  ['1.2.840.10008.1.2.1.98', 'little', true, false, true],
] as const;

for (const [uid, endian, explicit, deflated, encapsulated] of ENCODINGS) {
  test(`${uid} is encoded as PS3.5 Annex A says`, () => {
    const syntax = transferSyntax(uid);
    assert.deepEqual(
      [syntax?.endian, syntax?.explicit, syntax?.deflated, syntax?.encapsulated],
      [endian, explicit, deflated, encapsulated],
    );
  });
}

const MEDIA_TYPES = [
  ['4.50', 'image/jpeg'],
  ['4.70', 'image/jpeg'],
  ['4.80', 'image/jls'],
  ['4.91', 'image/jp2'],
  ['4.93', 'image/jpx'],
  ['4.201', 'image/jphc'],
  ['4.110', 'image/jxl'],
  ['4.100', 'video/mpeg'],
  ['4.102', 'video/mp4'],
  ['4.107', 'video/H265'],
  ['5', 'image/dicom-rle'],
  ['8.1', 'application/x-deflate'],
  ['1', 'application/octet-stream'],
] as const;

for (const [suffix, mediaType] of MEDIA_TYPES) {
  test(`frames in 1.2.840.10008.1.2.${suffix} are ${mediaType} (PS3.18 Table 8.7.3-5)`, () => {
    assert.equal(transferSyntax(`1.2.840.10008.1.2.${suffix}`)?.mediaType, mediaType);
  });
}

test('storage SOP classes hold current, retired and media ones, but no services', () => {
  for (const suffix of ['5.1.4.1.1.2', '5.1.4.1.1.6', '5.1.4.1.1.3', '5.1.4.1.1.129', '1.3.10', '5.1.4.45.1']) {
    assert.ok(STORAGE_SOP_CLASSES.includes(`1.2.840.10008.${suffix}`), suffix);
  }
  assert.ok(!STORAGE_SOP_CLASSES.includes('1.2.840.10008.1.20.1'), 'Storage Commitment');
  assert.ok(!STORAGE_SOP_CLASSES.includes('1.2.840.10008.1.1'), 'Verification');
});

function standardRows(table: string): string[][] | undefined {
  const dir = corpusDir();
  const path = dir === undefined ? undefined : join(dir, '../standard', table);
  if (path === undefined || !existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(1);
  return lines.map((line) => line.split('\t'));
}

const uids = standardRows('uids.tsv');
test('every row of PS3.6 Table A-1 is there', {
  skip: uids === undefined && 'the tables of the standard are not here',
}, () => {
  const expected = (uids ?? []).map(([uid, name, type, , retired, keyword]) => [
    uid,
    name,
    type,
    retired === 'Retired',
    keyword,
  ]);
  const ours = [...UID_REGISTRY.values()].map(({ uid, name, type, retired, keyword }) => [
    uid,
    name,
    type,
    retired,
    keyword,
  ]);
  assert.deepEqual(ours.sort(), expected.sort());
});

const classes = standardRows('standard-sop-classes.tsv');
test('every storage SOP class of PS3.4 is there', {
  skip: classes === undefined && 'the tables of the standard are not here',
}, () => {
  assert.deepEqual(
    (classes ?? []).map(([uid = '']) => uid).filter((uid) => !STORAGE_SOP_CLASSES.includes(uid)),
    [],
  );
});
