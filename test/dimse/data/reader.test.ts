// Reading data sets from bytes that were put together by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, deflateRawSync } from 'node:zlib';
import type { Attribute } from '../../../src/dimse/data/dataset.ts';
import { type BulkElement, isIncomplete, readDataset, readElements } from '../../../src/dimse/data/reader.ts';
import {
  Deflated,
  ExplicitBig,
  ExplicitLittle,
  ImplicitLittle,
  JpegBaseline,
} from '../../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { all, explicit, explicitBig, implicit, item, openItem, openSequence, UNDEFINED } from './encoded.ts';

function bytes(...values: number[]): Buffer {
  return Buffer.from(values);
}

/** One explicit little endian element and the attribute it makes; null for none. */
const VALUES: [what: string, vr: string, value: string | Buffer, attribute: Attribute | null][] = [
  ['AE without its spaces', 'AE', ' STORE ', { vr: 'AE', Value: ['STORE'] }],
  ['CS values without their spaces', 'CS', 'ORIGINAL \\ PRIMARY', { vr: 'CS', Value: ['ORIGINAL', 'PRIMARY'] }],
  ['LO with a leading space', 'LO', ' a b ', { vr: 'LO', Value: [' a b'] }],
  ['UI without NUL', 'UI', '1.2.3\0', { vr: 'UI', Value: ['1.2.3'] }],
  ['UI list', 'UI', '1.2\\1.3\0', { vr: 'UI', Value: ['1.2', '1.3'] }],
  ['J-16 an empty value among others', 'LO', 'a\\\\b ', { vr: 'LO', Value: ['a', null, 'b'] }],
  ['J-16 empty values at both ends', 'LO', '\\a\\', { vr: 'LO', Value: [null, 'a', null] }],
  ['J-15 an empty value', 'LO', '', { vr: 'LO' }],
  ['a value of spaces is empty', 'LO', '  ', { vr: 'LO' }],
  ['J-25 LT with backslash and line break', 'LT', 'a\\b\r\nc', { vr: 'LT', Value: ['a\\b\r\nc'] }],
  ['J-25 leading spaces of LT', 'LT', '  a ', { vr: 'LT', Value: ['  a'] }],
  ['UT, UR and ST have one value', 'UT', 'a\\b ', { vr: 'UT', Value: ['a\\b'] }],
  ['UC has several', 'UC', 'a\\b ', { vr: 'UC', Value: ['a', 'b'] }],
  [
    'J-13 PN groups',
    'PN',
    'A^B=C^D=E',
    { vr: 'PN', Value: [{ Alphabetic: 'A^B', Ideographic: 'C^D', Phonetic: 'E' }] },
  ],
  ['J-13 PN without alphabetic group', 'PN', '=C', { vr: 'PN', Value: [{ Ideographic: 'C' }] }],
  ['PN values', 'PN', 'A\\\\B ', { vr: 'PN', Value: [{ Alphabetic: 'A' }, null, { Alphabetic: 'B' }] }],
  ['J-8 DS as numbers', 'DS', '1.5\\-2 \\3e2', { vr: 'DS', Value: [1.5, -2, 300] }],
  [
    'J-8 a DS with more digits than a number holds',
    'DS',
    '0.12345678901234567',
    { vr: 'DS', Value: ['0.12345678901234567'] },
  ],
  ['J-8 a DS that is no number', 'DS', '1,5 ', { vr: 'DS', Value: ['1,5'] }],
  ['J-8 a DS that only JavaScript takes for a number', 'DS', '0x10', { vr: 'DS', Value: ['0x10'] }],
  ['a negative zero', 'DS', '-0', { vr: 'DS', Value: ['-0'] }],
  ['IS as numbers', 'IS', ' 12\\+7 ', { vr: 'IS', Value: [12, 7] }],
  ['US', 'US', bytes(1, 0, 0xff, 0xff), { vr: 'US', Value: [1, 65535] }],
  ['SS', 'SS', bytes(0xff, 0xff), { vr: 'SS', Value: [-1] }],
  ['UL', 'UL', bytes(0xff, 0xff, 0xff, 0xff), { vr: 'UL', Value: [4294967295] }],
  ['SL', 'SL', bytes(0xfe, 0xff, 0xff, 0xff), { vr: 'SL', Value: [-2] }],
  ['FL', 'FL', bytes(0, 0, 0x80, 0x3f), { vr: 'FL', Value: [1] }],
  ['FD', 'FD', bytes(0, 0, 0, 0, 0, 0, 0xf8, 0x3f), { vr: 'FD', Value: [1.5] }],
  ['J-12 AT', 'AT', bytes(0x20, 0, 0x0d, 0), { vr: 'AT', Value: ['0020000D'] }],
  ['SV', 'SV', bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), { vr: 'SV', Value: [-1] }],
  ['J-8 a UV beyond 2^53', 'UV', bytes(1, 0, 0, 0, 0, 0, 0x20, 0), { vr: 'UV', Value: ['9007199254740993'] }],
  ['OB', 'OB', bytes(1, 2), { vr: 'OB', InlineBinary: bytes(1, 2) }],
  ['an OW of length zero', 'OW', '', { vr: 'OW' }],
  ['an empty sequence', 'SQ', '', { vr: 'SQ' }],
  ['a US whose length does not fit', 'US', bytes(1, 0, 2), { vr: 'UN', InlineBinary: bytes(1, 0, 2) }],
];

