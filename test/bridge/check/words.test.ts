// What `check` says of a PACS that is ill: the row, its state, and the words that name the likely cause.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { type CheckRow, check } from '../../../src/bridge/check/check.ts';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { PatientRootFind, StudyRootFind, StudyRootGet } from '../../../src/bridge/retrieve/contexts.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { answerExtended, type ExtendedOption, type Instance, listen, type Services } from '../../../src/dimse/index.ts';
import { Authority } from '../../dimse/certificates.ts';
import { freePort } from '../../support/peers.ts';
import { CT, chunks, emptyDir, encoded } from '../fixtures.ts';
import { type Behaviour, startFakePacs } from '../peer-pacs.ts';

const ONE = [{ study: '1.1', series: '1.1.1', instance: '1.1.1.1' }];
const dir = mkdtempSync(join(tmpdir(), 'check-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const authority = new Authority(dir, 'authority');
const gateway = authority.issue('gateway');
const stranger = new Authority(dir, 'stranger');

type Settings = Record<string, string>;
type Ill = (t: TestContext, gatewayPort: number) => Promise<{ port: number }>;
type Row = [
  what: string,
  ill: Ill,
  step: CheckRow['step'],
  state: CheckRow['state'],
  words: RegExp,
  settings?: Settings,
];

const pacs =
  (behaviour: Behaviour | ((gatewayPort: number) => Behaviour)): Ill =>
  (t, gatewayPort) =>
    startFakePacs(t, ONE, {
      peers: { GATEWAY: gatewayPort },
      ...(typeof behaviour === 'function' ? behaviour(gatewayPort) : behaviour),
    });

const failing = (operation: string, status: number): Ill => {
  const fail = () => Promise.reject(new DicomError('status', 'no', { status, operation }));
  const find: Services['find'] = async function* () {
    yield* await (fail() as Promise<never[]>);
  };
  return pacs({ services: operation === 'C-FIND' ? { find } : operation === 'C-GET' ? { get: fail } : { move: fail } });
};

/** A port whose connections are treated so. */
const port =
  (treat: (socket: Socket) => void): Ill =>
  async (t) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      treat(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    return { port: address.port };
  };

/** Someone else who takes what was meant for the gateway. */
const elsewhere: Ill = async (t) => {
  const store: Services['store'] = async ({ body }) => {
    for await (const _ of body);
    return 0;
  };
  const other = await listen({ host: '127.0.0.1', port: 0, contexts: (_, proposed) => proposed, services: { store } });
  t.after(() => other.close());
  return startFakePacs(t, ONE, { peers: { GATEWAY: other.port } });
};

async function* slice(): AsyncGenerator<Instance> {
  const [made] = ONE;
  if (made === undefined) return;
  const body = chunks(encoded(made, ExplicitLittle), 8192);
  yield { sopClassUid: CT, sopInstanceUid: made.instance, transferSyntaxUid: ExplicitLittle, body };
}

const agreeing = (...options: ExtendedOption<'find'>[]): Behaviour => ({
  listening: {
    extended: (uid, offered) => (uid === StudyRootFind ? answerExtended('find', offered, options) : undefined),
  },
});

/** Answers queries of one study whose name has other letters than ASCII: as `finds` says when asked for a name. */
const named = (finds: 'found' | 'nothing' | 'failure', name = 'Müller'): Ill =>
  pacs({
    services: {
      async *find({ identifier }): AsyncGenerator<Dataset> {
        const asked = identifier['00100010']?.Value !== undefined;
        if (asked && finds === 'failure') throw new DicomError('status', 'no', { status: 0xc001, operation: 'C-FIND' });
        if (asked && finds === 'nothing') return;
        const [charset, patient] = [{ vr: 'CS' as const, Value: ['ISO_IR 192'] }, [{ Alphabetic: name }]];
        yield {
          '00080005': charset,
          '0020000D': { vr: 'UI', Value: ['1.1'] },
          '00100010': { vr: 'PN', Value: patient },
        };
      },
    },
  });

const QUICK = {
  DICOMWEB_PACS_0_TIMEOUTS_CONNECT: '200',
  DICOMWEB_PACS_0_TIMEOUTS_RESPONSE: '200',
  DICOMWEB_PACS_0_TIMEOUTS_ASSOCIATE: '200',
};
const TLS = { DICOMWEB_PACS_0_TLS_ENABLED: 'true', DICOMWEB_PACS_0_TLS_CA: authority.certPath };
const MOVE = { DICOMWEB_PACS_0_RETRIEVE: 'move' };
const overTls = (certificate: { cert: string; key: string }, more = {}) => pacs({ tls: { ...certificate, ...more } });

const ROWS: Row[] = [
  [
    'nothing listens',
    async () => ({ port: await freePort() }),
    'TCP',
    'fail',
    /nothing listens there: is the PACS running/,
  ],
  [
    'a host that is not known',
    async () => ({ port: 104 }),
    'TCP',
    'fail',
    /host name is not known here|name server does not answer/,
    { DICOMWEB_PACS_0_HOST: 'no-such-host.invalid' },
  ],
  ['an expired certificate', overTls(authority.issue('old', { expired: true })), 'TLS', 'fail', /has expired/, TLS],
  [
    'a certificate for another host',
    overTls(authority.issue('other', { altName: 'DNS:other.example' })),
    'TLS',
    'fail',
    /issued for another host name/,
    TLS,
  ],
  ['a certificate of a stranger', overTls(stranger.issue('strange')), 'TLS', 'fail', /not trusted|issuer/, TLS],
  ['TLS with a PACS that speaks none', pacs({}), 'TLS', 'fail', /TLS/, { ...TLS, ...QUICK }],
  [
    'a certificate that ends soon',
    overTls(authority.issue('soon')),
    'TLS',
    'warn',
    /TLSv1.3.*valid for 9 more days/,
    TLS,
  ],
  ['a port that is silent to TLS', port(() => {}), 'TLS', 'fail', /no answer within 0.2 s/, { ...TLS, ...QUICK }],
  [
    'a port that hangs up on TLS',
    port((socket) => socket.end()),
    'TLS',
    'fail',
    /cannot connect to .*: .*it hung up/,
    TLS,
  ],
  [
    'certificates that are not looked at',
    overTls(stranger.issue('any')),
    'TLS',
    'warn',
    /not verified/,
    { ...TLS, DICOMWEB_PACS_0_TLS_VERIFY: 'false' },
  ],
  [
    'a PACS that wants our certificate',
    overTls(authority.issue('strict'), { ca: authority.cert, verify: true }),
    'association',
    'fail',
    /wants a client certificate|certificate may be refused/,
    TLS,
  ],
  ['a PACS that wants TLS', overTls(authority.issue('secure')), 'association', 'fail', /does it want TLS/, QUICK],
  [
    'an AE title that it does not answer to',
    pacs({ aeTitle: 'ANOTHER' }),
    'association',
    'fail',
    /does not answer to this AE title/,
  ],
  [
    'a calling AE title that is not allowed',
    pacs({ listening: { allowCalling: () => false } }),
    'association',
    'fail',
    /calling AE title.*does not know the calling AE title: enter it in the PACS/,
  ],
  [
    'a PACS with no association left',
    pacs({ listening: { maxAssociations: 0 } }),
    'association',
    'fail',
    /it has no association left: lower maxAssociations/,
  ],
  [
    'a PACS that offers nothing',
    pacs({ listening: { contexts: () => undefined } }),
    'association',
    'fail',
    /neither query nor retrieve: are they switched on there/,
  ],
  [
    'a port of another protocol',
    port((socket) => socket.end('220 mail\r\n')),
    'association',
    'fail',
    /does it speak DICOM/,
  ],
  ['a port that hangs up', port((socket) => socket.end()), 'association', 'fail', /it hung up in place of an answer/],
  [
    'a port that resets',
    port((socket) => socket.once('data', () => socket.resetAndDestroy())),
    'association',
    'fail',
    /does it want TLS/,
  ],
  ['a silent port', port(() => {}), 'association', 'fail', /it took the request and stayed silent/, QUICK],
  [
    'C-ECHO refused',
    pacs({ services: { echo: async () => 0x0122 } }),
    'C-ECHO',
    'fail',
    /0122 .*the PACS has this service switched off/,
  ],
  [
    'C-ECHO without an answer',
    pacs({ services: { echo: () => new Promise(() => {}) } }),
    'C-ECHO',
    'fail',
    /stayed silent/,
    QUICK,
  ],
  [
    'queries not offered',
    pacs({ refuse: [StudyRootFind] }),
    'C-FIND study',
    'fail',
    /was not accepted: the PACS does not offer this service/,
  ],
  ['queries not allowed', failing('C-FIND', 0x0124), 'C-FIND study', 'fail', /0124.*give it the right there/],
  ['queries that exhaust it', failing('C-FIND', 0xa700), 'C-FIND study', 'fail', /A700.*no resources left for queries/],
  ['queries that it does not understand', failing('C-FIND', 0xa900), 'C-FIND study', 'fail', /A900.*not understand/],
  ['queries that break it', failing('C-FIND', 0xc001), 'C-FIND study', 'fail', /C001.*its own log should say/],
  ['no patient root', pacs({ refuse: [PatientRootFind] }), 'C-FIND patient', 'ok', /not offered; not needed/],
  ['relational queries', pacs(agreeing('relationalQueries')), 'relational', 'warn', /agreed, but answers lack/],
  ['no relational queries', pacs({}), 'relational', 'ok', /not agreed: .* level by level/],
  ['no combined date-time', pacs({}), 'date-time', 'ok', /combined matching not agreed; the gateway .* itself/],
  ['combined date-time', pacs(agreeing('combinedDateTime')), 'date-time', 'ok', /combined matching agreed: .* as one/],
  ['no fuzzy matching', pacs({}), 'fuzzy', 'ok', /not agreed: fuzzymatching=true matches literally/],
  ['fuzzy matching', pacs(agreeing('fuzzyMatching')), 'fuzzy', 'ok', /^agreed: fuzzymatching=true is the PACS’s own/],
  ['no time zones', pacs({}), 'time zone', 'ok', /not agreed: a TimezoneOffsetFromUTC is left out/],
  [
    'time zones',
    pacs(agreeing('timezoneAdjustment')),
    'time zone',
    'ok',
    /^agreed: a TimezoneOffsetFromUTC is passed on/,
  ],
  ['a name that it finds', named('found'), 'charset', 'ok', /finds a name beyond ASCII asked in ISO_IR 192/],
  ['a name that it does not find', named('nothing'), 'charset', 'warn', /does not find its own name.*set the charset/],
  ['letters that break it', named('failure', 'Miller'), 'charset', 'warn', /C001.*its own log/],
  [
    'no storage',
    pacs({ listening: { contexts: (uid, all) => (uid.startsWith('1.2.840.10008.5.1.4.1.1.') ? undefined : all) } }),
    'C-STORE',
    'warn',
    /takes none of the common storage classes: uploads will not be stored/,
  ],
  ['C-GET not offered', pacs({ refuse: [StudyRootGet] }), 'C-GET', 'warn', /C-MOVE is used instead: .*not supported/],
  ['C-GET that fails', failing('C-GET', 0xa701), 'C-GET', 'warn', /A701.*no resources left for retrieves/],
  [
    'C-MOVE to someone else',
    elsewhere,
    'C-MOVE',
    'warn',
    /C-GET is used instead: .*it sent 1 instance to GATEWAY but none arrived here: its entry for GATEWAY points elsewhere/,
  ],
  ['C-MOVE to someone else, and no C-GET', elsewhere, 'C-MOVE', 'fail', /^C-MOVE to .*points elsewhere/, MOVE],
  [
    'an unknown destination',
    pacs({ peers: {} }),
    'C-MOVE',
    'fail',
    /it does not know GATEWAY: enter that AE title/,
    MOVE,
  ],
  ['C-MOVE not allowed', failing('C-MOVE', 0x0124), 'C-MOVE', 'fail', /0124.*give it the right there/, MOVE],
  ['C-MOVE that breaks it', failing('C-MOVE', 0xc000), 'C-MOVE', 'fail', /C000.*not know the gateway’s AE title/, MOVE],
  [
    'a destination with the wrong port',
    async (t) => startFakePacs(t, ONE, { peers: { GATEWAY: await freePort() } }),
    'C-MOVE',
    'fail',
    /could not send: its entry for the gateway may have a wrong address or port/,
    MOVE,
  ],
  [
    'a destination with another AE title',
    pacs((gatewayPort) => ({
      services: {
        move: async () => ({
          total: 1,
          instances: slice(),
          to: { host: '127.0.0.1', port: gatewayPort, aeTitle: 'SOMEONE' },
        }),
      },
    })),
    'C-MOVE',
    'fail',
    /the gateway refused: .*rejected: .*called AE title/,
    MOVE,
  ],
  [
    'C-STOREs without TLS to a gateway that wants it',
    pacs({}),
    'C-MOVE',
    'fail',
    /the gateway refused: TLS handshake failed: .*does not speak TLS/,
    {
      ...MOVE,
      DICOMWEB_DICOM_TLS_ENABLED: 'true',
      DICOMWEB_DICOM_TLS_REQUIRE_CLIENT_CERTIFICATE: 'false',
      DICOMWEB_DICOM_TLS_CERT: gateway.certPath,
      DICOMWEB_DICOM_TLS_KEY: gateway.keyPath,
    },
  ],
  [
    'another instance than the one asked for',
    pacs({ send: () => [{ study: '9.1', series: '9.1.1', instance: '9.1.1.1' }] }),
    'C-MOVE',
    'fail',
    /the gateway refused: C-STORE refused: nothing waits for this instance/,
    MOVE,
  ],
  ['no listener', pacs({}), 'C-MOVE', 'warn', /not tried: dicom.enabled is false/, { DICOMWEB_DICOM_ENABLED: 'false' }],
];

describe('check says in plain words what is wrong', () => {
  for (const [what, ill, step, state, words, settings = {}] of ROWS) {
    test(`${step}: ${what}`, async (t) => {
      const gatewayPort = await freePort();
      const peer = await ill(t, gatewayPort);
      const env = {
        DICOMWEB_CACHE_DIR: await emptyDir(t),
        DICOMWEB_DICOM_PORT: `${gatewayPort}`,
        DICOMWEB_PACS_0_AE_TITLE: 'FAKEPACS',
        DICOMWEB_PACS_0_HOST: '127.0.0.1',
        DICOMWEB_PACS_0_PORT: `${peer.port}`,
        DICOMWEB_PACS_0_TIMEOUTS_ARRIVAL: '100',
        ...settings,
      };
      const rows = await check(loadConfig({ env, flags: {} }));
      const row = rows.find((one) => one.step === step);
      assert.ok(row !== undefined, `no row ${step}: ${JSON.stringify(rows.at(-1))}`);
      assert.match(row.detail, words);
      assert.equal(row.state, state, row.detail);
    });
  }
});

test('a listener port that is taken is told, and C-MOVE not tried', async (t) => {
  const [peer, taken] = [await startFakePacs(t, ONE), await startFakePacs(t, [])];
  const flags = {
    pacs: [`FAKEPACS@127.0.0.1:${peer.port}`],
    'dicom-port': `${taken.port}`,
    'cache-dir': await emptyDir(t),
  };
  const move = (await check(loadConfig({ env: {}, flags }))).find(({ step }) => step === 'C-MOVE');
  assert.deepEqual([move?.state, move?.ms], ['warn', 0]);
  assert.match(
    move?.detail ?? '',
    /port \d+ is taken, perhaps by a gateway that runs, and the PACS sends to no other: stop it and check again/,
  );
});
