// DICOM over TLS both ways (PS3.15 B.12), DCMTK as the other side, and what is said of certificates that do not do.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import {
  BCP195_SUITES,
  connect,
  type Instance,
  type Listener,
  listen,
  type TlsOptions,
} from '../../src/dimse/index.ts';
import { launch, type Peer, probeTcp, requirePeer, runTool } from '../support/peer.ts';
import { Authority, type Certificate } from './certificates.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const VERIFICATION = '1.2.840.10008.1.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';

requirePeer('openssl');
const dir = mkdtempSync(join(tmpdir(), 'tls-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const authority = new Authority(dir, 'authority');
const stranger = new Authority(dir, 'stranger');
const server = authority.issue('server');
const client = authority.issue('client');
const strangers = stranger.issue('strangers-client');

const ours = ({ cert, key }: Certificate): TlsOptions => ({ cert, key, ca: authority.cert });

/** Gives `matches` to every query, and puts what is stored into `stored`. */
async function listening(
  t: TestContext,
  tls: TlsOptions | undefined,
  matches: readonly Dataset[] = [],
  stored: Buffer[] = [],
): Promise<Listener> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [EXPLICIT, '1.2.840.10008.1.2'],
    services: {
      async store({ body }) {
        for await (const chunk of body) stored.push(Buffer.from(chunk));
        return 0;
      },
      async *find() {
        yield* matches;
      },
    },
    ...(tls && { tls }),
  });
  t.after(() => listener.close());
  return listener;
}

const associate = (port: number, tls: TlsOptions | undefined, host = '127.0.0.1') =>
  connect({
    host,
    port,
    calledAeTitle: 'SERVER',
    callingAeTitle: 'CLIENT',
    contexts: [VERIFICATION, CT].map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: [EXPLICIT] })),
    timeouts: { connect: 3000, associate: 3000 },
    ...(tls && { tls }),
  });

/** A data set that DCMTK takes, with pixels enough for several PDUs. */
const SLICE = writeDataset(
  {
    '00080016': { vr: 'UI', Value: [CT] },
    '00080018': { vr: 'UI', Value: ['1.2.3'] },
    '0020000D': { vr: 'UI', Value: ['1.2'] },
    '0020000E': { vr: 'UI', Value: ['1.2.4'] },
    '7FE00010': { vr: 'OW', InlineBinary: Buffer.alloc(524_288, 7) },
  },
  EXPLICIT,
);

const slice = (): Instance => ({
  sopClassUid: CT,
  sopInstanceUid: '1.2.3',
  transferSyntaxUid: EXPLICIT,
  body: (async function* () {
    for (let count = 0; count < 50; count += 1) yield Buffer.alloc(65_536);
  })(),
});

describe('between ourselves', () => {
  test('X-SEC-8 client certificates, both sides checked', async (t) => {
    const listener = await listening(t, { ...ours(server), verify: true });
    const association = await associate(listener.port, ours(client));
    await association.echo();
    assert.deepEqual(await association.store(slice()), { status: 0 });
    await association.release();
    await association.closed;
  });
  test('SNI: the server name is sent, and the certificate held against it', async (t) => {
    const named = authority.issue('named', { altName: 'DNS:pacs.example' });
    const listener = await listening(t, ours(named));
    const association = await associate(listener.port, { ca: authority.cert, serverName: 'pacs.example' });
    await association.echo();
    await association.release();
    await assert.rejects(associate(listener.port, { ca: authority.cert }), {
      kind: 'unreachable',
      message: /issued for another host name \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    });
  });
  test('verify: false takes any certificate', async (t) => {
    const listener = await listening(t, ours(strangers));
    const association = await associate(listener.port, { verify: false });
    await association.echo();
    await association.release();
  });
});

