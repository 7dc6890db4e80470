// A foreign eye on the wire: what both of our ends send, dissected by Wireshark.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import {
  type Association,
  connect,
  extendedInformation,
  type Instance,
  type ListenOptions,
  listen,
} from '../../src/dimse/index.ts';
import { tempDir } from '../support/peers.ts';
import { Authority } from './certificates.ts';
import { type Dissection, dissected, keyLogOf, needsTshark } from './dissection.ts';
import { record } from './pcap.ts';

const VERIFICATION = '1.2.840.10008.1.1';
const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const GET = '1.2.840.10008.5.1.4.1.2.2.3';
const MOVE = '1.2.840.10008.5.1.4.1.2.2.2';
const COMMITMENT = '1.2.840.10008.1.20.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';

const identifier: Dataset = { '00080052': { vr: 'CS', Value: ['STUDY'] }, '00100020': { vr: 'LO' } };
const dataset: Dataset = { '00081195': { vr: 'UI', Value: ['1.2.3'] } };
const target = { sopClassUid: COMMITMENT, sopInstanceUid: '1.2.840.10008.1.20.1.1' };
const event = { operation: 'N-EVENT-REPORT', ...target, typeId: 1, dataset } as const;

/** PDU types (PS3.8 9.3.1). */
const [RQ, AC, RJ, DATA, RELEASE_RQ, RELEASE_RP, ABORT] = [1, 2, 3, 4, 5, 6, 7];

const instance = (): Instance => ({
  sopClassUid: CT,
  sopInstanceUid: '1.2.3',
  transferSyntaxUid: ExplicitLittle,
  body: (async function* () {
    yield writeDataset(
      {
        '00080016': { vr: 'UI', Value: [CT] },
        '00080018': { vr: 'UI', Value: ['1.2.3'] },
        '7FE00010': { vr: 'OW', InlineBinary: Buffer.alloc(100_000, 7) },
      },
      ExplicitLittle,
    );
  })(),
});

const retrieval = () => ({
  total: 1,
  instances: (async function* () {
    yield instance();
  })(),
});

async function store({ body }: Instance): Promise<number> {
  for await (const _ of body);
  return 0;
}

async function listening(t: TestContext, options: Partial<ListenOptions>) {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: (_, proposed) => proposed,
    services: {},
    ...options,
  });
  t.after(() => listener.close());
  return listener;
}

/** Has both ends converse through a relay, over TLS or not, and returns what tshark makes of it. */
async function observed(
  t: TestContext,
  converse: (association: Association) => Promise<void>,
  { secure = false, callingAeTitle = 'REQUESTOR' } = {},
): Promise<Dissection> {
  const keyLog = keyLogOf(t);
  const authority = secure ? new Authority(await tempDir(t), 'authority') : undefined;
  const server = authority?.issue('server');
  const destination = await listening(t, { services: { store } });
  const listener = await listening(t, {
    ...(server && { tls: { cert: server.cert, key: server.key } }),
    allowCalling: (aeTitle) => aeTitle !== 'STRANGER',
    extended: (_, offered) => offered,
    authenticate: async () => Buffer.from('welcome'),
    services: {
      store,
      /** Two matches, the second after C-CANCEL. */
      async *find(_, { signal }) {
        const match: Dataset = { '00100020': { vr: 'LO', Value: ['ID1'] }, '0020000D': { vr: 'UI', Value: ['1.2.3'] } };
        yield match;
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        yield match;
      },
      get: async () => retrieval(),
      move: async () => ({
        ...retrieval(),
        to: { host: '127.0.0.1', port: destination.port, aeTitle: 'DESTINATION' },
      }),
      async normalized({ operation }, { association }) {
        if (operation === 'N-ACTION') await association.normalized(event);
        return { status: 0, ...(operation === 'N-GET' && { dataset }) };
      },
    },
  });
  const relay = await record(listener.port);
  t.after(() => relay.close());
  const connecting = connect({
    host: '127.0.0.1',
    port: relay.port,
    ...(authority && { tls: { ca: authority.cert } }),
    calledAeTitle: 'ACCEPTOR',
    callingAeTitle,
    userIdentity: { type: 2, primary: 'someone', secondary: 'letmein', responseRequested: true },
    commonExtended: [
      {
        sopClassUid: CT,
        serviceClassUid: '1.2.840.10008.4.2',
        relatedGeneralSopClassUids: ['1.2.840.10008.5.1.4.1.1.7'],
      },
    ],
    contexts: [
      ...[VERIFICATION, GET, MOVE].map((each) => ({ abstractSyntax: each, transferSyntaxes: [ExplicitLittle] })),
      {
        abstractSyntax: FIND,
        transferSyntaxes: [ExplicitLittle],
        extended: extendedInformation('find', ['relationalQueries', 'fuzzyMatching']),
      },
      ...[COMMITMENT, CT].map((each) => ({
        abstractSyntax: each,
        transferSyntaxes: [ExplicitLittle],
        roles: { scu: true, scp: true },
      })),
    ],
    services: { normalized: async () => ({ status: 0 }) },
  });
  const association = await connecting.catch(() => undefined);
  if (association !== undefined) {
    await converse(association);
    await association.closed;
  }
  return dissected(t, relay.pieces, server && { keyPath: server.keyPath, keyLog });
}

