// Writing with code extensions (PS3.5 6.1.2.5): the examples of PS3.5 Annexes H to K as their bytes, and back again.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decoder } from '../../../src/dimse/data/charset.ts';
import { encoder, findEncoder } from '../../../src/dimse/data/charset-encode.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';

type Row = [what: string, terms: string, text: string, bytes: string];

const ROWS: Row[] = [
  [
    'PS3.5 H.3.1',
    '\\ISO 2022 IR 87',
    'Yamada^Tarou=山田^太郎=やまだ^たろう',
    'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B',
  ],
  [
    'PS3.5 H.3.2',
    'ISO 2022 IR 13\\ISO 2022 IR 87',
    'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
    '\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J',
  ],
  [
    'PS3.5 I.2',
    '\\ISO 2022 IR 149',
    'Hong^Gildong=洪^吉洞=홍^길동',
    'Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf',
  ],
  ['PS3.5 J.1 has no escapes', 'ISO_IR 192', 'Wang=王^小東', 'Wang=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1'],
  ['PS3.5 J.3 has no escapes', 'GB18030', 'Wang=王^小东', 'Wang=\xcd\xf5^\xd0\xa1\xb6\xab'],
  [
    'PS3.5 K.2',
    '\\ISO 2022 IR 58',
    'Zhang^XiaoDong=张^小东=',
    'Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=',
  ],
  [
    'PS3.5 K.3: every line calls its set again',
    '\\ISO 2022 IR 58',
    '1. 第一行文字。\r\n2. 第二行文字。\r\n',
    '1. \x1b$)A\xb5\xda\xd2\xbb\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n2. \x1b$)A\xb5\xda\xb6\xfe\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n',
  ],
  ['the supplementary kanji', '\\ISO 2022 IR 87\\ISO 2022 IR 159', '丂山', '\x1b$(D\x30\x21\x1b$B;3\x1b(B'],
  ['katakana beside kanji', '\\ISO 2022 IR 13\\ISO 2022 IR 87', '山ﾔ', '\x1b$B;3\x1b(B\x1b)I\xd4'],
  ['the set of the first value needs no escape', 'ISO 2022 IR 100\\ISO 2022 IR 144', 'é Л', '\xe9 \x1b-L\xbb\x1b-A'],
  ['and is active again before a delimiter', 'ISO 2022 IR 100\\ISO 2022 IR 144', 'Л^é', '\x1b-L\xbb\x1b-A^\xe9'],
  ['and before the backslash between values', '\\ISO 2022 IR 87', '山\\C', '\x1b$B;3\x1b(B\\C'],
  ['ISO 2022 IR 6 written out', 'ISO 2022 IR 6\\ISO 2022 IR 203', '€', '\x1b-b\xa4'],
  ['one set calls for no other while it lasts', '\\ISO 2022 IR 101\\ISO 2022 IR 100', 'łé', '\x1b-B\xb3\xe9'],
];

describe('code extensions are written', () => {
  for (const [what, terms, text, bytes] of ROWS) {
    test(`E-10 ${what}`, () => {
      const { encode, covers } = encoder(terms);
      assert.equal(encode(text).toString('latin1'), bytes);
      assert.equal(decoder(terms.split('\\')).decode(encode(text), 'PN'), text);
      assert.ok(covers(text));
    });
  }
});

test('E-10 what no set has becomes a question mark', () => {
  const { encode, covers } = encoder('\\ISO 2022 IR 87');
  assert.equal(encode('홍山').toString('latin1'), '?\x1b$B;3\x1b(B');
  assert.equal(covers('홍山'), false);
});

test('E-11 sets of two bytes cannot be the first, and unknown ones cannot be written', () => {
  for (const terms of [
    'ISO 2022 IR 87\\ISO 2022 IR 13',
    '\\ISO 2022 IR 9',
    'NOTHING\\ISO 2022 IR 87',
    '\\ISO_IR 192',
  ]) {
    assert.equal(findEncoder(terms), undefined, terms);
  }
});

test('a data set is written in the sets that it declares, and in UTF-8 where they lack a character', () => {
  const of = (name: string) => ({
    '00080005': { vr: 'CS' as const, Value: [null, 'ISO 2022 IR 87'] },
    '00100010': { vr: 'PN' as const, Value: [{ Alphabetic: 'Yamada', Ideographic: name }] },
  });
  const written = writeDataset(of('山田'), ExplicitLittle, { charset: 'declared' });
  assert.ok(written.includes('Yamada=\x1b$B;3ED\x1b(B'));
  assert.deepEqual(readDataset(written, ExplicitLittle)['00100010'], of('山田')['00100010']);
  const wider = readDataset(writeDataset(of('홍'), ExplicitLittle, { charset: 'declared' }), ExplicitLittle);
  assert.deepEqual(wider['00080005']?.Value, ['ISO_IR 192']);
  assert.deepEqual(wider['00100010'], of('홍')['00100010']);
});

test('an identifier names the sets it is written in, value by value', () => {
  const identifier = { '00100010': { vr: 'PN' as const, Value: [{ Alphabetic: '山田*' }] } };
  const bytes = writeDataset(identifier, ExplicitLittle, { charset: '\\ISO 2022 IR 87' });
  assert.ok(bytes.includes('\\ISO 2022 IR 87') && bytes.includes('\x1b$B;3ED\x1b(B*'));
});

const SETS = ['100', '101', '144', '126', '138', '13', '87', '149', '58'];
const LETTERS = [...'aé ł Ж α א ｱ山張张洪홍ひ文字^=\\\r\n'].filter((letter) => letter !== ' ').concat(' ');

test('whatever sets are declared, what they cover is read as it was written', () => {
  const first = fc.constantFrom('', ...SETS.slice(0, 6).map((set) => `ISO 2022 IR ${set}`));
  const others = fc.uniqueArray(fc.constantFrom(...SETS.map((set) => `ISO 2022 IR ${set}`)), { minLength: 1 });
  const text = fc.array(fc.constantFrom(...LETTERS)).map((letters) => letters.join(''));
  fc.assert(
    fc.property(first, others, text, (base, more, letters) => {
      const terms = [base, ...more.filter((term) => term !== base)];
      const encoding = encoder(terms.join('\\'));
      const covered = [...letters].filter((letter) => encoding.covers(letter)).join('');
      if (terms.length < 2) return;
      assert.equal(decoder(terms).decode(encoding.encode(covered), 'PN'), covered);
    }),
    { numRuns: 300, seed: 20260101 },
  );
});