describe('certificates that do not do: the error names the problem', () => {
  const problems: readonly [string, TlsOptions, TlsOptions | undefined, RegExp][] = [
    [
      'an authority that is not trusted',
      ours(strangers),
      { ca: authority.cert },
      /authority that is not trusted|issuer/,
    ],
    ['an expired one', ours(authority.issue('expired', { expired: true })), { ca: authority.cert }, /has expired/],
    [
      'one for another host',
      ours(authority.issue('other', { altName: 'DNS:other.example' })),
      { ca: authority.cert },
      /another host name/,
    ],
    [
      'none from the client',
      { ...ours(server), verify: true },
      { ca: authority.cert },
      /wants a client certificate|refuses the handshake/,
    ],
    [
      'one of the client from a stranger',
      { ...ours(server), verify: true },
      { ...ours(strangers) },
      /our certificate may be refused|does not trust the issuer of our certificate/,
    ],
  ];
  for (const [what, listenerTls, clientTls, words] of problems) {
    test(what, async (t) => {
      const listener = await listening(t, listenerTls);
      await assert.rejects(associate(listener.port, clientTls), (error: Error & { kind?: string }) => {
        assert.match(error.message, words);
        assert.match(error.message, /SERVER@127\.0\.0\.1:\d+/);
        return error.kind === 'unreachable' || error.kind === 'aborted';
      });
      const deadline = Date.now() + 3000;
      while (listener.associations > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(listener.associations, 0);
    });
  }
  test('a peer that does not speak TLS', async (t) => {
    const listener = await listening(t, undefined);
    await assert.rejects(associate(listener.port, { ca: authority.cert }), {
      kind: 'unreachable',
      message: /does not speak TLS|TLS/,
    });
  });
  test('a peer that speaks TLS only', async (t) => {
    const listener = await listening(t, ours(server));
    await assert.rejects(associate(listener.port, undefined), { kind: 'aborted' });
  });
  test('a listener without certificate, and keys that are none, are refused at once', async () => {
    await assert.rejects(async () => listen({ port: 0, contexts: () => [], services: {}, tls: {} }), {
      kind: 'malformed',
      field: 'tls.cert',
    });
    await assert.rejects(associate(1, { cert: 'nonsense', key: 'nonsense' }), { kind: 'malformed', field: 'tls' });
    const tls = { cert: 'nonsense', key: 'nonsense' };
    await assert.rejects(async () => listen({ port: 0, contexts: () => [], services: {}, tls }), { kind: 'malformed' });
  });
});

describe('X-SEC-2, X-SEC-3 versions and suites', () => {
  /** What a TLS client with these options agrees on with our listener; undefined when it is refused. */
  const agreed = (port: number, options: object): Promise<string | undefined> =>
    new Promise((resolve) => {
      const socket: TLSSocket = connectTls({ host: '127.0.0.1', port, ca: authority.cert, ...options }, () => {
        resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
        socket.destroy();
      });
      socket.once('error', () => resolve(undefined));
    });
  test('TLS 1.3 is preferred', async (t) => {
    const { port } = await listening(t, ours(server));
    assert.match((await agreed(port, {})) ?? '', /^TLSv1\.3 TLS_AES_256_GCM_SHA384$/);
  });
  for (const suite of BCP195_SUITES.filter((name) => name.startsWith('ECDHE-RSA'))) {
    test(`TLS 1.2 with ${suite}`, async (t) => {
      const { port } = await listening(t, ours(server));
      assert.equal(await agreed(port, { maxVersion: 'TLSv1.2', ciphers: suite }), `TLSv1.2 ${suite}`);
    });
  }
  for (const [what, options] of [
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256' }],
    ['RSA key exchange', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }],
  ] as const) {
    test(`${what} is refused`, async (t) => {
      const { port } = await listening(t, ours(server));
      assert.equal(await agreed(port, options), undefined);
    });
  }
});

describe('with DCMTK', () => {
  const tlsArguments = ({ keyPath, certPath }: Certificate) => ['+tls', keyPath, certPath, '+cf', authority.certPath];

  test('echoscu over TLS is served, with and without a certificate we trust', async (t) => {
    const listener = await listening(t, { ...ours(server), verify: true });
    const address = ['127.0.0.1', String(listener.port)];
    assert.equal((await runTool('echoscu', [...tlsArguments(client), ...address])).code, 0);
    assert.notEqual((await runTool('echoscu', [...tlsArguments(strangers), ...address])).code, 0);
    assert.notEqual((await runTool('echoscu', address)).code, 0);
  });

  // getscu, movescu and dcmqrscp are built without TLS.
  test('findscu over TLS gets its matches', async (t) => {
    const match: Dataset = { '0020000D': { vr: 'UI', Value: ['1.2.3.45'] } };
    const listener = await listening(t, { ...ours(server), verify: true }, [match, match]);
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', 'StudyInstanceUID'];
    const address = ['127.0.0.1', String(listener.port)];
    const { code, output } = await runTool('findscu', [...tlsArguments(client), '-S', ...keys, ...address]);
    assert.equal(code, 0, output);
    assert.equal(output.match(/UI \[1\.2\.3\.45\]/g)?.length, 2, output);
  });
  test('storescu over TLS: every byte arrives', async (t) => {
    const stored: Buffer[] = [];
    const listener = await listening(t, { ...ours(server), verify: true }, [], stored);
    const path = join(dir, 'slice.dcm');
    const meta = { sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT };
    writeFileSync(path, Buffer.concat([writeFileMeta(meta), SLICE]));
    const { code, output } = await runTool('storescu', [
      ...tlsArguments(client),
      '-xe',
      '127.0.0.1',
      String(listener.port),
      path,
    ]);
    assert.equal(code, 0, output);
    assert.ok(Buffer.concat(stored).equals(SLICE));
  });

  const startStorescp = (certificate: Certificate): Promise<Peer> =>
    launch({
      program: 'storescp',
      aeTitle: 'STORESCP',
      probe: probeTcp,
      async prepare(folder, port) {
        mkdirSync(join(folder, 'in'));
        return [...tlsArguments(certificate), '--fork', '-od', 'in', '-aet', 'STORESCP', String(port)];
      },
    });

  test('storescp over TLS takes what we send', async (t) => {
    const peer = await startStorescp(server);
    t.after(() => peer.stop());
    const association = await associate(peer.port, ours(client));
    await association.echo();
    const body = (async function* () {
      yield SLICE;
    })();
    assert.equal((await association.store({ ...slice(), body })).status, 0);
    await association.release();
  });
  test('storescp that trusts others refuses us, and we say why', async (t) => {
    const peer = await startStorescp(server);
    t.after(() => peer.stop());
    await assert.rejects(associate(peer.port, ours(strangers)), /our certificate|aborted|closed|reset/);
  });
});
