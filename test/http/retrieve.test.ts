// WADO-RS instances (PS3.18 10.4): transfer syntaxes, parts, single parts, conditional and partial requests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { partsOf } from '../support/multipart.ts';
import { EXPLICIT, FIXTURES, JPEG, JPEG_LS, PIXELS } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const ANY = 'multipart/related; type="application/dicom"; transfer-syntax=*';

test('T-7 transfer-syntax=* gives the stored data set, byte for byte', async (t) => {
  const { app } = await buildWeb(t);
  for (const fixture of [FIXTURES.explicit, FIXTURES.jpeg, FIXTURES.jpegLs]) {
    const answer = await app.inject({ url: pathOf(fixture), headers: { accept: ANY } });
    assert.equal(answer.statusCode, 200);
    const [part, ...rest] = partsOf(String(answer.headers['content-type']), answer.rawPayload);
    assert.equal(rest.length, 0);
    const { transferSyntaxUid, dataOffset } = readFileMeta(part?.body ?? Buffer.alloc(0));
    assert.equal(transferSyntaxUid, fixture.transferSyntaxUid);
    assert.deepEqual(part?.body.subarray(dataOffset), fixture.data);
    assert.equal(part?.headers['content-type'], `application/dicom; transfer-syntax=${fixture.transferSyntaxUid}`);
    assert.equal(part?.headers['content-length'], String(part?.body.length));
  }
});

test('T-8 NEG-12 Implicit, Big Endian and Deflated data sets leave as Explicit VR Little Endian', async (t) => {
  const { app } = await buildWeb(t);
  const expected = readDataset(FIXTURES.explicit.data, EXPLICIT);
  for (const fixture of [FIXTURES.implicit, FIXTURES.big, FIXTURES.deflated]) {
    for (const accept of [ANY, 'multipart/related; type="application/dicom"', undefined]) {
      const answer = await app.inject({ url: pathOf(fixture), headers: accept === undefined ? {} : { accept } });
      const [part] = partsOf(String(answer.headers['content-type']), answer.rawPayload);
      const { transferSyntaxUid, dataOffset } = readFileMeta(part?.body ?? Buffer.alloc(0));
      assert.equal(transferSyntaxUid, EXPLICIT, 'T-9 the file meta information tells the new syntax');
      const dataset = readDataset(part?.body.subarray(dataOffset) ?? Buffer.alloc(0), EXPLICIT);
      assert.deepEqual(Buffer.from(dataset['7FE00010']?.InlineBinary ?? []), PIXELS);
      assert.deepEqual(dataset['00100010'], expected['00100010']);
    }
  }
});

test('T-11 HDR-3 every part of a series has a Content-Location', async (t) => {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ url: PATHS.native, headers: { accept: ANY, host: 'pacs.example:81' } });
  const parts = partsOf(String(answer.headers['content-type']), answer.rawPayload);
  assert.deepEqual(
    parts.map(({ headers }) => headers['content-location']),
    [FIXTURES.explicit, FIXTURES.implicit, FIXTURES.big, FIXTURES.deflated].map(
      (one) => `http://pacs.example:81${pathOf(one)}`,
    ),
  );
});

test('NEG-11 a compressed instance is decoded for who names no transfer syntax', async (t) => {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ url: pathOf(FIXTURES.jpegLs), headers: { accept: 'application/dicom' } });
  assert.equal(answer.headers['content-type'], `application/dicom; transfer-syntax=${EXPLICIT}`);
  assert.equal(readFileMeta(answer.rawPayload).transferSyntaxUid, EXPLICIT);
  assert.ok(answer.rawPayload.includes('decoded:'));
});

