// De-identification (PS3.15 Annex E): the profile row by row, what is added, what is refused, and no trace left in real files.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Dataset } from '../../../../src/dimse/data/dataset.ts';
import { grammarOf } from '../../../../src/dimse/data/deidentify/codestream-text.ts';
import { deidentified } from '../../../../src/dimse/data/deidentify/deidentified.ts';
import { deidentify } from '../../../../src/dimse/data/deidentify/deidentify.ts';
import { type Action, actionOf } from '../../../../src/dimse/data/deidentify/profile.ts';
import { refusalToClean } from '../../../../src/dimse/data/deidentify/refusal.ts';
import { uidReplacement } from '../../../../src/dimse/data/deidentify/uid-replacement.ts';
import { readFileMeta } from '../../../../src/dimse/data/part10.ts';
import { readDataset, readElements } from '../../../../src/dimse/data/reader.ts';
import {
  Deflated,
  ExplicitBig,
  ExplicitLittle,
  ImplicitLittle,
  RleLossless,
} from '../../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../../src/dimse/data/writer.ts';
import { DicomError } from '../../../../src/dimse/errors.ts';
import { archiveFiles } from '../../../support/archive-files.ts';
import { corpusTest } from '../../../support/corpus.ts';
import { isValidUid } from '../../../support/valid-uid.ts';
import { convertDataset } from '../converted.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const replaceUid = uidReplacement(Buffer.from('a key'));
const clean = (dataset: Dataset, hasPixels = false): Dataset => deidentify(dataset, replaceUid, { hasPixels });

const itemsOf = (dataset: Dataset | undefined, tag: string) => (dataset?.[tag]?.Value ?? []) as Dataset[];

/** Table E.1-1 a second time: rows of every kind. */
const ROWS: readonly (readonly [tag: string, profile: string, action: Action])[] = [
  ['00080018', 'U', 'U'],
  ['00081155', 'U', 'U'],
  ['0020000D', 'U', 'U'],
  ['0040A124', 'U', 'U'],
  ['300A0083', 'U', 'U'],
  ['00080020', 'Z', 'Z'],
  ['00080050', 'Z', 'Z'],
  ['00100010', 'Z', 'Z'],
  ['00100040', 'Z', 'Z'],
  ['30060026', 'Z', 'Z'],
  ['00080023', 'Z/D', 'D'],
  ['00100020', 'Z/D', 'D'],
  ['00700084', 'Z/D', 'D'],
  ['00080021', 'X/D', 'D'],
  ['00181030', 'X/D', 'D'],
  ['00080022', 'X/Z', 'Z'],
  ['00321060', 'X/Z', 'Z'],
  ['00080080', 'X/Z/D', 'D'],
  ['00081070', 'X/Z/D', 'D'],
  ['00081140', 'X/Z/U*', 'U'],
  ['00082112', 'X/Z/U*', 'U'],
  ['00120010', 'D', 'D'],
  ['0040A730', 'D', 'D'],
  ['00700001', 'D', 'D'],
  ['00081030', 'X', 'X'],
  ['00101010', 'X', 'X'],
  ['00104000', 'X', 'X'],
  ['00380010', 'X', 'X'],
  ['00880200', 'X', 'X'],
  ['04000561', 'X', 'X'],
  ['40084000', 'X', 'X'],
  ['FFFAFFFA', 'X', 'X'],
  ['60003000', 'X', 'X'],
  ['60020010', 'X, with its overlay', 'X'],
  ['50080010', 'X', 'X'],
  ['00091001', 'X: private', 'X'],
  ['00080000', 'X: group length', 'X'],
  ['00080016', 'not listed', 'K'],
  ['00280010', 'not listed', 'K'],
  ['7FE00010', 'not listed', 'K'],
];

for (const [tag, profile, action] of ROWS) {
  test(`DI-2 DI-3 Table E.1-1 ${tag} (${profile}): ${action}`, () => assert.equal(actionOf(tag), action));
}

test('DI-2 the profile goes into every item', () => {
  const item: Dataset = {
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'DOE^JANE' }] },
    '00080100': { vr: 'SH', Value: ['T-1'] },
  };
  const { '00082218': anatomy } = clean({
    '00082218': { vr: 'SQ', Value: [{ ...item, '00091001': { vr: 'LO', Value: ['x'] } }] },
  });
  assert.deepEqual(anatomy?.Value, [{ '00100010': { vr: 'PN' }, '00080100': { vr: 'SH', Value: ['T-1'] } }]);
});

