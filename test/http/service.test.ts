// The service itself: health, methods, problems, capabilities.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DicomError } from '../../src/dimse/errors.ts';
import { FIXTURES } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

test('/healthz says that the process answers, /readyz whether the PACS do', async (t) => {
  const { app, gateway } = await buildWeb(t);
  assert.equal((await app.inject({ url: '/healthz' })).statusCode, 200);
  assert.equal((await app.inject({ url: '/readyz' })).statusCode, 200);
  gateway.failure = new DicomError('unreachable', 'down');
  const answer = await app.inject({ url: '/readyz' });
  assert.equal(answer.statusCode, 503);
  assert.deepEqual(answer.json(), { ready: false, pacs: [{ name: 'FAKE', ok: false }] });
  assert.equal((await app.inject({ url: '/healthz' })).statusCode, 200);
});

test('/healthz says how late the event loop is: whoever computes for long in it is seen', async (t) => {
  const { app } = await buildWeb(t);
  const busyUntil = Date.now() + 300;
  await new Promise((resolve) => setTimeout(resolve, 50));
  while (Date.now() < busyUntil);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { eventLoopDelayMs } = (await app.inject({ url: '/healthz' })).json();
  assert.ok(eventLoopDelayMs.max > 100, `the longest wait was ${eventLoopDelayMs.max} ms`);
  assert.ok(eventLoopDelayMs.p50 < eventLoopDelayMs.max);
});

test('HDR-8 a method that a resource has not is 405 with Allow', async (t) => {
  const { app } = await buildWeb(t);
  for (const [method, url, allow] of [
    ['DELETE', PATHS.study, 'GET, HEAD, POST, OPTIONS'],
    ['PUT', pathOf(FIXTURES.explicit), 'GET, HEAD, OPTIONS'],
    ['POST', `${PATHS.study}/metadata`, 'GET, HEAD, OPTIONS'],
    ['PATCH', '/wado', 'GET, HEAD, OPTIONS'],
    ['GET', '/dicomweb', 'OPTIONS'],
  ] as const) {
    const answer = await app.inject({ method, url });
    assert.equal(answer.statusCode, 405, `${method} ${url}`);
    assert.equal(answer.headers.allow, allow);
    const options = await app.inject({ method: 'OPTIONS', url });
    assert.equal(options.headers.allow, allow);
  }
});

/** What goes wrong behind the web, and what a client is told. */
const FAULTS: readonly (readonly [error: Error, status: number, title: RegExp])[] = [
  [new DicomError('unreachable', 'connect to PACS refused', { peer: 'PACS@h:1' }), 502, /reached/],
  [new DicomError('rejected', 'rejected', { rejection: { result: 1, source: 1, reason: 7 } }), 502, /reached/],
  [new DicomError('rejected', 'rejected', { rejection: { result: 2, source: 3, reason: 2 } }), 503, /Busy/],
  [new DicomError('aborted', 'aborted'), 502, /reached/],
  [new DicomError('timeout', 'no answer'), 504, /time/],
  [new DicomError('protocol', 'nonsense'), 502, /failed/],
  [new DicomError('status', 'C-GET: status A702', { operation: 'C-GET', status: 0xa702 }), 503, /Busy/],
  [new DicomError('status', 'C-FIND: status A900', { operation: 'C-FIND', status: 0xa900 }), 400, /Malformed/],
  [new DicomError('not-found', 'nothing'), 404, /Not found/],
  [new DicomError('busy', 'pool is full'), 503, /Busy/],
  [new Error('secret of a bug'), 500, /Internal/],
];

for (const [error, status, title] of FAULTS) {
  test(`a ${error instanceof DicomError ? `${error.kind} ${error.message}` : 'bug'} is ${status} on every route`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    gateway.failure = error;
    const path = pathOf(FIXTURES.explicit);
    for (const url of [
      '/dicomweb/studies',
      PATHS.study,
      path,
      `${path}/metadata`,
      `${path}/frames/1`,
      `${path}/rendered`,
      `${path}/thumbnail`,
      `${path}/bulkdata/7FE00010`,
    ]) {
      const answer = await app.inject({ url });
      assert.equal(answer.statusCode, status, url);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.match(answer.json().title, title);
      assert.ok(!answer.payload.includes('secret'));
      assert.equal(answer.headers['retry-after'] !== undefined, status === 503);
    }
    assert.equal(gateway.held, 0);
  });
}

test('T-84 a browser gets a page for a problem, with nothing in it unescaped', async (t) => {
  const { app, gateway } = await buildWeb(t);
  gateway.failure = new DicomError('protocol', 'peer says <script>');
  const answer = await app.inject({ url: '/dicomweb/studies', headers: { accept: 'text/html,*/*;q=0.8' } });
  assert.equal(answer.statusCode, 502);
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
  assert.ok(!answer.payload.includes('<script>'));
  assert.match(answer.payload, /peer says/);
});

test('T-81 C-1 OPTIONS at the base gives the capabilities as WADL, in XML and in JSON (C-2, C-4, C-5)', async (t) => {
  const { app } = await buildWeb(t);
  const headers = { host: 'gw.example' };
  const xml = await app.inject({
    method: 'OPTIONS',
    url: '/dicomweb',
    headers: { ...headers, accept: 'application/vnd.sun.wadl+xml' },
  });
  assert.equal(xml.headers['content-type'], 'application/vnd.sun.wadl+xml');
  assert.match(xml.payload, /<resources base="http:\/\/gw.example\/dicomweb\/">/);
  const json = await app.inject({
    method: 'OPTIONS',
    url: '/dicomweb/',
    headers: { ...headers, accept: 'application/json' },
  });
  const { application } = json.json();
  assert.equal(application.resources['@base'], 'http://gw.example/dicomweb/');
  const studies = application.resources.resource.find((one: { '@path': string }) => one['@path'] === 'studies');
  assert.deepEqual(
    studies.method.map((one: { '@name': string }) => one['@name']),
    ['GET', 'POST'],
  );
  const study = studies.resource.find((one: { '@path': string }) => one['@path'] === '{study}');
  assert.ok(study.resource.some((one: { '@path': string }) => one['@path'] === 'metadata'));
  const again = await app.inject({
    method: 'OPTIONS',
    url: '/dicomweb',
    headers: { ...headers, 'if-none-match': String(xml.headers.etag) },
  });
  assert.equal(again.statusCode, 304);
  const none = await app.inject({ method: 'OPTIONS', url: '/dicomweb', headers: { accept: 'text/plain' } });
  assert.equal(none.statusCode, 406);
});
