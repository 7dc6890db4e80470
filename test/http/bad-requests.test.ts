// Every bad request gets the status it deserves and a problem that says why; none is a 500, none ends the service.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BAD_REQUESTS } from './bad-requests.ts';
import { buildWeb } from './web.ts';

test('the table of bad requests', async (t) => {
  assert.ok(BAD_REQUESTS.length >= 300, `${BAD_REQUESTS.length} rows`);
  const { app, gateway } = await buildWeb(t);
  for (const { name, method = 'GET', url, headers = {}, body, status, names } of BAD_REQUESTS) {
    await t.test(`${name} is ${status}`, async () => {
      const answer = await app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });
      assert.equal(answer.statusCode, status, answer.payload.slice(0, 500));
      // What an upload comes to is told instance by instance (PS3.18 10.5.3.3).
      if (answer.headers['content-type'] === 'application/dicom+json') return;
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      const problem = answer.json();
      assert.equal(problem.status, status);
      assert.ok(problem.title.length > 0 && problem.detail.length > 0);
      if (names !== undefined) assert.ok(problem.detail.includes(names), `${problem.detail} should name ${names}`);
      assert.ok(!/\bat \/|node_modules|Error:/.test(answer.payload), 'no stack, no path');
    });
  }
  assert.equal(gateway.held, 0, 'every file is released');
  assert.equal((await app.inject({ url: '/healthz' })).statusCode, 200);
});
