// Requestor and acceptor of src/dimse face to face: every service both ways, and what is negotiated between them.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import {
  type Association,
  type ConnectOptions,
  connect,
  DicomError,
  type Instance,
  type Listener,
  type ListenOptions,
  listen,
  type NormalizedIndication,
  type NormalizedRequest,
  type ServiceContext,
  type SubOperations,
  type UserIdentity,
} from '../../src/dimse/index.ts';
import { CT, FIND, GET, MOVE, STUDY_LEVEL, VERIFICATION } from './proposals.ts';

const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';
const MR = '1.2.840.10008.5.1.4.1.1.4';
const COMMITMENT = '1.2.840.10008.1.20.1';

const SCU_AND_SCP = { scu: true, scp: true };
const contexts = [VERIFICATION, FIND, GET, MOVE, COMMITMENT].map((abstractSyntax) => ({
  abstractSyntax,
  transferSyntaxes: [EXPLICIT, IMPLICIT],
}));
const storage = [CT, MR].map((abstractSyntax) => ({
  abstractSyntax,
  transferSyntaxes: [EXPLICIT],
  roles: SCU_AND_SCP,
}));

async function pair(
  t: TestContext,
  services: ListenOptions['services'],
  options: { listen?: Partial<ListenOptions>; connect?: Partial<ConnectOptions> } = {},
): Promise<{ association: Association; listener: Listener }> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [EXPLICIT, IMPLICIT],
    services,
    ...options.listen,
  });
  t.after(() => listener.close());
  const association = await connect({
    host: '127.0.0.1',
    port: listener.port,
    calledAeTitle: 'ACCEPTOR',
    callingAeTitle: 'REQUESTOR',
    contexts: [...contexts, ...storage],
    ...options.connect,
  });
  t.after(async () => {
    await association.release();
    await association.closed;
  });
  return { association, listener };
}

const instance = (sopInstanceUid: string, bytes: number, more: Partial<Instance> = {}): Instance => ({
  sopClassUid: CT,
  sopInstanceUid,
  transferSyntaxUid: EXPLICIT,
  body: (async function* () {
    for (let left = bytes; left > 0; left -= 50_000) yield Buffer.alloc(Math.min(left, 50_000), left & 0xff);
  })(),
  ...more,
});

async function* each<T>(...values: T[]): AsyncGenerator<T> {
  yield* values;
}

async function sizeOf({ body }: Instance): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  return bytes;
}

/** What a generator yields, and what it returns. */
async function run<T, R>(generator: AsyncGenerator<T, R>): Promise<{ values: T[]; result: R }> {
  const values: T[] = [];
  for (;;) {
    const step = await generator.next();
    if (step.done) return { values, result: step.value };
    values.push(step.value);
  }
}

const patient = (name: string): Dataset => ({
  '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: name }] },
});

describe('PS3.8 E.1 an identifier without elements is refused before anything is sent', () => {
  const request = { identifier: {}, destination: 'DEST' };
  for (const [operation, begin] of [
    ['C-FIND', (association: Association) => association.find({ ...request, sopClassUid: FIND })],
    [
      'C-FIND',
      (association: Association) => association.find({ ...request, sopClassUid: FIND, charset: 'ISO_IR 100' }),
    ],
    ['C-GET', (association: Association) => association.get({ ...request, sopClassUid: GET })],
    ['C-MOVE', (association: Association) => association.move({ ...request, sopClassUid: MOVE })],
  ] as const) {
    test(operation, async (t) => {
      let asked = 0;
      const refuse = async () => {
        asked += 1;
        throw new DicomError('status', 'asked', { status: 0xa700 });
      };
      const find = () => {
        asked += 1;
        return each<Dataset>();
      };
      const { association } = await pair(t, { find, get: refuse, move: refuse });
      await assert.rejects(begin(association).next(), { kind: 'malformed', operation, field: 'identifier' });
      await association.echo();
      assert.equal(asked, 0);
    });
  }
});

