// STOW-RS of metadata and bulk data (PS3.18 10.5.1.2, 10.5.2): instances put together out of JSON or XML and what it refers to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { toJson } from '../../src/dimse/data/json.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { toXml } from '../../src/dimse/data/xml.ts';
import { codestream, DOCUMENT, EXPLICIT, FIXTURES, IMPLICIT, JPEG_LS, PIXELS } from './fixtures.ts';
import { metadataOf, type Part, post, related } from './posting.ts';

const FORMATS = {
  'application/dicom+json': (dataset: Dataset) => Buffer.from(`[${toJson(dataset)}]`),
  'application/dicom+xml': (dataset: Dataset) => Buffer.from(toXml(dataset)),
} as const;

for (const [type, format] of Object.entries(FORMATS)) {
  const metadata = (dataset: Dataset): Part => ({ headers: { 'Content-Type': type }, body: format(dataset) });

  test(`T-46 S-10 ${type} with native pixel data makes the instance`, async (t) => {
    const uri = 'bulk/1';
    const bulk = { headers: { 'Content-Type': 'application/octet-stream', 'Content-Location': uri }, body: PIXELS };
    const parts = [metadata(metadataOf(FIXTURES.explicit, uri)), bulk];
    const { answer, gateway } = await post(t, parts, { type: related(type) });
    assert.equal(answer.statusCode, 200, answer.payload);
    assert.equal(gateway.stored[0]?.transferSyntaxUid, EXPLICIT);
    assert.deepEqual(gateway.stored[0]?.bytes, FIXTURES.explicit.data);
  });

  test(`S-12 ${type} with a part per compressed frame`, async (t) => {
    const uri = 'http://pacs.example/bulk';
    const frames = [1, 2, 3].map((n) => ({
      headers: { 'Content-Type': `image/jls; transfer-syntax=${JPEG_LS}`, 'Content-Location': `${uri}/frames/${n}` },
      body: codestream(n),
    }));
    const parts = [metadata(metadataOf(FIXTURES.jpeg, uri)), ...frames];
    const { answer, gateway } = await post(t, parts, { type: related(type) });
    assert.equal(answer.statusCode, 200, answer.payload);
    assert.equal(gateway.stored[0]?.transferSyntaxUid, JPEG_LS);
    // The same fragments as in the fixture: an empty offset table, then one per frame.
    assert.deepEqual(gateway.stored[0]?.bytes, FIXTURES.jpeg.data);
  });

  test(`${type} whose bulk data are missing is refused by name`, async (t) => {
    const { answer } = await post(t, [metadata(metadataOf(FIXTURES.explicit, 'nowhere'))], { type: related(type) });
    assert.equal(answer.statusCode, 409);
    const [row] = answer.json()['00081198'].Value;
    assert.equal(row['00081155'].Value[0], FIXTURES.explicit.sopInstanceUid);
    assert.equal(row['00081197'].Value[0], 0xc000);
  });
}

test('S-9 group 0002 in metadata is not believed', async (t) => {
  // Beside what toJson writes, which leaves group 0002 out.
  const meta = { '00020010': { vr: 'UI', Value: [JPEG_LS] } };
  const model = { ...meta, ...JSON.parse(toJson(metadataOf(FIXTURES.explicit, 'b'))) };
  const parts = [
    { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(JSON.stringify([model])) },
    { headers: { 'Content-Type': 'application/octet-stream', 'Content-Location': 'b' }, body: PIXELS },
  ];
  const { gateway } = await post(t, parts, { type: related('application/dicom+json') });
  assert.deepEqual(gateway.stored[0]?.bytes, FIXTURES.explicit.data);
});

