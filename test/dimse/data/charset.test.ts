// Character sets: the examples of PS3.5 Annexes H to K, each single set, and what senders get wrong.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoder } from '../../../src/dimse/data/charset.ts';
import { encoder, findEncoder } from '../../../src/dimse/data/charset-encode.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import type { Vr } from '../../../src/dimse/data/vr.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { all, explicit, item } from './encoded.ts';

function latin(bytes: string): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** Values of Specific Character Set, a VR, bytes, and the text they stand for. */
const READ: [what: string, terms: string[], vr: Vr, bytes: string, text: string][] = [
  ['E-10 nothing is ASCII', [], 'LO', 'abc', 'abc'],
  ['E-10 an empty value is ASCII', [''], 'LO', 'abc', 'abc'],
  ['ISO_IR 100', ['ISO_IR 100'], 'PN', 'Buc^J\xe9r\xf4me', 'Buc^Jérôme'],
  ['ISO_IR 100 is Latin-1 and not windows-1252', ['ISO_IR 100'], 'LO', '\x80\x9f', '\x80\x9f'],
  ['ISO_IR 101', ['ISO_IR 101'], 'LO', 'W\xb3odarski', 'Włodarski'],
  ['ISO_IR 109', ['ISO_IR 109'], 'LO', '\xe6', 'ĉ'],
  ['ISO_IR 110', ['ISO_IR 110'], 'LO', '\xe0', 'ā'],
  ['ISO_IR 126', ['ISO_IR 126'], 'PN', '\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2', 'Διονυσιος'],
  ['ISO_IR 127', ['ISO_IR 127'], 'PN', '\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1', 'قباني^لنزار'],
  ['ISO_IR 138', ['ISO_IR 138'], 'PN', '\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4', 'שרון^דבורה'],
  ['ISO_IR 144', ['ISO_IR 144'], 'PN', '\xbb\xee\xda\x63\x65', 'Люкce'],
  ['ISO_IR 148', ['ISO_IR 148'], 'PN', '\xc7avu\xfeo\xf0lu', 'Çavuşoğlu'],
  ['ISO_IR 166', ['ISO_IR 166'], 'LO', '\xe0\xa8', 'เจ'],
  ['ISO_IR 203', ['ISO_IR 203'], 'LO', '\xa4 \xbd', '€ œ'],
  ['ISO_IR 13', ['ISO_IR 13'], 'PN', '\xd4\xcf\xc0\xde^\xc0\xdb\xb3', 'ﾔﾏﾀﾞ^ﾀﾛｳ'],
  ['ISO_IR 192', ['ISO_IR 192'], 'PN', 'Wang=\xe7\x8e\x8b^\xe5\xb0\x8f\xe4\xb8\x9c=', 'Wang=王^小东='],
  ['GB18030', ['GB18030'], 'PN', 'Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=', 'Wang^XiaoDong=王^小东='],
  ['GB18030 with four bytes', ['GB18030'], 'LO', '\x95\x32\x82\x36', '𠀀'],
  ['GBK', ['GBK'], 'PN', '\xcd\xf5^\xd0\xa1\xb6\xab', '王^小东'],
  [
    'PS3.5 H.3.1 ISO 2022 IR 87',
    ['', 'ISO 2022 IR 87'],
    'PN',
    'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B',
    'Yamada^Tarou=山田^太郎=やまだ^たろう',
  ],
  [
    'PS3.5 H.3.2 ISO 2022 IR 13 and 87',
    ['ISO 2022 IR 13', 'ISO 2022 IR 87'],
    'PN',
    '\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J',
    'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
  ],
  ['ISO 2022 IR 159 (JIS X 0212)', ['', 'ISO 2022 IR 159'], 'LO', '\x1b$(D\x30\x21\x1b(B', '丂'],
  [
    'PS3.5 I.2 ISO 2022 IR 149',
    ['', 'ISO 2022 IR 149'],
    'PN',
    'Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf',
    'Hong^Gildong=洪^吉洞=홍^길동',
  ],
  [
    'PS3.5 K.2 ISO 2022 IR 58',
    ['', 'ISO 2022 IR 58'],
    'PN',
    'Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=',
    'Zhang^XiaoDong=张^小东=',
  ],
  ['ISO 2022 IR 100 and 144', ['ISO 2022 IR 100', 'ISO 2022 IR 144'], 'LO', 'J\xe9r \x1b-L\xbb\xee', 'Jér Лю'],
  [
    'E-10 sets go back to the first at a caret',
    ['ISO 2022 IR 100', 'ISO 2022 IR 144'],
    'PN',
    '\x1b-L\xbb\xee^\xe9',
    'Лю^é',
  ],
  [
    'E-10 sets go back to the first at a line end',
    ['ISO 2022 IR 100', 'ISO 2022 IR 144'],
    'LT',
    '\x1b-L\xbb\r\n\xe9',
    'Л\r\né',
  ],
  ['ISO 2022 IR 203', ['ISO 2022 IR 6', 'ISO 2022 IR 203'], 'LO', 'x\x1b-b\xa4', 'x€'],
  ['one term with extensions', ['ISO 2022 IR 100'], 'LO', '\xe9', 'é'],
  ['ISO_IR terms among several', ['ISO_IR 100', 'ISO 2022 IR 87'], 'LO', '\xe9\x1b$B;3', 'é山'],
  ['E-10 UTF-8 stands alone', ['ISO_IR 192', 'ISO 2022 IR 87'], 'LO', '\xc3\xa9', 'é'],
  [
    'E-11 an escape sequence that is not declared',
    ['ISO 2022 IR 100', 'ISO 2022 IR 144'],
    'LO',
    '\x1b$B;3ED\x1b(B',
    '山田',
  ],
  ['an escape sequence of no set stays', ['ISO 2022 IR 100', 'ISO 2022 IR 87'], 'LO', 'a\x1bzb', 'a\x1bzb'],
  ['ISO-IR for ISO_IR', ['ISO-IR 100'], 'LO', '\xe9', 'é'],
  ['spaces and lower case', [' iso_ir 192 '], 'LO', '\xc3\xa9', 'é'],
  ['a term of no set: UTF-8 where it is that', ['NOTHING'], 'LO', '\xc3\xa9', 'é'],
  ['a term of no set: else Latin-1', ['NOTHING'], 'LO', '\xe9', 'é'],
  ['broken UTF-8', ['ISO_IR 192'], 'LO', 'a\xffb', 'a\ufffdb'],
];

