// The user identity that a PACS is told (PS3.7 D.3.3.7): of every type, as it is configured, and never in what is said or logged.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { check } from '../../../src/bridge/check/check.ts';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import type { UserIdentity } from '../../../src/dimse/index.ts';
import { startGateway } from '../../support/gateway.ts';
import { multipartOf } from '../../support/multipart.ts';
import { emptyDir, instanceFile } from '../fixtures.ts';
import { startFakePacs } from '../peer-pacs.ts';

const STORED = [{ study: '1.1', series: '1.1.1', instance: '1.1.1.1' }];
const SECRET = 'Geheimnis of a kind';

/** A PACS that takes associations with an identity that `right` approves of, and whom it was told of. */
async function demanding(
  t: TestContext,
  right: (identity: UserIdentity) => boolean,
  response: boolean | Buffer = true,
) {
  const told: (UserIdentity | undefined)[] = [];
  const peer = await startFakePacs(t, STORED, {
    listening: {
      authenticate: async (identity) => {
        told.push(identity);
        return identity !== undefined && right(identity) ? response : false;
      },
    },
  });
  return { peer: { aeTitle: peer.aeTitle, host: '127.0.0.1', port: peer.port }, told };
}

const settings = (identity: Record<string, string>) =>
  Object.fromEntries(Object.entries(identity).map(([name, value]) => [`DICOMWEB_PACS_0_USER_IDENTITY_${name}`, value]));

const bytes = (text: string) => Buffer.from(text);
const TICKET = Buffer.from([0x60, 0x00, 0xff, 0x0a]);

const TYPES: [name: string, identity: Record<string, string>, told: Partial<UserIdentity>][] = [
  ['username', { USERNAME: 'gateway' }, { type: 1, primary: bytes('gateway') }],
  ['passcode', { USERNAME: 'gateway', SECRET }, { type: 2, primary: bytes('gateway'), secondary: bytes(SECRET) }],
  ['kerberos', { SECRET: TICKET.toString('base64') }, { type: 3, primary: TICKET }],
  ['saml', { SECRET: '<Assertion/>' }, { type: 4, primary: bytes('<Assertion/>') }],
  ['jwt', { SECRET: 'aaa.bbb.ccc' }, { type: 5, primary: bytes('aaa.bbb.ccc') }],
];
for (const [name, identity, expected] of TYPES) {
  test(`UL-29 a PACS that demands an identity of type ${name} answers a search`, async (t) => {
    const { peer, told } = await demanding(t, ({ type }) => type === expected.type);
    const { url } = await startGateway(t, [peer], settings({ TYPE: name, ...identity }));
    assert.equal((await fetch(`${url}/studies`)).status, 200);
    assert.deepEqual(told[0], { secondary: Buffer.alloc(0), responseRequested: false, ...expected });
  });
}

test('a PACS that demands an identity refuses a gateway without one, and check says what may lack', async (t) => {
  const { peer } = await demanding(t, () => true);
  const { url } = await startGateway(t, [peer]);
  assert.equal((await fetch(`${url}/studies`)).status, 502);
  const flags = { pacs: [`FAKEPACS@127.0.0.1:${peer.port}`], 'dicom-port': '0', 'cache-dir': await emptyDir(t) };
  const row = (await check(loadConfig({ env: {}, flags }))).find(({ step }) => step === 'association');
  assert.equal(row?.state, 'fail');
  assert.match(row?.detail ?? '', /does it want a user identity, or another one \(pacs\[N\]\.userIdentity\)\?/);
});

test('an identity that is refused is a 502, its secret neither in the answer nor in the log', async (t) => {
  const { peer } = await demanding(t, () => false);
  const lines: string[] = [];
  const note = (...words: unknown[]) => void lines.push(JSON.stringify(words));
  const log = { debug: note, info: note, warn: note, error: note };
  const { url } = await startGateway(t, [peer], settings({ TYPE: 'passcode', USERNAME: 'gateway', SECRET }), log);
  const response = await fetch(`${url}/studies`);
  assert.equal(response.status, 502);
  const answer = await response.text();
  assert.match(answer, /rejected/);
  for (const said of [answer, ...lines]) assert.ok(!said.includes(SECRET), said);
});

