// One PACS of several: the same resources below /aets/{aet}.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { FIXTURES } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const BASE = 'http://localhost/dicomweb/aets/FAKE';
const below = (path: string) => path.replace('/dicomweb', '/dicomweb/aets/FAKE');
const NATIVE = pathOf(FIXTURES.explicit);

test('every service is there for one PACS too', async (t) => {
  const { app } = await buildWeb(t);
  const { sopInstanceUid, seriesInstanceUid } = FIXTURES.explicit;
  const study = PATHS.study.split('/').at(-1);
  const wado = `/dicomweb/aets/FAKE/wado?requestType=WADO&studyUID=${study}&seriesUID=${seriesInstanceUid}&objectUID=${sopInstanceUid}&contentType=application/dicom`;
  for (const url of [
    '/dicomweb/aets/FAKE/studies',
    '/dicomweb/aets/FAKE/instances',
    below(PATHS.study),
    below(`${NATIVE}/metadata`),
    below(`${NATIVE}/frames/1`),
    below(`${NATIVE}/bulkdata/7FE00010`),
    below(`${NATIVE}/rendered`),
    below(`${NATIVE}/thumbnail`),
    wado,
  ]) {
    assert.equal((await app.inject({ url })).statusCode, 200, url);
  }
});

test('URLs in its answers stay below /aets/{aet}', async (t) => {
  const { app, gateway } = await buildWeb(t);
  gateway.warnings = ['something'];
  const headers = { host: 'localhost' };
  const metadata = await app.inject({ url: below(`${NATIVE}/metadata`), headers });
  const [dataset] = metadata.json<Dataset[]>();
  const own = below(NATIVE).replace('/dicomweb', 'http://localhost/dicomweb');
  assert.equal(dataset?.['7FE00010']?.BulkDataURI, `${own}/bulkdata/7FE00010`);
  assert.equal(metadata.headers['content-location'], `${own}/metadata`);
  const search = await app.inject({ url: '/dicomweb/aets/FAKE/studies', headers });
  assert.equal(search.headers.warning, `299 ${BASE}: something`);
  const frame = await app.inject({
    url: below(`${NATIVE}/frames/1`),
    headers: { ...headers, accept: 'application/octet-stream' },
  });
  assert.equal(frame.headers['content-location'], `${own}/frames/1`);
});

test('its capabilities are told at its own base', async (t) => {
  const { app } = await buildWeb(t);
  const url = '/dicomweb/aets/FAKE';
  const answer = await app.inject({
    method: 'OPTIONS',
    url,
    headers: { host: 'localhost', accept: 'application/json' },
  });
  assert.equal(answer.json().application.resources['@base'], `${BASE}/`);
});

test('the capabilities of the base path say which PACS there are', async (t) => {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ method: 'OPTIONS', url: '/dicomweb', headers: { accept: 'application/json' } });
  const [aets] = answer
    .json()
    .application.resources.resource.filter((one: { '@path': string }) => one['@path'] === 'aets');
  assert.deepEqual(aets.resource[0].param[0].option, [{ '@value': 'FAKE' }]);
  assert.deepEqual(
    aets.resource[0].method.map((one: { '@name': string }) => one['@name']),
    ['OPTIONS'],
  );
});

test('an AE title that is not configured is 404 for every resource and method, and named', async (t) => {
  const { app } = await buildWeb(t);
  for (const [method, url] of [
    ['GET', '/dicomweb/aets/WEST/studies?limit=nonsense'],
    ['GET', '/dicomweb/aets/WEST/studies/1.2/metadata'],
    ['GET', '/dicomweb/aets/WEST/wado'],
    ['POST', '/dicomweb/aets/WEST/studies'],
    ['DELETE', '/dicomweb/aets/WEST/studies'],
    ['OPTIONS', '/dicomweb/aets/WEST'],
  ] as const) {
    const answer = await app.inject({ method, url });
    assert.equal(answer.statusCode, 404, `${method} ${url}`);
    assert.match(answer.json().detail, /AE title WEST/);
  }
});

test('the AE title is read percent-decoded and written percent-encoded', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const asked: unknown[] = [];
  gateway.of = (aeTitle) => {
    asked.push(aeTitle);
    return gateway;
  };
  const { headers } = await app.inject({ url: below(`${NATIVE}/metadata`).replace('FAKE', 'MY%20PACS%2F1') });
  assert.deepEqual([...new Set(asked)], ['MY PACS/1']);
  assert.match(String(headers['content-location']), /\/aets\/MY%20PACS%2F1\/studies/);
});

test('the contract names the AE titles that there are', async (t) => {
  const { app } = await buildWeb(t);
  const { servers } = (await app.inject({ url: '/openapi.json', headers: { host: 'localhost' } })).json();
  assert.deepEqual(servers[1].url, 'http://localhost/dicomweb/aets/{aet}');
  assert.deepEqual(servers[1].variables.aet.enum, ['FAKE']);
});
