// STOW-RS (PS3.18 10.5): what may be uploaded, what reaches the PACS, what the answer says.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { toJson } from '../../src/dimse/data/json.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { multipartOf } from '../support/multipart.ts';
import { EXPLICIT, FIXTURES, IMPLICIT, JPEG_LS, PIXELS, STUDY } from './fixtures.ts';
import { asDicom, post, related } from './posting.ts';
import { buildWeb, pathOf } from './web.ts';

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

test('an instance that comes twice in one upload is stored twice and told twice', async (t) => {
  const twice = [asDicom(FIXTURES.explicit.file), asDicom(FIXTURES.explicit.file)];
  const { answer, gateway } = await post(t, twice);
  assert.equal(answer.statusCode, 200);
  const uids = answer.json()['00081199'].Value.map((row: Dataset) => row['00081155']?.Value?.[0]);
  assert.deepEqual(uids, [FIXTURES.explicit.sopInstanceUid, FIXTURES.explicit.sopInstanceUid]);
  assert.equal(gateway.stored.length, 2);
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
  const { app, gateway } = await buildWeb(t);
  const url = `${pathOf(FIXTURES.explicit)}/bulkdata/7FE00010`;
  const headers = { 'content-type': 'application/octet-stream' };
  const answer = await app.inject({ method: 'POST', url, headers, payload: PIXELS });
  assert.equal(answer.statusCode, 405);
  assert.doesNotMatch(String(answer.headers.allow), /POST/);
  assert.deepEqual(gateway.stored, []);
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
