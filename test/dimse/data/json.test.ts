// The DICOM JSON model, rule by rule (PS3.18 Annex F).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attribute, Dataset } from '../../../src/dimse/data/dataset.ts';
import { fromJson, toJson } from '../../../src/dimse/data/json.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { ExplicitBig, ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { isVr, VRS } from '../../../src/dimse/data/vr.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { all, explicit, explicitBig } from './encoded.ts';

/** What toJson makes of one attribute. */
function written(attribute: Attribute): string {
  return toJson({ '00091001': attribute }).slice('{"00091001":'.length, -1);
}

const WRITTEN: [what: string, attribute: Attribute, json: string][] = [
  ['J-6 strings', { vr: 'LO', Value: ['a'] }, '{"vr":"LO","Value":["a"]}'],
  [
    'J-6 strings with what JSON escapes',
    { vr: 'LT', Value: ['"\\\r\n\u0001'] },
    '{"vr":"LT","Value":["\\"\\\\\\r\\n\\u0001"]}',
  ],
  ['J-7 numbers', { vr: 'US', Value: [1, 2] }, '{"vr":"US","Value":[1,2]}'],
  [
    'J-7 small and large numbers',
    { vr: 'FD', Value: [1e-7, 1e21, -0.5, -0] },
    '{"vr":"FD","Value":[1e-7,1e+21,-0.5,-0]}',
  ],
  [
    'J-8 DS as number and text',
    { vr: 'DS', Value: [1.5, '0.12345678901234567'] },
    '{"vr":"DS","Value":[1.5,"0.12345678901234567"]}',
  ],
  ['J-8 UV beyond 2^53', { vr: 'UV', Value: ['18446744073709551615'] }, '{"vr":"UV","Value":["18446744073709551615"]}'],
  [
    'J-9 T-13 InlineBinary beside vr',
    { vr: 'OB', InlineBinary: Uint8Array.of(1, 2) },
    '{"vr":"OB","InlineBinary":"AQI="}',
  ],
  ['J-5 T-13 BulkDataURI beside vr', { vr: 'OW', BulkDataURI: 'http://h/1' }, '{"vr":"OW","BulkDataURI":"http://h/1"}'],
  [
    'J-27 a URI of any kind',
    { vr: 'OW', BulkDataURI: '../bulk?a="1"' },
    '{"vr":"OW","BulkDataURI":"../bulk?a=\\"1\\""}',
  ],
  ['J-12 AT', { vr: 'AT', Value: ['00200020'] }, '{"vr":"AT","Value":["00200020"]}'],
  [
    'J-13 T-16 PN groups that are not empty',
    { vr: 'PN', Value: [{ Alphabetic: 'A^B', Ideographic: '', Phonetic: 'C' }] },
    '{"vr":"PN","Value":[{"Alphabetic":"A^B","Phonetic":"C"}]}',
  ],
  [
    'J-14 items, and an empty one',
    { vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: ['1'] } }, {}] },
    '{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["1"]}},{}]}',
  ],
  ['J-14 an empty sequence', { vr: 'SQ' }, '{"vr":"SQ"}'],
  ['J-15 T-14 an empty attribute', { vr: 'LO' }, '{"vr":"LO"}'],
  ['J-15 an attribute with no values', { vr: 'LO', Value: [] }, '{"vr":"LO"}'],
  ['J-15 a binary value of no bytes', { vr: 'OB', InlineBinary: new Uint8Array() }, '{"vr":"OB"}'],
  [
    'J-16 T-15 an empty value among others',
    { vr: 'LO', Value: ['bar', null, 'foo'] },
    '{"vr":"LO","Value":["bar",null,"foo"]}',
  ],
  [
    'J-16 an empty name among others',
    { vr: 'PN', Value: [{ Alphabetic: 'A' }, null] },
    '{"vr":"PN","Value":[{"Alphabetic":"A"},null]}',
  ],
  ['J-17 one value as an array', { vr: 'CS', Value: ['CT'] }, '{"vr":"CS","Value":["CT"]}'],
  ['J-25 text with backslashes as one value', { vr: 'LT', Value: ['a\\b'] }, '{"vr":"LT","Value":["a\\\\b"]}'],
];