for (const [what, vr, value, attribute] of VALUES) {
  test(`reads ${what}`, () => {
    const read = readDataset(explicit('00091001', vr, value), ExplicitLittle)['00091001'];
    assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(attribute)));
  });
}

test('InlineBinary is a view of the bytes given', () => {
  const encoded = explicit('00091001', 'OB', bytes(1, 2));
  const value = readDataset(encoded, ExplicitLittle)['00091001']?.InlineBinary;
  encoded[encoded.length - 1] = 9;
  assert.deepEqual([...(value ?? [])], [1, 9]);
});

const SEQUENCE = { vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: ['1'] } }, {}] };
const CODE = explicit('00080100', 'SH', '1 ');

const SEQUENCES: [what: string, encoded: Buffer][] = [
  ['lengths', explicit('00081140', 'SQ', all(item(CODE), item()))],
  ['delimited items', explicit('00081140', 'SQ', all(openItem(CODE), openItem()))],
  ['a delimited sequence', explicit('00081140', 'SQ', openSequence(item(CODE), item()), UNDEFINED)],
  ['delimiters throughout', explicit('00081140', 'SQ', openSequence(openItem(CODE), openItem()), UNDEFINED)],
];

for (const [what, encoded] of SEQUENCES) {
  test(`E-2 a sequence with ${what}, and what follows it`, () => {
    const dataset = readDataset(all(encoded, explicit('00100020', 'LO', 'X ')), ExplicitLittle);
    assert.deepEqual(dataset, { '00081140': SEQUENCE, '00100020': { vr: 'LO', Value: ['X'] } });
  });
}

test('E-3 UN of undefined length is a sequence in implicit VR', () => {
  const encoded = explicit('00091001', 'UN', openSequence(openItem(implicit('00080100', '1 '))), UNDEFINED);
  assert.deepEqual(readDataset(encoded, ExplicitLittle), {
    '00091001': { vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: ['1'] } }] },
  });
});

test('E-3 UN of a known attribute reads as what the dictionary says', () => {
  const sequence = explicit('00081140', 'UN', item(implicit('00080100', '1 ')));
  const dataset = readDataset(all(sequence, explicit('00280010', 'UN', bytes(2, 0))), ExplicitLittle);
  assert.deepEqual(dataset, {
    '00081140': { vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: ['1'] } }] },
    '00280010': { vr: 'US', Value: [2] },
  });
});

test('E-3 UN of a known attribute that does not hold it stays UN', () => {
  const dataset = readDataset(explicit('00081140', 'UN', 'no items'), ExplicitLittle);
  assert.deepEqual(dataset['00081140'], { vr: 'UN', InlineBinary: Buffer.from('no items') });
});

test('E-3 UN of a private attribute stays UN', () => {
  const dataset = readDataset(explicit('00091001', 'UN', bytes(1, 2)), ExplicitLittle);
  assert.deepEqual(dataset['00091001'], { vr: 'UN', InlineBinary: bytes(1, 2) });
});

test('implicit VR takes VRs from the dictionary, private ones are UN', () => {
  const encoded = all(
    implicit('00090010', 'ACME'),
    implicit('00091001', 'x '),
    implicit('00280103', bytes(1, 0)),
    implicit('00280106', bytes(0xff, 0xff)),
  );
  assert.deepEqual(readDataset(encoded, ImplicitLittle), {
    '00090010': { vr: 'LO', Value: ['ACME'] },
    '00091001': { vr: 'UN', InlineBinary: Buffer.from('x ') },
    '00280103': { vr: 'US', Value: [1] },
    '00280106': { vr: 'SS', Value: [-1] },
  });
});

