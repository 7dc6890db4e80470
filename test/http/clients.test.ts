// What real viewers and tools send, as recorded from them: each must get what it expects.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { partsOf } from '../support/multipart.ts';
import { codestream, DOCUMENT, EXPLICIT, FIXTURES, JPEG, JPEG_LS, PIXELS, STUDY } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

async function get(t: TestContext, url: string, accept?: string) {
  const { app, gateway } = await buildWeb(t);
  const answer = await app.inject({ url, headers: accept === undefined ? {} : { accept } });
  const parts = () => partsOf(String(answer.headers['content-type']), answer.rawPayload);
  return { answer, parts, gateway };
}

const OCTETS_ANY = ['multipart/related; type=application/octet-stream; transfer-syntax=*'];
OCTETS_ANY.push('multipart/related; type="application/octet-stream"; transfer-syntax="*"');

for (const accept of OCTETS_ANY) {
  test(`W-B13 OHIF and cornerstone get a compressed frame as stored: ${accept}`, async (t) => {
    const { answer, parts } = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/2`, accept);
    assert.equal(answer.statusCode, 200);
    const [part] = parts();
    assert.deepEqual(part?.body, codestream(2));
    assert.equal(part?.headers['content-type'], `image/jpeg; transfer-syntax=${JPEG}`);
    assert.match(String(answer.headers['content-type']), /^multipart\/related; type="image\/jpeg"; boundary=/);
    assert.ok(answer.rawPayload.includes('Content-Type: image/jpeg'), 'cornerstone looks for this exact text');
  });
  test(`W-B13 … and a native frame as it is: ${accept}`, async (t) => {
    const { parts } = await get(t, `${pathOf(FIXTURES.explicit)}/frames/1`, accept);
    const [part] = parts();
    assert.deepEqual(part?.body, PIXELS);
    assert.equal(part?.headers['content-type'], `application/octet-stream; transfer-syntax=${EXPLICIT}`);
  });
}

test('OHIF: the accept parameter of a rendered resource goes before its Accept header', async (t) => {
  const url = `${pathOf(FIXTURES.explicit)}/rendered?accept=image/jpeg`;
  const { answer } = await get(t, url, 'multipart/related; type="application/octet-stream"');
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['content-type'], 'image/jpeg');
});

test('OHIF: a thumbnail by viewport', async (t) => {
  const { answer } = await get(t, `${PATHS.native}/thumbnail?viewport=256,256`, 'image/jpeg');
  // The fake finds nothing at series level: that is what the two searches are for.
  assert.equal(answer.statusCode, 404);
  const { answer: ofInstance } = await get(
    t,
    `${pathOf(FIXTURES.explicit)}/thumbnail?viewport=256%2C256`,
    'image/jpeg',
  );
  assert.equal(ofInstance.statusCode, 200);
  assert.deepEqual(ofInstance.json().viewport, { width: 256, height: 256 });
});

test('OHIF: WADO-URI with transferSyntax=* and an Accept of WADO-RS', async (t) => {
  const { seriesInstanceUid, sopInstanceUid } = FIXTURES.jpegLs;
  const url = `/wado?requestType=WADO&studyUID=${STUDY}&seriesUID=${seriesInstanceUid}&objectUID=${sopInstanceUid}&contentType=application/dicom&transferSyntax=*`;
  const { answer } = await get(t, url, OCTETS_ANY[0]);
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['content-type'], 'application/dicom');
  assert.equal(readFileMeta(answer.rawPayload).transferSyntaxUid, JPEG_LS);
});

test('OHIF: the bulk data of a PDF, by its own type or as octets', async (t) => {
  const accept = 'multipart/related; type="application/pdf", multipart/related; type="application/octet-stream"';
  const { parts } = await get(t, `${pathOf(FIXTURES.pdf)}/bulkdata/00420011`, accept);
  const [part] = parts();
  assert.equal(part?.headers['content-type'], 'application/pdf');
  assert.deepEqual(part?.body, DOCUMENT);
});

test('OHIF: bulk data as a single part', async (t) => {
  const { answer } = await get(t, `${pathOf(FIXTURES.explicit)}/bulkdata/7FE00010`, 'application/octet-stream');
  assert.equal(answer.headers['content-type'], 'application/octet-stream');
  assert.deepEqual(answer.rawPayload, PIXELS);
});

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8';

test('a browser that goes to a PDF sees the PDF', async (t) => {
  for (const url of [`${pathOf(FIXTURES.pdf)}/rendered`, `${pathOf(FIXTURES.pdf)}/bulkdata/00420011`]) {
    const { answer } = await get(t, url, BROWSER);
    assert.equal(answer.headers['content-type'], 'application/pdf', url);
    assert.deepEqual(answer.rawPayload, DOCUMENT);
  }
});

test('a browser that goes to an image sees a picture it knows', async (t) => {
  const { answer } = await get(t, `${pathOf(FIXTURES.explicit)}/rendered`, BROWSER);
  assert.equal(answer.statusCode, 200);
  assert.match(String(answer.headers['content-type']), /^image\/(jpeg|webp)$/);
});

test('python dicomweb-client: bulk data of any type', async (t) => {
  const { answer, parts } = await get(t, `${pathOf(FIXTURES.pdf)}/bulkdata/00420011`, 'multipart/related; type="*/*"');
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(parts()[0]?.body, DOCUMENT);
});

test('JavaScript dicomweb-client: a JPEG-LS instance without a transfer syntax is Explicit VR Little Endian', async (t) => {
  const { parts } = await get(t, pathOf(FIXTURES.jpegLs), 'multipart/related; type="application/dicom"');
  assert.equal(readFileMeta(parts()[0]?.body ?? Buffer.alloc(0)).transferSyntaxUid, EXPLICIT);
});

test('Google dcmweb: one instance as a single part, as stored', async (t) => {
  const { answer } = await get(t, pathOf(FIXTURES.jpegLs), 'application/dicom; transfer-syntax=*');
  assert.equal(readFileMeta(answer.rawPayload).transferSyntaxUid, JPEG_LS);
  assert.equal(answer.headers['content-length'], String(answer.rawPayload.length));
});

test('T-1 dicomweb-dump: no Accept at all gives the default, but 406 when strict', async (t) => {
  const { app } = await buildWeb(t);
  const strict = await buildWeb(t, { strictAccept: true });
  const defaults = [
    ['/dicomweb/studies', 'application/dicom+json'],
    [`${PATHS.native}/metadata`, 'application/dicom+json'],
    [PATHS.native, 'multipart/related; type="application/dicom"'],
    [`${pathOf(FIXTURES.explicit)}/rendered`, 'image/jpeg'],
  ] as const;
  for (const [url, type] of defaults) {
    const answer = await app.inject({ url });
    assert.equal(answer.statusCode, 200, url);
    assert.ok(String(answer.headers['content-type']).startsWith(type), url);
    assert.equal((await strict.app.inject({ url })).statusCode, 406, url);
  }
});

test('OHIF: the study list, its commas as %2C and its asterisks bare', async (t) => {
  const url =
    '/dicomweb/studies?PatientName=*text*&limit=101&offset=0&fuzzymatching=true&includefield=00081030%2C00080060';
  const { answer, gateway } = await get(t, url, 'application/dicom+json');
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(gateway.searches[0]?.parameters, [
    ['PatientName', '*text*'],
    ['limit', '101'],
    ['offset', '0'],
    ['fuzzymatching', 'true'],
    ['includefield', '00081030,00080060'],
  ]);
});

const VIEWER = 'https://viewer.example';
const URLS = ['/dicomweb/studies', '/dicomweb/studies/x', '/nope', '/dicomweb/%zz', `${pathOf(FIXTURES.pdf)}/frames/1`];

for (const [corsOrigins, allowed] of [
  [['*'], '*'],
  [[VIEWER], VIEWER],
  [['https://other.example'], undefined],
  [[], undefined],
] as const) {
  test(`with corsOrigins ${JSON.stringify(corsOrigins)} a page of ${VIEWER} ${allowed === undefined ? 'reads no answer' : 'reads every answer, errors included'}`, async (t) => {
    const { app } = await buildWeb(t, { corsOrigins });
    const headers = { origin: VIEWER };
    for (const url of URLS) {
      const answer = await app.inject({ url, headers });
      assert.equal(answer.headers['access-control-allow-origin'], allowed, url);
    }
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
    const preflight = await app.inject({
      method: 'OPTIONS',
      url: '/dicomweb/studies',
      headers: { ...headers, ...asked },
    });
    assert.equal(preflight.statusCode, 204);
    assert.equal(preflight.headers['access-control-allow-origin'], allowed);
  });
}

test('no page of another origin reads anything unless it is configured', async (t) => {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ url: '/dicomweb/studies', headers: { origin: VIEWER } });
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
});
