// nginx in front, under a path prefix: every URL in an answer is one that the client can follow, and uploads stream through.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { interopFiles } from '../fixtures/interop-files.ts';
import { startGateway } from '../support/gateway.ts';
import { multipartOf, partsOf } from '../support/multipart.ts';
import { freePort, type Peer, requirePeer, startOrthanc, tempDir } from '../support/peers.ts';

const files = await interopFiles();

/** What nginx needs to be told for a DICOMweb service under /pacs; the gateway trusts its X-Forwarded-* headers. */
function configuration(dir: string, port: number, gatewayOrigin: string): string {
  return `
daemon off;
user root;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;            # the gateway has limits of its own
    location /pacs/ {
      proxy_pass ${gatewayOrigin}/;
      proxy_http_version 1.1;
      proxy_request_buffering off;     # uploads reach the PACS while they arrive
      proxy_buffering off;             # a broken answer breaks here too, instead of looking whole
      proxy_read_timeout 300s;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Prefix /pacs;
    }
  }
}
`;
}

async function startNginx(t: TestContext, gatewayOrigin: string): Promise<string> {
  const program = requirePeer('nginx');
  const dir = await tempDir(t, 'nginx-');
  const port = await freePort();
  await writeFile(join(dir, 'nginx.conf'), configuration(dir, port, gatewayOrigin));
  const child = spawn(program, ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' });
  t.after(() => child.kill('SIGTERM'));
  const origin = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      const response = await fetch(`${origin}/pacs/healthz`);
      await response.arrayBuffer();
      if (response.ok) return `${origin}/pacs`;
    } catch {}
    assert.ok(Date.now() < deadline, 'nginx did not start');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function setUp(t: TestContext, loaded: string[]): Promise<{ peer: Peer; base: string }> {
  const peer = await startOrthanc({ files: loaded });
  t.after(() => peer.stop());
  const { origin } = await startGateway(t, [peer], { DICOMWEB_HTTP_TRUSTED_PROXIES: '127.0.0.1' });
  return { peer, base: await startNginx(t, origin) };
}

type Row = Record<string, { Value?: string[]; BulkDataURI?: string }>;

test('RetrieveURL, BulkDataURI and Content-Location lead back through the proxy', async (t) => {
  const file = files.find(({ name }) => /^(ct_ele|.*native)/.test(name)) ?? files[0];
  assert.ok(file);
  const { base } = await setUp(t, [file.path]);
  const found = (await (await fetch(`${base}/dicomweb/studies?StudyInstanceUID=${file.study}`)).json()) as Row[];
  const retrieveUrl = found[0]?.['00081190']?.Value?.[0] ?? '';
  assert.equal(retrieveUrl, `${base}/dicomweb/studies/${file.study}`);

  const [metadata] = (await (await fetch(`${retrieveUrl}/metadata`)).json()) as Row[];
  const bulk = await fetch(metadata?.['7FE00010']?.BulkDataURI ?? 'no BulkDataURI');
  assert.equal(bulk.status, 200);
  await bulk.arrayBuffer();

  const study = await fetch(retrieveUrl, { headers: { accept: 'multipart/related; type="application/dicom"' } });
  const [part] = partsOf(study.headers.get('content-type') ?? '', Buffer.from(await study.arrayBuffer()));
  const location = part?.headers['content-location'] ?? '';
  assert.ok(location.startsWith(`${retrieveUrl}/series/`), location);
  const again = await fetch(location);
  assert.equal(again.status, 200);
  await again.arrayBuffer();
});

test('an upload streams through the proxy, and its RetrieveURLs lead back through it', async (t) => {
  const sample = files.filter(({ instance }) => instance.length <= 64).slice(0, 20);
  const { base } = await setUp(t, []);
  const parts = sample.map(({ path }) => ({
    headers: { 'Content-Type': 'application/dicom' },
    body: readFileSync(path),
  }));
  const response = await fetch(`${base}/dicomweb/studies`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' },
    body: new Uint8Array(multipartOf('b', parts)),
  });
  const module = (await response.json()) as { '00081199': { Value: Row[] } };
  assert.equal(response.status, 200);
  const urls = module['00081199'].Value.map((row) => row['00081190']?.Value?.[0] ?? '');
  assert.equal(urls.length, sample.length);
  for (const url of urls) assert.ok(url.startsWith(`${base}/dicomweb/studies/`), url);
});
