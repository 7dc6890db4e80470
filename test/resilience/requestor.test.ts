// Our requestor against peers that behave oddly: whatever they do, the promise and the association are gone, in time and
// with an error that names what happened.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { requestCommand, responseCommand } from '../../src/dimse/command.ts';
import { type Association, connect, DicomError, type Instance } from '../../src/dimse/index.ts';
import { hex } from '../dimse/hex.ts';
import { CT, FIND, GET, MOVE, proposing, STUDY_LEVEL, VERIFICATION } from '../dimse/proposals.ts';
import {
  accept,
  deaf,
  EXPLICIT,
  end,
  expect,
  expectAbort,
  expectCommand,
  expectDataSet,
  expectEnd,
  message,
  pData,
  type Run,
  reset,
  type Step,
  scriptedServer,
  send,
  stall,
  trickle,
} from '../dimse/scripted-peer.ts';
import { nothingIsLeft } from './nothing-left.ts';

/** Cases that mostly wait, side by side. */
const WAITING = { concurrency: 4 };

const contexts = proposing(VERIFICATION, FIND, GET, MOVE, CT);

// Long enough for a busy machine where no deadline is meant to pass, short enough to wait for where one is. ARTIM only closes what has been aborted:
// whichever side is first, the outcome is the same.
const FAST = { connect: 5000, associate: 500, response: 500, cancel: 500, release: 500, artim: 100, idle: 500 };

const associateWith = ({ port }: Run, signal?: AbortSignal): Promise<Association> =>
  connect({
    host: '127.0.0.1',
    port,
    calledAeTitle: 'ODD',
    callingAeTitle: 'US',
    contexts,
    timeouts: FAST,
    ...(signal && { signal }),
  });

const echoRequest = requestCommand('C-ECHO', { messageId: 1 });
const findRequest = requestCommand('C-FIND', { messageId: 1, affectedSopClassUid: FIND });
const getRequest = requestCommand('C-GET', { messageId: 1, affectedSopClassUid: GET });
const moveRequest = requestCommand('C-MOVE', { messageId: 1, affectedSopClassUid: MOVE });
const storeRequest = requestCommand(
  'C-STORE',
  { messageId: 77, affectedSopClassUid: CT, affectedSopInstanceUid: '1.2.3' },
  true,
);
const identifier = hex('10001000 "PN" 0400 "A^B "');

const instance = (chunks: readonly Buffer[] = [Buffer.alloc(100)]): Instance => ({
  sopClassUid: CT,
  sopInstanceUid: '1.2.3',
  transferSyntaxUid: EXPLICIT,
  body: (async function* () {
    yield* chunks;
  })(),
});

async function drained<T>(generator: AsyncGenerator<T, unknown>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of generator) values.push(value);
  return values;
}

async function bodiesOf(instances: AsyncGenerator<Instance, unknown>): Promise<number> {
  let bytes = 0;
  for await (const { body } of instances) for await (const chunk of body) bytes += chunk.length;
  return bytes;
}

/** Each operation, with what the script must have seen before it can answer. */
const OPERATIONS: Record<
  string,
  { run: (association: Association, signal?: AbortSignal) => Promise<unknown>; asked: Step[] }
> = {
  'C-ECHO': { run: (association, signal) => association.echo({ signal }), asked: [expectCommand(0x30)] },
  'C-FIND': {
    run: (association, signal) => drained(association.find({ sopClassUid: FIND, identifier: STUDY_LEVEL }, { signal })),
    asked: [expectCommand(0x20), expectDataSet],
  },
  'C-GET': {
    run: (association, signal) => bodiesOf(association.get({ sopClassUid: GET, identifier: STUDY_LEVEL }, { signal })),
    asked: [expectCommand(0x10), expectDataSet],
  },
  'C-MOVE': {
    run: (association, signal) =>
      drained(association.move({ sopClassUid: MOVE, identifier: STUDY_LEVEL, destination: 'X' }, { signal })),
    asked: [expectCommand(0x21), expectDataSet],
  },
  'C-STORE': {
    run: (association, signal) => association.store(instance(), { signal }),
    asked: [expectCommand(0x01), expectDataSet],
  },
};

