// STOW-RS (PS3.18 10.5): what may be uploaded, what reaches the PACS, what the answer says.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { toJson } from '../../src/dimse/data/json.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { toXml } from '../../src/dimse/data/xml.ts';
import { multipartOf } from '../support/multipart.ts';
import { codestream, DOCUMENT, EXPLICIT, FIXTURES, IMPLICIT, JPEG_LS, PIXELS, STUDY } from './fixtures.ts';
import { buildWeb, pathOf, type Web } from './web.ts';

type Part = { headers: Record<string, string>; body: Uint8Array };

const asDicom = (body: Uint8Array): Part => ({ headers: { 'Content-Type': 'application/dicom' }, body });
const related = (type: string): string => `multipart/related; type="${type}"; boundary=frontier`;

async function post(
  t: TestContext,
  parts: readonly Part[],
  {
    type = related('application/dicom'),
    url = '/dicomweb/studies',
    web = undefined as Web | undefined,
    accept = '',
  } = {},
) {
  const { app, gateway } = web ?? (await buildWeb(t));
  const headers = { 'content-type': type, ...(accept === '' ? {} : { accept }) };
  const answer = await app.inject({ method: 'POST', url, headers, payload: multipartOf('frontier', parts) });
  return { answer, gateway };
}

test('S-2 S-40 instances reach the PACS byte for byte', async (t) => {
  const fixtures = Object.values(FIXTURES);
  const { answer, gateway } = await post(
    t,
    fixtures.map(({ file }) => asDicom(file)),
  );
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.deepEqual(
    gateway.stored.map(({ sopInstanceUid, transferSyntaxUid, bytes }) => [sopInstanceUid, transferSyntaxUid, bytes]),
    fixtures.map(({ sopInstanceUid, transferSyntaxUid, data }) => [sopInstanceUid, transferSyntaxUid, data]),
  );
});

test('S-46 the answer is one JSON object, with decimal reasons (T-45)', async (t) => {
  const web = await buildWeb(t);
  web.gateway.storeStatus = () => 0xa700;
  const { answer } = await post(t, [asDicom(FIXTURES.explicit.file)], { web });
  const body = answer.json();
  assert.ok(!Array.isArray(body));
  assert.equal(answer.headers['content-type'], 'application/dicom+json');
  assert.equal(body['00081198'].Value[0]['00081197'].Value[0], 42752);
});

test('S-47 the answer is XML for who takes XML', async (t) => {
  const { answer } = await post(t, [asDicom(FIXTURES.explicit.file)], { accept: 'application/dicom+xml' });
  assert.equal(answer.headers['content-type'], 'application/dicom+xml');
  assert.match(answer.payload, /NativeDicomModel/);
});

test('S-48 Location and Content-Location name the study', async (t) => {
  const { answer } = await post(t, [asDicom(FIXTURES.explicit.file)]);
  assert.match(String(answer.headers.location), new RegExp(`/dicomweb/studies/${STUDY}$`));
  assert.equal(answer.headers['content-location'], answer.headers.location);
  const [row] = answer.json()['00081199'].Value;
  assert.ok(row['00081190'].Value[0].endsWith(pathOf(FIXTURES.explicit)));
});

test('T-43 S-43 nothing stored is 409 with the rows', async (t) => {
  const web = await buildWeb(t);
  web.gateway.storeStatus = () => 0xc000;
  const { answer } = await post(t, [asDicom(FIXTURES.explicit.file)], { web });
  assert.equal(answer.statusCode, 409);
  assert.equal(answer.json()['00081198'].Value.length, 1);
});

test('T-44 S-41 a warning is 202', async (t) => {
  const web = await buildWeb(t);
  web.gateway.storeStatus = () => 0xb000;
  const { answer } = await post(t, [asDicom(FIXTURES.explicit.file)], { web });
  assert.equal(answer.statusCode, 202);
  assert.equal(answer.json()['00081199'].Value[0]['00081196'].Value[0], 45056);
});

test('T-48 S-34 a part that is no instance is an Other Failure, and the others are stored', async (t) => {
  const parts = [asDicom(FIXTURES.explicit.file), asDicom(Buffer.from('not DICOM at all')), asDicom(FIXTURES.pdf.file)];
  const { answer, gateway } = await post(t, parts);
  assert.equal(answer.statusCode, 202);
  assert.equal(gateway.stored.length, 2);
  assert.equal(answer.json()['0008119A'].Value[0]['00081197'].Value[0], 0xc000);
});

