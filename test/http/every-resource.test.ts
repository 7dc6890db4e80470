// What holds for every resource, in one table: HEAD is GET without its body, OPTIONS tells the methods, an entity tag gives 304,
// single parts whose length is known take a range, and every message with a payload says what it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeGateway } from './fake-gateway.ts';
import { FIXTURES, STUDY } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const IMAGE = pathOf(FIXTURES.explicit);
const { seriesInstanceUid, sopInstanceUid } = FIXTURES.explicit;
const WADO = `/wado?requestType=WADO&studyUID=${STUDY}&seriesUID=${seriesInstanceUid}&objectUID=${sopInstanceUid}`;

type Holds = {
  url: string;
  accept?: string;
  /** An ETag and 304. */
  tagged?: boolean;
  /** `Range` is taken. */
  ranges?: boolean;
  /** Content-Location names a resource: not of searches, nor where the parts have their own (8.4.2). */
  located?: boolean;
};

const RESOURCES: readonly Holds[] = [
  { url: '/dicomweb/studies' },
  { url: `${PATHS.study}/series` },
  { url: `${PATHS.study}/instances` },
  { url: `${PATHS.native}/instances` },
  { url: '/dicomweb/series' },
  { url: '/dicomweb/instances' },
  { url: PATHS.study, tagged: true },
  { url: PATHS.native, tagged: true },
  { url: PATHS.native, accept: 'application/zip', tagged: true, located: true },
  { url: IMAGE, tagged: true },
  { url: IMAGE, accept: 'application/dicom', tagged: true, ranges: true, located: true },
  { url: `${PATHS.study}/metadata`, tagged: true, located: true },
  { url: `${PATHS.native}/metadata`, tagged: true, located: true },
  { url: `${IMAGE}/metadata`, tagged: true, located: true },
  { url: `${IMAGE}/metadata`, accept: 'multipart/related; type="application/dicom+xml"', tagged: true, located: true },
  { url: `${PATHS.native}/bulkdata` },
  { url: `${PATHS.native}/pixeldata` },
  { url: `${IMAGE}/pixeldata`, accept: 'application/octet-stream', tagged: true, ranges: true, located: true },
  { url: `${IMAGE}/bulkdata/7FE00010`, accept: 'application/octet-stream', tagged: true, ranges: true, located: true },
  {
    url: `${pathOf(FIXTURES.pdf)}/bulkdata/00420011`,
    accept: 'application/pdf',
    tagged: true,
    ranges: true,
    located: true,
  },
  { url: `${IMAGE}/frames/1`, tagged: true },
  { url: `${IMAGE}/frames/1`, accept: 'application/octet-stream', tagged: true, ranges: true, located: true },
  { url: `${PATHS.native}/rendered` },
  { url: `${IMAGE}/rendered`, tagged: true, ranges: true, located: true },
  { url: `${IMAGE}/frames/1/rendered`, tagged: true, ranges: true, located: true },
  { url: `${pathOf(FIXTURES.pdf)}/rendered`, tagged: true, ranges: true, located: true },
  { url: `${IMAGE}/thumbnail`, tagged: true, ranges: true, located: true },
  { url: `${IMAGE}/frames/1/thumbnail`, tagged: true, ranges: true, located: true },
  { url: WADO, tagged: true, ranges: true, located: true },
  { url: `${WADO}&contentType=application/dicom`, tagged: true, ranges: true, located: true },
  { url: '/openapi.json', tagged: true, ranges: true },
  { url: '/healthz' },
  { url: '/readyz' },
];

/** What an answer held is given back when its connection is done with it, a few turns later. */
async function released(gateway: FakeGateway): Promise<void> {
  for (let turn = 0; turn < 50 && gateway.held > 0; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(gateway.held, 0);
}

for (const { url, accept, tagged = false, ranges = false, located = false } of RESOURCES) {
  const headers = accept === undefined ? {} : { accept };
  const name = accept === undefined ? url : `${url} as ${accept}`;

  test(`HDR-1 HDR-3 HDR-4 GET and HEAD of ${name} say the same`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    const get = await app.inject({ url, headers });
    const head = await app.inject({ method: 'HEAD', url, headers });
    assert.equal(get.statusCode, 200);
    assert.equal(head.statusCode, 200);
    assert.equal(head.rawPayload.length, 0);
    assert.ok(get.rawPayload.length > 0);
    assert.ok(get.headers['content-type'], 'HDR-1');
    assert.equal(get.headers['content-location'] !== undefined, located, 'HDR-3');
    const { 'content-length': length } = get.headers;
    assert.ok(length === undefined || Number(length) === get.rawPayload.length, 'HDR-4');
    const same = (one: typeof get) => {
      const { date, ...others } = one.headers;
      const type = String(others['content-type']).replace(/boundary=\S+/, '');
      return { ...others, 'content-type': type, connection: undefined, 'transfer-encoding': undefined };
    };
    assert.deepEqual(same(head), same(get));
    await released(gateway);
  });

  test(`OPTIONS of ${name} tells its methods`, async (t) => {
    const { app } = await buildWeb(t);
    const answer = await app.inject({ method: 'OPTIONS', url });
    assert.equal(answer.statusCode, 204);
    assert.match(String(answer.headers.allow), /^GET, HEAD, (POST, )?OPTIONS$/);
  });

  test(`HDR-6 ${name} has ${tagged ? 'an entity tag, and 304' : 'no entity tag'}`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    const { headers: first } = await app.inject({ url, headers });
    assert.equal(first.etag !== undefined, tagged);
    if (!tagged) return;
    for (const method of ['GET', 'HEAD'] as const) {
      const again = await app.inject({ method, url, headers: { ...headers, 'if-none-match': String(first.etag) } });
      assert.equal(again.statusCode, 304);
      assert.equal(again.rawPayload.length, 0);
      assert.equal(again.headers.etag, first.etag);
    }
    const other = await app.inject({ url, headers: { ...headers, 'if-none-match': '"another"' } });
    assert.equal(other.statusCode, 200);
    await released(gateway);
  });

  test(`HDR-5 ${name} ${ranges ? 'takes a range' : 'answers a range with the whole'}`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    const { rawPayload: whole } = await app.inject({ url, headers });
    const part = await app.inject({ url, headers: { ...headers, range: 'bytes=1-4' } });
    if (!ranges) {
      assert.equal(part.statusCode, 200);
      return;
    }
    assert.equal(part.statusCode, 206);
    assert.deepEqual(part.rawPayload, whole.subarray(1, 5));
    assert.equal(part.headers['content-range'], `bytes 1-4/${whole.length}`);
    assert.equal(part.headers['content-length'], '4');
    const beyond = await app.inject({ url, headers: { ...headers, range: `bytes=${whole.length}-` } });
    assert.equal(beyond.statusCode, 416);
    assert.equal(beyond.headers['content-range'], `bytes */${whole.length}`);
    await released(gateway);
  });
}
