// Content codings of JSON and XML (PS3.18 8.4.2, RFC 9110 12.5.3).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { codingOf, encoded } from '../../src/http/coding.ts';
import { once } from '../../src/http/respond.ts';
import { partsOf } from '../support/multipart.ts';
import { FIXTURES } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const CHOICES: readonly [header: string | undefined, coding: string | undefined][] = [
  [undefined, undefined],
  ['', undefined],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP;q=1.0', 'gzip'],
  ['br', 'br'],
  ['gzip, deflate, br, zstd', 'gzip'],
  ['gzip;q=0.5, br', 'br'],
  ['gzip;q=0', undefined],
  ['gzip;q=0, *', 'br'],
  ['*;q=0', undefined],
  ['*', 'gzip'],
  ['identity', undefined],
  ['identity, gzip;q=0.5', undefined],
  ['identity;q=0.5, gzip', 'gzip'],
  ['gzip;level=9', undefined],
  ['gzip;q=2', undefined],
  ['zstd', undefined],
];

for (const [header, coding] of CHOICES) {
  test(`HDR-2 Accept-Encoding: ${header ?? 'none'} is ${coding ?? 'no coding'}`, () => {
    assert.equal(codingOf(header), coding);
  });
}

const XML = 'multipart/related; type="application/dicom+xml"';
const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync } as const;

for (const coding of ['gzip', 'br'] as const) {
  test(`HDR-2 metadata in ${coding} are the same metadata, and HEAD says so`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    const url = `${PATHS.study}/metadata`;
    const plain = await app.inject({ url });
    const coded = await app.inject({ url, headers: { 'accept-encoding': coding } });
    assert.equal(coded.headers['content-encoding'], coding);
    assert.match(String(coded.headers.vary), /\bAccept-Encoding\b/);
    assert.deepEqual(DECODERS[coding](coded.rawPayload), plain.rawPayload);
    assert.ok(coded.rawPayload.length < plain.rawPayload.length / 3);
    const head = await app.inject({ method: 'HEAD', url, headers: { 'accept-encoding': coding } });
    assert.equal(head.headers['content-encoding'], coding);
    assert.equal(head.rawPayload.length, 0);
    assert.equal(gateway.held, 0);
  });

  test(`HDR-2 XML parts are coded as a whole in ${coding}`, async (t) => {
    const { app } = await buildWeb(t);
    const headers = { accept: XML, 'accept-encoding': coding };
    const answer = await app.inject({ url: `${PATHS.native}/metadata`, headers });
    assert.equal(answer.headers['content-encoding'], coding);
    assert.equal(partsOf(String(answer.headers['content-type']), DECODERS[coding](answer.rawPayload)).length, 4);
  });
}

test('HDR-2 without a coding there is no Content-Encoding, but caches are told that there could be', async (t) => {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ url: `${PATHS.study}/metadata` });
  assert.equal(answer.headers['content-encoding'], undefined);
  assert.match(String(answer.headers.vary), /\bAccept-Encoding\b/);
});

for (const url of [PATHS.native, pathOf(FIXTURES.explicit), `${pathOf(FIXTURES.explicit)}/frames/1`]) {
  test(`DICOM is never coded: ${url}`, async (t) => {
    const { app } = await buildWeb(t);
    const answer = await app.inject({ url, headers: { 'accept-encoding': 'gzip, br' } });
    assert.equal(answer.headers['content-encoding'], undefined);
  });
}

test('an answer of a few bytes is not coded', async (t) => {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ url: '/dicomweb/studies', headers: { 'accept-encoding': 'gzip' } });
  assert.equal(answer.headers['content-encoding'], undefined);
  assert.equal(answer.payload, '[]');
});

test('each coding has an entity tag of its own, and If-None-Match knows them all', async (t) => {
  const { app } = await buildWeb(t);
  const tagOf = async (coding: string) =>
    String((await app.inject({ url: '/openapi.json', headers: { 'accept-encoding': coding } })).headers.etag);
  const tags = await Promise.all(['identity', 'gzip', 'br'].map(tagOf));
  assert.equal(new Set(tags).size, 3);
  for (const tag of tags) {
    const again = await app.inject({ url: '/openapi.json', headers: { 'if-none-match': tag } });
    assert.equal(again.statusCode, 304, tag);
  }
});

test('who stops reading coded bytes ends their source', async () => {
  let ended = false;
  async function* source(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.alloc(65536, 7);
    } finally {
      ended = true;
    }
  }
  for await (const chunk of encoded(source(), 'gzip')) {
    assert.ok(chunk.length > 0);
    break;
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(ended);
});

test('a source that fails breaks the coded bytes with its own error', async () => {
  async function* source(): AsyncGenerator<Buffer> {
    yield* once(Buffer.alloc(70000));
    throw new Error('the PACS went away');
  }
  await assert.rejects(async () => {
    for await (const _chunk of encoded(source(), 'br'));
  }, /the PACS went away/);
});
