// Foreign applications on both ends: DCMTK's tools and Orthanc ask our listener, and our requestor asks theirs.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { readFileMeta, writeFileMeta } from '../../src/dimse/data/part10.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import {
  type Association,
  connect,
  DicomError,
  extendedInformation,
  extendedOptions,
  type Instance,
  type Listener,
  type ListenOptions,
  listen,
  type SubOperations,
} from '../../src/dimse/index.ts';
import {
  type Called,
  type Peer,
  runTool,
  startDcmqrscp,
  startOrthanc,
  startStorescp,
  tempDir,
} from '../support/peers.ts';

const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';
const VERIFICATION = '1.2.840.10008.1.1';
const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const MOVE = '1.2.840.10008.5.1.4.1.2.2.2';
const GET = '1.2.840.10008.5.1.4.1.2.2.3';
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const STUDY = '1.2.826.0.1.3680043.8.498.1';
const SERIES = `${STUDY}.1`;

type Stored = { path: string; sopInstanceUid: string; data: Buffer };

/** One secondary capture image; `size` pixels square, so that some need many PDUs. */
function datasetOf(number: number, size: number): Dataset {
  const pixels = Buffer.from(Array.from({ length: size * size }, (_, index) => (index * number) & 0xff));
  const us = (value: number) => ({ vr: 'US' as const, Value: [value] });
  return {
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00080016': { vr: 'UI', Value: [SECONDARY_CAPTURE] },
    '00080018': { vr: 'UI', Value: [`${SERIES}.${number}`] },
    '00080020': { vr: 'DA', Value: ['20240131'] },
    '00080030': { vr: 'TM', Value: ['120000'] },
    '00080050': { vr: 'SH', Value: ['ACC1'] },
    '00080060': { vr: 'CS', Value: ['OT'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Müller^Jörg' }] },
    '00100020': { vr: 'LO', Value: ['ID1'] },
    '00100030': { vr: 'DA' },
    '00100040': { vr: 'CS', Value: ['O'] },
    '0020000D': { vr: 'UI', Value: [STUDY] },
    '0020000E': { vr: 'UI', Value: [SERIES] },
    '00200010': { vr: 'SH', Value: ['1'] },
    '00200011': { vr: 'IS', Value: [1] },
    '00200013': { vr: 'IS', Value: [number] },
    '00280002': us(1),
    '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
    '00280010': us(size),
    '00280011': us(size),
    '00280100': us(8),
    '00280101': us(8),
    '00280102': us(7),
    '00280103': us(0),
    '7FE00010': { vr: 'OB', InlineBinary: pixels },
  };
}

function writeStudy(dir: string): Stored[] {
  return [2, 64, 301, 1000].map((size, index) => {
    const sopInstanceUid = `${SERIES}.${index + 1}`;
    const data = writeDataset(datasetOf(index + 1, size & ~1), EXPLICIT);
    const path = join(dir, `${index + 1}.dcm`);
    const meta = { sopClassUid: SECONDARY_CAPTURE, sopInstanceUid, transferSyntaxUid: EXPLICIT };
    writeFileSync(path, Buffer.concat([writeFileMeta(meta), data]));
    return { path, sopInstanceUid, data };
  });
}

const instanceOf = ({ sopInstanceUid, data }: Stored): Instance => ({
  sopClassUid: SECONDARY_CAPTURE,
  sopInstanceUid,
  transferSyntaxUid: EXPLICIT,
  body: (async function* () {
    yield data;
  })(),
});

const bySopInstance = (files: readonly string[]): Map<string, Buffer> =>
  new Map(
    files.map((path) => {
      const bytes = readFileSync(path);
      const { sopInstanceUid = '', dataOffset } = readFileMeta(bytes);
      return [sopInstanceUid, bytes.subarray(dataOffset)];
    }),
  );

async function run<T, R>(generator: AsyncGenerator<T, R>, each?: (value: T) => Promise<void>): Promise<R> {
  for (;;) {
    const step = await generator.next();
    if (step.done) return step.value;
    await each?.(step.value);
  }
}

async function bytesOf({ body }: Instance): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const studyIdentifier: Dataset = {
  '00080052': { vr: 'CS', Value: ['STUDY'] },
  '0020000D': { vr: 'UI', Value: [STUDY] },
};

const associate = (peer: Pick<Called, 'aeTitle' | 'host' | 'port'>): Promise<Association> =>
  connect({
    host: peer.host,
    port: peer.port,
    calledAeTitle: peer.aeTitle,
    callingAeTitle: 'OURS',
    timeouts: { response: 20_000 },
    contexts: [
      ...[VERIFICATION, FIND, MOVE, GET].map((abstractSyntax) => ({
        abstractSyntax,
        transferSyntaxes: [EXPLICIT, IMPLICIT],
      })),
      { abstractSyntax: SECONDARY_CAPTURE, transferSyntaxes: [EXPLICIT], roles: { scu: true, scp: true } },
    ],
  });

let dir: string;
let study: Stored[];
before(async () => {
  dir = await tempDir();
  mkdirSync(join(dir, 'study'));
  study = writeStudy(join(dir, 'study'));
});

describe('foreign requestors, our listener', () => {
  type Received = Map<string, { data: Buffer; calling: string; moved: boolean }>;

  /** An archive of the study, with what it was sent. */
  async function archive(
    t: TestContext,
    options: Partial<ListenOptions> = {},
  ): Promise<{ address: string[]; received: Received; listener: Listener }> {
    const received: Received = new Map();
    const all = async function* () {
      for (const each of study) yield instanceOf(each);
    };
    const listener = await listen({
      host: '127.0.0.1',
      port: 0,
      aeTitle: 'OURS',
      contexts: () => [EXPLICIT, IMPLICIT],
      services: {
        async store(instance, { calling }) {
          const data = await bytesOf(instance);
          received.set(instance.sopInstanceUid, { data, calling, moved: instance.moveOriginator !== undefined });
          return 0;
        },
        async *find({ identifier }) {
          const name = { '00100010': { vr: 'PN' as const, Value: [{ Alphabetic: 'Müller^Jörg' }] } };
          for (let count = 0; count < 20; count += 1) yield { ...identifier, ...name };
        },
        get: async () => ({ total: study.length, instances: all() }),
        move: async ({ destination }) => {
          if (destination !== 'OURS') throw new DicomError('status', 'not known', { status: 0xa801 });
          return {
            total: study.length,
            instances: all(),
            to: { host: '127.0.0.1', port: listener.port, aeTitle: 'OURS' },
          };
        },
      },
      ...options,
    });
    t.after(() => listener.close());
    return { address: ['-aec', 'OURS', '127.0.0.1', String(listener.port)], received, listener };
  }

  const expectStudy = (received: Map<string, { data: Buffer }>) => {
    assert.equal(received.size, study.length);
    for (const { sopInstanceUid, data } of study)
      assert.ok(received.get(sopInstanceUid)?.data.equals(data), sopInstanceUid);
  };

  test('echoscu', async (t) => {
    const { address, listener } = await archive(t);
    assert.equal((await runTool('echoscu', address)).code, 0);
    assert.equal(listener.associations, 0);
  });
  test('echoscu with 128 presentation contexts of 38 transfer syntaxes each (UL-21)', async (t) => {
    const { address } = await archive(t);
    const { code, output } = await runTool('echoscu', ['-v', '-ppc', '128', '-pts', '38', ...address]);
    assert.equal(code, 0, output);
  });
  test('echoscu that aborts', async (t) => {
    const { address, listener } = await archive(t);
    assert.equal((await runTool('echoscu', ['--abort', ...address])).code, 0);
    assert.equal(listener.associations, 0);
  });
  test('echoscu to an AE title that is not ours is told so', async (t) => {
    const { address } = await archive(t, { aeTitle: 'OTHER' });
    const { code, output } = await runTool('echoscu', address);
    assert.notEqual(code, 0);
    assert.match(output, /Called AE Title Not Recognized/);
  });
  test('echoscu when there is no room is told that it is transient', async (t) => {
    const { address } = await archive(t, { maxAssociations: 0 });
    assert.match((await runTool('echoscu', address)).output, /Rejected Transient.*Local Limit Exceeded/s);
  });
  test('findscu shows every match, names with their umlauts', async (t) => {
    const { address } = await archive(t);
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', 'PatientName', '-k', 'StudyInstanceUID'];
    const { code, output } = await runTool('findscu', ['-S', ...keys, ...address]);
    assert.equal(code, 0);
    assert.equal(output.match(/PN \[Müller\^Jörg ?\]/g)?.length, 20);
  });
  test('findscu that cancels after 3 responses', async (t) => {
    const { address } = await archive(t);
    const { output } = await runTool('findscu', [
      '-v',
      '-S',
      '--cancel',
      '3',
      '-k',
      'QueryRetrieveLevel=STUDY',
      ...address,
    ]);
    assert.match(output, /Cancel/);
  });
  for (const pdu of ['4096', '131072']) {
    test(`storescu with PDUs of ${pdu} bytes: every byte arrives`, async (t) => {
      const { address, received } = await archive(t, { maxPduLength: Number(pdu) });
      const { code, output } = await runTool('storescu', [
        '-xe',
        '-pdu',
        pdu,
        ...address,
        ...study.map(({ path }) => path),
      ]);
      assert.equal(code, 0, output);
      expectStudy(received);
    });
    test(`getscu with PDUs of ${pdu} bytes: every byte is kept`, async (t) => {
      const { address } = await archive(t);
      const out = await tempDir(t);
      const { code, output } = await runTool('getscu', [
        '-S',
        '+B',
        '+xe',
        '-pdu',
        pdu,
        '-od',
        out,
        '-k',
        'QueryRetrieveLevel=STUDY',
        '-k',
        `StudyInstanceUID=${STUDY}`,
        ...address,
      ]);
      assert.equal(code, 0, output);
      const files = bySopInstance(readdirSync(out).map((name) => join(out, name)));
      expectStudy(new Map([...files].map(([uid, data]) => [uid, { data }])));
    });
  }
  test('movescu: the instances go where it says, with their originator', async (t) => {
    const { address, received } = await archive(t);
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${STUDY}`];
    assert.equal((await runTool('movescu', ['-S', '-aem', 'OURS', ...keys, ...address])).code, 0);
    expectStudy(received);
    assert.ok([...received.values()].every(({ moved, calling }) => moved && calling === 'OURS'));
    const unknown = await runTool('movescu', ['-v', '-S', '-aem', 'NOWHERE', ...keys, ...address]);
    assert.match(unknown.output, /MoveDestinationUnknown|Move Destination Unknown/i);
  });
  test('Orthanc, as a C-STORE SCU', async (t) => {
    const { received, listener } = await archive(t);
    const orthanc = await startOrthanc({
      files: study.map(({ path }) => path),
      modalities: { OURS: { host: '127.0.0.1', port: listener.port } },
    });
    t.after(() => orthanc.stop());
    const instances = (await (await fetch(`${orthanc.httpUrl}/instances`)).json()) as string[];
    const sent = await fetch(`${orthanc.httpUrl}/modalities/OURS/store`, {
      method: 'POST',
      body: JSON.stringify(instances),
    });
    assert.equal(sent.status, 200, await sent.text());
    expectStudy(received);
  });
});

describe('our requestor, DCMTK storescp', () => {
  const storing = async (t: TestContext, scp: readonly string[] = []) => {
    const peer = await startStorescp({ arguments: scp });
    t.after(() => peer.stop());
    return peer;
  };
  test('C-ECHO and C-STORE: every byte arrives', async (t) => {
    const peer = await storing(t);
    const association = await associate(peer);
    await association.echo();
    for (const each of study) assert.deepEqual(await association.store(instanceOf(each)), { status: 0 });
    await association.release();
    await association.closed;
    const files = bySopInstance(await peer.files());
    for (const { sopInstanceUid, data } of study) assert.ok(files.get(sopInstanceUid)?.equals(data), sopInstanceUid);
  });
  test('a peer with the smallest PDU it can have', async (t) => {
    const peer = await storing(t, ['-pdu', '4096']);
    const association = await associate(peer);
    for (const each of study) assert.deepEqual(await association.store(instanceOf(each)), { status: 0 });
    await association.release();
    const files = bySopInstance(await peer.files());
    assert.ok(study.every(({ sopInstanceUid, data }) => files.get(sopInstanceUid)?.equals(data)));
  });
  for (const [option, when] of [
    ['--abort-after', 'after'],
    ['--abort-during', 'during'],
  ] as const) {
    test(`a peer that aborts ${when} the C-STORE`, async (t) => {
      const association = await associate(await storing(t, [option]));
      const [, , , large] = study;
      assert.ok(large);
      await assert.rejects(association.store(instanceOf(large)), { kind: 'aborted' });
      await association.closed;
      assert.equal(association.isOpen, false);
    });
  }
});

for (const [name, start] of [
  [
    'dcmqrscp',
    (files: string[], port: number) =>
      startDcmqrscp({ files, moveDestinations: { OURS: { host: '127.0.0.1', port } } }),
  ],
  [
    'Orthanc',
    (files: string[], port: number) => startOrthanc({ files, modalities: { OURS: { host: '127.0.0.1', port } } }),
  ],
] as const) {
  describe(`our requestor, ${name}`, () => {
    let peer: Peer;
    let inbox: Listener;
    const moved = new Map<string, Buffer>();
    before(async () => {
      inbox = await listen({
        host: '127.0.0.1',
        port: 0,
        contexts: () => [EXPLICIT],
        services: {
          async store(instance) {
            moved.set(instance.sopInstanceUid, await bytesOf(instance));
            return 0;
          },
        },
      });
      peer = await start(
        study.map(({ path }) => path),
        inbox.port,
      );
    });
    after(async () => {
      await inbox?.close();
      await peer?.stop();
    });

    test('C-ECHO', async () => {
      const association = await associate(peer);
      await association.echo();
      await association.release();
      await association.closed;
    });
    test('C-FIND: one match for the study, again and again on one association', async () => {
      const association = await associate(peer);
      const identifier: Dataset = { ...studyIdentifier, '00100010': { vr: 'PN' }, '00100020': { vr: 'LO' } };
      for (let count = 0; count < 5; count += 1) {
        const matches: Dataset[] = [];
        await run(
          association.find({ sopClassUid: FIND, identifier }),
          async (match) => void matches.push(match.identifier),
        );
        assert.equal(matches.length, 1);
        assert.deepEqual(matches[0]?.['00100010']?.Value, [{ Alphabetic: 'Müller^Jörg' }]);
        assert.deepEqual(matches[0]?.['0020000D']?.Value, [STUDY]);
      }
      await association.release();
    });
    test('C-FIND left early: C-CANCEL, and the association goes on', async () => {
      const association = await associate(peer);
      const identifier: Dataset = {
        '00080052': { vr: 'CS', Value: ['IMAGE'] },
        '0020000D': { vr: 'UI', Value: [STUDY] },
        '0020000E': { vr: 'UI', Value: [SERIES] },
        '00080018': { vr: 'UI' },
      };
      for await (const _ of association.find({ sopClassUid: FIND, identifier })) break;
      await association.echo();
      await association.release();
    });
    test('C-GET: every byte of every instance', async () => {
      const association = await associate(peer);
      const got = new Map<string, Buffer>();
      const counts = await run(association.get({ sopClassUid: GET, identifier: studyIdentifier }), async (instance) => {
        got.set(instance.sopInstanceUid, await bytesOf(instance));
      });
      await association.release();
      assert.deepEqual([counts.status, counts.completed, counts.failed], [0, study.length, 0]);
      for (const { sopInstanceUid, data } of study) assert.ok(got.get(sopInstanceUid)?.equals(data), sopInstanceUid);
    });
    test('C-GET left early leaves nothing behind', async () => {
      const association = await associate(peer);
      for await (const instance of association.get({ sopClassUid: GET, identifier: studyIdentifier })) {
        await bytesOf(instance);
        break;
      }
      await association.release();
      await association.closed;
    });
    test('C-MOVE: the same bytes by another association, the counts come back', async () => {
      const association = await associate(peer);
      const progress: SubOperations[] = [];
      const moving = association.move({ sopClassUid: MOVE, identifier: studyIdentifier, destination: 'OURS' });
      const counts = await run(moving, async (each) => void progress.push(each));
      await association.release();
      assert.equal(counts.status, 0);
      assert.equal(counts.completed, study.length);
      for (const { sopInstanceUid, data } of study) assert.ok(moved.get(sopInstanceUid)?.equals(data), sopInstanceUid);
    });
    test('C-MOVE to nowhere is a failure of the peer', async () => {
      const association = await associate(peer);
      const moving = association.move({ sopClassUid: MOVE, identifier: studyIdentifier, destination: 'NOWHERE' });
      await assert.rejects(run(moving), { kind: 'status', operation: 'C-MOVE' });
      await association.release();
    });
    test('extended negotiation is answered, or not, and never in the way', async () => {
      const extended = extendedInformation('find', ['relationalQueries', 'fuzzyMatching']);
      const titles = { calledAeTitle: peer.aeTitle, callingAeTitle: 'OURS' };
      const contexts = [{ abstractSyntax: FIND, transferSyntaxes: [EXPLICIT], extended }];
      const association = await connect({ host: peer.host, port: peer.port, ...titles, contexts });
      const accepted = extendedOptions('find', association.contexts[0]?.extended);
      assert.equal(accepted.has('combinedDateTime' as never), false);
      await association.release();
    });
  });
}

test('a called AE title that dcmqrscp does not know is rejected, in words', async (t) => {
  const peer = await startDcmqrscp();
  t.after(() => peer.stop());
  await assert.rejects(associate({ ...peer, aeTitle: 'NOBODY' }), {
    kind: 'rejected',
    message: /NOBODY@127\.0\.0\.1:\d+ rejected: called AE title not recognized \(permanent, service-user\)/,
  });
});

test('an association of user identity and common extended negotiation is taken by Orthanc', async (t) => {
  const peer = await startOrthanc();
  t.after(() => peer.stop());
  const association = await connect({
    host: peer.host,
    port: peer.port,
    calledAeTitle: peer.aeTitle,
    callingAeTitle: 'OURS',
    contexts: [{ abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }],
    userIdentity: { type: 2, primary: 'user', secondary: 'passcode', responseRequested: true },
    commonExtended: [
      { sopClassUid: SECONDARY_CAPTURE, serviceClassUid: '1.2.840.10008.4.2', relatedGeneralSopClassUids: [] },
    ],
  });
  await association.echo();
  await association.release();
});
