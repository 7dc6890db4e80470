// Writing data sets and file meta information, byte for byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attribute, Dataset, Value } from '../../../src/dimse/data/dataset.ts';
import { readFileMeta, writeFileMeta } from '../../../src/dimse/data/part10.ts';
import { isIncomplete, readDataset } from '../../../src/dimse/data/reader.ts';
import {
  Deflated,
  ExplicitBig,
  ExplicitLittle,
  ImplicitLittle,
  JpegBaseline,
} from '../../../src/dimse/data/transfer-syntax.ts';
import { IMPLEMENTATION_CLASS_UID } from '../../../src/dimse/data/uid.ts';
import { isVr, type Vr } from '../../../src/dimse/data/vr.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { all, explicit, explicitBig, implicit, item, openItem, openSequence, UNDEFINED } from './encoded.ts';

function bytes(...values: number[]): Buffer {
  return Buffer.from(values);
}

const VALUES: [vr: Vr, values: Value[], field: string | Buffer][] = [
  ['AE', ['STORE'], 'STORE '],
  ['UI', ['1.2', '1.33'], '1.2\\1.33'],
  ['UI', ['1.2'], '1.2\0'],
  ['LO', ['a', null, 'b'], 'a\\\\b'],
  ['LT', ['a\\b'], 'a\\b '],
  ['DS', [1.5, -2], '1.5\\-2'],
  ['DS', ['1.50'], '1.50'],
  ['DS', [0.1 + 0.2], '0.3 '],
  ['DS', [1 / 3], '0.33333333333333'],
  ['DS', [-1 / 3], '-0.3333333333333'],
  ['DS', [1e-7 / 3], '3.33333333333e-8'],
  ['DS', [123456789012345680], '1.23456789012e17'],
  ['IS', [-2147483648, 7], '-2147483648\\7 '],
  ['PN', [{ Alphabetic: 'A^B', Phonetic: 'C' }], 'A^B==C'],
  ['PN', [{ Alphabetic: 'A' }, null], 'A\\'],
  ['US', [1, 65535], bytes(1, 0, 0xff, 0xff)],
  ['SS', [-1], bytes(0xff, 0xff)],
  ['UL', [4294967295], bytes(0xff, 0xff, 0xff, 0xff)],
  ['SL', [-2], bytes(0xfe, 0xff, 0xff, 0xff)],
  ['FL', [1], bytes(0, 0, 0x80, 0x3f)],
  ['FD', [1.5], bytes(0, 0, 0, 0, 0, 0, 0xf8, 0x3f)],
  ['AT', ['0020000D'], bytes(0x20, 0, 0x0d, 0)],
  ['SV', [-1], bytes(255, 255, 255, 255, 255, 255, 255, 255)],
  ['UV', ['18446744073709551615'], bytes(255, 255, 255, 255, 255, 255, 255, 255)],
];

for (const [vr, values, field] of VALUES) {
  test(`writes ${vr} ${JSON.stringify(values)}`, () => {
    const written = writeDataset({ '00091001': { vr, Value: values } }, ExplicitLittle);
    assert.deepEqual(written.toString('latin1'), explicit('00091001', vr, field).toString('latin1'));
  });
}

test('J-26 a DS of any number has at most 16 characters and the nearest value', () => {
  for (const number of [Math.PI, -Math.PI * 1e-5, 1.23456789012345e-300, 9.999999999999999e22, -0.1 - 0.2]) {
    const written = writeDataset({ '00091001': { vr: 'DS', Value: [number] } }, ExplicitLittle)
      .subarray(8)
      .toString('latin1')
      .trim();
    assert.ok(written.length <= 16, written);
    assert.ok(Math.abs(Number(written) - number) <= Math.abs(number) * 1e-8, written);
  }
});

test('elements stand in the order of their tags, which JavaScript does not keep', () => {
  const dataset: Dataset = {};
  for (const tag of ['7FE00010', '20010010', '00080018', '60000010', '00100020'])
    dataset[tag] = { vr: 'LO', Value: ['xx'] };
  const written = writeDataset(dataset, ImplicitLittle);
  const tags = [0, 10, 20, 30, 40].map((at) => written.readUInt16LE(at));
  assert.deepEqual(tags, [0x0008, 0x0010, 0x2001, 0x6000, 0x7fe0]);
});

const SEQUENCE: Dataset = { '00081140': { vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: ['1'] } }, {}] } };
const CODE = explicit('00080100', 'SH', '1 ');

test('E-2 sequences with lengths', () => {
  assert.deepEqual(writeDataset(SEQUENCE, ExplicitLittle), explicit('00081140', 'SQ', all(item(CODE), item())));
});

test('E-2 sequences with delimiters', () => {
  const written = writeDataset(SEQUENCE, ExplicitLittle, { sequences: 'undefined' });
  assert.deepEqual(written, explicit('00081140', 'SQ', openSequence(openItem(CODE), openItem()), UNDEFINED));
});

