// A gateway that is being stopped.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { buildApp } from '../../src/http/app.ts';
import { createFakeGateway } from './fake-gateway.ts';
import { createFakeRenderer } from './fake-renderer.ts';

test('what comes while it ends is refused by a problem, which allowed origins may read', async () => {
  const origin = 'https://viewer.example.org';
  const options = { basePath: '/dicomweb', corsOrigins: [origin] };
  const app = await buildApp(await createFakeGateway(), createFakeRenderer(), options);
  let told: { status: number; headers: Record<string, unknown>; problem: Record<string, unknown> } | undefined;
  // Between the beginning of the end and the last connection that closes.
  app.addHook('preClose', async () => {
    const { statusCode, headers, body } = await request(`${base}/dicomweb/studies`, { headers: { origin } });
    told = { status: statusCode, headers, problem: (await body.json()) as Record<string, unknown> };
  });
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  await app.close();
  assert.equal(told?.status, 503);
  assert.match(String(told.headers['content-type']), /^application\/problem\+json/);
  assert.equal(told.headers['access-control-allow-origin'], origin);
  assert.ok(Number(told.headers['retry-after']) > 0);
  assert.equal(told.problem.detail, 'the gateway is being stopped');
});