describe('a request that is given up before it is sent', () => {
  const given = { identifier: { '0020000D': { vr: 'UI', Value: ['1.2'] } } satisfies Dataset };
  const signal = AbortSignal.abort();
  const operations = [
    ['C-FIND', (one: Association) => one.find({ ...given, sopClassUid: FIND }, { signal })],
    ['C-GET', (one: Association) => one.get({ ...given, sopClassUid: GET }, { signal })],
    ['C-MOVE', (one: Association) => one.move({ ...given, sopClassUid: MOVE, destination: 'A' }, { signal })],
  ] as const;
  for (const [name, operation] of operations) {
    test(`${name}: nobody waits for an answer to its C-CANCEL`, { timeout: 10_000 }, async (t) => {
      const timeouts = { cancel: 600_000, response: 600_000 };
      const { association } = await pair(t, {}, { connect: { timeouts } });
      await assert.rejects(operation(association).next(), { kind: 'cancelled' });
      await association.closed;
    });
  }
});

describe('C-ECHO', () => {
  test('D-28 is answered 0000 by an acceptor without services', async (t) => {
    const { association } = await pair(t, {});
    await association.echo();
  });
  test('another status throws it', async (t) => {
    const { association } = await pair(t, { echo: async () => 0x0122 });
    await assert.rejects(association.echo(), { kind: 'status', status: 0x0122, operation: 'C-ECHO' });
    assert.equal(association.isOpen, true);
  });
});

describe('C-FIND', () => {
  test('request and matches arrive as they are, in order', async (t) => {
    let asked: unknown;
    const { association } = await pair(t, {
      find(request, context) {
        asked = [request.sopClassUid, request.identifier, context.calling, context.called];
        return each(patient('Müller^Ä'), patient('B'));
      },
    });
    const identifier: Dataset = { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'M*' }] } };
    const { values } = await run(association.find({ sopClassUid: FIND, identifier }));
    assert.deepEqual(
      values.map(({ status }) => status),
      [0xff00, 0xff00],
    );
    assert.deepEqual(
      values.map(({ identifier: match }) => match['00100010']?.Value),
      [[{ Alphabetic: 'Müller^Ä' }], [{ Alphabetic: 'B' }]],
    );
    assert.deepEqual(asked, [FIND, identifier, 'REQUESTOR', 'ACCEPTOR']);
  });
  test('a match without elements is a failure, and not an empty presentation data value', async (t) => {
    const { association } = await pair(t, { find: () => each(patient('A'), {}) });
    const matches = association.find({ sopClassUid: FIND, identifier: patient('*') });
    assert.equal((await matches.next()).done, false);
    await assert.rejects(matches.next(), { kind: 'status', status: 0x0110 });
    await association.echo();
  });
  test('the identifier is written in the character set asked for', async (t) => {
    let charset: unknown;
    const { association } = await pair(t, {
      find({ identifier }) {
        charset = [identifier['00080005']?.Value, identifier['00100010']?.Value];
        return each();
      },
    });
    const identifier: Dataset = { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Müller' }] } };
    await run(association.find({ sopClassUid: FIND, identifier, charset: 'ISO_IR 100' }));
    assert.deepEqual(charset, [['ISO_IR 100'], [{ Alphabetic: 'Müller' }]]);
  });
  test('a failure of the service throws its status, after the matches before it', async (t) => {
    const { association } = await pair(t, {
      async *find() {
        yield patient('A');
        throw new DicomError('status', 'out of memory', { status: 0xa700 });
      },
    });
    const matches = association.find({ sopClassUid: FIND, identifier: STUDY_LEVEL });
    assert.equal((await matches.next()).done, false);
    await assert.rejects(matches.next(), { kind: 'status', status: 0xa700, operation: 'C-FIND' });
    await association.echo();
  });
  test('without a context nothing is sent', async (t) => {
    const { association } = await pair(t, {}, { connect: { contexts: contexts.slice(0, 1) } });
    const matches = association.find({ sopClassUid: FIND, identifier: STUDY_LEVEL });
    await assert.rejects(matches.next(), { kind: 'no-context', field: 'abstract-syntax' });
    await association.echo();
  });
  test('ten thousand matches', async (t) => {
    const { association } = await pair(t, {
      async *find() {
        for (let count = 0; count < 10_000; count += 1) yield patient(String(count));
      },
    });
    const { values } = await run(association.find({ sopClassUid: FIND, identifier: STUDY_LEVEL }));
    assert.equal(values.length, 10_000);
    assert.deepEqual(values.at(-1)?.identifier['00100010']?.Value, [{ Alphabetic: '9999' }]);
  });
});

