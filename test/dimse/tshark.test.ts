// A foreign eye on the wire: what both of our ends send, dissected by Wireshark.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { type Association, connect, extendedInformation, type Instance, listen } from '../../src/dimse/index.ts';
import { tempDir } from '../support/peers.ts';
import { CAPTURED_PORT, pcapOf, record } from './pcap.ts';

const VERIFICATION = '1.2.840.10008.1.1';
const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const GET = '1.2.840.10008.5.1.4.1.2.2.3';
const MOVE = '1.2.840.10008.5.1.4.1.2.2.2';
const COMMITMENT = '1.2.840.10008.1.20.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';

const INSTALL = 'apt-get install -y --no-install-recommends tshark';
const absent = spawnSync('tshark', ['--version']).error !== undefined;
const required = process.env.DICOM_CORPUS_REQUIRED === '1';
const options = absent && !required ? { skip: `no tshark: ${INSTALL}` } : {};

const identifier: Dataset = { '00080052': { vr: 'CS', Value: ['STUDY'] }, '00100020': { vr: 'LO' } };

/** What tshark remarks without finding fault. */
const REMARK = /^(Connection establish.*|Association (aborted|rejected))$/;

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

/** Has both ends converse through a relay, and returns the capture file. */
async function captured(t: TestContext, converse: (association: Association) => Promise<void>, calling = 'REQUESTOR') {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    allowCalling: (aeTitle) => aeTitle !== 'STRANGER',
    contexts: (_, proposed) => proposed,
    extended: (_, offered) => offered,
    authenticate: async () => Buffer.from('welcome'),
    services: {
      async *find() {
        yield { '00100020': { vr: 'LO', Value: ['ID1'] }, '0020000D': { vr: 'UI', Value: ['1.2.3'] } };
      },
      get: async () => ({
        total: 1,
        instances: (async function* () {
          yield instance();
        })(),
      }),
      move: async () => ({
        total: 1,
        instances: (async function* () {
          yield instance();
        })(),
        to: { host: '127.0.0.1', port: listener.port, aeTitle: 'DESTINATION' },
      }),
      async store({ body }) {
        for await (const _ of body);
        return 0;
      },
      normalized: async () => ({ status: 0 }),
    },
  });
  t.after(() => listener.close());
  const relay = await record(listener.port);
  t.after(() => relay.close());
  const connecting = connect({
    host: '127.0.0.1',
    port: relay.port,
    calledAeTitle: 'ACCEPTOR',
    callingAeTitle: calling,
    userIdentity: { type: 2, primary: 'someone', secondary: 'letmein', responseRequested: true },
    commonExtended: [
      {
        sopClassUid: CT,
        serviceClassUid: '1.2.840.10008.4.2',
        relatedGeneralSopClassUids: ['1.2.840.10008.5.1.4.1.1.7'],
      },
    ],
    contexts: [
      ...[VERIFICATION, GET, MOVE, COMMITMENT].map((each) => ({
        abstractSyntax: each,
        transferSyntaxes: [ExplicitLittle],
      })),
      {
        abstractSyntax: FIND,
        transferSyntaxes: [ExplicitLittle],
        extended: extendedInformation('find', ['relationalQueries', 'fuzzyMatching']),
      },
      { abstractSyntax: CT, transferSyntaxes: [ExplicitLittle], roles: { scu: true, scp: true } },
    ],
  });
  const association = await connecting.catch(() => undefined);
  if (association !== undefined) {
    await converse(association);
    await association.closed;
  }
  const file = join(await tempDir(t), 'conversation.pcap');
  writeFileSync(file, pcapOf(relay.pieces));
  return file;
}

/** What tshark makes of a capture: the PDU types each side sent, in order, and whatever it complains of. */
function dissected(file: string): { requestor: number[]; acceptor: number[]; complaints: string[] } {
  if (absent) assert.fail(`no tshark: ${INSTALL}`);
  const fields = ['tcp.dstport', 'dicom.pdu.type', '_ws.malformed', '_ws.expert.message', '_ws.unreassembled'];
  const args = ['-r', file, '-d', `tcp.port==${CAPTURED_PORT},dicom`, '-T', 'fields'];
  const printed = execFileSync('tshark', [...args, ...fields.flatMap((field) => ['-e', field])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const found: ReturnType<typeof dissected> = { requestor: [], acceptor: [], complaints: [] };
  for (const line of printed.trimEnd().split('\n')) {
    const [to, types = '', ...complaints] = line.split('\t');
    const side = to === String(CAPTURED_PORT) ? found.requestor : found.acceptor;
    if (types !== '') side.push(...types.split(',').map(Number));
    found.complaints.push(...complaints.filter((each) => each !== '' && !REMARK.test(each)));
  }
  return found;
}

/** The types with runs of P-DATA-TF as one: how many there are depends on the maximum length. */
const brief = (types: number[]) => types.filter((type, index) => type !== DATA || types[index - 1] !== DATA);

for (const [name, converse, requestor, acceptor] of [
  [
    'C-ECHO, C-FIND, C-STORE, C-GET, C-MOVE, N-ACTION and a release',
    async (association: Association) => {
      await association.echo();
      for await (const _ of association.find({ sopClassUid: FIND, identifier }));
      assert.equal((await association.store(instance())).status, 0);
      for await (const { body } of association.get({ sopClassUid: GET, identifier })) for await (const _ of body);
      for await (const _ of association.move({ sopClassUid: MOVE, identifier, destination: 'DESTINATION' }));
      await association.normalized({
        operation: 'N-ACTION',
        sopClassUid: COMMITMENT,
        sopInstanceUid: '1.9',
        typeId: 1,
      });
      await association.release();
    },
    [RQ, DATA, RELEASE_RQ],
    [AC, DATA, RELEASE_RP],
  ],
  ['an abort', async (association: Association) => association.abort(), [RQ, ABORT], [AC]],
] as const) {
  test(`tshark finds nothing malformed in ${name}`, options, async (t) => {
    const found = dissected(await captured(t, converse));
    assert.deepEqual(found.complaints, []);
    assert.deepEqual([brief(found.requestor), brief(found.acceptor)], [requestor, acceptor]);
  });
}

test('tshark finds nothing malformed in a rejection', options, async (t) => {
  const found = dissected(await captured(t, async () => {}, 'STRANGER'));
  assert.deepEqual(found, { requestor: [RQ], acceptor: [RJ], complaints: [] });
});

test('tshark does complain where an item is longer than its A-ASSOCIATE-RQ', options, async (t) => {
  const file = join(await tempDir(t), 'broken.pcap');
  const pdu = Buffer.alloc(6 + 68 + 8);
  pdu.writeUInt8(RQ, 0);
  pdu.writeUInt32BE(68 + 8, 2);
  pdu.writeUInt16BE(1, 6);
  pdu.writeUInt8(0x20, 74);
  pdu.writeUInt16BE(400, 76);
  writeFileSync(file, pcapOf([{ fromClient: true, bytes: pdu }]));
  assert.notDeepEqual(dissected(file).complaints, []);
});