for (const [what, attribute, json] of WRITTEN) {
  test(`${what}: written`, () => assert.equal(written(attribute), json));
}

const ORDERED = ['00080005', '0020000D', '10000010', '20010010', '60003000', '7FE00010', 'FFFAFFFA'];

test('J-3 T-17 attributes stand in ascending order, also those that JavaScript puts first', () => {
  const dataset: Dataset = {};
  for (const tag of ORDERED.toReversed()) dataset[tag] = { vr: 'LO' };
  const json = toJson({ ...dataset, '00081140': { vr: 'SQ', Value: [dataset] } });
  const names = [...json.matchAll(/"([0-9A-F]{8})":/g)].map(([, name]) => name);
  const [first = '', ...others] = ORDERED;
  assert.deepEqual(names, [first, '00081140', ...ORDERED, ...others]);
});

test('J-4 T-18 group lengths and group 0002 are left out, at every level', () => {
  const inner: Dataset = { '00080000': { vr: 'UL', Value: [1] }, '00080100': { vr: 'SH' } };
  const dataset: Dataset = {
    '00020010': { vr: 'UI' },
    '00080000': { vr: 'UL', Value: [1] },
    '00081140': { vr: 'SQ', Value: [inner] },
  };
  assert.equal(toJson(dataset), '{"00081140":{"vr":"SQ","Value":[{"00080100":{"vr":"SH"}}]}}');
});

test('J-11 binary values are little endian whatever the transfer syntax', () => {
  const little = readDataset(explicit('7FE00010', 'OW', Buffer.from([1, 2])), ExplicitLittle);
  const big = readDataset(explicitBig('7FE00010', 'OW', Buffer.from([2, 1])), ExplicitBig);
  assert.equal(toJson(big), toJson(little));
});

test('J-18 a backslash in JIS X 0201 separates values although it shows as a yen sign', () => {
  const encoded = all(
    explicit('00080005', 'CS', 'ISO_IR 13 '),
    explicit('00100020', 'LO', Buffer.from('\xd4\\\xcf ', 'latin1')),
  );
  assert.deepEqual(readDataset(encoded, ExplicitLittle)['00100020']?.Value, ['ﾔ', 'ﾏ']);
});

test('J-20 padding is not shown', () => {
  const encoded = all(explicit('00080018', 'UI', '1.2\0'), explicit('00100020', 'LO', 'X '));
  assert.equal(
    toJson(readDataset(encoded, ExplicitLittle)),
    '{"00080018":{"vr":"UI","Value":["1.2"]},"00100020":{"vr":"LO","Value":["X"]}}',
  );
});

for (const [vr, size] of [
  ['FL', 4],
  ['FD', 8],
] as const) {
  test(`J-21 T-19 ${vr} that are not finite go by reference, and come back`, () => {
    const values = [Number.NaN, 1.5, Number.NEGATIVE_INFINITY];
    const json = toJson({ '00091001': { vr, Value: values } });
    const { vr: kind, BulkDataURI: uri, ...rest } = JSON.parse(json)['00091001'];
    assert.deepEqual([kind, rest], [vr, {}]);
    assert.match(uri, /^data:application\/octet-stream;base64,/);
    assert.equal(Buffer.from(uri.split(',')[1], 'base64').length, 3 * size);
    assert.deepEqual(fromJson(JSON.parse(json)), { '00091001': { vr, Value: values } });
  });
}

test('J-22 Specific Character Set says UTF-8, at every level', () => {
  const latin: Attribute = { vr: 'CS', Value: ['ISO 2022 IR 100', 'ISO 2022 IR 87'] };
  const json = toJson({ '00080005': latin, '00081140': { vr: 'SQ', Value: [{ '00080005': latin }] } });
  const says = '"00080005":{"vr":"CS","Value":["ISO_IR 192"]}';
  assert.equal(json, `{${says},"00081140":{"vr":"SQ","Value":[{${says}}]}}`);
});