test('S-42 only parts that are no instances is 400', async (t) => {
  const { answer } = await post(t, [asDicom(Buffer.from('not DICOM at all'))]);
  assert.equal(answer.statusCode, 400);
});

test('S-1 an instance of another study than the path is refused', async (t) => {
  const { answer, gateway } = await post(t, [asDicom(FIXTURES.explicit.file)], { url: '/dicomweb/studies/1.2.3' });
  assert.equal(answer.statusCode, 409);
  assert.equal(gateway.stored.length, 0);
  const { answer: own } = await post(t, [asDicom(FIXTURES.explicit.file)], { url: `/dicomweb/studies/${STUDY}` });
  assert.equal(own.statusCode, 200);
});

test('an upload cut off behind a stored instance is 202 with a failure; before one it is 400', async (t) => {
  const whole = multipartOf('frontier', [asDicom(FIXTURES.explicit.file), asDicom(FIXTURES.pdf.file)]);
  const { app } = await buildWeb(t);
  const headers = { 'content-type': related('application/dicom') };
  const send = async (payload: Buffer) => app.inject({ method: 'POST', url: '/dicomweb/studies', headers, payload });
  const late = await send(whole.subarray(0, whole.length - 40));
  assert.equal(late.statusCode, 202);
  const early = await send(whole.subarray(0, 300));
  assert.equal(early.statusCode, 400);
});

test('MP-8 part types in any case, and an absent root type', async (t) => {
  const part = { headers: { 'content-type': 'Application/DICOM; transfer-syntax=1.2' }, body: FIXTURES.explicit.file };
  const { answer } = await post(t, [part], { type: 'multipart/related; boundary="frontier"' });
  assert.equal(answer.statusCode, 200, answer.payload);
});

test('extension: one bare instance as application/dicom', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const answer = await app.inject({
    method: 'POST',
    url: '/dicomweb/studies',
    headers: { 'content-type': 'application/dicom' },
    payload: FIXTURES.jpeg.file,
  });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(gateway.stored[0]?.bytes, FIXTURES.jpeg.data);
});

test('extension: files of a web form', async (t) => {
  const parts = [FIXTURES.explicit, FIXTURES.pdf].map(({ file }, i) => ({
    headers: {
      'Content-Disposition': `form-data; name="file"; filename="${i}.dcm"`,
      'Content-Type': 'application/octet-stream',
    },
    body: file,
  }));
  const { answer, gateway } = await post(t, parts, { type: 'multipart/form-data; boundary=frontier' });
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.deepEqual(
    gateway.stored.map(({ bytes }) => bytes),
    [FIXTURES.explicit.data, FIXTURES.pdf.data],
  );
});

/** The metadata of a fixture, its pixel data by reference. */
function metadataOf(fixture: { data: Buffer; transferSyntaxUid: string }, uri: string): Dataset {
  const dataset = readDataset(fixture.data, fixture.transferSyntaxUid);
  return { ...dataset, '7FE00010': { vr: 'OW', BulkDataURI: uri } };
}

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
  const dataset = { ...metadataOf(FIXTURES.explicit, 'b'), '00020010': { vr: 'UI' as const, Value: [JPEG_LS] } };
  const parts = [
    { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(`[${toJson(dataset)}]`) },
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
  const parts = [
    { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(`[${toJson(bare)}]`) },
    { headers: { 'Content-Type': 'image/jpeg', 'Content-Location': 'b' }, body: jpeg },
  ];
  const { answer, gateway } = await post(t, parts, { type: related('application/dicom+json') });
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.equal(gateway.stored[0]?.transferSyntaxUid, '1.2.840.10008.1.2.4.50');
  const stored = readDataset(gateway.stored[0]?.bytes ?? Buffer.alloc(0), '1.2.840.10008.1.2.4.50');
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

test('S-4 a body of unknown length, in chunks as small as they come', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  const body = multipartOf('frontier', [asDicom(FIXTURES.explicit.file), asDicom(FIXTURES.pdf.file)]);
  const call = request(`${origin}/dicomweb/studies`, {
    method: 'POST',
    headers: { 'content-type': related('application/dicom'), 'transfer-encoding': 'chunked' },
  });
  const answered = once(call, 'response');
  for (let at = 0; at < body.length; at += 97) call.write(body.subarray(at, at + 97));
  call.end();
  const [answer] = (await answered) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(
    gateway.stored.map(({ bytes }) => bytes),
    [FIXTURES.explicit.data, FIXTURES.pdf.data],
  );
});

