// Uploads to a PACS that can't be asked: what the client and the log are told, whichever way it fails (4.4, S-44).

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Authority } from '../../dimse/certificates.ts';
import { FIXTURES } from '../../http/fixtures.ts';
import { startGateway } from '../../support/gateway.ts';
import { freePort } from '../../support/peers.ts';
import { startFakePacs } from '../peer-pacs.ts';

const dir = mkdtempSync(join(tmpdir(), 'store-tls-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const authority = new Authority(dir, 'authority');
const other = authority.issue('other', { altName: 'DNS:other.example' });
const OURS = {
  DICOMWEB_PACS_0_TLS_ENABLED: 'true',
  DICOMWEB_PACS_0_TLS_CA: authority.certPath,
};

type Case = readonly [
  name: string,
  port: (t: TestContext) => Promise<number>,
  settings: Record<string, string>,
  why: RegExp,
];

/** A port on which every connection is closed at once, as what is no DICOM peer does. */
async function closing(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const CASES: readonly Case[] = [
  ['is not there', async () => freePort(), {}, /ECONNREFUSED|refused/i],
  [
    'rejects the association',
    async (t) => (await startFakePacs(t, [], { listening: { allowCalling: () => false } })).port,
    {},
    /reject/i,
  ],
  [
    'has a certificate for another host',
    async (t) => (await startFakePacs(t, [], { tls: other })).port,
    OURS,
    /TLS: certificate of the peer was issued for another host name/,
  ],
  [
    'does not speak TLS where TLS is configured',
    async (t) => (await startFakePacs(t, [])).port,
    OURS,
    /TLS|closed|reset|abort/i,
  ],
  ['closes every connection', closing, {}, /clos|reset|abort/i],
];

for (const [name, portOf, settings, why] of CASES) {
  test(`4.4 S-44 a PACS that ${name}: 503, reason 0110, and the Warning and the log name the PACS and what failed`, async (t) => {
    const lines: string[] = [];
    const peer = { aeTitle: 'DOWN', host: '127.0.0.1', port: await portOf(t) };
    const note = (line: string) => void lines.push(line);
    const { url } = await startGateway(t, [peer], settings, { debug: () => {}, info: note, warn: note });
    const body = new Uint8Array(FIXTURES.explicit.file);
    const response = await fetch(`${url}/studies`, {
      method: 'POST',
      headers: { 'content-type': 'application/dicom' },
      body,
    });
    assert.equal(response.status, 503);
    const { '00081198': failed } = (await response.json()) as Record<
      string,
      { Value: Record<string, { Value: unknown[] }>[] }
    >;
    assert.deepEqual(
      failed?.Value.map((row) => row['00081197']?.Value),
      [[0x0110]],
    );
    const warning = String(response.headers.get('warning'));
    assert.match(warning, /^0110 http\S+: processing failure \(.*DOWN/);
    assert.match(warning, why);
    assert.ok(
      lines.some((line) => line.startsWith('store to DOWN: ') && why.test(line)),
      lines.join('\n'),
    );
    assert.ok(!warning.includes(FIXTURES.explicit.sopInstanceUid), 'nothing of the instance');
  });
}