test('DI-2 a sequence that must not be empty keeps its items, of which nothing is left but their form', () => {
  const text: Dataset = { '00700006': { vr: 'ST', Value: ['DOE JANE'] }, '00700014': { vr: 'FL', Value: [5, 7] } };
  const cleaned = clean({ '00700001': { vr: 'SQ', Value: [{ '00700008': { vr: 'SQ', Value: [text] } }] } });
  const [layer] = itemsOf(cleaned, '00700001');
  const [left] = itemsOf(layer, '00700008');
  assert.deepEqual(left, { '00700006': { vr: 'ST', Value: ['ANONYMIZED'] }, '00700014': { vr: 'FL', Value: [0, 0] } });
});

test('DI-4 T-77 private attributes are removed, of whatever VR, and what the dictionary does not know', () => {
  const cleaned = clean({
    '00090010': { vr: 'LO', Value: ['ACME'] },
    '00091001': { vr: 'SQ', Value: [{ '00100010': { vr: 'PN', Value: [{ Alphabetic: 'DOE' }] } }] },
    '7FE11010': { vr: 'OW', InlineBinary: Buffer.alloc(4) },
    '00280ABC': { vr: 'LO', Value: ['x'] },
    '00280010': { vr: 'UN', InlineBinary: Buffer.from('DOE ') },
  });
  assert.deepEqual(
    Object.keys(cleaned).filter((tag) => !tag.startsWith('0012') && tag !== '00280303'),
    [],
  );
});

test('DI-2 what belongs to file meta information goes, should a data set have it', () => {
  const stray: Dataset = {
    '00020016': { vr: 'AE', Value: ['WARD3'] },
    '00020102': { vr: 'OB', InlineBinary: Buffer.from('DOE') },
  };
  assert.deepEqual(clean(stray), clean({}));
});

test('DI-5 UIDs are replaced by the same one everywhere; the standard’s own are kept', () => {
  const study = '1.2.826.0.1.99';
  const cleaned = clean({
    '00080016': { vr: 'UI', Value: [CT] },
    '0020000D': { vr: 'UI', Value: [study] },
    '00081140': {
      vr: 'SQ',
      Value: [{ '00081150': { vr: 'UI', Value: [CT] }, '00081155': { vr: 'UI', Value: [`${study}\0`] } }],
    },
    '00081155': { vr: 'UI', Value: ['1.2.840.10008.1.20.1.1'] },
  });
  const [made] = cleaned['0020000D']?.Value ?? [];
  assert.ok(typeof made === 'string' && made.startsWith('2.25.') && isValidUid(made));
  assert.deepEqual(cleaned['00080016']?.Value, [CT]);
  const [reference] = itemsOf(cleaned, '00081140');
  assert.deepEqual([reference?.['00081155']?.Value, reference?.['00081150']?.Value], [[made], [CT]]);
  assert.deepEqual(cleaned['00081155']?.Value, ['1.2.840.10008.1.20.1.1']);
});

test('DI-5 another key makes other UIDs', () => {
  assert.equal(uidReplacement(Buffer.from('a key'))('1.2.3'), replaceUid('1.2.3'));
  assert.notEqual(uidReplacement(Buffer.from('another'))('1.2.3'), replaceUid('1.2.3'));
  assert.notEqual(replaceUid('1.2.3'), replaceUid('1.2.4'));
});

test('DI-6 DI-7 the result says that it was de-identified, how, and that its dates were removed', () => {
  const cleaned = clean({}, true);
  assert.deepEqual(cleaned['00120062']?.Value, ['YES']);
  assert.deepEqual(cleaned['00280303']?.Value, ['REMOVED']);
  assert.deepEqual(cleaned['00280301']?.Value, ['NO']);
  const codes = itemsOf(cleaned, '00120064').map((item) => [
    item['00080100']?.Value?.[0],
    item['00080102']?.Value?.[0],
    item['00080104']?.Value?.[0],
  ]);
  assert.deepEqual(codes, [
    ['113100', 'DCM', 'Basic Application Confidentiality Profile'],
    ['113101', 'DCM', 'Clean Pixel Data Option'],
  ]);
});