test('NEG-13 lossy data that nothing can decode go as stored to who names no transfer syntax', async (t) => {
  const { app, renderer } = await buildWeb(t);
  renderer.undecodable = true;
  const lossy = await app.inject({ url: pathOf(FIXTURES.jpeg), headers: { accept: 'application/dicom' } });
  assert.equal(lossy.headers['content-type'], `application/dicom; transfer-syntax=${JPEG}`);
  assert.equal(readFileMeta(lossy.rawPayload).transferSyntaxUid, JPEG);
  const named = await app.inject({
    url: pathOf(FIXTURES.jpeg),
    headers: { accept: `application/dicom; transfer-syntax=${EXPLICIT}` },
  });
  assert.equal(named.statusCode, 406);
  const lossless = await app.inject({ url: pathOf(FIXTURES.jpegLs), headers: { accept: 'application/dicom' } });
  assert.equal(lossless.statusCode, 406);
});

test('NEG-10 of several transfer syntaxes the best that can be had is taken', async (t) => {
  const { app } = await buildWeb(t);
  const accept = `application/dicom; transfer-syntax=${JPEG}; q=1, application/dicom; transfer-syntax=${JPEG_LS}; q=0.5`;
  const answer = await app.inject({ url: pathOf(FIXTURES.jpegLs), headers: { accept } });
  assert.equal(answer.headers['content-type'], `application/dicom; transfer-syntax=${JPEG_LS}`);
});

test('a transfer syntax that the instance is not in and can not be brought to is 406', async (t) => {
  const { app } = await buildWeb(t);
  const accept = `multipart/related; type="application/dicom"; transfer-syntax=${JPEG}`;
  const answer = await app.inject({ url: pathOf(FIXTURES.explicit), headers: { accept } });
  assert.equal(answer.statusCode, 406);
});

test('MP-7 a series is no single part', async (t) => {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ url: PATHS.native, headers: { accept: 'application/dicom' } });
  assert.equal(answer.statusCode, 406);
});

test('W-R16 an instance under another series is not found', async (t) => {
  const { app } = await buildWeb(t);
  const url = `${PATHS.compressed}/instances/${FIXTURES.explicit.sopInstanceUid}`;
  assert.equal((await app.inject({ url })).statusCode, 404);
});

test('HDR-6 a single part has an ETag, and If-None-Match gives 304', async (t) => {
  const { app } = await buildWeb(t);
  const url = pathOf(FIXTURES.explicit);
  const headers = { accept: 'application/dicom; transfer-syntax=*' };
  const first = await app.inject({ url, headers });
  const etag = String(first.headers.etag);
  const again = await app.inject({ url, headers: { ...headers, 'if-none-match': `"other", W/${etag}` } });
  assert.equal(again.statusCode, 304);
  assert.equal(again.rawPayload.length, 0);
  const decoded = await app.inject({ url: pathOf(FIXTURES.jpegLs), headers: { accept: 'application/dicom' } });
  const stored = await app.inject({ url: pathOf(FIXTURES.jpegLs), headers });
  assert.notEqual(decoded.headers.etag, stored.headers.etag);
});

test('HDR-5 a range of a single part is that part of the same bytes', async (t) => {
  const { app } = await buildWeb(t);
  const url = pathOf(FIXTURES.explicit);
  const headers = { accept: 'application/dicom; transfer-syntax=*' };
  const { rawPayload: whole } = await app.inject({ url, headers });
  for (const [range, start, end] of [
    ['bytes=0-131', 0, 131],
    ['bytes=100-', 100, whole.length - 1],
    ['bytes=-10', whole.length - 10, whole.length - 1],
    ['bytes=200-999999', 200, whole.length - 1],
  ] as const) {
    const answer = await app.inject({ url, headers: { ...headers, range } });
    assert.equal(answer.statusCode, 206, range);
    assert.equal(answer.headers['content-range'], `bytes ${start}-${end}/${whole.length}`);
    assert.deepEqual(answer.rawPayload, whole.subarray(start, end + 1), range);
  }
  const beyond = await app.inject({ url, headers: { ...headers, range: `bytes=${whole.length}-` } });
  assert.equal(beyond.statusCode, 416);
  assert.equal(beyond.headers['content-range'], `bytes */${whole.length}`);
});

