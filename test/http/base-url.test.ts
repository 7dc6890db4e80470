// The base URL of RetrieveURL, BulkDataURI and Content-Location, seen from outside.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DicomError } from '../../src/dimse/errors.ts';
import type { AppOptions } from '../../src/http/app.ts';
import { trustedBy } from '../../src/http/base-url.ts';
import { FIXTURES } from './fixtures.ts';
import { buildWeb, pathOf } from './web.ts';

type Row = readonly [name: string, options: Partial<AppOptions>, headers: Record<string, string>, base: string];

const PROXY = { trustedProxies: ['127.0.0.1'] };

const ROWS: readonly Row[] = [
  ['Host', {}, { host: 'pacs.example:8080' }, 'http://pacs.example:8080/dicomweb'],
  ['an IPv6 Host', {}, { host: '[::1]:8080' }, 'http://[::1]:8080/dicomweb'],
  [
    'the configured URL before all',
    { ...PROXY, publicUrl: 'https://x.example/pacs/dw' },
    { host: 'y', 'x-forwarded-host': 'z' },
    'https://x.example/pacs/dw',
  ],
  [
    'no proxy is believed unasked',
    {},
    { host: 'gw', 'x-forwarded-host': 'evil', 'x-forwarded-proto': 'https', forwarded: 'host=evil' },
    'http://gw/dicomweb',
  ],
  [
    'another proxy than the trusted one',
    { trustedProxies: ['10.0.0.0/8'] },
    { host: 'gw', 'x-forwarded-host': 'evil' },
    'http://gw/dicomweb',
  ],
  [
    'X-Forwarded-Host and -Proto',
    PROXY,
    { host: 'gw', 'x-forwarded-host': 'out.example', 'x-forwarded-proto': 'https' },
    'https://out.example/dicomweb',
  ],
  [
    'X-Forwarded-Port',
    PROXY,
    { host: 'gw', 'x-forwarded-host': 'out.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '8443' },
    'https://out.example:8443/dicomweb',
  ],
  [
    'the usual X-Forwarded-Port',
    PROXY,
    { host: 'gw', 'x-forwarded-host': 'out.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' },
    'https://out.example/dicomweb',
  ],
  ['X-Forwarded-Prefix', PROXY, { host: 'gw', 'x-forwarded-prefix': '/pacs/' }, 'http://gw/pacs/dicomweb'],
  [
    'the first of several proxies',
    PROXY,
    { host: 'gw', 'x-forwarded-host': 'out.example, inner', 'x-forwarded-proto': 'https, http' },
    'https://out.example/dicomweb',
  ],
  [
    'RFC 7239',
    PROXY,
    { host: 'gw', forwarded: 'for=1.2.3.4;host=out.example;proto=https' },
    'https://out.example/dicomweb',
  ],
  [
    'RFC 7239 quoted, with a port',
    PROXY,
    { host: 'gw', forwarded: 'For="[::1]:9";Proto=https;Host="out.example:8443", for=x' },
    'https://out.example:8443/dicomweb',
  ],
  [
    'RFC 7239 before X-Forwarded-*',
    PROXY,
    { host: 'gw', forwarded: 'host=a.example', 'x-forwarded-host': 'b.example' },
    'http://a.example/dicomweb',
  ],
  [
    'a host that would break the URL',
    PROXY,
    { host: 'gw', 'x-forwarded-host': 'evil/path?', 'x-forwarded-proto': 'javascript', 'x-forwarded-prefix': '//evil' },
    'http://gw/dicomweb',
  ],
];

for (const [name, options, headers, base] of ROWS) {
  test(`URLs: ${name}`, async (t) => {
    const { app } = await buildWeb(t, options);
    const path = pathOf(FIXTURES.explicit);
    const answer = await app.inject({ url: path, headers: { ...headers, accept: 'application/dicom' } });
    assert.equal(answer.headers['content-location'], base + path.slice('/dicomweb'.length));
    const metadata = await app.inject({ url: `${path}/metadata`, headers });
    assert.ok(metadata.json()[0]['7FE00010'].BulkDataURI.startsWith(`${base}/studies/`));
  });
}

test('trusted proxies are addresses, networks, or loopback', () => {
  const trusts = trustedBy(['10.1.0.0/16', 'fd00::/8', '192.168.1.5', 'loopback']);
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '192.168.1.5', '127.0.0.9', '::1']) {
    assert.ok(trusts(address), address);
  }
  for (const address of ['10.2.0.1', 'fe80::1', '192.168.1.6', '8.8.8.8']) assert.ok(!trusts(address), address);
  for (const wrong of ['proxy.example', '10.0.0.0/33', '1.2.3', '', 'fd00::/200']) {
    assert.throws(() => trustedBy([wrong]), DicomError, wrong);
  }
});