test('S-17 a JPEG tells its own transfer syntax and, where the metadata do not, its description (S-14)', async (t) => {
  // SOI, SOF0 (8 bits, 2 by 3, one component), SOS, EOI: enough of a JPEG for its header.
  const jpeg = Buffer.from('ffd8ffc0000b080002000301011100ffda0008010100003f0000ffd9', 'hex');
  const dataset = metadataOf(FIXTURES.explicit, 'b');
  const bare = Object.fromEntries(Object.entries(dataset).filter(([tag]) => !tag.startsWith('0028')));
  const said: Dataset = { ...bare, '00280004': { vr: 'CS', Value: ['MONOCHROME1'] } };
  const parts = [
    { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(`[${toJson(said)}]`) },
    { headers: { 'Content-Type': 'image/jpeg', 'Content-Location': 'b' }, body: jpeg },
  ];
  const { answer, gateway } = await post(t, parts, { type: related('application/dicom+json') });
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.equal(gateway.stored[0]?.transferSyntaxUid, '1.2.840.10008.1.2.4.50');
  const stored = readDataset(gateway.stored[0]?.bytes ?? Buffer.alloc(0), '1.2.840.10008.1.2.4.50');
  assert.deepEqual(stored['00280004']?.Value, ['MONOCHROME1'], 'what the metadata say is kept');
  assert.deepEqual(stored['00280010']?.Value, [2]);
  assert.deepEqual(stored['00280011']?.Value, [3]);
  assert.deepEqual(stored['00282110']?.Value, ['01']);
});

test('T-47 S-15 a PNG becomes native pixel data with the description it needs', async (t) => {
  const grey = Buffer.from([10, 20, 30, 40, 50, 60]);
  const raw = { width: 3, height: 2, channels: 1 as const };
  const png = await sharp(grey, { raw }).toColourspace('b-w').png().toBuffer();
  const bare = Object.fromEntries(
    Object.entries(metadataOf(FIXTURES.explicit, 'b')).filter(([tag]) => !tag.startsWith('0028')),
  );
  const parts = [
    { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(`[${toJson(bare)}]`) },
    { headers: { 'Content-Type': 'image/png', 'Content-Location': 'b' }, body: png },
  ];
  const { answer, gateway } = await post(t, parts, { type: related('application/dicom+json') });
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.equal(gateway.stored[0]?.transferSyntaxUid, EXPLICIT);
  const stored = readDataset(gateway.stored[0]?.bytes ?? Buffer.alloc(0), EXPLICIT);
  assert.deepEqual(Buffer.from(stored['7FE00010']?.InlineBinary ?? []), grey);
  const values = ['00280002', '00280004', '00280010', '00280011', '00280100'].map((tag) => stored[tag]?.Value?.[0]);
  assert.deepEqual(values, [1, 'MONOCHROME2', 2, 3, 8]);
});

test('a picture that can not be decoded is refused with the reason C122', async (t) => {
  const parts = [
    {
      headers: { 'Content-Type': 'application/dicom+json' },
      body: Buffer.from(`[${toJson(metadataOf(FIXTURES.explicit, 'b'))}]`),
    },
    { headers: { 'Content-Type': 'image/png', 'Content-Location': 'b' }, body: Buffer.from('no PNG') },
  ];
  const { answer } = await post(t, parts, { type: related('application/dicom+json') });
  assert.equal(answer.statusCode, 409);
  assert.equal(answer.json()['00081198'].Value[0]['00081197'].Value[0], 0xc122);
});

const TWO = [FIXTURES.explicit, FIXTURES.implicit];
const BULKS = [0, 1].map((n) => ({
  headers: { 'Content-Type': 'application/octet-stream', 'Content-Location': `b${n}` },
  body: PIXELS,
}));

test('S-7 a part of XML for each instance', async (t) => {
  const metadata = TWO.map((one, n) => ({
    headers: { 'Content-Type': 'application/dicom+xml' },
    body: Buffer.from(toXml(metadataOf(one, `b${n}`))),
  }));
  const { answer, gateway } = await post(t, [...metadata, ...BULKS], { type: related('application/dicom+xml') });
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.deepEqual(
    gateway.stored.map(({ sopInstanceUid }) => sopInstanceUid),
    TWO.map(({ sopInstanceUid }) => sopInstanceUid),
  );
});

