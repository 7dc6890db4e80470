// User identity as DCMTK tells it (PS3.7 D.3.3.7): storescu asks our listener with each type, and demands a positive response.
// It looks at the response itself where it told a name.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { listen, type UserIdentity } from '../../src/dimse/index.ts';
import { runTool, tempDir } from '../support/peers.ts';
import { CT } from './proposals.ts';

const INSTANCE = '1.2.3.4';
/** Not text, and of an odd length: what a ticket may be. */
const TICKET = Buffer.from([0x60, 0x00, 0xff, 0x0a, 0x81]);

/** storescu with these options, to a listener that answers identities with `response`; what it was told, and stored. */
async function storescu(t: TestContext, options: readonly string[], response: boolean | Buffer = true) {
  const told: (UserIdentity | undefined)[] = [];
  const stored: string[] = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [ExplicitLittle],
    authenticate: async (identity) => {
      told.push(identity);
      return response;
    },
    services: {
      async store({ sopInstanceUid, body }) {
        for await (const _ of body);
        stored.push(sopInstanceUid);
        return 0;
      },
    },
  });
  t.after(() => listener.close());
  const dir = await tempDir(t);
  const file = join(dir, 'ct.dcm');
  const ids: Dataset = { '00080016': { vr: 'UI', Value: [CT] }, '00080018': { vr: 'UI', Value: [INSTANCE] } };
  const meta = writeFileMeta({ sopClassUid: CT, sopInstanceUid: INSTANCE, transferSyntaxUid: ExplicitLittle });
  writeFileSync(file, Buffer.concat([meta, writeDataset(ids, ExplicitLittle)]));
  writeFileSync(join(dir, 'secret'), TICKET);
  const given = options.map((option) => (option === 'FILE' ? join(dir, 'secret') : option));
  const ran = await runTool('storescu', [...given, '127.0.0.1', String(listener.port), file]);
  return { ...ran, told, stored };
}

const none = Buffer.alloc(0);
const bytes = (text: string) => Buffer.from(text);
const TYPES: [what: string, options: string[], identity: Partial<UserIdentity>][] = [
  ['1, a name', ['--user', 'someone'], { type: 1, primary: bytes('someone') }],
  [
    '2, a name and a passcode',
    ['--user', 'someone', '--password', 'letmein'],
    { type: 2, primary: bytes('someone'), secondary: bytes('letmein') },
  ],
  ['2, with an empty passcode', ['--user', 'someone', '--empty-password'], { type: 2, primary: bytes('someone') }],
  ['3, a Kerberos ticket', ['--kerberos', 'FILE'], { type: 3, primary: TICKET }],
  ['4, a SAML assertion', ['--saml', 'FILE'], { type: 4, primary: TICKET }],
  ['5, a JWT', ['--jwt', 'FILE'], { type: 5, primary: TICKET }],
];
for (const [what, options, identity] of TYPES) {
  test(`UL-29 storescu's identity of type ${what}, arrives, and its positive response is taken`, async (t) => {
    const { code, output, told, stored } = await storescu(t, [...options, '--pos-response']);
    assert.equal(code, 0, output);
    assert.deepEqual(told, [{ secondary: none, responseRequested: true, ...identity }]);
    assert.deepEqual(stored, [INSTANCE]);
  });
}

test('UL-29 storescu that asks for no response gets none, and stores', async (t) => {
  const { code, output, told, stored } = await storescu(t, ['--user', 'someone']);
  assert.equal(code, 0, output);
  assert.deepEqual([told[0]?.responseRequested, stored], [false, [INSTANCE]]);
});

test('UL-29 storescu whose identity is refused is rejected, and nothing is stored', async (t) => {
  const { code, output, stored } = await storescu(t, ['--user', 'someone', '--pos-response'], false);
  assert.notEqual(code, 0);
  assert.match(output, /Rejected Permanent.*Service Provider \(ACSE Related\)/s);
  assert.deepEqual(stored, []);
});