test('J-22 Specific Character Set is added, in its place, for text beyond ASCII', () => {
  assert.equal(
    toJson({ '00080001': { vr: 'UL' }, '00104000': { vr: 'LT', Value: ['é'] } }),
    '{"00080001":{"vr":"UL"},"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00104000":{"vr":"LT","Value":["é"]}}',
  );
  assert.equal(toJson({ '00104000': { vr: 'LT', Value: ['e'] } }), '{"00104000":{"vr":"LT","Value":["e"]}}');
});

test('J-23 private attributes: the creator LO, unknown values UN', () => {
  const dataset: Dataset = {
    '00090010': { vr: 'LO', Value: ['ACME'] },
    '00091001': { vr: 'UN', InlineBinary: Uint8Array.of(255) },
  };
  assert.equal(
    toJson(dataset),
    '{"00090010":{"vr":"LO","Value":["ACME"]},"00091001":{"vr":"UN","InlineBinary":"/w=="}}',
  );
});

const READ: [what: string, json: string, attribute: Attribute][] = [
  ['J-6 strings', '{"vr":"LO","Value":["a"]}', { vr: 'LO', Value: ['a'] }],
  ['J-7 numbers', '{"vr":"SS","Value":[-1]}', { vr: 'SS', Value: [-1] }],
  ['J-8 DS as text', '{"vr":"DS","Value":["1.50"]}', { vr: 'DS', Value: [1.5] }],
  ['J-8 DS as a number', '{"vr":"DS","Value":[1.5]}', { vr: 'DS', Value: [1.5] }],
  ['J-8 IS as text', '{"vr":"IS","Value":["7"]}', { vr: 'IS', Value: [7] }],
  ['J-8 SV as text', '{"vr":"SV","Value":["-9223372036854775808"]}', { vr: 'SV', Value: ['-9223372036854775808'] }],
  ['J-8 UV as a number', '{"vr":"UV","Value":[7]}', { vr: 'UV', Value: [7] }],
  ['J-12 AT in lower case', '{"vr":"AT","Value":["0020000d"]}', { vr: 'AT', Value: ['0020000D'] }],
  [
    'J-13 a PN that is plain text',
    '{"vr":"PN","Value":["A^B=C"]}',
    { vr: 'PN', Value: [{ Alphabetic: 'A^B', Ideographic: 'C' }] },
  ],
  [
    'J-13 a PN without content',
    '{"vr":"PN","Value":[{"Alphabetic":""},{"Alphabetic":"A"}]}',
    { vr: 'PN', Value: [null, { Alphabetic: 'A' }] },
  ],
  ['J-14 items', '{"vr":"SQ","Value":[{},null]}', { vr: 'SQ', Value: [{}, {}] }],
  ['J-15 an empty attribute', '{"vr":"LO"}', { vr: 'LO' }],
  ['J-15 an empty array', '{"vr":"LO","Value":[]}', { vr: 'LO' }],
  ['J-16 one null', '{"vr":"LO","Value":[null]}', { vr: 'LO' }],
  ['J-16 empty text among others', '{"vr":"LO","Value":["a",""]}', { vr: 'LO', Value: ['a', null] }],
  ['J-9 base64', '{"vr":"OB","InlineBinary":"AQI="}', { vr: 'OB', InlineBinary: Buffer.from([1, 2]) }],
  ['J-9 base64 of nothing', '{"vr":"OB","InlineBinary":""}', { vr: 'OB' }],
  ['J-10 a BulkDataURI', '{"vr":"OW","BulkDataURI":"b1"}', { vr: 'OW', BulkDataURI: 'b1' }],
  ['a data: URI', '{"vr":"OW","BulkDataURI":"data:;base64,AQI="}', { vr: 'OW', InlineBinary: Buffer.from([1, 2]) }],
  ['J-25 text with backslashes', '{"vr":"LT","Value":["a\\\\b\\r\\n"]}', { vr: 'LT', Value: ['a\\b\r\n'] }],
];

for (const [what, json, attribute] of READ) {
  test(`${what}: read`, () => assert.deepEqual(fromJson({ '00091001': JSON.parse(json) })['00091001'], attribute));
}

