// A client that stops in the middle holds nothing for ever.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { buildApp } from '../../src/http/app.ts';
import { createFakeGateway } from './fake-gateway.ts';
import { createFakeRenderer } from './fake-renderer.ts';

test('an upload that stops arriving is given up', async (t) => {
  const app = await buildApp(await createFakeGateway(), createFakeRenderer(), { basePath: '/dicomweb', idle: 200 });
  t.after(() => app.close());
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const client = connect(Number(port), '127.0.0.1');
  client.on('error', () => {});
  const closed = new Promise((resolve) => client.once('close', resolve));
  client.write('POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n');
  client.write('Content-Type: multipart/related; type="application/dicom"; boundary=b\r\n\r\n--b\r\n');
  await closed;
  assert.equal(client.destroyed, true);
});