for (const [what, terms, vr, bytes, text] of READ) {
  test(`reads ${what}`, () => assert.equal(decoder(terms).decode(latin(bytes), vr), text));
}

test('a decoder reads a part of the bytes', () => {
  for (const [what, terms, vr, bytes, text] of READ) {
    const padded = latin(`xx${bytes}yy`);
    assert.equal(decoder(terms).decode(padded, vr, 2, 2 + bytes.length), text, what);
  }
});

function valuesOf(terms: string, vr: Vr, bytes: string): unknown {
  const body = all(explicit('00080005', 'CS', terms), explicit('00104000', vr, latin(bytes)));
  return readDataset(body, ExplicitLittle)['00104000']?.Value;
}

test('E-13 in GBK and GB18030 a backslash byte may be half a character', () => {
  assert.deepEqual(valuesOf('GBK', 'LO', 'A\xd5\\B\\C'), ['A誠B', 'C']);
  assert.deepEqual(valuesOf('GB18030', 'LO', 'A\xd5\\B\\C'), ['A誠B', 'C']);
});

test('E-13 in JIS X 0208 a backslash byte may be half a character', () => {
  assert.deepEqual(valuesOf('\\ISO 2022 IR 87', 'LO', '\x1b$B%\\\x1b(B\\C '), ['ボ', 'C']);
});

test('E-12 Specific Character Set leaves other VRs alone', () => {
  assert.deepEqual(valuesOf('ISO_IR 192', 'CS', '\xc3\xa9'), ['Ã©']);
});

test('an item inherits the character set and may have its own', () => {
  const own = all(explicit('00080005', 'CS', 'ISO_IR 144'), explicit('00080104', 'LO', latin('\xbb')));
  const inherited = explicit('00080104', 'LO', latin('\xe9'));
  const body = all(
    explicit('00080005', 'CS', 'ISO_IR 100'),
    explicit('00081140', 'SQ', all(item(own), item(inherited))),
    explicit('00104000', 'LT', latin('\xe9')),
  );
  const dataset = readDataset(body, ExplicitLittle);
  assert.deepEqual(dataset['00081140']?.Value, [
    { '00080005': { vr: 'CS', Value: ['ISO_IR 144'] }, '00080104': { vr: 'LO', Value: ['Л'] } },
    { '00080104': { vr: 'LO', Value: ['é'] } },
  ]);
  assert.deepEqual(dataset['00104000']?.Value, ['é']);
});

test('the character set of what encloses can be given', () => {
  const body = explicit('00104000', 'LT', latin('\xbb'));
  assert.deepEqual(readDataset(body, ExplicitLittle, { charset: ['ISO_IR 144'] })['00104000']?.Value, ['Л']);
});