describe('C-STORE', () => {
  test('the bytes arrive, and the status comes back', async (t) => {
    const stored: unknown[] = [];
    const { association } = await pair(t, {
      async store(received) {
        const { sopClassUid, sopInstanceUid, transferSyntaxUid, moveOriginator } = received;
        stored.push([sopClassUid, sopInstanceUid, transferSyntaxUid, moveOriginator, await sizeOf(received)]);
        return sopInstanceUid === '1.2' ? 0xb007 : 0;
      },
    });
    assert.deepEqual(await association.store(instance('1.1', 300_000)), { status: 0 });
    assert.deepEqual(await association.store(instance('1.2', 10)), { status: 0xb007 });
    const moveOriginator = { aeTitle: 'MOVER', messageId: 77 };
    assert.deepEqual(await association.store(instance('1.3', 2), { moveOriginator }), { status: 0 });
    assert.deepEqual(stored, [
      [CT, '1.1', EXPLICIT, undefined, 300_000],
      [CT, '1.2', EXPLICIT, undefined, 10],
      [CT, '1.3', EXPLICIT, moveOriginator, 2],
    ]);
  });
  test('a failure is returned, with the comment of the peer', async (t) => {
    const { association } = await pair(t, {
      store: () => Promise.reject(new DicomError('status', 'disk full', { status: 0xa700 })),
    });
    assert.deepEqual(await association.store(instance('1.1', 500_000)), { status: 0xa700, comment: 'disk full' });
    await association.echo();
  });
  test('without the SCU role nothing is sent', async (t) => {
    const scpOnly = { abstractSyntax: CT, transferSyntaxes: [EXPLICIT], roles: { scu: false, scp: true } };
    const { association } = await pair(t, {}, { connect: { contexts: [...contexts, scpOnly] } });
    await assert.rejects(association.store(instance('1.1', 10)), { kind: 'no-context', field: 'role' });
  });
});