test('PixelRepresentation of the data set counts within its items', () => {
  const items = item(implicit('00283002', bytes(1, 0, 0xff, 0xff, 16, 0)));
  const encoded = all(implicit('00280103', bytes(1, 0)), implicit('00283010', items));
  const [read] = readDataset(encoded, ImplicitLittle)['00283010']?.Value ?? [];
  assert.deepEqual(read, { '00283002': { vr: 'SS', Value: [1, -1, 16] } });
});

test('LUT Data of one entry are US in implicit VR, of more OW', () => {
  const lut = (entries: number) =>
    all(implicit('00283002', bytes(entries, 0, 0, 0, 8, 0)), implicit('00283006', bytes(1, 0)));
  assert.deepEqual(readDataset(lut(1), ImplicitLittle)['00283006'], { vr: 'US', Value: [1] });
  assert.deepEqual(readDataset(lut(2), ImplicitLittle)['00283006'], { vr: 'OW', InlineBinary: bytes(1, 0) });
});

test('an undefined length in implicit VR is a sequence, whatever the tag', () => {
  const encoded = implicit('00091001', openSequence(openItem(implicit('00080100', '1 '))), UNDEFINED);
  assert.equal(readDataset(encoded, ImplicitLittle)['00091001']?.vr, 'SQ');
});

test('big endian values come out little endian', () => {
  const encoded = all(
    explicitBig('00080005', 'CS', 'ISO_IR 100'),
    explicitBig('00091001', 'OW', bytes(1, 2, 3, 4)),
    explicitBig('00091002', 'OF', bytes(1, 2, 3, 4)),
    explicitBig('00091003', 'OD', bytes(1, 2, 3, 4, 5, 6, 7, 8)),
    explicitBig('00091004', 'OB', bytes(1, 2)),
    explicitBig('00091005', 'UN', bytes(1, 2)),
    explicitBig('00091006', 'AT', bytes(0, 0x10, 0, 0x20)),
    explicitBig('00280010', 'US', bytes(1, 2)),
  );
  const dataset = readDataset(encoded, ExplicitBig);
  const binary = ['00091001', '00091002', '00091003', '00091004', '00091005'].map((tag) => [
    ...(dataset[tag]?.InlineBinary ?? []),
  ]);
  assert.deepEqual(binary, [
    [2, 1, 4, 3],
    [4, 3, 2, 1],
    [8, 7, 6, 5, 4, 3, 2, 1],
    [1, 2],
    [1, 2],
  ]);
  assert.deepEqual(dataset['00091006']?.Value, ['00100020']);
  assert.deepEqual(dataset['00280010']?.Value, [258]);
});

test('big endian pixels of 32 bits are turned whole', () => {
  const encoded = all(explicitBig('00280100', 'US', bytes(0, 32)), explicitBig('7FE00010', 'OW', bytes(1, 2, 3, 4)));
  assert.deepEqual([...(readDataset(encoded, ExplicitBig)['7FE00010']?.InlineBinary ?? [])], [4, 3, 2, 1]);
});

const FRAGMENTS = all(implicit('FFFEE000'), implicit('FFFEE000', bytes(0xff, 0xd8, 0xff, 0xd9)));
const ENCAPSULATED = all(
  explicit('00280010', 'US', bytes(2, 0)),
  explicit('7FE00010', 'OB', FRAGMENTS, UNDEFINED),
  implicit('FFFEE0DD'),
);

test('E-4 encapsulated pixel data hold the items up to the delimiter', () => {
  const dataset = readDataset(all(ENCAPSULATED, explicit('FFFAFFFA', 'SQ')), JpegBaseline);
  assert.deepEqual(Buffer.from(dataset['7FE00010']?.InlineBinary ?? []), FRAGMENTS);
  assert.deepEqual(dataset.FFFAFFFA, { vr: 'SQ' });
});

test('E-14 a deflated data set, with its padding', () => {
  const encoded = all(deflateRawSync(explicit('00100020', 'LO', 'X ')), bytes(0));
  assert.deepEqual(readDataset(encoded, Deflated), { '00100020': { vr: 'LO', Value: ['X'] } });
});