/** Without repetitions in a row: how many P-DATA-TF and fragments there are depends on the maximum length. */
const brief = <T>(all: readonly T[]) => all.filter((each, index) => each !== all[index - 1]);

for (const [name, converse, requestor, acceptor] of [
  [
    'C-ECHO, C-FIND, C-CANCEL, C-STORE, C-GET and C-MOVE',
    async (association: Association) => {
      await association.echo();
      for await (const _ of association.find({ sopClassUid: FIND, identifier })) break;
      assert.equal((await association.store(instance())).status, 0);
      for await (const { body } of association.get({ sopClassUid: GET, identifier })) for await (const _ of body);
      for await (const _ of association.move({ sopClassUid: MOVE, identifier, destination: 'DESTINATION' }));
      await association.release();
    },
    [
      'C-ECHO-RQ',
      ...['C-FIND-RQ', 'C-FIND-RQ-DATA', 'C-CANCEL-RQ'],
      ...['C-STORE-RQ', 'CT Image Storage'],
      ...['C-GET-RQ', 'C-GET-RQ-DATA', 'C-STORE-RSP (Success)'],
      ...['C-MOVE-RQ', 'C-MOVE-RQ-DATA'],
    ],
    [
      'C-ECHO-RSP (Success)',
      ...['C-FIND-RSP', 'C-FIND-RSP-DATA', 'C-FIND-RSP (Cancel)'],
      'C-STORE-RSP (Success)',
      ...['C-STORE-RQ', 'CT Image Storage', 'C-GET-RSP C=1 (Success)'],
      'C-MOVE-RSP C=1 (Success)',
    ],
  ],
  [
    'the N-services',
    async (association: Association) => {
      await association.normalized({ operation: 'N-CREATE', ...target, dataset });
      await association.normalized({ operation: 'N-SET', ...target, dataset });
      await association.normalized({ operation: 'N-GET', ...target, attributes: ['00081195', '00081199'] });
      await association.normalized({ operation: 'N-ACTION', ...target, typeId: 1, dataset });
      await association.normalized({ operation: 'N-DELETE', ...target });
      await association.normalized(event);
      await association.release();
    },
    [
      ...['N-CREATE-RQ', 'N-CREATE-RQ-DATA'],
      ...['N-SET-RQ', 'N-SET-RQ-DATA'],
      'N-GET-RQ',
      ...['N-ACTION-RQ', 'N-ACTION-RQ-DATA', 'N-EVENT-REPORT-RSP (Success)'],
      'N-DELETE-RQ',
      ...['N-EVENT-REPORT-RQ', 'N-EVENT-REPORT-RQ-DATA'],
    ],
    [
      'N-CREATE-RSP (Success)',
      'N-SET-RSP (Success)',
      ...['N-GET-RSP (Success)', 'N-GET-RSP-DATA'],
      ...['N-EVENT-REPORT-RQ', 'N-EVENT-REPORT-RQ-DATA', 'N-ACTION-RSP (Success)'],
      'N-DELETE-RSP (Success)',
      'N-EVENT-REPORT-RSP (Success)',
    ],
  ],
] as const) {
  for (const secure of [false, true]) {
    test(`tshark finds nothing malformed in ${name}${secure ? ' over TLS' : ''}`, needsTshark, async (t) => {
      const found = await observed(t, converse, { secure });
      assert.deepEqual(found.complaints, []);
      assert.deepEqual(brief(found.requestor.messages), requestor);
      assert.deepEqual(brief(found.acceptor.messages), acceptor);
      assert.deepEqual(brief(found.requestor.pdus), [RQ, DATA, RELEASE_RQ]);
      assert.deepEqual(brief(found.acceptor.pdus), [AC, DATA, RELEASE_RP]);
    });
  }
}

test('tshark finds nothing malformed in an abort', needsTshark, async (t) => {
  const found = await observed(t, async (association) => association.abort());
  assert.deepEqual(found, {
    requestor: { pdus: [RQ, ABORT], messages: [] },
    acceptor: { pdus: [AC], messages: [] },
    complaints: [],
  });
});

test('tshark finds nothing malformed in a rejection', needsTshark, async (t) => {
  const found = await observed(t, async () => {}, { callingAeTitle: 'STRANGER' });
  assert.deepEqual(found, {
    requestor: { pdus: [RQ], messages: [] },
    acceptor: { pdus: [RJ], messages: [] },
    complaints: [],
  });
});

test('tshark does complain where an item is longer than its A-ASSOCIATE-RQ', needsTshark, async (t) => {
  const pdu = Buffer.alloc(6 + 68 + 8);
  pdu.writeUInt8(RQ, 0);
  pdu.writeUInt32BE(68 + 8, 2);
  pdu.writeUInt16BE(1, 6);
  pdu.writeUInt8(0x20, 74);
  pdu.writeUInt16BE(400, 76);
  assert.notDeepEqual((await dissected(t, [{ fromClient: true, bytes: pdu }])).complaints, []);
});