describe('C-GET', () => {
  const getting = (...instances: Instance[]): ListenOptions['services'] => ({
    get: async () => ({ total: instances.length, instances: each(...instances) }),
  });
  const get = (association: Association) => association.get({ sopClassUid: GET, identifier: STUDY_LEVEL });

  test('every instance arrives whole, and the counts at the end', async (t) => {
    const { association } = await pair(
      t,
      getting(instance('1.1', 200_000), instance('1.2', 0), instance('1.3', 7_000_002)),
    );
    const seen: unknown[] = [];
    const instances = get(association);
    for (;;) {
      const step = await instances.next();
      if (step.done) {
        assert.deepEqual(step.value, { status: 0, completed: 3, failed: 0, warning: 0 });
        break;
      }
      seen.push([step.value.sopInstanceUid, await sizeOf(step.value)]);
    }
    assert.deepEqual(seen, [
      ['1.1', 200_000],
      ['1.2', 0],
      ['1.3', 7_000_002],
    ]);
  });
  test('D-22 an instance without a context is a failed sub-operation, with its UID in the list', async (t) => {
    const stray = instance('1.2', 10, { sopClassUid: '1.2.840.10008.5.1.4.1.1.7' });
    const { association } = await pair(t, getting(instance('1.1', 10), stray));
    const { values, result } = await run(get(association));
    assert.equal(values.length, 1);
    assert.deepEqual(result, { status: 0xb000, completed: 1, failed: 1, warning: 0, failedSopInstanceUids: ['1.2'] });
  });
  test('D-21 without the SCP role of the requestor every sub-operation fails', async (t) => {
    const scuOnly = { abstractSyntax: CT, transferSyntaxes: [EXPLICIT] };
    const { association } = await pair(t, getting(instance('1.1', 10)), {
      connect: { contexts: [...contexts, scuOnly] },
    });
    await assert.rejects(run(get(association)), { kind: 'status', status: 0xa702, message: /1 of 1 failed/ });
  });
  test('leaving early cancels: the rest is not sent, and the association goes on', async (t) => {
    let given = 0;
    const { association } = await pair(t, {
      get: async () => ({
        total: 1000,
        instances: (async function* () {
          for (; given < 1000; given += 1) yield instance(`1.${given}`, 100_000);
        })(),
      }),
    });
    for await (const received of get(association)) {
      await sizeOf(received);
      break;
    }
    assert.ok(given < 1000, `${given} were given`);
    await association.echo();
  });
  test('a body that is left in the middle is let go, and the next instance comes whole', async (t) => {
    const { association } = await pair(t, getting(instance('1.1', 3_000_000), instance('1.2', 1000)));
    const sizes: number[] = [];
    for await (const received of get(association)) {
      if (received.sopInstanceUid === '1.1') for await (const _ of received.body) break;
      else sizes.push(await sizeOf(received));
    }
    assert.deepEqual(sizes, [1000]);
  });
  test('a slow consumer holds the sender back', async (t) => {
    let produced = 0;
    const body = (async function* () {
      for (; produced < 64 << 20; produced += 1 << 16) yield Buffer.alloc(1 << 16);
    })();
    const { association } = await pair(t, getting(instance('1.1', 0, { body })));
    const instances = get(association);
    const { value } = await instances.next();
    assert.ok(value !== undefined && 'body' in value);
    const chunks = value.body[Symbol.asyncIterator]();
    await chunks.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(produced < 32 << 20, `${produced} bytes were taken from the producer`);
    await instances.return(undefined as unknown as SubOperations);
  });
});

describe('C-MOVE', () => {
  test('D-20 instances go to the destination with their originator, on another association; progress and counts come back', async (t) => {
    const arrived: unknown[] = [];
    const { listener: destination } = await pair(t, {
      async store(received, { calling }) {
        arrived.push([received.sopInstanceUid, received.moveOriginator, calling, await sizeOf(received)]);
        return received.sopInstanceUid === '1.2' ? 0xa700 : 0;
      },
    });
    const { association } = await pair(t, {
      async move({ destination: aeTitle }) {
        const mr = instance('1.3', 30, { sopClassUid: MR });
        return {
          total: 3,
          instances: each(instance('1.1', 10), instance('1.2', 20), mr),
          to: { host: '127.0.0.1', port: destination.port, aeTitle },
        };
      },
    });
    let messageId = 0;
    const moving = association.move(
      { sopClassUid: MOVE, identifier: STUDY_LEVEL, destination: 'DEST' },
      { onMessageId: (id) => (messageId = id) },
    );
    const { values, result } = await run(moving);
    const moveOriginator = { aeTitle: 'REQUESTOR', messageId };
    assert.deepEqual(arrived, [
      ['1.1', moveOriginator, 'ACCEPTOR', 10],
      ['1.2', moveOriginator, 'ACCEPTOR', 20],
      ['1.3', moveOriginator, 'ACCEPTOR', 30],
    ]);
    assert.deepEqual(values, [
      { status: 0xff00, remaining: 2, completed: 1, failed: 0, warning: 0 },
      { status: 0xff00, remaining: 1, completed: 1, failed: 1, warning: 0 },
    ]);
    assert.deepEqual(result, { status: 0xb000, completed: 2, failed: 1, warning: 0, failedSopInstanceUids: ['1.2'] });
  });
  test('C.4.2.3.1 a peer that stores elsewhere is not silent; one that has stopped is', async (t) => {
    const over = Promise.withResolvers<never>();
    t.after(() => over.reject(new DicomError('cancelled', 'the test is over')));
    const { association } = await pair(t, { move: () => over.promise }, { connect: { timeouts: { response: 20 } } });
    const stirrings = [true, true, true, false, true];
    const moving = association.move(
      { sopClassUid: MOVE, identifier: STUDY_LEVEL, destination: 'DEST' },
      { stirred: () => stirrings.shift() ?? false },
    );
    await assert.rejects(moving.next(), { kind: 'timeout', operation: 'C-MOVE' });
    assert.deepEqual(stirrings, [true], 'asked after each silence, until it is one');
  });
  test('a destination that nobody knows is A801', async (t) => {
    const { association } = await pair(t, {
      move: ({ destination }) =>
        Promise.reject(new DicomError('status', `${destination} is not known`, { status: 0xa801 })),
    });
    const moving = association.move({ sopClassUid: MOVE, identifier: STUDY_LEVEL, destination: 'X' });
    await assert.rejects(moving.next(), { kind: 'status', status: 0xa801 });
  });
  test('a destination that does not listen is A702', async (t) => {
    const { association } = await pair(t, {
      move: async () => ({
        total: 1,
        instances: each(instance('1.1', 10)),
        to: { host: '127.0.0.1', port: 1, aeTitle: 'X' },
      }),
    });
    const moving = association.move({ sopClassUid: MOVE, identifier: STUDY_LEVEL, destination: 'X' });
    await assert.rejects(moving.next(), { kind: 'status', status: 0xa702 });
    await association.echo();
  });
});