test('S-8 one part of JSON for all instances', async (t) => {
  const body = Buffer.from(`[${TWO.map((one, n) => toJson(metadataOf(one, `b${n}`))).join()}]`);
  const metadata = { headers: { 'Content-Type': 'application/dicom+json' }, body };
  const { answer, gateway } = await post(t, [metadata, ...BULKS], { type: related('application/dicom+json') });
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.deepEqual(
    gateway.stored.map(({ bytes }) => bytes),
    [FIXTURES.explicit.data, writeDataset(readDataset(FIXTURES.implicit.data, IMPLICIT), EXPLICIT)],
  );
});

test('S-11 each uncompressed value is a part', async (t) => {
  const table = Buffer.from([1, 2, 3, 4]);
  const dataset = {
    ...metadataOf(FIXTURES.explicit, 'pixels'),
    '00281201': { vr: 'OW', BulkDataURI: 'red' },
  } as Dataset;
  const part = (location: string, body: Buffer) => ({
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Location': location },
    body,
  });
  const metadata = { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(toJson(dataset)) };
  const parts = [metadata, part('red', table), part('pixels', PIXELS)];
  const { answer, gateway } = await post(t, parts, { type: related('application/dicom+json') });
  assert.equal(answer.statusCode, 200, answer.payload);
  const stored = readDataset(gateway.stored[0]?.bytes ?? Buffer.alloc(0), EXPLICIT);
  assert.deepEqual(Buffer.from(stored['00281201']?.InlineBinary ?? []), table);
  assert.deepEqual(Buffer.from(stored['7FE00010']?.InlineBinary ?? []), PIXELS);
});

test('S-13 an encapsulated document is a part of its own type', async (t) => {
  const whole = readDataset(FIXTURES.pdf.data, EXPLICIT);
  const dataset = { ...whole, '00420011': { vr: 'OB', BulkDataURI: 'doc' } } as Dataset;
  const parts = [
    { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(toJson(dataset)) },
    { headers: { 'Content-Type': 'application/pdf', 'Content-Location': 'doc' }, body: DOCUMENT },
  ];
  const { answer, gateway } = await post(t, parts, { type: related('application/dicom+json') });
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.deepEqual(gateway.stored[0]?.bytes, FIXTURES.pdf.data);
});

test('S-16 an animated GIF becomes frames, its palette colours, its transparency is dropped', async (t) => {
  const [red, blue] = [Buffer.from([255, 0, 0, 255]), Buffer.from([0, 0, 255, 255])];
  const raw = { width: 1, height: 2, channels: 4 as const, pageHeight: 1 };
  const gif = await sharp(Buffer.concat([red, blue]), { raw })
    .gif()
    .toBuffer();
  const bare = Object.fromEntries(
    Object.entries(metadataOf(FIXTURES.explicit, 'b')).filter(([tag]) => !tag.startsWith('0028')),
  );
  const parts = [
    { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(toJson(bare)) },
    { headers: { 'Content-Type': 'image/gif', 'Content-Location': 'b' }, body: gif },
  ];
  const { answer, gateway } = await post(t, parts, { type: related('application/dicom+json') });
  assert.equal(answer.statusCode, 200, answer.payload);
  const stored = readDataset(gateway.stored[0]?.bytes ?? Buffer.alloc(0), EXPLICIT);
  const values = ['00280008', '00280004', '00280010', '00280011'].map((tag) => stored[tag]?.Value?.[0]);
  assert.deepEqual(values, [2, 'RGB', 1, 1]);
  assert.deepEqual([...(stored['7FE00010']?.InlineBinary ?? [])], [255, 0, 0, 0, 0, 255]);
});

test('bulk data beyond what memory is given to wait on disk, and are the same', async (t) => {
  const pixels = Buffer.alloc(20 * 1024 * 1024, 'abcdefgh');
  const parts = [
    {
      headers: { 'Content-Type': 'application/dicom+json' },
      body: Buffer.from(toJson(metadataOf(FIXTURES.explicit, 'b'))),
    },
    { headers: { 'Content-Type': 'application/octet-stream', 'Content-Location': 'b' }, body: pixels },
  ];
  const { answer, gateway } = await post(t, parts, { type: related('application/dicom+json') });
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.ok(gateway.stored[0]?.bytes.subarray(-pixels.length).equals(pixels));
});
