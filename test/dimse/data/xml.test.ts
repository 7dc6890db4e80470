// The Native DICOM Model, rule by rule (PS3.19 A.1).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { isVr, VRS } from '../../../src/dimse/data/vr.ts';
import { fromXml, toXml } from '../../../src/dimse/data/xml.ts';
import { DicomError } from '../../../src/dimse/errors.ts';

const ROOT = '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">';

function document(content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${ROOT}${content}</NativeDicomModel>`;
}

const PRIVATE: Dataset = { '00090012': { vr: 'LO', Value: ['ACME & co'] }, '00091201': { vr: 'SH', Value: ['x'] } };

const BOTH_WAYS: [what: string, dataset: Dataset, content: string][] = [
  ['X-1 T-20 the root with namespace and xml:space', {}, ''],
  [
    'X-3 tag, vr and keyword',
    { '0020000D': { vr: 'UI', Value: ['1.2'] } },
    '<DicomAttribute tag="0020000D" vr="UI" keyword="StudyInstanceUID"><Value number="1">1.2</Value></DicomAttribute>',
  ],
  [
    'X-6 values are numbered, an empty one among others is an empty Value',
    { '00080008': { vr: 'CS', Value: ['A', null, 'B'] } },
    '<DicomAttribute tag="00080008" vr="CS" keyword="ImageType"><Value number="1">A</Value><Value number="2"></Value><Value number="3">B</Value></DicomAttribute>',
  ],
  [
    'X-6 an empty attribute has no children',
    { '00100020': { vr: 'LO' } },
    '<DicomAttribute tag="00100020" vr="LO" keyword="PatientID"></DicomAttribute>',
  ],
  [
    'X-7 a name in its groups and parts',
    { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada^Tarou^^Dr', Ideographic: 'A^B', Phonetic: '^C' }] } },
    '<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1"><Alphabetic><FamilyName>Yamada</FamilyName><GivenName>Tarou</GivenName><NamePrefix>Dr</NamePrefix></Alphabetic><Ideographic><FamilyName>A</FamilyName><GivenName>B</GivenName></Ideographic><Phonetic><GivenName>C</GivenName></Phonetic></PersonName></DicomAttribute>',
  ],
  [
    'X-5 items, also empty ones',
    { '00081140': { vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: ['1'] } }, {}] } },
    '<DicomAttribute tag="00081140" vr="SQ" keyword="ReferencedImageSequence"><Item number="1"><DicomAttribute tag="00080100" vr="SH" keyword="CodeValue"><Value number="1">1</Value></DicomAttribute></Item><Item number="2"></Item></DicomAttribute>',
  ],
  [
    'X-8 AT',
    { '00280009': { vr: 'AT', Value: ['0018106A'] } },
    '<DicomAttribute tag="00280009" vr="AT" keyword="FrameIncrementPointer"><Value number="1">0018106A</Value></DicomAttribute>',
  ],
  [
    'X-9 bulk data',
    { '7FE00010': { vr: 'OW', BulkDataURI: 'http://h/1?a&b' } },
    '<DicomAttribute tag="7FE00010" vr="OW" keyword="PixelData"><BulkData uri="http://h/1?a&amp;b"/></DicomAttribute>',
  ],
  [
    'X-9 inline binary',
    { '7FE00010': { vr: 'OW', InlineBinary: Buffer.from([1, 2]) } },
    '<DicomAttribute tag="7FE00010" vr="OW" keyword="PixelData"><InlineBinary>AQI=</InlineBinary></DicomAttribute>',
  ],
  [
    'numbers',
    { '00280010': { vr: 'US', Value: [512] } },
    '<DicomAttribute tag="00280010" vr="US" keyword="Rows"><Value number="1">512</Value></DicomAttribute>',
  ],
  [
    'decimals',
    { '00101030': { vr: 'DS', Value: [70.5] } },
    '<DicomAttribute tag="00101030" vr="DS" keyword="PatientWeight"><Value number="1">70.5</Value></DicomAttribute>',
  ],
  [
    'numbers that are not finite',
    { '00189073': { vr: 'FD', Value: [Number.NaN, Number.NEGATIVE_INFINITY] } },
    '<DicomAttribute tag="00189073" vr="FD" keyword="AcquisitionDuration"><Value number="1">NaN</Value><Value number="2">-INF</Value></DicomAttribute>',
  ],
  [
    'markup and line ends in text',
    { '00104000': { vr: 'LT', Value: ['<a> & "b"\r\nc'] } },
    '<DicomAttribute tag="00104000" vr="LT" keyword="PatientComments"><Value number="1">&lt;a&gt; &amp; &quot;b&quot;&#13;\nc</Value></DicomAttribute>',
  ],
];

for (const [what, dataset, content] of BOTH_WAYS) {
  test(`${what}: written`, () => assert.equal(toXml(dataset), document(content)));
  test(`${what}: read`, () => assert.deepEqual(fromXml(document(content)), dataset));
}

test('X-4 private elements carry their creator in place of a block, creators are not conveyed', () => {
  const content =
    '<DicomAttribute tag="00090001" vr="SH" privateCreator="ACME &amp; co"><Value number="1">x</Value></DicomAttribute>';
  assert.equal(toXml(PRIVATE), document(content));
});

test('J-24 X-12 creators get a block each, of their own in every item', () => {
  const one =
    '<DicomAttribute tag="00090001" vr="SH" privateCreator="ONE"><Value number="1">x</Value></DicomAttribute>';
  const two =
    '<DicomAttribute tag="00090001" vr="SH" privateCreator="TWO"><Value number="1">y</Value></DicomAttribute>';
  const sequence = `<DicomAttribute tag="00081140" vr="SQ"><Item number="1">${two}</Item></DicomAttribute>`;
  assert.deepEqual(fromXml(document(sequence + one + two)), {
    '00090010': { vr: 'LO', Value: ['ONE'] },
    '00091001': { vr: 'SH', Value: ['x'] },
    '00090011': { vr: 'LO', Value: ['TWO'] },
    '00091101': { vr: 'SH', Value: ['y'] },
    '00081140': {
      vr: 'SQ',
      Value: [{ '00090010': { vr: 'LO', Value: ['TWO'] }, '00091001': { vr: 'SH', Value: ['y'] } }],
    },
  });
});

test('X-10 group lengths and group 0002 are left out; the character set is UTF-8', () => {
  const dataset: Dataset = {
    '00020010': { vr: 'UI', Value: ['1.2'] },
    '00080000': { vr: 'UL', Value: [4] },
    '00104000': { vr: 'LT', Value: ['é'] },
  };
  const content =
    '<DicomAttribute tag="00080005" vr="CS" keyword="SpecificCharacterSet"><Value number="1">ISO_IR 192</Value></DicomAttribute>' +
    '<DicomAttribute tag="00104000" vr="LT" keyword="PatientComments"><Value number="1">é</Value></DicomAttribute>';
  assert.equal(toXml(dataset), document(content));
});

test('X-11 characters that XML cannot hold are dropped', () => {
  const xml = toXml({ '00104000': { vr: 'LT', Value: ['a\x1b\x0c\x00b\uffff\ud800c\t\n'] } });
  assert.ok(xml.includes('>ab\ufffdc\t\n<'));
});

test('attributes stand in ascending order', () => {
  const xml = toXml({
    '7FE00010': { vr: 'OW' },
    '20010010': { vr: 'LO' },
    '60003000': { vr: 'OW' },
    '00080018': { vr: 'UI' },
  });
  assert.deepEqual(
    [...xml.matchAll(/tag="(\w+)"/g)].map(([, tag]) => tag),
    ['00080018', '60003000', '7FE00010'],
  );
});

test('X-3 a missing vr comes from the dictionary', () => {
  const xml = document('<DicomAttribute tag="00100020"><Value number="1">X</Value></DicomAttribute>');
  assert.deepEqual(fromXml(xml), { '00100020': { vr: 'LO', Value: ['X'] } });
});

test('a namespace prefix, comments and CDATA are read', () => {
  const xml =
    '<d:NativeDicomModel xmlns:d="http://dicom.nema.org/PS3.19/models/NativeDICOM"><!-- x -->\n <d:DicomAttribute tag="00100020" vr="LO">' +
    '<d:Value number="1"><![CDATA[<X>]]></d:Value></d:DicomAttribute>\n</d:NativeDicomModel>';
  assert.deepEqual(fromXml(xml), { '00100020': { vr: 'LO', Value: ['<X>'] } });
});

test('X-6 values stand where their number says', () => {
  const xml = document(
    '<DicomAttribute tag="00080008" vr="CS"><Value number="3">C</Value><Value number="1">A</Value></DicomAttribute>',
  );
  assert.deepEqual(fromXml(xml)['00080008']?.Value, ['A', null, 'C']);
});

const REFUSED: [what: string, xml: string, field: string][] = [
  ['what is not well-formed', '<NativeDicomModel>', 'XML'],
  ['nothing', '', 'XML'],
  ['another document', '<html/>', 'data set'],
  ['a DOCTYPE', '<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel/>', 'XML'],
  ['an entity that is not defined', document('&a;'), 'XML'],
  ['an attribute without tag', document('<DicomAttribute vr="LO"/>'), 'data set'],
  [
    'X-5 a value and an item in one attribute',
    document('<DicomAttribute tag="00100020" vr="LO"><Value number="1">a</Value><Item number="1"/></DicomAttribute>'),
    '00100020',
  ],
  [
    'X-5 bulk data and inline binary in one attribute',
    document(
      '<DicomAttribute tag="7FE00010" vr="OW"><InlineBinary>AQI=</InlineBinary><BulkData uri="x"/></DicomAttribute>',
    ),
    '7FE00010',
  ],
  ['a VR of no standard', document('<DicomAttribute tag="00100020" vr="XX"/>'), '00100020'],
  [
    'a number that is none',
    document('<DicomAttribute tag="00280010" vr="US"><Value number="1">x</Value></DicomAttribute>'),
    '00280010',
  ],
  [
    'a place far out',
    document('<DicomAttribute tag="00080008" vr="CS"><Value number="4000000000">x</Value></DicomAttribute>'),
    '00080008',
  ],
  [
    'binary content that is text',
    document('<DicomAttribute tag="7FE00010" vr="OW"><Value number="1">x</Value></DicomAttribute>'),
    '7FE00010',
  ],
  [
    'text content that is binary',
    document('<DicomAttribute tag="00100020" vr="LO"><InlineBinary>AQI=</InlineBinary></DicomAttribute>'),
    '00100020',
  ],
  [
    'bulk data without uri',
    document('<DicomAttribute tag="7FE00010" vr="OW"><BulkData uuid="x"/></DicomAttribute>'),
    '7FE00010',
  ],
  [
    'an attribute twice',
    document('<DicomAttribute tag="00100020" vr="LO"/><DicomAttribute tag="00100020" vr="LO"/>'),
    '00100020',
  ],
  [
    'a backslash within a value',
    document('<DicomAttribute tag="00100020" vr="LO"><Value number="1">a\\b</Value></DicomAttribute>'),
    '00100020',
  ],
  [
    'what is wrong within an item',
    document(
      '<DicomAttribute tag="00081140" vr="SQ"><Item number="1"><DicomAttribute tag="00280010" vr="US"><Value number="1">x</Value></DicomAttribute></Item></DicomAttribute>',
    ),
    '00081140/0/00280010',
  ],
];

for (const [what, xml, field] of REFUSED) {
  test(`refuses ${what}, naming its place`, () => {
    assert.throws(
      () => fromXml(xml),
      (error) => error instanceof DicomError && error.kind === 'malformed' && error.field === field,
    );
  });
}

test('a group has blocks for 240 creators', () => {
  const elements = (count: number) =>
    Array.from(
      { length: count },
      (_, index) => `<DicomAttribute tag="00090001" vr="SH" privateCreator="${index}"/>`,
    ).join('');
  assert.deepEqual(fromXml(document(elements(240)))['0009FF01'], { vr: 'SH' });
  assert.throws(() => fromXml(document(elements(241))), { kind: 'malformed' });
});

test('nesting without end is refused', () => {
  const open = '<DicomAttribute tag="00081140" vr="SQ"><Item number="1">';
  assert.throws(() => fromXml(document(open.repeat(10_000))), { kind: 'malformed' });
});

test('every VR has an empty form that comes back', () => {
  for (const vr of Object.keys(VRS).filter(isVr)) {
    const dataset: Dataset = { '00091001': { vr } };
    assert.deepEqual(fromXml(toXml(dataset)), dataset);
  }
});

test('a person name of more than five components loses none', () => {
  const dataset: Dataset = { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'A^B^C^D^E^F^G' }] } };
  assert.match(toXml(dataset), /<NameSuffix>E\^F\^G<\/NameSuffix>/);
  assert.deepEqual(fromXml(toXml(dataset)), dataset);
});