describe('N-services', () => {
  const dataset: Dataset = { '00081195': { vr: 'UI', Value: ['1.2.3'] } };
  const base = { sopClassUid: COMMITMENT, sopInstanceUid: '1.2.840.10008.1.20.1.1' };
  const requests: readonly NormalizedRequest[] = [
    { operation: 'N-CREATE', ...base, dataset },
    { operation: 'N-CREATE', sopClassUid: COMMITMENT, dataset },
    { operation: 'N-SET', ...base, dataset },
    { operation: 'N-GET', ...base, attributes: ['00100010', '0020000D'] },
    { operation: 'N-GET', ...base },
    { operation: 'N-ACTION', ...base, typeId: 1, dataset },
    {
      operation: 'N-ACTION',
      ...base,
      sopClassUid: '1.2.840.10008.5.1.4.34.6.1',
      contextSopClassUid: COMMITMENT,
      typeId: 1,
    },
    { operation: 'N-DELETE', ...base },
    { operation: 'N-EVENT-REPORT', ...base, typeId: 2, dataset },
  ];
  for (const request of requests) {
    test(`${request.operation} with ${Object.keys(request).slice(1).join(', ')}`, async (t) => {
      const seen: NormalizedIndication[] = [];
      const { association } = await pair(t, {
        async normalized(indication) {
          seen.push(indication);
          return { status: 0, sopInstanceUid: '1.9', dataset };
        },
      });
      const outcome = await association.normalized(request);
      assert.deepEqual(seen, [{ ...request, contextSopClassUid: COMMITMENT }]);
      assert.deepEqual(outcome, { status: 0, sopInstanceUid: '1.9', dataset });
    });
  }
  test('a failure is returned, with what it is about', async (t) => {
    const { association } = await pair(t, {
      normalized: async () => ({ status: 0x0106, comment: 'no', attributes: ['00100010'] }),
    });
    const outcome = await association.normalized({ operation: 'N-SET', ...base, dataset });
    const { sopInstanceUid } = base;
    assert.deepEqual(outcome, { status: 0x0106, comment: 'no', sopInstanceUid, attributes: ['00100010'] });
  });
  test('N-EVENT-REPORT from the acceptor to the requestor, on the same association', async (t) => {
    const reported: unknown[] = [];
    let context: ServiceContext | undefined;
    const contextsWithRole = [{ abstractSyntax: COMMITMENT, transferSyntaxes: [EXPLICIT], roles: SCU_AND_SCP }];
    const { association } = await pair(
      t,
      {
        async normalized(_, given) {
          context = given;
          return { status: 0 };
        },
      },
      {
        connect: {
          contexts: contextsWithRole,
          services: {
            async normalized(indication) {
              reported.push(indication.typeId, indication.dataset);
              return { status: 0 };
            },
          },
        },
      },
    );
    await association.normalized({ operation: 'N-ACTION', ...base, typeId: 1, dataset });
    const outcome = await context?.association.normalized({ operation: 'N-EVENT-REPORT', ...base, typeId: 1, dataset });
    assert.equal(outcome?.status, 0);
    assert.deepEqual(reported, [1, dataset]);
  });
});