test('an empty sequence', () => {
  assert.deepEqual(writeDataset({ '00081140': { vr: 'SQ' } }, ExplicitLittle), explicit('00081140', 'SQ'));
});

test('implicit VR', () => {
  assert.deepEqual(
    writeDataset(SEQUENCE, ImplicitLittle),
    implicit('00081140', all(item(implicit('00080100', '1 ')), item())),
  );
});

test('big endian swaps words and leaves bytes', () => {
  const dataset: Dataset = {
    '00091001': { vr: 'OW', InlineBinary: bytes(1, 2, 3, 4) },
    '00091002': { vr: 'OB', InlineBinary: bytes(1, 2) },
    '00091003': { vr: 'US', Value: [258] },
    '00091004': { vr: 'AT', Value: ['00100020'] },
  };
  const expected = all(
    explicitBig('00091001', 'OW', bytes(2, 1, 4, 3)),
    explicitBig('00091002', 'OB', bytes(1, 2)),
    explicitBig('00091003', 'US', bytes(1, 2)),
    explicitBig('00091004', 'AT', bytes(0, 0x10, 0, 0x20)),
  );
  assert.deepEqual(writeDataset(dataset, ExplicitBig), expected);
});

test('writing does not change the bytes it is given', () => {
  const pixels = bytes(1, 2);
  writeDataset({ '7FE00010': { vr: 'OW', InlineBinary: pixels } }, ExplicitBig);
  assert.deepEqual([...pixels], [1, 2]);
});

test('E-14 a deflated data set is even and inflates', () => {
  const dataset: Dataset = { '00100020': { vr: 'LO', Value: ['X'] } };
  const written = writeDataset(dataset, Deflated);
  assert.equal(written.length % 2, 0);
  assert.deepEqual(readDataset(written, Deflated), dataset);
});

test('NEG-15 a value too long for a 16-bit length is UN in explicit VR', () => {
  const text = 'x'.repeat(65536);
  const dataset: Dataset = { '00104000': { vr: 'LT', Value: [text] } };
  assert.deepEqual(writeDataset(dataset, ExplicitLittle), explicit('00104000', 'UN', text));
  assert.deepEqual(writeDataset(dataset, ImplicitLittle), implicit('00104000', text));
  const longest: Dataset = { '00104000': { vr: 'LT', Value: [text.slice(2)] } };
  assert.deepEqual(writeDataset(longest, ExplicitLittle), explicit('00104000', 'LT', text.slice(2)));
});

const ITEMS = all(implicit('FFFEE000'), implicit('FFFEE000', bytes(0xff, 0xd8)));

test('E-4 fragments are OB of undefined length with their delimiter', () => {
  const written = writeDataset({ '7FE00010': { vr: 'OW', InlineBinary: ITEMS } }, JpegBaseline);
  assert.deepEqual(written, all(explicit('7FE00010', 'OB', ITEMS, UNDEFINED), implicit('FFFEE0DD')));
});

test('bytes that begin like an item are no fragments in a native syntax', () => {
  const written = writeDataset({ '7FE00010': { vr: 'OW', InlineBinary: ITEMS } }, ExplicitLittle);
  assert.deepEqual(written, explicit('7FE00010', 'OW', ITEMS));
});

test('odd binary values are padded', () => {
  const written = writeDataset({ '00091001': { vr: 'OB', InlineBinary: bytes(1) } }, ExplicitLittle);
  assert.deepEqual(written, explicit('00091001', 'OB', bytes(1, 0)));
});

test('E-15 group lengths are left out', () => {
  const written = writeDataset(
    { '00080000': { vr: 'UL', Value: [4] }, '00080018': { vr: 'UI', Value: ['1.'] } },
    ExplicitLittle,
  );
  assert.deepEqual(written, explicit('00080018', 'UI', '1.'));
});

test('bulk data come from who knows them', () => {
  const dataset: Dataset = { '7FE00010': { vr: 'OW', BulkDataURI: 'bulk-1' } };
  const bulk = (uri: string, tag: string) => (uri === 'bulk-1' && tag === '7FE00010' ? bytes(1, 2) : undefined);
  assert.deepEqual(writeDataset(dataset, ExplicitLittle, { bulk }), explicit('7FE00010', 'OW', bytes(1, 2)));
});

const REFUSED: [what: string, attribute: Attribute][] = [
  ['a US that is no number', { vr: 'US', Value: ['x'] }],
  ['a US out of range', { vr: 'US', Value: [65536] }],
  ['a US of null', { vr: 'US', Value: [null] }],
  ['an IS out of range', { vr: 'IS', Value: [2147483648] }],
  ['an IS with a fraction', { vr: 'IS', Value: [1.5] }],
  ['a DS that is not finite', { vr: 'DS', Value: [Number.NaN] }],
  ['an LO that is a number', { vr: 'LO', Value: [1] }],
  ['an AT that is no tag', { vr: 'AT', Value: ['0010'] }],
  ['an SV that is no integer', { vr: 'SV', Value: ['1.5'] }],
  ['a UV out of range', { vr: 'UV', Value: [-1] }],
  ['an OB with a Value', { vr: 'OB', Value: [1] }],
  ['bulk data that nobody gives', { vr: 'OB', BulkDataURI: 'http://host/1' }],
];

