// Instances put together of metadata and bulk data (S-9 to S-18), value by value.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { parseMediaType } from '../../../src/http/media-type.ts';
import { assemble, type UploadedBulk } from '../../../src/http/upload/assembled.ts';
import { jpeg2000Header, jpegHeader } from './codestream-headers.ts';

const UIDS: Dataset = {
  '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.7'] },
  '00080018': { vr: 'UI', Value: ['1.1.1.1'] },
  '0020000D': { vr: 'UI', Value: ['1.1'] },
  '0020000E': { vr: 'UI', Value: ['1.1.1'] },
};
const OCTETS = 'application/octet-stream';
const PIXELS: Dataset = { '7FE00010': { vr: 'OW', BulkDataURI: 'pixels' } };

function part(type: string, ...chunks: (Buffer | string)[]): UploadedBulk {
  const whole = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as Buffer)));
  const read = async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk as Buffer);
  };
  return { type: parseMediaType(type), bytes: { length: whole.length, head: whole, read } };
}

async function made(dataset: Dataset, bulk: Record<string, UploadedBulk[]>) {
  const { body, transferSyntaxUid } = await assemble({ ...UIDS, ...dataset }, (uri) => bulk[uri] ?? []);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return { bytes, transferSyntaxUid, dataset: readDataset(bytes, transferSyntaxUid) };
}

const described = (dataset: Dataset): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(dataset)
      .filter(([tag]) => tag.startsWith('0028'))
      .map(([tag, { Value }]) => [tag, Value?.[0]]),
  );

/** S-14: what a codestream says of its pixels. */
const DESCRIPTIONS: readonly (readonly [what: string, type: string, head: Buffer, Record<string, unknown>])[] = [
  [
    'grey JPEG',
    'image/jpeg',
    jpegHeader(),
    { '00280002': 1, '00280004': 'MONOCHROME2', '00280100': 8, '00280101': 8, '00280102': 7, '00282110': '01' },
  ],
  [
    'grey JPEG of 12 bits',
    'image/jpeg',
    jpegHeader({ frame: 0xc1, precision: 12 }),
    { '00280002': 1, '00280004': 'MONOCHROME2', '00280100': 16, '00280101': 12, '00280102': 11, '00282110': '01' },
  ],
  [
    'JPEG in colour',
    'image/jpeg',
    jpegHeader({ components: 3 }),
    {
      '00280002': 3,
      '00280004': 'YBR_FULL_422',
      '00280006': 0,
      '00280100': 8,
      '00280101': 8,
      '00280102': 7,
      '00282110': '01',
    },
  ],
  [
    'lossless JPEG in colour',
    'image/jpeg',
    jpegHeader({ frame: 0xc3, components: 3 }),
    { '00280002': 3, '00280004': 'RGB', '00280006': 0, '00280100': 8, '00280101': 8, '00280102': 7 },
  ],
  [
    'JPEG-LS in colour',
    'image/jls',
    jpegHeader({ frame: 0xf7, components: 3, selector: 0 }),
    { '00280002': 3, '00280004': 'RGB', '00280006': 0, '00280100': 8, '00280101': 8, '00280102': 7 },
  ],
  [
    'signed JPEG 2000',
    'image/jp2',
    jpeg2000Header({ precision: 16, signed: true }),
    { '00280002': 1, '00280004': 'MONOCHROME2', '00280100': 16, '00280101': 16, '00280102': 15, '00280103': 1 },
  ],
  [
    'JPEG 2000 in colour',
    'image/jp2',
    jpeg2000Header({ components: 3 }),
    { '00280002': 3, '00280004': 'RGB', '00280006': 0, '00280100': 8, '00280101': 8, '00280102': 7 },
  ],
  [
    'transformed JPEG 2000',
    'image/jp2',
    jpeg2000Header({ components: 3, transform: true }),
    { '00280002': 3, '00280004': 'YBR_RCT', '00280006': 0, '00280100': 8, '00280101': 8, '00280102': 7 },
  ],
  [
    'transformed JPEG 2000 with loss',
    'image/jp2',
    jpeg2000Header({ components: 3, transform: true, isReversible: false }),
    {
      '00280002': 3,
      '00280004': 'YBR_ICT',
      '00280006': 0,
      '00280100': 8,
      '00280101': 8,
      '00280102': 7,
      '00282110': '01',
    },
  ],
];

