// Uploads that are refused as a whole, with a problem: of no type, of no form, too much, too slow.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { multipartOf } from '../support/multipart.ts';
import { FIXTURES } from './fixtures.ts';
import { asDicom, post, related } from './posting.ts';
import { buildWeb } from './web.ts';

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

test('the time of an upload is that of all its files together, however quickly each of them comes', async (t) => {
  const { app } = await buildWeb(t, { limits: { uploadMs: 300 } });
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  for (const type of [related('application/dicom'), 'multipart/form-data; boundary=frontier']) {
    const call = request(`${origin}/dicomweb/studies`, { method: 'POST', headers: { 'content-type': type } });
    call.on('error', () => {});
    const answered = once(call, 'response');
    const part =
      '--frontier\r\nContent-Type: application/dicom\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n';
    const trickle = setInterval(() => call.write(Buffer.concat([Buffer.from(part), FIXTURES.explicit.file, CRLF])), 20);
    const [answer] = (await answered) as [IncomingMessage];
    clearInterval(trickle);
    let text = '';
    for await (const chunk of answer) text += chunk;
    const said = JSON.parse(text);
    // What was stored by then is told; without it the answer would be 408.
    assert.deepEqual([answer.statusCode, Object.keys(said).includes('0008119A')], [202, true], type);
    call.destroy();
  }
});

const CRLF = Buffer.from('\r\n');

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
  const form = multipartOf(
    'frontier',
    ['a', 'b'].map((name) => ({
      headers: { 'Content-Disposition': `form-data; name="${name}"; filename="${name}"` },
      body: explicit.file,
    })),
  );
  for (const limits of [{ maxInstanceBytes: 100 }, { maxUploadBytes: 200 }, { maxParts: 1 }]) {
    const { app, gateway } = await buildWeb(t, { limits });
    const headers = { 'content-type': 'multipart/form-data; boundary=frontier' };
    const answer = await app.inject({ method: 'POST', url: '/dicomweb/studies', headers, payload: form });
    // What the fake PACS had by then is told as stored, beside a failure.
    assert.equal(answer.statusCode, gateway.stored.length > 0 ? 202 : 413, `a form, ${JSON.stringify(limits)}`);
    assert.ok(gateway.stored.length < 2);
  }
  const large = await buildWeb(t, { limits: { maxMetadataBytes: 100 } });
  const metadata = [
    { headers: { 'Content-Type': 'application/dicom+json' }, body: Buffer.from(`[${' '.repeat(200)}]`) },
  ];
  const headersOfJson = { 'content-type': related('application/dicom+json') };
  const tooLong = await large.app.inject({
    method: 'POST',
    url: '/dicomweb/studies',
    headers: headersOfJson,
    payload: multipartOf('frontier', metadata),
  });
  assert.equal(tooLong.statusCode, 413);
  const web = await buildWeb(t, { limits: { maxInstanceBytes: 100 } });
  const headers = { 'content-type': 'application/dicom' };
  const bare = await web.app.inject({ method: 'POST', url: '/dicomweb/studies', headers, payload: explicit.file });
  assert.equal(bare.statusCode, 413);
});