test('DI-14 every date, time and name says nothing, also where the table has no row for it', () => {
  const cleaned = clean({
    '00080012': { vr: 'DA', Value: ['20200102'] },
    '00189082': { vr: 'FD', Value: [1] },
    '00380500': { vr: 'LO', Value: ['x'] },
    '00404073': { vr: 'DT', Value: ['20200102'] },
    '00221443': { vr: 'PN', Value: [{ Alphabetic: 'DOE' }] },
    '00080031': { vr: 'TM', Value: ['101112'] },
  });
  assert.deepEqual(cleaned['00080012']?.Value, ['19000101']);
  assert.deepEqual(cleaned['00080031']?.Value, ['000000']);
  assert.deepEqual(cleaned['00189082']?.Value, [1]);
  assert.ok(!JSON.stringify(cleaned).includes('2020') && !JSON.stringify(cleaned).includes('DOE'));
});

const REFUSALS: readonly (readonly [what: string, dataset: Dataset, refused: boolean])[] = [
  ['burned in', { '00280301': { vr: 'CS', Value: ['YES'] }, '00080016': { vr: 'UI', Value: [CT] } }, true],
  [
    'nothing burned in',
    { '00280301': { vr: 'CS', Value: ['NO '] }, '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.7'] } },
    false,
  ],
  ['a CT that says nothing', { '00080016': { vr: 'UI', Value: [`${CT}\0`] } }, false],
  [
    'a CT that was made of others',
    { '00080016': { vr: 'UI', Value: [CT] }, '00080008': { vr: 'CS', Value: ['DERIVED', 'SECONDARY'] } },
    true,
  ],
  ['a CT off a screen', { '00080016': { vr: 'UI', Value: [CT] }, '00080064': { vr: 'CS', Value: ['WSD'] } }, true],
  ['a secondary capture that says nothing', { '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.7'] } }, true],
  ['ultrasound that says nothing', { '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.6.1'] } }, true],
  ['a private class', { '00080016': { vr: 'UI', Value: ['1.3.12.2'] } }, true],
  ['a report (DI-10)', { '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.88.11'] } }, true],
  [
    'a CT with an overlay in its pixel cells',
    {
      '00080016': { vr: 'UI', Value: [CT] },
      '60000100': { vr: 'US', Value: [16] },
      '60000102': { vr: 'US', Value: [12] },
    },
    true,
  ],
  [
    'a CT with an overlay of its own data, which go',
    { '00080016': { vr: 'UI', Value: [CT] }, '60000100': { vr: 'US', Value: [1] }, '60003000': { vr: 'OW' } },
    false,
  ],
  ['spoken notes', { '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.9.4.1'] } }, true],
  ['an encapsulated PDF (DI-10)', { '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.104.1'] } }, true],
];

for (const [what, dataset, refused] of REFUSALS) {
  test(`DI-8 ${what} is ${refused ? 'refused' : 'cleaned'}`, () => {
    assert.equal(refusalToClean(dataset, true) !== undefined, refused);
  });
}

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function through(bytes: Buffer, syntax: string, size = 1000): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of deidentified(chunked(bytes, size), syntax, replaceUid)) parts.push(part);
  return Buffer.concat(parts);
}

const head: Dataset = {
  '00080016': { vr: 'UI', Value: [CT] },
  '00080018': { vr: 'UI', Value: ['1.2.3'] },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'DOE^JANE' }] },
  '00280010': { vr: 'US', Value: [2] },
};
const signature: Dataset = { FFFAFFFA: { vr: 'SQ', Value: [{ '04000100': { vr: 'UI', Value: ['1.2.3.4'] } }] } };

for (const size of [1, 7, 64, 100_000]) {
  test(`DI-12 pixel data pass unchanged and signatures are gone, in chunks of ${size}`, async () => {
    const pixels = Buffer.from(Array.from({ length: 300 }, (_, n) => n & 255));
    const whole = { ...head, '7FE00010': { vr: 'OW' as const, InlineBinary: pixels }, ...signature };
    const cleaned = readDataset(
      await through(writeDataset(whole, ExplicitLittle), ExplicitLittle, size),
      ExplicitLittle,
    );
    assert.deepEqual(Buffer.from(cleaned['7FE00010']?.InlineBinary ?? []), pixels);
    assert.equal(cleaned.FFFAFFFA, undefined);
    assert.deepEqual(cleaned['00100010'], { vr: 'PN' });
  });
}