test('S-5 metadata among PS3.10 instances are no instance', async (t) => {
  const metadata = { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from('[]') };
  const { answer, gateway } = await post(t, [asDicom(FIXTURES.explicit.file), metadata]);
  assert.equal(answer.statusCode, 202);
  assert.equal(gateway.stored.length, 1);
  assert.deepEqual(answer.json()['0008119A'].Value[0]['00081197'].Value, [0xc000]);
});

test('S-6 bulk data are stored with their instance, at no place of their own', async (t) => {
  const { app } = await buildWeb(t);
  const url = `${pathOf(FIXTURES.explicit)}/bulkdata/7FE00010`;
  const headers = { 'content-type': 'application/octet-stream' };
  assert.equal((await app.inject({ method: 'POST', url, headers, payload: PIXELS })).statusCode, 405);
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

test('S-18 NEG-17 the file says its transfer syntax, whatever the part says', async (t) => {
  const type = `application/dicom; transfer-syntax=${JPEG_LS}`;
  const { gateway } = await post(t, [{ headers: { 'Content-Type': type }, body: FIXTURES.implicit.file }]);
  assert.deepEqual(
    gateway.stored.map(({ transferSyntaxUid, bytes }) => [transferSyntaxUid, bytes]),
    [[IMPLICIT, FIXTURES.implicit.data]],
  );
});

test('S-20 S-31 private and unknown elements stay, nothing is coerced, so nothing says that it was', async (t) => {
  const dataset: Dataset = {
    ...readDataset(FIXTURES.explicit.data, EXPLICIT),
    '00090010': { vr: 'LO', Value: ['ACME'] },
    '00091001': { vr: 'UN', InlineBinary: Buffer.from([1, 2]) },
    '00280ABC': { vr: 'UN', InlineBinary: Buffer.from([3, 4]) },
  };
  const { sopClassUid, sopInstanceUid } = FIXTURES.explicit;
  const meta = writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid: EXPLICIT });
  const data = writeDataset(dataset, EXPLICIT);
  const { gateway } = await post(t, [asDicom(Buffer.concat([meta, data]))]);
  assert.deepEqual(gateway.stored[0]?.bytes, data);
  const metadata = { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(`[${toJson(dataset)}]`) };
  const again = await post(t, [metadata], { type: related('application/dicom+json') });
  assert.deepEqual(again.gateway.stored[0]?.bytes, data);
});

test('S-45 the answer to a failure is the module, too', async (t) => {
  const web = await buildWeb(t);
  web.gateway.storeStatus = () => 0xa900;
  const { answer } = await post(t, [asDicom(FIXTURES.explicit.file)], { web, accept: 'application/dicom+xml' });
  assert.equal(answer.statusCode, 409);
  assert.equal(answer.headers['content-type'], 'application/dicom+xml');
  assert.match(answer.payload, /00081197/);
});

test('S-49 Warning names each status with what it means; success has none', async (t) => {
  const web = await buildWeb(t);
  const { answer: good } = await post(t, [asDicom(FIXTURES.explicit.file)], { web });
  assert.equal(good.headers.warning, undefined);
  web.gateway.storeStatus = ({ sopInstanceUid }) => (sopInstanceUid === FIXTURES.pdf.sopInstanceUid ? 0xa700 : 0xb000);
  const { answer } = await post(
    t,
    [FIXTURES.explicit, FIXTURES.implicit, FIXTURES.pdf].map(({ file }) => asDicom(file)),
    {
      web,
    },
  );
  assert.deepEqual([answer.headers.warning].flat(), [
    'B000 http://localhost:80/dicomweb: coercion of data elements',
    'A700 http://localhost:80/dicomweb: out of resources',
  ]);
});

