// WADO-RS metadata (PS3.18 10.4.1.1.2, Annex F) as the web sends it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf } from '../support/multipart.ts';
import { FIXTURES } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

test('W-R4 T-12 metadata at three levels are one JSON array', async (t) => {
  const { app, gateway } = await buildWeb(t);
  for (const [url, count] of [
    [PATHS.study, 8],
    [PATHS.native, 4],
    [pathOf(FIXTURES.explicit), 1],
  ] as const) {
    const answer = await app.inject({ url: `${url}/metadata`, headers: { accept: 'application/dicom+json' } });
    assert.equal(answer.headers['content-type'], 'application/dicom+json');
    assert.equal(answer.json().length, count, url);
    assert.ok(String(answer.headers['content-location']).endsWith(`${url}/metadata`));
  }
  assert.equal(gateway.held, 0);
});

test('J-28 the BulkDataURI of metadata can be had', async (t) => {
  const { app } = await buildWeb(t);
  const headers = { host: 'gw.example' };
  const answer = await app.inject({ url: `${pathOf(FIXTURES.explicit)}/metadata`, headers });
  const uri = new URL(answer.json()[0]['7FE00010'].BulkDataURI);
  assert.equal(uri.host, 'gw.example');
  const value = await app.inject({ url: uri.pathname, headers: { accept: 'application/octet-stream' } });
  assert.equal(value.rawPayload.length, 32);
});

test('XML metadata are a part per instance, at its own URL', async (t) => {
  const { app } = await buildWeb(t);
  const accept = 'multipart/related; type="application/dicom+xml"';
  const answer = await app.inject({ url: `${PATHS.native}/metadata`, headers: { accept } });
  const parts = partsOf(String(answer.headers['content-type']), answer.rawPayload);
  assert.equal(parts.length, 4);
  assert.ok(parts[0]?.headers['content-location']?.endsWith(`${pathOf(FIXTURES.explicit)}/metadata`));
  assert.equal(parts[0]?.headers['content-type'], 'application/dicom+xml');
});

test('metadata of nothing are 404', async (t) => {
  const { app } = await buildWeb(t);
  assert.equal((await app.inject({ url: '/dicomweb/studies/9.9.9/metadata' })).statusCode, 404);
});