test('DI-12 fragments without room for text pass unchanged', async () => {
  const fragments = Buffer.from(
    'e07f10004f420000ffffffff' + 'feff00e000000000' + 'feff00e004000000ff4fff51' + 'feffdde000000000',
    'hex',
  );
  const before = writeDataset(head, ExplicitLittle);
  const out = await through(
    Buffer.concat([before, fragments, writeDataset(signature, ExplicitLittle)]),
    RleLossless,
    5,
  );
  assert.ok(out.subarray(-fragments.length).equals(fragments));
});

test('DI-8 a refusal comes before the first byte and names the parameter', async () => {
  const burned = writeDataset(
    { ...head, '00280301': { vr: 'CS', Value: ['YES'] }, '7FE00010': { vr: 'OW', InlineBinary: Buffer.alloc(8) } },
    ExplicitLittle,
  );
  await assert.rejects(
    through(burned, ExplicitLittle),
    (error) => error instanceof DicomError && error.kind === 'not-acceptable' && error.field === 'anonymize',
  );
});

test('an instance that ends within its attributes is corrupt', async () => {
  const whole = writeDataset(head, ExplicitLittle);
  await assert.rejects(through(whole.subarray(0, whole.length - 1), ExplicitLittle), { kind: 'corrupt' });
});

const WEB_SYNTAXES = new Set([ImplicitLittle, ExplicitBig, Deflated]);

corpusTest('T-77 DI-2 nothing that names a patient, a date or an instance is left in any real file', async () => {
  let cleaned = 0;
  for (const { path, name } of archiveFiles().files) {
    const file = readFileSync(path);
    const { dataOffset, transferSyntaxUid } = readFileMeta(file);
    const syntax = WEB_SYNTAXES.has(transferSyntaxUid) ? ExplicitLittle : transferSyntaxUid;
    const body = await convertDataset(file.subarray(dataOffset), transferSyntaxUid, syntax);
    const out = await through(body, syntax, 65_536).catch((error: DicomError) => {
      assert.equal(error.field, 'anonymize', `${name}: ${error.message}`);
    });
    if (out === undefined) continue;
    cleaned++;
    const [before, after] = [body, out].map((bytes) => readElements(bytes, syntax, { until: '7FE00000' }));
    const text = JSON.stringify(after?.dataset);
    for (const secret of secretsOf(before?.dataset ?? {})) assert.ok(!text.includes(secret), `${name}: ${secret}`);
    const privates = Object.keys(after?.dataset ?? {}).filter((tag) => Number.parseInt(tag[3] ?? '', 16) % 2 === 1);
    assert.deepEqual(privates, [], name);
    const [pixels, given] = [body, out].map((bytes) => readDataset(bytes, syntax)['7FE00010']);
    if (grammarOf(syntax) === undefined) assert.deepEqual(given, pixels, name);
    // Comments are made blank where they stand.
    else assert.equal(given?.InlineBinary?.length, pixels?.InlineBinary?.length, name);
  }
  assert.ok(cleaned >= 50, `${cleaned} files could be cleaned`);
});

/** Values of the attributes that name somebody or something, at every depth; those too short to be told apart are left out. */
function secretsOf(dataset: Dataset): string[] {
  return Object.entries(dataset).flatMap(([tag, { vr, Value = [] }]) => {
    if (vr === 'SQ') return Value.flatMap((item) => secretsOf(item as Dataset));
    const telling = vr === 'PN' || vr === 'DA' || vr === 'DT' || ['00100020', '00080050'].includes(tag);
    if (!telling && actionOf(tag) !== 'U') return [];
    const texts = Value.map((value) => (typeof value === 'object' ? (value?.Alphabetic ?? '') : value));
    return texts.filter(
      (one) => typeof one === 'string' && one.length > 7 && !/^(1\.2\.840\.10008|19000101)/.test(one),
    );
  }) as string[];
}