describe('D-29 who may associate', () => {
  const refused: readonly [string, Partial<ListenOptions>, { result: number; source: number; reason: number }][] = [
    ['a called AE title that is not ours', { aeTitle: 'OTHER' }, { result: 1, source: 1, reason: 7 }],
    ['a called AE title that is none of ours', { aeTitle: ['ONE', 'TWO'] }, { result: 1, source: 1, reason: 7 }],
    ['a calling AE title that is not allowed', { allowCalling: () => false }, { result: 1, source: 1, reason: 3 }],
    ['one association too many', { maxAssociations: 0 }, { result: 2, source: 3, reason: 2 }],
  ];
  for (const [what, options, rejection] of refused) {
    test(what, async (t) => {
      await assert.rejects(pair(t, {}, { listen: options }), { kind: 'rejected', rejection });
    });
  }
  test('calling AE title and address are told to who decides', async (t) => {
    const asked: string[] = [];
    const allowCalling = (aeTitle: string, address: string) => asked.push(aeTitle, address) > 0;
    await pair(t, {}, { listen: { aeTitle: ['X', 'ACCEPTOR'], allowCalling } });
    assert.deepEqual(asked, ['REQUESTOR', '127.0.0.1']);
  });
});

describe('UL-29 user identity', () => {
  const identity: UserIdentity = { type: 2, primary: 'me', secondary: 'secret', responseRequested: true };
  const connecting = (userIdentity: UserIdentity) => ({ connect: { userIdentity } });
  test('is given to who authenticates, and the response comes back', async (t) => {
    const seen: string[] = [];
    const authenticate = async (given?: UserIdentity) => {
      seen.push(String(given?.type), String(given?.primary), String(given?.secondary));
      return Buffer.from('welcome');
    };
    const { association } = await pair(t, {}, { listen: { authenticate }, ...connecting(identity) });
    assert.deepEqual(seen, ['2', 'me', 'secret']);
    assert.deepEqual(association.userIdentityResponse, Buffer.from('welcome'));
  });
  test('that was confirmed without more is answered by an empty response', async (t) => {
    const { association } = await pair(t, {}, { listen: { authenticate: async () => true }, ...connecting(identity) });
    assert.deepEqual(association.userIdentityResponse, Buffer.alloc(0));
  });
  test('is not answered when no response was requested', async (t) => {
    const quiet = { ...identity, responseRequested: false };
    const { association } = await pair(t, {}, { listen: { authenticate: async () => true }, ...connecting(quiet) });
    assert.equal(association.userIdentityResponse, undefined);
  });
  test('is not answered by an acceptor that does not look at identities', async (t) => {
    const { association } = await pair(t, {}, connecting(identity));
    assert.equal(association.userIdentityResponse, undefined);
  });
  test('that is refused rejects the association by the service provider', async (t) => {
    const rejected = pair(t, {}, { listen: { authenticate: async () => false }, ...connecting(identity) });
    await assert.rejects(rejected, { kind: 'rejected', rejection: { result: 1, source: 2, reason: 1 } });
  });
  test('that was not told can be demanded', async (t) => {
    const authenticate = async (given?: UserIdentity) => given !== undefined;
    await assert.rejects(pair(t, {}, { listen: { authenticate } }), { kind: 'rejected' });
    const { association } = await pair(t, {}, { listen: { authenticate }, ...connecting(identity) });
    assert.deepEqual(association.userIdentityResponse, Buffer.alloc(0));
  });
  for (const type of [1, 3, 4, 5] as const) {
    test(`of type ${type} arrives byte for byte`, async (t) => {
      const primary = Buffer.from([0, 1, 2, 255]);
      let seen: UserIdentity | undefined;
      const authenticate = async (given?: UserIdentity) => {
        seen = given;
        return true;
      };
      await pair(t, {}, { listen: { authenticate }, ...connecting({ type, primary }) });
      assert.deepEqual(seen, { type, primary, secondary: Buffer.alloc(0), responseRequested: false });
    });
  }
});