const REFUSED: [what: string, members: unknown, field: string][] = [
  ['no object', 'text', 'data set'],
  ['J-2 two data sets', [{}, {}], 'data set'],
  ['a name that is no tag', { PatientID: { vr: 'LO' } }, 'data set'],
  ['an attribute that is no object', { '00100020': 'X' }, '00100020'],
  ['J-5 no vr', { '00100020': { Value: ['X'] } }, '00100020'],
  ['J-5 a vr of no standard', { '00100020': { vr: 'XX' } }, '00100020'],
  ['J-5 a vr that every object has', { '00100020': { vr: 'constructor' } }, '00100020'],
  ['J-5 two kinds of content', { '7FE00010': { vr: 'OW', InlineBinary: 'AQI=', BulkDataURI: 'b' } }, '7FE00010'],
  ['J-5 T-13 InlineBinary within Value', { '7FE00010': { vr: 'OW', Value: [{ InlineBinary: 'AQI=' }] } }, '7FE00010'],
  ['J-9 InlineBinary of text', { '00100020': { vr: 'LO', InlineBinary: 'AQI=' } }, '00100020'],
  ['J-9 what is no base64', { '7FE00010': { vr: 'OW', InlineBinary: '*' } }, '7FE00010'],
  ['J-10 a BulkDataURI under PN', { '00100010': { vr: 'PN', BulkDataURI: 'b' } }, '00100010'],
  ['J-12 an AT that is no tag', { '00091001': { vr: 'AT', Value: ['(0010,0020)'] } }, '00091001'],
  ['J-17 a Value that is no array', { '00100020': { vr: 'LO', Value: 'X' } }, '00100020'],
  ['J-19 a backslash within a value', { '00100020': { vr: 'LO', Value: ['a\\b'] } }, '00100020'],
  ['J-19 a backslash within a name', { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'a\\b' }] } }, '00100010'],
  ['J-26 an IS beyond 32 bits', { '00200013': { vr: 'IS', Value: [2147483648] } }, '00200013'],
  ['J-26 an IS with a fraction', { '00200013': { vr: 'IS', Value: [1.5] } }, '00200013'],
  ['J-7 a US that is text', { '00280010': { vr: 'US', Value: ['1'] } }, '00280010'],
  ['J-7 a US out of range', { '00280010': { vr: 'US', Value: [-1] } }, '00280010'],
  ['an SV that is no integer', { '00091001': { vr: 'SV', Value: ['1.5'] } }, '00091001'],
  ['a number under LO', { '00100020': { vr: 'LO', Value: [1] } }, '00100020'],
  [
    'what is wrong within an item',
    { '00081140': { vr: 'SQ', Value: [{}, { '00100020': { vr: 'LO', Value: [1] } }] } },
    '00081140/1/00100020',
  ],
  ['an item that is no object', { '00081140': { vr: 'SQ', Value: [1] } }, '00081140/0'],
];

for (const [what, members, field] of REFUSED) {
  test(`refuses ${what}, naming its place`, () => {
    assert.throws(
      () => fromJson(members),
      (error) => error instanceof DicomError && error.kind === 'malformed' && error.field === field,
    );
  });
}

test('a value is never part of an error', () => {
  assert.throws(
    () => fromJson({ '00100020': { vr: 'LO', Value: ['secret\\'] } }),
    (error) => !/secret/.test(String(error)),
  );
});

test('J-2 one data set, alone or in an array', () => {
  assert.deepEqual(fromJson([{ '00100020': { vr: 'LO' } }]), { '00100020': { vr: 'LO' } });
});

test('J-4 group lengths are dropped', () => {
  assert.deepEqual(fromJson({ '00080000': { vr: 'UL', Value: [4] } }), {});
});

test('nesting without end is refused', () => {
  let members: unknown = {};
  for (let depth = 0; depth < 1000; depth++) members = { '00081140': { vr: 'SQ', Value: [members] } };
  assert.throws(() => fromJson(members), { kind: 'malformed' });
});

test('a name that objects inherit is no tag', () => {
  assert.throws(() => fromJson(JSON.parse('{"__proto__":{"vr":"LO"}}')), { kind: 'malformed' });
});

test('every VR has an empty form that comes back', () => {
  for (const vr of Object.keys(VRS).filter(isVr)) {
    const dataset: Dataset = { '00091001': { vr } };
    assert.deepEqual(fromJson(JSON.parse(toJson(dataset))), dataset);
  }
});
