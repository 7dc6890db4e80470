// STOW-RS (PS3.18 10.5): what may be uploaded, what reaches the PACS, what the answer says.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { toJson } from '../../src/dimse/data/json.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { toXml } from '../../src/dimse/data/xml.ts';
import { multipartOf } from '../support/multipart.ts';
import { codestream, EXPLICIT, FIXTURES, JPEG_LS, PIXELS, STUDY } from './fixtures.ts';
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
  for (const limits of [{ maxInstanceBytes: 100 }, { maxUploadBytes: 200 }, { maxParts: 0 }]) {
    const web = await buildWeb(t, { limits });
    const { answer } = await post(t, parts, { web });
    assert.equal(answer.statusCode, 413, JSON.stringify(limits));
  }
  const web = await buildWeb(t, { limits: { maxInstanceBytes: 100 } });
  const headers = { 'content-type': 'application/dicom' };
  const bare = await web.app.inject({ method: 'POST', url: '/dicomweb/studies', headers, payload: explicit.file });
  assert.equal(bare.statusCode, 413);
});
