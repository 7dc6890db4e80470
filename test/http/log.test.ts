// What the log says of a request.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { search } from '../../src/bridge/search/search.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { fakePacs } from '../bridge/fake-pacs.ts';
import { buildWeb, PATHS } from './web.ts';

const LIMITS = { maxResults: 100, maxMatches: 1000, maxFanOut: 50, pacsMs: 1000 };

async function logged(t: TestContext, level: 'info' | 'debug') {
  const lines: string[] = [];
  const logger = pino({ level }, { write: (line: string) => lines.push(line) });
  const web = await buildWeb(t, { logger });
  const { pacs } = fakePacs({ rows: {} });
  web.gateway.search = (request, options) => search(pacs, request, { ...options, limits: LIMITS });
  return { ...web, lines, text: () => lines.join('') };
}

for (const query of [
  'PatientName=Johnson&Johnson',
  'PatientName=Johnson&Johnson.Smith',
  'PatientName=Dr&PatientName.Johnson',
  'includefield=Johnson',
  'StudyDate=Johnson',
]) {
  test(`a refused search is logged without its words: ${query}`, async (t) => {
    const { app, text } = await logged(t, 'info');
    const answer = await app.inject({ url: `/dicomweb/studies?${query}` });
    assert.equal(answer.statusCode, 400);
    assert.match(text(), /"route":"\/dicomweb\/studies","status":400,"fault":"malformed","field":"\w+"/);
    assert.doesNotMatch(text(), /Johnson/);
  });
}

test('at debug the reason is logged', async (t) => {
  const { app, text } = await logged(t, 'debug');
  await app.inject({ url: '/dicomweb/studies?PatientName=Johnson&Johnson' });
  assert.match(text(), /query attribute Johnson is no attribute/);
});

test('the reason of a failing PACS is logged as a warning', async (t) => {
  const { app, gateway, lines } = await logged(t, 'info');
  gateway.search = () => Promise.reject(new DicomError('timeout', 'C-FIND to PACS: no answer'));
  await app.inject({ url: '/dicomweb/studies' });
  assert.match(lines[0] ?? '', /"level":40.*"reason":"C-FIND to PACS: no answer"/);
});

test('an answer that breaks off for a fault of the client is logged without its words', async (t) => {
  const { app, gateway, text } = await logged(t, 'info');
  const whole = gateway.retrieve;
  gateway.retrieve = async function* (resource, options) {
    yield* whole(resource, options);
    throw new DicomError('malformed', 'something of Johnson', { field: 'query' });
  };
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const answer = await fetch(`${address}${PATHS.study}`, {
    headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
  });
  await assert.rejects(answer.arrayBuffer());
  assert.match(text(), /"fault":"malformed","field":"query","msg":"answer broken off"/);
  assert.doesNotMatch(text(), /Johnson/);
});