for (const [what, type, head, description] of DESCRIPTIONS) {
  test(`S-14 S-17 ${what} describes its pixels`, async () => {
    const { dataset } = await made(PIXELS, { pixels: [part(type, head)] });
    assert.deepEqual(described(dataset), { '00280010': 2, '00280011': 3, '00280103': 0, ...description });
  });
}

test('S-14 what the metadata say of the pixels stands', async () => {
  const own: Dataset = { '00280010': { vr: 'US', Value: [7] }, '00280004': { vr: 'CS', Value: ['RGB'] } };
  const { dataset } = await made({ ...PIXELS, ...own }, { pixels: [part('image/jpeg', jpegHeader())] });
  assert.deepEqual(described(dataset), { '00280004': 'RGB', '00280010': 7 });
});

test('S-12 several frames are as many fragments behind an empty offset table, of even lengths, and are counted', async () => {
  const frames = [jpegHeader(), Buffer.concat([jpegHeader(), Buffer.from([0])])];
  const { bytes, dataset } = await made(PIXELS, { pixels: frames.map((frame) => part('image/jpeg', frame)) });
  const [odd, even] = frames.map((frame) => (frame.length % 2 === 1 ? Buffer.concat([frame, Buffer.alloc(1)]) : frame));
  const item = (body: Buffer) =>
    Buffer.concat([Buffer.from('feff00e0', 'hex'), Buffer.from(Uint32Array.of(body.length).buffer), body]);
  const expected = [
    item(Buffer.alloc(0)),
    item(odd ?? Buffer.alloc(0)),
    item(even ?? Buffer.alloc(0)),
    Buffer.from('feffdde000000000', 'hex'),
  ];
  assert.ok(bytes.includes(Buffer.concat([Buffer.from('e07f10004f420000ffffffff', 'hex'), ...expected])));
  assert.deepEqual(dataset['00280008']?.Value, [2]);
});

test('S-11 native pixel data of odd length are made even, in the order of their parts', async () => {
  const { dataset, bytes } = await made(PIXELS, {
    pixels: [part('application/octet-stream', 'ab', 'c'), part('application/octet-stream', 'de')],
  });
  assert.equal(Buffer.from(dataset['7FE00010']?.InlineBinary ?? []).toString(), 'abcde\0');
  assert.equal(bytes.subarray(-18, -6).toString('hex'), 'e07f10004f57000006000000');
});

test('S-11 OB pixel data stay OB, and what stands behind the pixel data comes behind them', async () => {
  const pixels: Dataset = {
    '7FE00010': { vr: 'OB', BulkDataURI: 'pixels' },
    '7FE10010': { vr: 'LO', Value: ['ZZ'] },
  };
  const { dataset, bytes } = await made(pixels, { pixels: [part(OCTETS, 'ab')] });
  assert.deepEqual([dataset['7FE00010']?.vr, bytes.subarray(-2).toString()], ['OB', 'ZZ']);
});

test('S-13 values within sequences are found by their URIs', async () => {
  const item: Dataset = { '00420011': { vr: 'OB', BulkDataURI: 'inner' } };
  const { dataset } = await made({ '54000100': { vr: 'SQ', Value: [item] } }, { inner: [part(OCTETS, 'in')] });
  const [read] = (dataset['54000100']?.Value ?? []) as Dataset[];
  assert.equal(Buffer.from(read?.['00420011']?.InlineBinary ?? []).toString(), 'in');
});

for (const [what, dataset, bulk] of [
  ['pixel data that were not sent', PIXELS, {}],
  ['a value that was not sent', { '00420011': { vr: 'OB', BulkDataURI: 'x' } }, {}],
  [
    'a value of several parts',
    { '00420011': { vr: 'OB', BulkDataURI: 'x' } },
    { x: [part(OCTETS, 'a'), part(OCTETS, 'b')] },
  ],
  ...Object.keys(UIDS).map((tag) => [`no ${tag}`, { [tag]: { vr: 'UI' } }, {}] as const),
  ...Object.keys(UIDS).map((tag) => [`${tag} that is none`, { [tag]: { vr: 'UI', Value: ['x'] } }, {}] as const),
] as readonly (readonly [string, Dataset, Record<string, UploadedBulk[]>])[]) {
  test(`S-10 an instance with ${what} is refused`, async () => {
    await assert.rejects(made(dataset, bulk), { kind: 'corrupt' });
  });
}