test('a secret in a file is read for each association: it can be renewed', async (t) => {
  const secretFile = join(await emptyDir(t), 'token');
  writeFileSync(secretFile, 'first\n');
  const { peer, told } = await demanding(t, () => true);
  const renewed = { ...settings({ TYPE: 'jwt', SECRET_FILE: secretFile }), DICOMWEB_PACS_0_MAX_REQUESTS: '1' };
  const { url } = await startGateway(t, [peer], renewed);
  await fetch(`${url}/studies`);
  writeFileSync(secretFile, 'second\r\n');
  await fetch(`${url}/studies`);
  assert.deepEqual(new Set(told.map((identity) => String(identity?.primary))), new Set(['first', 'second']));
});

test('a file of a secret that cannot be read any more is no fault of the client: 503, for an upload too', async (t) => {
  const secretFile = join(await emptyDir(t), 'token');
  writeFileSync(secretFile, 'first');
  const { peer } = await demanding(t, () => true);
  const { url } = await startGateway(t, [peer], settings({ TYPE: 'jwt', SECRET_FILE: secretFile }));
  // As one finds it that is being written anew.
  writeFileSync(secretFile, '');
  const search = await fetch(`${url}/studies`);
  assert.equal(search.status, 503);
  const answer = await search.text();
  assert.match(answer, /user identity cannot be read/);
  assert.ok(!answer.includes(secretFile));
  const body = readFileSync(await instanceFile(t, { study: '1.1', series: '1.1.1', instance: '1.1.1.2' }));
  const upload = await fetch(`${url}/studies`, {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/related; type="application/dicom"; boundary=b' },
    body: new Uint8Array(multipartOf('b', [{ headers: { 'Content-Type': 'application/dicom' }, body }])),
  });
  assert.equal(upload.status, 503);
  writeFileSync(secretFile, 'second');
  assert.equal((await fetch(`${url}/studies`)).status, 200);
});

test('a response that is required: none is a 502 that says so, an empty one is enough', async (t) => {
  const required = settings({ TYPE: 'username', USERNAME: 'gateway', RESPONSE_REQUIRED: 'true' });
  const silent = await startFakePacs(t, STORED);
  const unanswered = await startGateway(t, [{ aeTitle: 'FAKEPACS', host: '127.0.0.1', port: silent.port }], required);
  const response = await fetch(`${unanswered.url}/studies`);
  assert.equal(response.status, 502);
  assert.match(await response.text(), /did not confirm the user identity/);
  const { peer, told } = await demanding(t, () => true, Buffer.alloc(0));
  const { url } = await startGateway(t, [peer], required);
  assert.equal((await fetch(`${url}/studies`)).status, 200);
  assert.equal(told[0]?.responseRequested, true);
});

const WRONG: [what: string, identity: Record<string, string>, message: RegExp][] = [
  ['a type without its username', { TYPE: 'username' }, /pacs\[0\]\.userIdentity\.username: username needs one of/],
  ['a passcode that is missing', { TYPE: 'passcode', USERNAME: 'me' }, /userIdentity\.secret: passcode needs one of/],
  [
    'a secret beyond 16 bits of length',
    { TYPE: 'saml', SECRET: SECRET.repeat(4000) },
    /secret: saml needs one of 1 to/,
  ],
  ['two secrets', { TYPE: 'jwt', SECRET, SECRET_FILE: '/a' }, /secretFile: not together with .*secret$/],
  ['a file that is not there', { TYPE: 'jwt', SECRET_FILE: '/no/such' }, /secretFile: \/no\/such cannot be read/],
  ['a type that nobody defined', { TYPE: 'oauth' }, /userIdentity\.type .*expected one of none, username, passcode/],
];
for (const [what, identity, message] of WRONG) {
  test(`${what} stops the start, without the secret in the words`, () => {
    const env = { DICOMWEB_PACS: 'A@h:104', ...settings(identity) };
    assert.throws(
      () => loadConfig({ env, flags: {} }),
      (error) => error instanceof Error && message.test(error.message) && !error.message.includes(SECRET),
    );
  });
}