for (const [what, attribute] of REFUSED) {
  test(`refuses ${what}, naming the tag`, () => {
    assert.throws(
      () => writeDataset({ '00091001': attribute }, ExplicitLittle),
      (error) => error instanceof DicomError && error.kind === 'malformed' && error.field === '00091001',
    );
  });
}

const SOP = { sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '1.2.3', transferSyntaxUid: ExplicitLittle };

test('PS3.10 7.1 file meta information: preamble, prefix, group length, required elements', () => {
  const head = writeFileMeta({ ...SOP, sourceAeTitle: 'MODALITY' });
  assert.deepEqual(head.subarray(0, 128), Buffer.alloc(128));
  assert.equal(head.toString('latin1', 128, 132), 'DICM');
  const group = readDataset(head.subarray(132), ExplicitLittle);
  assert.equal(head.readUInt32LE(140), head.length - 144);
  assert.deepEqual(Object.keys(group), [
    '00020001',
    '00020002',
    '00020003',
    '00020010',
    '00020012',
    '00020013',
    '00020016',
  ]);
  assert.deepEqual([...(group['00020001']?.InlineBinary ?? [])], [0, 1]);
  assert.deepEqual(group['00020012']?.Value, [IMPLEMENTATION_CLASS_UID]);
});

const BODY = all(explicit('00080018', 'UI', '1.'), explicit('00280010', 'US', bytes(2, 0)));

test('reads back what it writes, and finds the data set', () => {
  const head = writeFileMeta(SOP);
  const { meta, dataOffset, ...fields } = readFileMeta(all(head, BODY));
  assert.deepEqual(fields, SOP);
  assert.equal(dataOffset, head.length);
  assert.equal(meta['00020010']?.Value?.[0], ExplicitLittle);
});

const BARE: [what: string, file: Buffer, transferSyntaxUid: string, dataOffset: number][] = [
  [
    'meta information without preamble',
    all(writeFileMeta(SOP).subarray(132), BODY),
    ExplicitLittle,
    writeFileMeta(SOP).length - 132,
  ],
  [
    'the prefix without preamble',
    all(writeFileMeta(SOP).subarray(128), BODY),
    ExplicitLittle,
    writeFileMeta(SOP).length - 128,
  ],
  ['an explicit data set alone', BODY, ExplicitLittle, 0],
  ['an implicit data set alone', all(implicit('00080018', '1.'), implicit('00280010', bytes(2, 0))), ImplicitLittle, 0],
  [
    'a big endian data set alone',
    all(explicitBig('00080018', 'UI', '1.'), explicitBig('00280010', 'US', bytes(0, 2))),
    ExplicitBig,
    0,
  ],
  ['a data set behind a preamble', all(Buffer.alloc(128), Buffer.from('DICM'), BODY), ExplicitLittle, 132],
];

for (const [what, file, transferSyntaxUid, dataOffset] of BARE) {
  test(`reads ${what}`, () => {
    const meta = readFileMeta(file);
    assert.deepEqual([meta.transferSyntaxUid, meta.dataOffset], [transferSyntaxUid, dataOffset]);
  });
}

test('meta information that a file ends within is incomplete', () => {
  const head = writeFileMeta(SOP);
  for (let length = 145; length < head.length; length += 7) {
    const cut = head.subarray(0, length);
    const outcome = (() => {
      try {
        return readFileMeta(cut).dataOffset === length ? 'between elements' : 'read';
      } catch (error) {
        return isIncomplete(error) ? 'incomplete' : String(error);
      }
    })();
    assert.ok(outcome === 'incomplete' || outcome === 'between elements', `${length} bytes: ${outcome}`);
  }
});

for (const [what, file] of [
  ['text', 'GIF89a, and more of it than a header'],
  ['nothing', ''],
  ['zeros', '\0'.repeat(200)],
] as const) {
  test(`${what} is no DICOM file`, () => {
    assert.throws(
      () => readFileMeta(Buffer.from(file)),
      (error) => {
        return error instanceof DicomError && error.kind === 'corrupt' && !isIncomplete(error);
      },
    );
  });
}

test('every VR is written and read back in every syntax', () => {
  const samples: Partial<Record<Vr, Value[]>> = Object.fromEntries(VALUES.map(([vr, values]) => [vr, values]));
  for (const syntax of [ExplicitLittle, ExplicitBig, Deflated]) {
    for (const vr of Object.keys(samples).filter(isVr)) {
      const attribute: Attribute = { vr, Value: samples[vr] ?? [] };
      const again = readDataset(writeDataset({ '00091001': attribute }, syntax), syntax)['00091001'];
      assert.equal(again?.vr, vr);
      assert.equal(again?.Value?.length, attribute.Value?.length, vr);
    }
  }
});