test('the head of a deflated data set gives its first elements', () => {
  const noise = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7919) % 251));
  const encoded = deflateRawSync(
    all(explicit('00100020', 'LO', 'X '), explicit('00280010', 'US', bytes(2, 0)), explicit('7FE00010', 'OW', noise)),
  );
  const { dataset, stopped } = readElements(encoded.subarray(0, 200), Deflated, { until: '7FE00010' });
  assert.deepEqual(Object.keys(dataset), ['00100020', '00280010']);
  assert.equal(stopped?.length, 50_000);
});

test('E-15 group lengths and trailing padding are dropped', () => {
  const encoded = all(
    explicit('00080000', 'UL', bytes(10, 0, 0, 0)),
    explicit('00080018', 'UI', '1.'),
    explicit('FFFCFFFC', 'OB', bytes(0, 0)),
  );
  assert.deepEqual(Object.keys(readDataset(encoded, ExplicitLittle)), ['00080018']);
});

test('zeros after the data set are passed over', () => {
  const encoded = all(explicit('00080018', 'UI', '1.'), Buffer.alloc(512));
  assert.deepEqual(Object.keys(readDataset(encoded, ExplicitLittle)), ['00080018']);
});

test('fewer zeros than a header has are passed over too, but not where a head may be cut off', () => {
  const encoded = all(explicit('00080018', 'UI', '1.'), Buffer.alloc(3));
  assert.deepEqual(Object.keys(readDataset(encoded, ExplicitLittle)), ['00080018']);
  assert.throws(() => readElements(encoded, ExplicitLittle, { until: '7FE00010' }), isIncomplete);
});

test('a private attribute whose number is an index keeps its value', () => {
  const encoded = all(explicit('00080018', 'UI', '1.'), explicit('20010010', 'LO', 'Philips '));
  assert.deepEqual(readDataset(encoded, ExplicitLittle)['20010010'], { vr: 'LO', Value: ['Philips'] });
});

const STOPS: [what: string, until: string, tag: string | undefined, kept: number][] = [
  ['at the element itself', '00280010', '00280010', 2],
  ['at the next greater one', '00200000', '00280010', 2],
  ['nowhere', '7FE00010', undefined, 3],
];

for (const [what, until, tag, kept] of STOPS) {
  test(`until ${until} stops ${what}`, () => {
    const encoded = all(
      explicit('00080018', 'UI', '1.'),
      explicit('00100020', 'LO', 'X '),
      explicit('00280010', 'US', bytes(2, 0)),
    );
    const { dataset, end, stopped } = readElements(encoded, ExplicitLittle, { until });
    assert.equal(stopped?.tag, tag);
    assert.equal(Object.keys(dataset).length, kept);
    assert.equal(end, kept === 3 ? encoded.length : 20);
  });
}

test('until says where the value is, and needs no byte of it', () => {
  const head = all(explicit('00280010', 'US', bytes(2, 0)), explicit('7FE00010', 'OW', '', 1_000_000));
  const { stopped, end } = readElements(head, ExplicitLittle, { until: '7FE00010' });
  assert.deepEqual(stopped, { tag: '7FE00010', vr: 'OW', length: 1_000_000, valueOffset: 22 });
  assert.equal(end, 10);
});

test('until gives -1 for an undefined length', () => {
  const { stopped } = readElements(ENCAPSULATED, JpegBaseline, { until: '7FE00010' });
  assert.deepEqual(stopped, { tag: '7FE00010', vr: 'OB', length: -1, valueOffset: 22 });
});

test('reading goes on behind an element', () => {
  const tail = all(ENCAPSULATED, explicit('FFFAFFFA', 'SQ')).subarray(ENCAPSULATED.length);
  assert.deepEqual(readDataset(tail, JpegBaseline), { FFFAFFFA: { vr: 'SQ' } });
});

test('until looks at the top level only', () => {
  const encoded = all(
    explicit('00081140', 'SQ', item(explicit('7FE00010', 'OW', bytes(1, 2)))),
    explicit('00100020', 'LO', 'X '),
  );
  assert.deepEqual(Object.keys(readElements(encoded, ExplicitLittle, { until: '7FE00010' }).dataset), [
    '00081140',
    '00100020',
  ]);
});

