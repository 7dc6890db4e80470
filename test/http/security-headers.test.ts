// What a browser is told beside the answer: stored documents don't run, and other origins embed nothing unless configured.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildApp } from '../../src/http/app.ts';
import { createFakeGateway } from './fake-gateway.ts';
import { createFakeRenderer } from './fake-renderer.ts';

async function headersOf(url: string, corsOrigins: string[] = []) {
  const app = await buildApp(await createFakeGateway(), createFakeRenderer(), { basePath: '/dicomweb', corsOrigins });
  const { headers } = await app.inject(url);
  await app.close();
  return headers;
}

for (const url of ['/dicomweb/studies', '/healthz', '/nothing']) {
  test(`no script runs in what ${url} answers, and its type is not guessed`, async () => {
    const headers = await headersOf(url);
    assert.match(String(headers['content-security-policy']), /script-src 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
  });
}

test('the documentation page may run its own scripts', async () => {
  const policy = String((await headersOf('/docs/static/index.html'))['content-security-policy']);
  assert.doesNotMatch(policy, /script-src 'none'/);
});

test('pages of configured origins may embed answers', async () => {
  const headers = await headersOf('/dicomweb/studies', ['https://viewer.example.org']);
  assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
});
