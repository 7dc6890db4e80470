// nginx as nginx.conf shows it, in front of a gateway.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Agent, fetch } from 'undici';
import { Authority } from '../dimse/certificates.ts';
import { freePort, requirePeer, tempDir } from '../support/peers.ts';

const EXAMPLE = readFileSync(new URL('../../nginx.conf', import.meta.url), 'utf8');

/** Replaces what the example must have, once. */
function replaced(text: string, from: string, to: string): string {
  assert.equal(text.split(from).length, 2, `nginx.conf says "${from}" once`);
  return text.replace(from, to);
}

/** The example with the places of this machine. */
function configuration(dir: string, port: number, gatewayOrigin: string, { certPath, keyPath }: Places): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (one) => `${one}_temp_path ${dir}/${one};`,
  );
  return [
    ['http {', `http {\n${temporary.join('\n')}`],
    ['127.0.0.1:8080', new URL(gatewayOrigin).host],
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['pacs.example.org;', 'localhost;'],
    ['/etc/nginx/tls/fullchain.pem', certPath],
    ['/etc/nginx/tls/privkey.pem', keyPath],
  ].reduce((text, [from = '', to = '']) => replaced(text, from, to), EXAMPLE);
}

type Places = { certPath: string; keyPath: string };
/** A client that believes the certificate of the proxy, which is in the file `caPath`. */
export type Front = { base: string; dispatcher: Agent; ca: string; caPath: string };

export async function startNginx(t: TestContext, gatewayOrigin: string): Promise<Front> {
  const program = requirePeer('nginx');
  const dir = await tempDir(t, 'nginx-');
  const port = await freePort();
  const authority = new Authority(dir, 'authority');
  const caPath = join(dir, 'ca.pem');
  await writeFile(caPath, authority.cert);
  await writeFile(join(dir, 'nginx.conf'), configuration(dir, port, gatewayOrigin, authority.issue('proxy')));
  const own = `daemon off; user root; worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/error.log;`;
  const child = spawn(program, ['-p', dir, '-c', join(dir, 'nginx.conf'), '-g', own], { stdio: 'ignore' });
  const dispatcher = new Agent({ connect: { ca: authority.cert } });
  t.after(async () => {
    await dispatcher.destroy();
    child.kill('SIGTERM');
  });
  const base = `https://localhost:${port}/pacs`;
  await started(child, () => fetch(`${base}/healthz`, { dispatcher }).then((one) => one.text()));
  return { base, dispatcher, ca: authority.cert, caPath };
}

async function started(child: ChildProcess, ask: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (
    !(await ask().then(
      () => true,
      () => false,
    ))
  ) {
    assert.equal(child.exitCode, null, 'nginx refuses its configuration');
    assert.ok(Date.now() < deadline, 'nginx did not start');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