test('bulk is asked with path, place and length, and its URI takes the place of the value', () => {
  const encoded = all(
    explicit('00080018', 'UI', '1.'),
    explicit('54000100', 'SQ', all(item(), item(explicit('54001010', 'OW', bytes(1, 2, 3, 4))))),
    explicit('7FE00010', 'OB', FRAGMENTS, UNDEFINED),
    implicit('FFFEE0DD'),
  );
  const asked: BulkElement[] = [];
  const dataset = readDataset(encoded, JpegBaseline, {
    bulk: (element) => {
      asked.push(element);
      return element.tag === '54001010' ? 'http://host/1' : undefined;
    },
  });
  const end = encoded.length - 8;
  assert.deepEqual(asked, [
    { path: '54000100/1/54001010', tag: '54001010', vr: 'OW', offset: 50, length: 4, end: 54 },
    { path: '7FE00010', tag: '7FE00010', vr: 'OB', offset: end - FRAGMENTS.length, length: -1, end },
  ]);
  assert.deepEqual(dataset['54000100']?.Value?.[1], { '54001010': { vr: 'OW', BulkDataURI: 'http://host/1' } });
  assert.deepEqual(Buffer.from(dataset['7FE00010']?.InlineBinary ?? []), FRAGMENTS);
});

test('kept text is as it was encoded', () => {
  const encoded = all(
    explicit('00080008', 'CS', 'A \\B '),
    explicit('00200013', 'IS', ' 01 '),
    explicit('00280010', 'UN', bytes(2, 0)),
  );
  assert.deepEqual(readDataset(encoded, ExplicitLittle, { keepText: true }), {
    '00080008': { vr: 'CS', Value: ['A ', 'B '] },
    '00200013': { vr: 'IS', Value: [' 01 '] },
    '00280010': { vr: 'UN', InlineBinary: bytes(2, 0) },
  });
});

function nested(depth: number): Buffer {
  let content = explicit('00080100', 'SH', '1 ');
  for (let level = 0; level < depth; level++) content = explicit('00081140', 'SQ', item(content));
  return content;
}

test('sequences are followed to a depth of 32, and no further', () => {
  assert.ok(readDataset(nested(32), ExplicitLittle)['00081140']);
  assert.throws(
    () => readDataset(nested(33), ExplicitLittle),
    (error) => error instanceof DicomError && error.kind === 'too-large',
  );
  assert.throws(() => readDataset(nested(3), ExplicitLittle, { maxDepth: 2 }), { kind: 'too-large' });
});

test('UN does not hide what is nested too deep', () => {
  let content = implicit('00080100', '1 ');
  for (let level = 0; level < 40; level++) content = implicit('00081140', item(content));
  assert.throws(() => readDataset(explicit('00081140', 'UN', item(content)), ExplicitLittle), { kind: 'too-large' });
});

test('nesting without end does not end the stack', () => {
  const open = all(explicit('00081140', 'SQ', '', UNDEFINED), implicit('FFFEE000', '', UNDEFINED));
  assert.throws(() => readDataset(Buffer.concat(Array(100_000).fill(open)), ExplicitLittle), { kind: 'too-large' });
});

test('a deflate bomb is refused', () => {
  const megabyte = deflateRawSync(Buffer.alloc(1 << 20), { finishFlush: constants.Z_SYNC_FLUSH });
  const bomb = Buffer.concat(Array(500).fill(megabyte));
  assert.throws(() => readDataset(bomb, Deflated), { kind: 'too-large' });
});

test('a broken deflate stream is corrupt, and not for want of bytes', () => {
  assert.throws(
    () => readDataset(Buffer.from('no deflate stream'), Deflated),
    (error) => {
      return error instanceof DicomError && error.kind === 'corrupt' && !isIncomplete(error);
    },
  );
});

const BROKEN: [what: string, encoded: Buffer, field: string][] = [
  [
    'an element longer than its item',
    explicit('00081140', 'SQ', all(item(explicit('00080100', 'SH', '1 ', 8)), Buffer.alloc(16))),
    '00080100',
  ],
  [
    'an item longer than its sequence',
    all(explicit('00081140', 'SQ', implicit('FFFEE000', '', 8)), Buffer.alloc(16)),
    '00081140',
  ],
  ['something else than an item', explicit('00081140', 'SQ', implicit('00080100', '')), '00081140'],
  ['something else than a fragment', all(explicit('7FE00010', 'OB', implicit('00080100', ''), UNDEFINED)), '7FE00010'],
  ['undefined length of text', all(explicit('00104000', 'UT', 'x', UNDEFINED)), '00104000'],
];

