// DICOM over TLS as it is configured: towards a PACS, and of the gateway's own listener; and what is said of wrong certificates.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { check } from '../../../src/bridge/check/check.ts';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { connect } from '../../../src/dimse/index.ts';
import { Authority } from '../../dimse/certificates.ts';
import { startGateway } from '../../support/gateway.ts';
import { freePort, runTool, startOrthanc } from '../../support/peers.ts';
import { emptyDir, instanceFile } from '../fixtures.ts';
import { startFakePacs } from '../peer-pacs.ts';

const dir = mkdtempSync(join(tmpdir(), 'bridge-tls-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const authority = new Authority(dir, 'authority');
const stranger = new Authority(dir, 'stranger');
const pacs = authority.issue('pacs');
const gateway = authority.issue('gateway');
const other = authority.issue('other', { altName: 'DNS:other.example' });
const expired = authority.issue('expired', { expired: true });
const strangers = stranger.issue('strangers');

const MADE = { study: '1.1', series: '1.1.1', instance: '1.1.1.1' };
const STORED = [MADE];
const TLS = {
  DICOMWEB_PACS_0_TLS_ENABLED: 'true',
  DICOMWEB_PACS_0_TLS_CA: authority.certPath,
  DICOMWEB_PACS_0_TLS_CERT: gateway.certPath,
  DICOMWEB_PACS_0_TLS_KEY: gateway.keyPath,
};

async function inFront(t: TestContext, peer: { aeTitle: string; port: number }, settings: Record<string, string>) {
  return startGateway(t, [{ ...peer, host: '127.0.0.1' }], settings);
}

test('X-SEC-8 a PACS that wants TLS and a client certificate answers a search', async (t) => {
  const peer = await startFakePacs(t, STORED, { tls: { ...pacs, ca: authority.cert, verify: true } });
  const { url } = await inFront(t, peer, TLS);
  const response = await fetch(`${url}/studies`);
  assert.equal(response.status, 200);
  assert.equal(JSON.parse(await response.text())[0]['0020000D'].Value[0], '1.1');
});

const WRONG: [what: string, certificate: typeof pacs, settings: Record<string, string>, detail: RegExp][] = [
  ['of an authority that is not trusted', strangers, TLS, /TLS: .*(not trusted|issuer)/],
  ['that has expired', expired, TLS, /TLS: certificate of the peer has expired/],
  ['for another host', other, TLS, /TLS: certificate of the peer was issued for another host name/],
];
for (const [what, certificate, settings, detail] of WRONG) {
  test(`a PACS with a certificate ${what} is a 502 that says so`, async (t) => {
    const peer = await startFakePacs(t, STORED, { tls: certificate });
    const { url } = await inFront(t, peer, settings);
    const response = await fetch(`${url}/studies`);
    assert.equal(response.status, 502);
    assert.match(JSON.stringify(await response.json()), detail);
  });
}

test('the certificate is named also when the PACS is left alone after several failures', async (t) => {
  const peer = await startFakePacs(t, STORED, { tls: expired });
  const { url } = await inFront(t, peer, TLS);
  for (let count = 0; count < 6; count += 1) await (await fetch(`${url}/studies`)).arrayBuffer();
  const response = await fetch(`${url}/studies`);
  assert.equal(response.status, 502);
  assert.match(JSON.stringify(await response.json()), /not tried.*TLS: certificate of the peer has expired/);
});

test('Orthanc over TLS both ways: every step of check is well', async (t) => {
  const port = await freePort();
  const ours = { DICOMWEB_DICOM_TLS_ENABLED: 'true', DICOMWEB_DICOM_TLS_CA: authority.certPath };
  const peer = await startOrthanc({
    files: [await instanceFile(t, MADE)],
    configuration: {
      DicomTlsEnabled: true,
      DicomTlsCertificate: pacs.certPath,
      DicomTlsPrivateKey: pacs.keyPath,
      DicomTlsTrustedCertificates: authority.certPath,
      DicomTlsRemoteCertificateRequired: true,
      DicomModalities: { GATEWAY: { AET: 'GATEWAY', Host: '127.0.0.1', Port: port, UseDicomTls: true } },
    },
  });
  t.after(() => peer.stop());
  const env = {
    DICOMWEB_CACHE_DIR: await emptyDir(t),
    DICOMWEB_PACS: `${peer.aeTitle}@${peer.host}:${peer.port}`,
    DICOMWEB_DICOM_PORT: `${port}`,
    ...TLS,
    ...ours,
    DICOMWEB_DICOM_TLS_CERT: gateway.certPath,
    DICOMWEB_DICOM_TLS_KEY: gateway.keyPath,
  };
  const rows = await check(loadConfig({ env, flags: {} }));
  assert.deepEqual(
    rows.filter(({ state, step }) => state !== (step === 'TLS' ? 'warn' : 'ok')),
    [],
  );
  assert.match(rows.find(({ step }) => step === 'C-MOVE')?.detail ?? '', /^1 instance/);
});

test('serverName and verify: a certificate for another name, and any certificate', async (t) => {
  const named = await startFakePacs(t, STORED, { tls: other });
  const byName = await inFront(t, named, { ...TLS, DICOMWEB_PACS_0_TLS_SERVER_NAME: 'other.example' });
  assert.equal((await fetch(`${byName.url}/studies`)).status, 200);
  const unknown = await startFakePacs(t, STORED, { tls: strangers });
  const byTrust = await inFront(t, unknown, { ...TLS, DICOMWEB_PACS_0_TLS_VERIFY: 'false' });
  assert.equal((await fetch(`${byTrust.url}/studies`)).status, 200);
});

test('the DICOM listener speaks TLS, and wants a certificate of its peers', async (t) => {
  const port = await freePort();
  const peer = await startFakePacs(t, STORED);
  await inFront(t, peer, {
    DICOMWEB_DICOM_PORT: `${port}`,
    DICOMWEB_DICOM_TLS_ENABLED: 'true',
    DICOMWEB_DICOM_TLS_CA: authority.certPath,
    DICOMWEB_DICOM_TLS_CERT: gateway.certPath,
    DICOMWEB_DICOM_TLS_KEY: gateway.keyPath,
  });
  const address = ['-aet', peer.aeTitle, '-aec', 'GATEWAY', '127.0.0.1', String(port)];
  const withTls = ({ keyPath, certPath }: typeof pacs) => ['+tls', keyPath, certPath, '+cf', authority.certPath];
  assert.equal((await runTool('echoscu', [...withTls(pacs), ...address])).code, 0);
  assert.notEqual((await runTool('echoscu', [...withTls(strangers), ...address])).code, 0);
  assert.notEqual((await runTool('echoscu', address)).code, 0);
});

test('without requireClientCertificate the DICOM listener takes peers that have none', async (t) => {
  const port = await freePort();
  const peer = await startFakePacs(t, STORED);
  await inFront(t, peer, {
    DICOMWEB_DICOM_PORT: `${port}`,
    DICOMWEB_DICOM_TLS_ENABLED: 'true',
    DICOMWEB_DICOM_TLS_REQUIRE_CLIENT_CERTIFICATE: 'false',
    DICOMWEB_DICOM_TLS_CERT: gateway.certPath,
    DICOMWEB_DICOM_TLS_KEY: gateway.keyPath,
  });
  const association = await connect({
    host: '127.0.0.1',
    port,
    calledAeTitle: 'GATEWAY',
    callingAeTitle: peer.aeTitle,
    contexts: [{ abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] }],
    tls: { ca: authority.cert },
  });
  await association.echo();
  await association.release();
});

const garbage = join(dir, 'garbage.pem');
writeFileSync(garbage, 'no certificate');
const PACS_0 = 'DICOMWEB_PACS_0_TLS_';
const DICOM = 'DICOMWEB_DICOM_TLS_';
const REFUSED: [what: string, env: Record<string, string>, line: string][] = [
  [
    'a file that is not there',
    { ...TLS, [`${PACS_0}CA`]: '/no/ca.pem' },
    'config: pacs[0].tls.ca: /no/ca.pem cannot be',
  ],
  ['a file without a certificate', { ...TLS, [`${PACS_0}CA`]: garbage }, `config: pacs[0].tls.ca: ${garbage} holds no`],
  ['a key of another certificate', { ...TLS, [`${PACS_0}KEY`]: pacs.keyPath }, 'config: pacs[0].tls.key: '],
  [
    'a certificate without its key',
    { [`${PACS_0}ENABLED`]: 'true', [`${PACS_0}CERT`]: pacs.certPath },
    'config: pacs[0].tls.key: the private key',
  ],
  ['a listener without a certificate', { [`${DICOM}ENABLED`]: 'true' }, 'config: dicom.tls.cert: a listener needs'],
  [
    'a listener that could check no certificate',
    { [`${DICOM}ENABLED`]: 'true', [`${DICOM}CERT`]: pacs.certPath, [`${DICOM}KEY`]: pacs.keyPath },
    'config: dicom.tls.ca: needed to check certificates of peers',
  ],
];
for (const [what, env, line] of REFUSED) {
  test(`${what} stops the start with the path of the setting`, () => {
    assert.throws(
      () => loadConfig({ env: { DICOMWEB_PACS: 'A@h:1', ...env }, flags: {} }),
      (error) => error instanceof DicomError && error.kind === 'malformed' && error.message.startsWith(line),
    );
  });
}

test('files of TLS that is off are not looked at', () => {
  const env = { DICOMWEB_PACS: 'A@h:1', [`${PACS_0}CA`]: '/no/ca.pem' };
  assert.equal(loadConfig({ env, flags: {} }).pacs[0]?.tls.enabled, false);
});