const associated: Step[] = [expect('associate-rq'), accept()];

/** Runs an operation against a script: it must reject with this kind, the association must be gone, the script satisfied. */
async function fails(
  t: TestContext,
  steps: readonly Step[],
  kind: DicomError['kind'],
  run: (association: Association) => Promise<unknown>,
): Promise<DicomError> {
  const peer = await scriptedServer(t, steps);
  const association = await associateWith(peer);
  const error = await run(association).then(
    () => assert.fail('resolved'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DicomError, String(error));
  assert.equal(error.kind, kind, error.message);
  assert.ok(error.message.includes('ODD@127.0.0.1'), error.message);
  await association.closed;
  assert.equal(association.isOpen, false);
  await assert.rejects(association.echo(), DicomError);
  await peer.done;
  return error;
}

describe('while associating', WAITING, () => {
  const rows: readonly [string, Step[], DicomError['kind'], RegExp][] = [
    [
      'a peer that never answers',
      [expect('associate-rq'), expectAbort(0, 0), expectEnd],
      'timeout',
      /no answer within/,
    ],
    ['a peer that closes', [expect('associate-rq'), end], 'aborted', /connection closed/],
    ['a peer that resets', [expect('associate-rq'), reset], 'aborted', /reset|closed/],
    [
      'a peer that aborts',
      [expect('associate-rq'), send({ type: 'abort', source: 2, reason: 0 })],
      'aborted',
      /service-provider/,
    ],
    [
      'a peer that speaks HTTP',
      [expect('associate-rq'), send(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')), expectAbort(2, 1)],
      'protocol',
      /unrecognized PDU/,
    ],
    [
      'a peer that sends a request of its own',
      [expect('associate-rq'), send({ type: 'release-rq' }), expectAbort(2, 2)],
      'protocol',
      /unexpected A-RELEASE-RQ/,
    ],
    [
      'a peer that sends data before accepting',
      [expect('associate-rq'), send(pData(3, Buffer.alloc(2))), expectAbort(2, 2)],
      'protocol',
      /unexpected P-DATA-TF/,
    ],
    [
      'an answer cut in the middle',
      [expect('associate-rq'), send(hex('02 00 00000100 0001')), end],
      'protocol',
      /ended inside a PDU/,
    ],
    [
      'an answer of impossible length',
      [expect('associate-rq'), send(hex('02 00 7FFFFFFF 0001')), expectAbort(2, 6)],
      'protocol',
      /PDU-length/,
    ],
  ];
  for (const [name, steps, kind, words] of rows) {
    test(name, async (t) => {
      const peer = await scriptedServer(t, steps);
      await assert.rejects(associateWith(peer), (error: unknown) => {
        assert.ok(error instanceof DicomError, String(error));
        assert.equal(error.kind, kind, error.message);
        assert.match(error.message, words);
        assert.match(error.message, /ODD@127\.0\.0\.1/);
        return true;
      });
      await (await peer.done).closed;
    });
  }

  test('a transient rejection says so, with its codes', async (t) => {
    const rejection = { result: 2, source: 3, reason: 1 };
    const peer = await scriptedServer(t, [expect('associate-rq'), send({ type: 'associate-rj', ...rejection })]);
    await assert.rejects(associateWith(peer), {
      kind: 'rejected',
      rejection,
      message: `A-ASSOCIATE to ODD@127.0.0.1:${peer.port} rejected: temporary congestion (transient, service-provider, presentation)`,
    });
    await (await peer.done).closed;
  });

  test('an answer that comes byte by byte is an answer', async (t) => {
    const ac = { type: 'associate-rj', result: 1, source: 1, reason: 7 } as const;
    const peer = await scriptedServer(t, [expect('associate-rq'), trickle(ac)]);
    await assert.rejects(associateWith(peer), { kind: 'rejected' });
  });

  test('a context that is never accepted: the association is released', async (t) => {
    const steps = [
      expect('associate-rq'),
      accept(() => undefined),
      expect('release-rq'),
      send({ type: 'release-rp' }),
      expectEnd,
    ];
    const peer = await scriptedServer(t, steps);
    await assert.rejects(associateWith(peer), { kind: 'no-context' });
    await peer.done;
  });

  test('nobody listening is unreachable', async (t) => {
    const peer = await scriptedServer(t, []);
    const { port } = peer;
    const gone = { port: port === 1 ? 2 : 1, done: peer.done };
    await assert.rejects(associateWith(gone), {
      kind: 'unreachable',
      message: /ODD@127\.0\.0\.1:\d+: connection refused/,
    });
  });

  test('a host without an address is unreachable', async () => {
    const options = { host: 'no-such-host.invalid', port: 104, calledAeTitle: 'ODD', callingAeTitle: 'US', contexts };
    await assert.rejects(connect(options), { kind: 'unreachable' });
  });

  test('a signal that fires takes the connection with it', async (t) => {
    const caller = new AbortController();
    const peer = await scriptedServer(t, [
      expect('associate-rq'),
      async () => caller.abort(),
      expectAbort(0, 0),
      expectEnd,
    ]);
    await assert.rejects(associateWith(peer, caller.signal), { kind: 'cancelled' });
    await peer.done;
  });

  test('a signal that has fired already lets nothing out', async (t) => {
    const peer = await scriptedServer(t, [() => assert.fail('connected')]);
    await assert.rejects(associateWith(peer, AbortSignal.abort()), { kind: 'cancelled' });
  });

  for (const [field, options] of [
    ['calledAeTitle', { calledAeTitle: '' }],
    ['calledAeTitle', { calledAeTitle: 'SEVENTEEN LETTERS' }],
    ['callingAeTitle', { callingAeTitle: 'BACK\\SLASH' }],
    ['callingAeTitle', { callingAeTitle: '    ' }],
  ] as const) {
    test(`UL-23 ${field} «${Object.values(options)[0]}» is refused before connecting`, async () => {
      const base = { host: '127.0.0.1', port: 1, calledAeTitle: 'A', callingAeTitle: 'B', contexts };
      await assert.rejects(connect({ ...base, ...options }), { kind: 'malformed', field });
    });
  }
});

for (const [name, { run, asked }] of Object.entries(OPERATIONS)) {
  describe(`while ${name} waits for its response`, WAITING, () => {
    const before = [...associated, ...asked];
    test('a peer that never answers', async (t) => {
      const gone = name === 'C-ECHO' || name === 'C-STORE' ? expectAbort(0, 0) : stall;
      const error = await fails(t, [...before, gone], 'timeout', run);
      assert.match(error.message, /no response within 0\.5 s/);
      assert.equal(error.operation, name);
    });
    test('a peer that closes', async (t) => void (await fails(t, [...before, end], 'aborted', run)));
    test('a peer that resets', async (t) => void (await fails(t, [...before, reset], 'aborted', run)));
    test('a peer that aborts', async (t) => {
      const error = await fails(t, [...before, send({ type: 'abort', source: 0, reason: 0 })], 'aborted', run);
      assert.deepEqual(error.abort, { source: 0, reason: 0 });
    });
    test('a peer that releases', async (t) => {
      await fails(t, [...before, send({ type: 'release-rq' }), expect('release-rp'), end], 'aborted', run);
    });
    test('a response with the wrong message ID', async (t) => {
      const response = responseCommand({ ...echoRequest, commandField: commandOf(name), messageId: 999 }, 0);
      await fails(t, [...before, send(...message(response)), expectAbort(0, 0)], 'protocol', run);
    });
    test('a response of another service', async (t) => {
      const response = responseCommand({ ...echoRequest, commandField: name === 'C-ECHO' ? 0x20 : 0x30 }, 0);
      await fails(t, [...before, send(...message(response)), expectAbort(0, 0)], 'protocol', run);
    });
    test('a response in a context that was not accepted', async (t) => {
      const response = responseCommand({ ...echoRequest, commandField: commandOf(name) }, 0);
      await fails(t, [...before, send(...message(response, undefined, 99)), expectAbort(0, 0)], 'protocol', run);
    });
    test('a response without status', async (t) => {
      const { status: _, ...response } = responseCommand({ ...echoRequest, commandField: commandOf(name) }, 0);
      const error = await fails(t, [...before, send(...message(response)), expectAbort(0, 0)], 'protocol', run);
      assert.match(error.message, /lacks status/);
    });
    test('bytes that are no PDU', async (t) => {
      await fails(t, [...before, send(Buffer.alloc(64, 0xee)), expectAbort(2, 1)], 'protocol', run);
    });
    test('a PDU of the wrong time', async (t) => {
      const again = { type: 'associate-rj', result: 1, source: 1, reason: 1 } as const;
      await fails(t, [...before, send(again), expectAbort(2, 2)], 'protocol', run);
    });
    test('a response whose command set stops in the middle', async (t) => {
      const error = await fails(t, [...before, send(pData(1, Buffer.alloc(8))), stall], 'timeout', run);
      assert.match(error.message, /no (rest of a command set|response) within/);
    });
    test('a command set that is none', async (t) => {
      await fails(t, [...before, send(pData(3, Buffer.alloc(9, 0x11))), expectAbort(0, 0)], 'protocol', run);
    });
    test('a data set without a command set', async (t) => {
      await fails(t, [...before, send(pData(2, Buffer.alloc(8))), expectAbort(0, 0)], 'protocol', run);
    });
    test('a signal that fires ends the operation, and the association where the peer does not follow', async (t) => {
      const caller = new AbortController();
      const steps = [...before, async () => caller.abort(), stall];
      await fails(t, steps, 'cancelled', (association) => run(association, caller.signal));
    });
    test('another operation at the same time is refused, and does no harm', async (t) => {
      const peer = await scriptedServer(t, [...before, stall]);
      const association = await associateWith(peer);
      const first = run(association);
      first.catch(() => {});
      await assert.rejects(association.echo(), { kind: 'busy' });
      association.abort();
      await assert.rejects(first, { kind: 'aborted' });
      await association.closed;
    });
  });
}

function commandOf(name: string): number {
  return { 'C-ECHO': 0x30, 'C-FIND': 0x20, 'C-GET': 0x10, 'C-MOVE': 0x21, 'C-STORE': 0x01 }[name] ?? 0;
}

describe('inside a response', WAITING, () => {
  const pending = responseCommand(findRequest, 0xff00, {}, true);
  const findAll = (association: Association) =>
    drained(association.find({ sopClassUid: FIND, identifier: STUDY_LEVEL }));
  const asked = [...associated, expectCommand(0x20), expectDataSet];
  const [commandPdu] = message(pending, undefined, 3);
  assert.ok(commandPdu !== undefined);

  test('an identifier that stops in the middle', async (t) => {
    await fails(t, [...asked, send(commandPdu, pData(0, identifier.subarray(0, 4), 3)), stall], 'timeout', findAll);
  });
  test('an abort in the middle of a PDV', async (t) => {
    const half = hex('04 00 00000100 000000FC 03 00 0102');
    await fails(t, [...asked, send(commandPdu, half), reset], 'aborted', findAll);
  });
  test('an identifier in another context than its command', async (t) => {
    await fails(t, [...asked, send(commandPdu, pData(2, identifier, 5)), expectAbort(0, 0)], 'protocol', findAll);
  });
  test('a command set inside an identifier', async (t) => {
    await fails(t, [...asked, send(commandPdu, commandPdu), expectAbort(0, 0)], 'protocol', findAll);
  });
  test('a PDU longer than the maximum length that we announced', async (t) => {
    const long = Buffer.alloc(12);
    long.writeUInt8(4, 0);
    long.writeUInt32BE((1 << 18) + 2, 2);
    const error = await fails(t, [...asked, send(long), expectAbort(2, 6)], 'protocol', findAll);
    assert.equal(error.field, 'PDU-length');
  });
  test('a pending response without identifier', async (t) => {
    const bare = responseCommand(findRequest, 0xff00);
    await fails(t, [...asked, send(...message(bare, undefined, 3)), expectCommand(0x0fff), stall], 'protocol', findAll);
  });
  test('an identifier that is no data set', async (t) => {
    const broken = hex('10001000 "PN" FFFF "A"');
    const steps = [...asked, send(...message(pending, broken, 3)), expectCommand(0x0fff), stall];
    await fails(t, steps, 'corrupt', findAll);
  });
  test('a slow writer: everything byte by byte is an answer all the same', async (t) => {
    const final = responseCommand(findRequest, 0);
    const steps = [...asked, trickle(...message(pending, identifier, 3), ...message(final, undefined, 3)), stall];
    const association = await associateWith(await scriptedServer(t, steps));
    assert.equal((await findAll(association)).length, 1);
    association.abort();
    await association.closed;
  });
  test('a duplicate response: a second final one breaks the association, not the operation', async (t) => {
    const final = message(responseCommand(findRequest, 0), undefined, 3);
    const steps = [...asked, send(...final, ...final), expectAbort(0, 0)];
    const peer = await scriptedServer(t, steps);
    const association = await associateWith(peer);
    assert.deepEqual(await findAll(association), []);
    await association.closed;
    await peer.done;
  });
  test('a slow reader: responses that are not read make the peer wait, and the rest is dropped by an abort', async (t) => {
    const many = Array.from({ length: 2000 }, () =>
      message(pending, Buffer.concat(Array(40).fill(identifier)), 3),
    ).flat();
    const steps = [...asked, send(...many), stall];
    const association = await associateWith(await scriptedServer(t, steps));
    const matches = association.find({ sopClassUid: FIND, identifier: STUDY_LEVEL });
    await matches.next();
    association.abort();
    await assert.rejects(matches.next(), { kind: 'aborted' });
    await association.closed;
  });
});

describe('T-63 after C-CANCEL', () => {
  const pending = message(responseCommand(findRequest, 0xff00, {}, true), identifier, 3);
  const final = (status: number) => message(responseCommand(findRequest, status), undefined, 3);
  const asked = [...associated, expectCommand(0x20), expectDataSet];
  const firstOnly = async (association: Association) => {
    for await (const _ of association.find({ sopClassUid: FIND, identifier: STUDY_LEVEL })) break;
  };

  for (const [what, status] of [
    ['FE00', 0xfe00],
    ['a success that was on its way', 0x0000],
    ['a failure', 0xc001],
  ] as const) {
    test(`late responses are let go, and ${what} ends it: the association goes on`, async (t) => {
      const steps = [
        ...asked,
        send(...pending, ...pending, ...pending),
        expectCommand(0x0fff),
        send(...pending, ...final(status)),
        expectCommand(0x30),
        send(...message({ ...responseCommand(echoRequest, 0), messageIdBeingRespondedTo: 2 })),
        expect('release-rq'),
        send({ type: 'release-rp' }),
        expectEnd,
      ];
      const peer = await scriptedServer(t, steps);
      const association = await associateWith(peer);
      await firstOnly(association);
      await association.echo();
      await association.release();
      await peer.done;
      await association.closed;
    });
  }

  test('a peer that goes on for ever is aborted', async (t) => {
    const forEver: Step = async (script) => {
      while (!script.socket.destroyed) {
        await send(...pending)(script);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const association = await associateWith(await scriptedServer(t, [...asked, forEver]));
    await firstOnly(association);
    await association.closed;
    assert.equal(association.isOpen, false);
  });
});

describe('C-GET', WAITING, () => {
  const asked = [...associated, expectCommand(0x10), expectDataSet];
  const store = message(storeRequest, Buffer.alloc(1000), 9);
  const final = (status: number, counts = {}) => message(responseCommand(getRequest, status, counts), undefined, 5);
  const instances = (association: Association) => association.get({ sopClassUid: GET, identifier: STUDY_LEVEL });

  test('an abort in the middle of an instance ends its body and the operation', async (t) => {
    const half = [...message(storeRequest, undefined, 9), pData(0, Buffer.alloc(100), 9)];
    const steps = [...asked, send(...half), send({ type: 'abort', source: 0, reason: 0 })];
    await fails(t, steps, 'aborted', (association) => bodiesOf(instances(association)));
  });
  test('an instance that stops in the middle', async (t) => {
    const half = [...message(storeRequest, undefined, 9), pData(0, Buffer.alloc(100), 9)];
    await fails(t, [...asked, send(...half), stall], 'timeout', (association) => bodiesOf(instances(association)));
  });
  test('a consumer that takes no body lets it go', async (t) => {
    const steps = [...asked, send(...store), expectCommand(0x8001), send(...final(0)), stall];
    const association = await associateWith(await scriptedServer(t, steps));
    assert.equal((await drained(instances(association))).length, 1);
    association.abort();
    await association.closed;
  });
  test('a consumer that leaves in the middle of an instance: C-CANCEL, refusals, and the association goes on', async (t) => {
    const seen: number[] = [];
    const answersOf: Step = async (script) => {
      for (let count = 0; count < 3; count += 1) {
        const pdu = await script.next();
        assert.equal(pdu?.type, 'p-data-tf');
        const command = (await import('../../src/dimse/command.ts')).decodeCommand(
          pdu.values[0]?.fragment ?? Buffer.alloc(0),
        );
        seen.push(command.commandField, command.status ?? -1);
      }
    };
    const steps = [...asked, send(...store, ...store), answersOf, send(...final(0xfe00)), stall];
    const association = await associateWith(await scriptedServer(t, steps));
    for await (const { body } of instances(association)) {
      for await (const _ of body) break;
      break;
    }
    assert.deepEqual(seen, [0x0fff, -1, 0x8001, 0xa700, 0x8001, 0xa700]);
    assert.equal(association.isOpen, true);
    association.abort();
    await association.closed;
  });
  test('B000 with failed sub-operations returns its counts', async (t) => {
    const counts = {
      numberOfCompletedSuboperations: 3,
      numberOfFailedSuboperations: 2,
      numberOfWarningSuboperations: 1,
    };
    const steps = [...asked, send(...final(0xb000, counts)), stall];
    const association = await associateWith(await scriptedServer(t, steps));
    const outcome = await instances(association).next();
    assert.deepEqual(outcome, { done: true, value: { status: 0xb000, completed: 3, failed: 2, warning: 1 } });
    association.abort();
    await association.closed;
  });
  test('a final failure throws, with the counts in words', async (t) => {
    const counts = {
      numberOfCompletedSuboperations: 0,
      numberOfFailedSuboperations: 3,
      numberOfWarningSuboperations: 0,
    };
    const steps = [...asked, send(...final(0xa702, counts)), stall];
    const peer = await scriptedServer(t, steps);
    const association = await associateWith(peer);
    await assert.rejects(instances(association).next(), {
      kind: 'status',
      status: 0xa702,
      message: `C-GET to ODD@127.0.0.1:${peer.port}: status A702 (out of resources: unable to perform sub-operations), 3 of 3 failed`,
    });
    assert.equal(association.isOpen, true);
    association.abort();
    await association.closed;
  });
  test('a C-STORE that nobody asked for is refused', async (t) => {
    const steps = [...associated, send(...store), expectCommand(0x8001), stall];
    const peer = await scriptedServer(t, steps);
    const association = await associateWith(peer);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(association.isOpen, true);
    association.abort();
    await association.closed;
  });
});

describe('C-STORE', WAITING, () => {
  test('D-8 a failure that comes before the data set was sent ends it early, with the last-fragment bit', async (t) => {
    const refusal = responseCommand({ ...storeRequest, messageId: 1 }, 0xa700);
    const steps = [...associated, expectCommand(0x01), send(...message(refusal, undefined, 9)), expectDataSet, stall];
    const association = await associateWith(await scriptedServer(t, steps));
    let taken = 0;
    const body = (async function* () {
      for (; taken < 10_000; taken += 1) {
        yield Buffer.alloc(20_000);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    const { status } = await association.store({ ...instance(), body });
    assert.equal(status, 0xa700);
    assert.ok(taken < 10_000);
    association.abort();
    await association.closed;
  });
  test('a peer that stops reading is given up', async (t) => {
    const endless = Array.from({ length: 1000 }, () => Buffer.alloc(1 << 17));
    const error = await fails(t, [...associated, deaf], 'timeout', (association) =>
      association.store(instance(endless)),
    );
    assert.match(error.message, /does not read/);
  });
  test('a body that throws takes the association with it', async (t) => {
    const steps = [...associated, expectCommand(0x01), expectAbort(0, 0), expectEnd];
    const peer = await scriptedServer(t, steps);
    const association = await associateWith(peer);
    const broken = new Error('disk');
    const body = (async function* () {
      yield Buffer.alloc(10);
      throw broken;
    })();
    await assert.rejects(association.store({ ...instance(), body }), broken);
    await peer.done;
    await association.closed;
  });
  test('without a context for its transfer syntax nothing is sent, and the association stays', async (t) => {
    const steps = [...associated, expect('release-rq'), send({ type: 'release-rp' }), expectEnd];
    const peer = await scriptedServer(t, steps);
    const association = await associateWith(peer);
    const jpeg = { ...instance(), transferSyntaxUid: '1.2.840.10008.1.2.4.50' };
    await assert.rejects(association.store(jpeg), { kind: 'no-context', field: 'transfer-syntax' });
    const other = { ...instance(), sopClassUid: '1.2.3' };
    await assert.rejects(association.store(other), { kind: 'no-context', field: 'abstract-syntax' });
    await association.release();
    await peer.done;
  });
});

describe('releasing', () => {
  test('a peer that does not answer is aborted, and release resolves', async (t) => {
    const peer = await scriptedServer(t, [...associated, expect('release-rq'), expectAbort(0, 0), expectEnd]);
    const association = await associateWith(peer);
    await association.release();
    await association.closed;
    await peer.done;
  });
  test('a peer that releases at the same time: collision, both ways answered', async (t) => {
    const steps = [
      ...associated,
      expect('release-rq'),
      send({ type: 'release-rq' }),
      expect('release-rp'),
      send({ type: 'release-rp' }),
      expectEnd,
    ];
    const peer = await scriptedServer(t, steps);
    const association = await associateWith(peer);
    await association.release();
    await association.closed;
    await peer.done;
  });
  test('a peer that releases an idle association is answered', async (t) => {
    const peer = await scriptedServer(t, [...associated, send({ type: 'release-rq' }), expect('release-rp'), end]);
    const association = await associateWith(peer);
    await association.closed;
    await peer.done;
    assert.equal(association.isOpen, false);
  });
  test('UL-4 a peer that released but never closes is closed by ARTIM', async (t) => {
    const peer = await scriptedServer(t, [...associated, send({ type: 'release-rq' }), expect('release-rp'), stall]);
    const association = await associateWith(peer);
    await association.closed;
    await peer.done;
  });
  test('a peer that ignores an abort is closed by ARTIM', async (t) => {
    const peer = await scriptedServer(t, [...associated, expectAbort(0, 0), stall]);
    const association = await associateWith(peer);
    association.abort();
    await association.closed;
    await peer.done;
  });
  test('an idle association whose peer vanishes is gone', async (t) => {
    for (const step of [end, reset]) {
      const association = await associateWith(await scriptedServer(t, [...associated, step]));
      await association.closed;
      assert.equal(association.isOpen, false);
      await association.release();
    }
  });
});

test('C-MOVE whose peer reports a move destination unknown says so', async (t) => {
  const response = message(responseCommand(moveRequest, 0xa801), undefined, 7);
  const peer = await scriptedServer(t, [...associated, expectCommand(0x21), expectDataSet, send(...response), stall]);
  const association = await associateWith(peer);
  const moving = association.move({ sopClassUid: MOVE, identifier: STUDY_LEVEL, destination: 'NOWHERE' });
  await assert.rejects(moving.next(), { kind: 'status', status: 0xa801, message: /move destination unknown/ });
  association.abort();
  await association.closed;
});

nothingIsLeft();