const WRITTEN: [term: string, text: string, bytes: string][] = [
  ['', 'abc', 'abc'],
  ['ISO_IR 100', 'Jérôme', 'J\xe9r\xf4me'],
  ['ISO_IR 101', 'Włodarski', 'W\xb3odarski'],
  ['ISO_IR 126', 'Δ', '\xc4'],
  ['ISO_IR 127', 'ق', '\xe2'],
  ['ISO_IR 138', 'ש', '\xf9'],
  ['ISO_IR 144', 'Лю', '\xbb\xee'],
  ['ISO_IR 148', 'ğ', '\xf0'],
  ['ISO_IR 203', '€', '\xa4'],
  ['ISO_IR 166', 'เ', '\xe0'],
  ['ISO_IR 13', 'ﾔﾏ', '\xd4\xcf'],
  ['ISO_IR 192', '王', '\xe7\x8e\x8b'],
  ['GB18030', '王', '\xcd\xf5'],
  ['GBK', '王', '\xcd\xf5'],
  ['ISO 2022 IR 100', 'é', '\xe9'],
];

for (const [term, text, bytes] of WRITTEN) {
  test(`writes ${term || 'ASCII'}`, () => {
    assert.deepEqual(encoder(term).encode(text), latin(bytes));
    assert.ok(encoder(term).covers(text));
  });
}

const NOT_COVERED: [term: string, text: string][] = [
  ['', 'é'],
  ['ISO_IR 100', 'ł'],
  ['ISO_IR 100', '€'],
  ['ISO_IR 13', '山'],
  ['ISO_IR 13', '¥'],
  ['ISO_IR 144', 'é'],
];

for (const [term, text] of NOT_COVERED) {
  test(`${term || 'ASCII'} has no ${text}`, () => {
    assert.ok(!encoder(term).covers(text));
    assert.deepEqual(encoder(term).encode(text), latin('?'));
  });
}

test('code extensions and unknown sets cannot be written', () => {
  assert.equal(findEncoder('ISO 2022 IR 87'), undefined);
  assert.throws(
    () => encoder('ISO_IR 999'),
    (error) => error instanceof DicomError && error.kind === 'malformed',
  );
});

test('a data set is written in UTF-8 and says so, when its text calls for it', () => {
  const named = readDataset(
    writeDataset({ '00100010': { vr: 'PN', Value: [{ Alphabetic: 'É' }] } }, ExplicitLittle),
    ExplicitLittle,
  );
  assert.deepEqual(named['00080005'], { vr: 'CS', Value: ['ISO_IR 192'] });
  const plain = readDataset(
    writeDataset({ '00100010': { vr: 'PN', Value: [{ Alphabetic: 'E' }] } }, ExplicitLittle),
    ExplicitLittle,
  );
  assert.equal(plain['00080005'], undefined);
});

test('a data set is written in the set that is asked for, and says so', () => {
  const dataset = {
    '00080005': { vr: 'CS' as const, Value: ['ISO_IR 192'] },
    '00104000': { vr: 'LT' as const, Value: ['Л'] },
  };
  const bytes = writeDataset(dataset, ExplicitLittle, { charset: 'ISO_IR 144' });
  assert.ok(bytes.includes(latin('ISO_IR 144')));
  assert.deepEqual(readDataset(bytes, ExplicitLittle)['00104000']?.Value, ['Л']);
});

test('items are written in the set of the data set', () => {
  const inner = {
    '00080005': { vr: 'CS' as const, Value: ['ISO_IR 144'] },
    '00080104': { vr: 'LO' as const, Value: ['Л'] },
  };
  const bytes = writeDataset({ '00081140': { vr: 'SQ', Value: [inner] } }, ExplicitLittle);
  const [read] = readDataset(bytes, ExplicitLittle)['00081140']?.Value ?? [];
  assert.deepEqual(read, { '00080005': { vr: 'CS', Value: ['ISO_IR 192'] }, '00080104': { vr: 'LO', Value: ['Л'] } });
});

test('declared code extensions are kept, and give way to UTF-8 for what they lack', () => {
  const declared = { vr: 'CS' as const, Value: ['ISO 2022 IR 6', 'ISO 2022 IR 87'] };
  const ascii = writeDataset({ '00080005': declared, '00104000': { vr: 'LT', Value: ['A'] } }, ExplicitLittle, {
    charset: 'declared',
  });
  assert.ok(ascii.includes(latin('ISO 2022 IR 6\\ISO 2022 IR 87')));
  const rest = writeDataset({ '00080005': declared, '00104000': { vr: 'LT', Value: ['홍'] } }, ExplicitLittle, {
    charset: 'declared',
  });
  assert.ok(rest.includes(latin('ISO_IR 192')) && !rest.includes(latin('IR 87')));
});