test('the association knows what was agreed and who is there', async (t) => {
  const { association } = await pair(
    t,
    {},
    { listen: { contexts: (uid) => (uid === MR ? undefined : uid === GET ? ['1.2.3'] : [IMPLICIT, EXPLICIT]) } },
  );
  assert.match(association.peer, /^ACCEPTOR@127\.0\.0\.1:\d+$/);
  assert.deepEqual(association.rejected, [
    { abstractSyntax: GET, result: 4 },
    { abstractSyntax: MR, result: 3 },
  ]);
  assert.deepEqual(association.contexts.at(-1), {
    id: 11,
    abstractSyntax: CT,
    transferSyntaxUid: EXPLICIT,
    roles: SCU_AND_SCP,
  });
  assert.match(association.implementation.classUid ?? '', /^[\d.]+$/);
  assert.match(association.implementation.versionName ?? '', /^.{1,16}$/);
});

test('what a listener supports may depend on what is proposed', async (t) => {
  const asProposed = (_: string, proposed: readonly string[]) => proposed.toReversed();
  const { association } = await pair(t, {}, { listen: { contexts: asProposed } });
  assert.equal(association.contexts[0]?.transferSyntaxUid, IMPLICIT);
});

test('PS3.7 D.3.3.6 what a listener supports may depend on what common extended negotiation says of a SOP class', async (t) => {
  const kindOf = (sopClassUid: string, ...relatedGeneralSopClassUids: string[]) => ({
    sopClassUid,
    serviceClassUid: '1.2.840.10008.4.2',
    relatedGeneralSopClassUids,
  });
  const [special, other, unsaid] = ['1.2.3.1', '1.2.3.2', '1.2.3.3'];
  const told: unknown[] = [];
  const { association } = await pair(
    t,
    {},
    {
      listen: {
        contexts(abstractSyntax, _, commonExtended) {
          told.push([abstractSyntax, commonExtended]);
          return commonExtended?.relatedGeneralSopClassUids.includes(MR) ? [EXPLICIT] : undefined;
        },
      },
      connect: {
        contexts: [special, other, unsaid].map((uid) => ({ abstractSyntax: uid, transferSyntaxes: [EXPLICIT] })),
        commonExtended: [kindOf(special, CT, MR), kindOf(other)],
      },
    },
  );
  assert.deepEqual(told, [
    [special, kindOf(special, CT, MR)],
    [other, kindOf(other)],
    [unsaid, undefined],
  ]);
  assert.deepEqual(
    association.contexts.map(({ abstractSyntax }) => abstractSyntax),
    [special],
  );
});

test('one line per association event is logged, in both directions', async (t) => {
  const lines: string[] = [];
  const { association } = await pair(t, {}, { connect: { log: (line) => lines.push(line.replace(/:\d+ /, ' ')) } });
  await association.release();
  assert.deepEqual(lines, [
    'ACCEPTOR@127.0.0.1 >> A-ASSOCIATE-RQ',
    'ACCEPTOR@127.0.0.1 << A-ASSOCIATE-AC',
    'ACCEPTOR@127.0.0.1 >> A-RELEASE-RQ',
    'ACCEPTOR@127.0.0.1 << A-RELEASE-RP',
  ]);
});

test('a port that is taken cannot be listened on', async (t) => {
  const { listener } = await pair(t, {});
  const options = { host: '127.0.0.1', port: listener.port, contexts: () => [EXPLICIT], services: {} };
  await assert.rejects(listen(options), { kind: 'unreachable', message: /EADDRINUSE/ });
});