test('HEAD answers as GET does, without a body', async (t) => {
  const { app, gateway } = await buildWeb(t);
  for (const url of [pathOf(FIXTURES.explicit), PATHS.study, `${PATHS.study}/metadata`, '/dicomweb/studies']) {
    const [get, head] = await Promise.all([app.inject({ url }), app.inject({ method: 'HEAD', url })]);
    assert.equal(head.statusCode, get.statusCode, url);
    assert.equal(head.rawPayload.length, 0);
    const bare = (type: unknown): string => String(type).replace(/boundary=.*/, '');
    assert.equal(bare(head.headers['content-type']), bare(get.headers['content-type']));
  }
  assert.equal(gateway.held, 0, 'every file is released');
});

for (const [path, accept] of [
  [PATHS.study, ANY],
  [`${PATHS.study}/metadata`, 'application/dicom+json'],
  [`${PATHS.study}/metadata`, 'multipart/related; type="application/dicom+xml"'],
  [PATHS.study, 'application/zip'],
  [`${PATHS.native}/rendered`, 'multipart/related; type="image/jpeg"'],
  [`${PATHS.native}/bulkdata`, 'multipart/related; type="application/octet-stream"'],
  [`${PATHS.native}/pixeldata`, 'multipart/related; type="application/octet-stream"'],
] as const) {
  test(`2.8 instances that are known to be missing beforehand make it 206 with a Warning: ${path}, ${accept}`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    const whole = await app.inject({ url: path, headers: { accept } });
    assert.deepEqual([whole.statusCode, whole.headers.warning], [200, undefined]);
    gateway.lacking = 2;
    const answer = await app.inject({ url: path, headers: { accept } });
    assert.equal(answer.statusCode, 206);
    assert.match(String(answer.headers.warning), /^299 http\S+: 2 instances are missing/);
  });
}

test('HDR-6 what a retrieve does not know beforehand has no entity tag', async (t) => {
  const { app, gateway } = await buildWeb(t);
  gateway.whole = false;
  for (const url of [PATHS.study, `${PATHS.study}/metadata`]) {
    const answer = await app.inject({ url, headers: { 'if-none-match': '*' } });
    assert.deepEqual([answer.statusCode, answer.headers.etag], [200, undefined], url);
  }
});

test('HDR-6 the tag of metadata names their form, their URLs and their instances', async (t) => {
  const { app } = await buildWeb(t);
  const { app: elsewhere } = await buildWeb(t, { publicUrl: 'https://pacs.example.org/dicomweb' });
  const tagOf = async (from: typeof app, url: string, accept = 'application/dicom+json') =>
    String((await from.inject({ url, headers: { accept } })).headers.etag);
  const url = `${PATHS.study}/metadata`;
  const tags = await Promise.all([
    tagOf(app, url),
    tagOf(app, url, 'multipart/related; type="application/dicom+xml"'),
    tagOf(app, `${PATHS.native}/metadata`),
    tagOf(elsewhere, url),
  ]);
  assert.equal(new Set(tags).size, tags.length, tags.join());
  for (const tag of tags) assert.match(tag, /^W\/"[\w-]+"$/);
});

test('HDR-6 metadata that the client has in a content coding are 304 with the tag of that coding', async (t) => {
  const { app } = await buildWeb(t);
  const url = `${PATHS.study}/metadata`;
  const gzip = { 'accept-encoding': 'gzip' };
  const first = await app.inject({ url, headers: gzip });
  assert.equal(first.headers['content-encoding'], 'gzip');
  const again = await app.inject({ url, headers: { ...gzip, 'if-none-match': String(first.headers.etag) } });
  assert.deepEqual([again.statusCode, again.headers.etag, again.rawPayload.length], [304, first.headers.etag, 0]);
  assert.equal(again.headers.vary, first.headers.vary);
  assert.equal(again.headers['content-encoding'], undefined);
});