test('an upload that trickles for longer than it may is 408', async (t) => {
  const { app, gateway } = await buildWeb(t, { limits: { uploadMs: 50 } });
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  for (const type of [related('application/dicom'), 'application/dicom', 'multipart/form-data; boundary=frontier']) {
    const call = request(`${origin}/dicomweb/studies`, { method: 'POST', headers: { 'content-type': type } });
    const answered = once(call, 'response');
    call.write('--frontier\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n');
    const [answer] = (await answered) as [IncomingMessage];
    answer.resume();
    assert.equal(answer.statusCode, 408, type);
    call.destroy();
  }
  assert.deepEqual(gateway.stored, []);
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

const REFUSED: readonly (readonly [name: string, type: string | undefined, body: string, status: number])[] = [
  ['no Content-Type', undefined, 'x', 415],
  ['S-3 another Content-Type', 'application/json', '{}', 415],
  ['S-3 JSON metadata without multipart', 'application/dicom+json', '[]', 415],
  ['multipart/mixed', 'multipart/mixed; boundary=b', '--b--', 415],
  ['a root type that is none', 'multipart/related; type="image/png"; boundary=b', '--b--', 415],
  ['a Content-Type that is none', 'nonsense', 'x', 415],
  ['no boundary', 'multipart/related; type="application/dicom"', '--b--', 400],
  ['no part', 'multipart/related; type="application/dicom"; boundary=b', '--b--', 400],
  ['no multipart body', 'multipart/related; type="application/dicom"; boundary=b', 'x', 400],
  [
    'metadata that are no JSON',
    related('application/dicom+json'),
    '--frontier\r\nContent-Type: application/dicom+json\r\n\r\n[{\r\n--frontier--',
    400,
  ],
  [
    'metadata that are no data set',
    related('application/dicom+json'),
    '--frontier\r\nContent-Type: application/dicom+json\r\n\r\n["x"]\r\n--frontier--',
    400,
  ],
  [
    'metadata that are no XML',
    related('application/dicom+xml'),
    '--frontier\r\nContent-Type: application/dicom+xml\r\n\r\n<x>\r\n--frontier--',
    400,
  ],
  [
    'bulk data without metadata',
    related('application/dicom+json'),
    '--frontier\r\nContent-Type: image/jls\r\nContent-Location: b\r\n\r\nx\r\n--frontier--',
    400,
  ],
  [
    'bulk data without a location',
    related('application/dicom+json'),
    '--frontier\r\nContent-Type: application/dicom+json\r\n\r\n[]\r\n--frontier\r\nContent-Type: image/jls\r\n\r\nx\r\n--frontier--',
    400,
  ],
];

for (const [name, type, payload, status] of REFUSED) {
  test(`${name} is ${status} with a problem`, async (t) => {
    const { app } = await buildWeb(t);
    const headers = type === undefined ? {} : { 'content-type': type };
    const answer = await app.inject({ method: 'POST', url: '/dicomweb/studies', headers, payload });
    assert.equal(answer.statusCode, status, answer.payload);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.equal(answer.json().status, status);
  });
}

test('a compressed upload is 415 and names the header (RFC 9110 15.5.16)', async (t) => {
  const { app } = await buildWeb(t);
  const headers = { 'content-type': related('application/dicom'), 'content-encoding': 'gzip' };
  const payload = gzipSync(multipartOf('frontier', [asDicom(FIXTURES.explicit.file)]));
  const answer = await app.inject({ method: 'POST', url: '/dicomweb/studies', headers, payload });
  assert.equal(answer.statusCode, 415, answer.payload);
  assert.match(answer.json().detail, /Content-Encoding/);
});

test('413 beyond the limits of an upload', async (t) => {
  const { explicit } = FIXTURES;
  const parts = [asDicom(explicit.file), asDicom(explicit.file)];
  for (const limits of [
    { maxInstanceBytes: 100 },
    { maxUploadBytes: 200 },
    { maxParts: 0 },
    { maxPartHeaderBytes: 10 },
  ]) {
    const web = await buildWeb(t, { limits });
    const { answer } = await post(t, parts, { web });
    assert.equal(answer.statusCode, 413, JSON.stringify(limits));
  }
  const web = await buildWeb(t, { limits: { maxInstanceBytes: 100 } });
  const headers = { 'content-type': 'application/dicom' };
  const bare = await web.app.inject({ method: 'POST', url: '/dicomweb/studies', headers, payload: explicit.file });
  assert.equal(bare.statusCode, 413);
});