for (const [what, encoded, field] of BROKEN) {
  test(`${what} is corrupt, and not for want of bytes`, () => {
    assert.throws(
      () => readDataset(encoded, ExplicitLittle),
      (error) =>
        error instanceof DicomError && error.kind === 'corrupt' && error.field === field && !isIncomplete(error),
    );
  });
}

test('every head of a data set is incomplete, or ends between two elements', () => {
  const elements = [
    explicit('00080018', 'UI', '1.'),
    explicit('00081140', 'SQ', all(item(CODE), openItem(CODE))),
    explicit('00081199', 'SQ', openSequence(openItem(CODE)), UNDEFINED),
    explicit('00091001', 'OB', bytes(1, 2, 3, 4)),
    explicit('7FE00010', 'OB', all(FRAGMENTS, implicit('FFFEE0DD')), UNDEFINED),
  ];
  const ends = elements.map((_, index) => all(...elements.slice(0, index)).length);
  const whole = all(...elements);
  for (let length = 1; length < whole.length; length++) {
    if (ends.includes(length)) {
      readDataset(whole.subarray(0, length), JpegBaseline);
      continue;
    }
    assert.throws(() => readDataset(whole.subarray(0, length), JpegBaseline), isIncomplete, `${length} bytes`);
  }
});

test('errors name the tag and no value', () => {
  const encoded = all(
    explicit('00100010', 'PN', 'Secret^Name '),
    explicit('00081140', 'SQ', implicit('00100020', 'secret')),
  );
  assert.throws(
    () => readDataset(encoded, ExplicitLittle),
    (error) => {
      return error instanceof DicomError && /\(0008,1140\)/.test(error.message) && !/secret/i.test(error.message);
    },
  );
});

const MISNAMED: [what: string, encoded: Buffer, named: string][] = [
  [
    'implicit under the name of explicit',
    all(implicit('00080018', '1.'), implicit('00280010', bytes(2, 0))),
    ExplicitLittle,
  ],
  [
    'explicit under the name of implicit',
    all(explicit('00080018', 'UI', '1.'), explicit('00280010', 'US', bytes(2, 0))),
    ImplicitLittle,
  ],
  [
    'big endian under the name of little',
    all(explicitBig('00080018', 'UI', '1.'), explicitBig('00280010', 'US', bytes(0, 2))),
    ExplicitLittle,
  ],
  [
    'little endian under the name of big',
    all(explicit('00080018', 'UI', '1.'), explicit('00280010', 'US', bytes(2, 0))),
    ExplicitBig,
  ],
];

for (const [what, encoded, named] of MISNAMED) {
  test(`reads ${what}`, () => assert.deepEqual(readDataset(encoded, named)['00280010'], { vr: 'US', Value: [2] }));
}

test('an element without VR within explicit VR is read as implicit', () => {
  const encoded = all(
    explicit('00080018', 'UI', '1.'),
    implicit('00280010', bytes(2, 0)),
    explicit('00280011', 'US', bytes(3, 0)),
  );
  const dataset = readDataset(encoded, ExplicitLittle);
  assert.deepEqual([dataset['00280010']?.Value, dataset['00280011']?.Value], [[2], [3]]);
});

test('a VR of the future has a 32-bit length and is UN', () => {
  const future = Buffer.concat([explicit('00091001', 'OB', bytes(1, 2))]);
  future.write('ZZ', 4, 'latin1');
  assert.deepEqual(readDataset(future, ExplicitLittle)['00091001'], { vr: 'UN', InlineBinary: bytes(1, 2) });
});

test('an unknown transfer syntax is taken for Explicit VR Little Endian', () => {
  assert.deepEqual(readDataset(explicit('00100020', 'LO', 'X '), '1.2.3.4'), {
    '00100020': { vr: 'LO', Value: ['X'] },
  });
});

test('bytes from the middle of a larger buffer are read from where they begin', () => {
  const encoded = explicit('00280010', 'US', bytes(2, 0));
  const larger = all(bytes(9, 9, 9), encoded, bytes(9));
  assert.deepEqual(readDataset(larger.subarray(3, -1), ExplicitLittle)['00280010']?.Value, [2]);
  assert.deepEqual(readDataset(new Uint8Array(encoded), ExplicitLittle)['00280010']?.Value, [2]);
});
