// Our listener against requestors that behave oddly: afterwards no association is left, every handler's signal has fired,
// and the next requestor is served.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { decodeCommand, requestCommand, responseCommand } from '../../src/dimse/command.ts';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import {
  connect,
  DicomError,
  type Listener,
  type ListenOptions,
  listen,
  type Services,
} from '../../src/dimse/index.ts';
import { associateRq } from '../../src/dimse/ul/negotiation.ts';
import { encodePdu } from '../../src/dimse/ul/pdu.ts';
import { hex } from '../dimse/hex.ts';
import { CT, FIND, GET, MOVE, proposing, STUDY_LEVEL, VERIFICATION } from '../dimse/proposals.ts';
import {
  associate,
  deaf,
  EXPLICIT,
  end,
  expect,
  expectAbort,
  expectCommand,
  expectEnd,
  message,
  pData,
  reset,
  type Step,
  scriptedClient,
  scriptedServer,
  send,
  stall,
  trickle,
} from '../dimse/scripted-peer.ts';
import { nothingIsLeft } from './nothing-left.ts';

/** Cases that mostly wait, side by side. */
const WAITING = { concurrency: 4 };

const contexts = proposing(VERIFICATION, FIND, GET, CT);

// Long enough for a busy machine where no deadline is meant to pass, short enough to wait for where one is.
const FAST = { response: 500, cancel: 500, release: 500, artim: 500, idle: 800, associate: 1500, connect: 5000 };
const MATCH: Dataset = { '00104000': { vr: 'LT', Value: ['x'.repeat(60_000)] } };

const echoRequest = requestCommand('C-ECHO', { messageId: 1, affectedSopClassUid: VERIFICATION });
const findRequest = requestCommand('C-FIND', { messageId: 1, affectedSopClassUid: FIND }, true);
const getRequest = requestCommand('C-GET', { messageId: 1, affectedSopClassUid: GET }, true);
const storeRequest = requestCommand(
  'C-STORE',
  { messageId: 1, affectedSopClassUid: CT, affectedSopInstanceUid: '1.2.3' },
  true,
);
const identifier = hex('10001000 "PN" 0400 "A^B "');

/** How each performed request ended: what its signal was fired with. */
type Heard = unknown[];

/** Services that go on for ever unless their signal tells them to stop. */
const patient = (heard: Heard): Services => {
  const hear = (signal: AbortSignal) =>
    signal.addEventListener('abort', () => void heard.push(signal.reason), { once: true });
  const endless = (chunk: number) =>
    async function* (signal: AbortSignal): AsyncGenerator<Buffer> {
      while (!signal.aborted) yield Buffer.alloc(chunk);
    };
  return {
    async store({ body }, { signal }) {
      hear(signal);
      for await (const _ of body);
      return 0;
    },
    async *find(_, { signal }) {
      hear(signal);
      while (!signal.aborted) {
        await new Promise((resolve) => setImmediate(resolve));
        yield MATCH;
      }
    },
    async get(_, { signal }) {
      hear(signal);
      const body = endless(1 << 16)(signal);
      const instance = { sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT, body };
      return {
        total: 1,
        instances: (async function* () {
          yield instance;
        })(),
      };
    },
  };
};

async function listening(
  t: TestContext,
  options: Partial<ListenOptions> = {},
): Promise<{ listener: Listener; heard: Heard }> {
  const heard: Heard = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [EXPLICIT],
    timeouts: FAST,
    services: patient(heard),
    ...options,
  });
  t.after(() => listener.close());
  return { listener, heard };
}

async function allGone(listener: Listener): Promise<void> {
  const deadline = Date.now() + 5000;
  while (listener.associations > 0) {
    assert.ok(Date.now() < deadline, `${listener.associations} associations are left`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Plays the script against a listener; then nothing of it may be left, and a proper requestor must be served. */
async function survives(t: TestContext, steps: readonly Step[], options: Partial<ListenOptions> = {}): Promise<Heard> {
  const { listener, heard } = await listening(t, options);
  const script = await scriptedClient(t, listener.port, steps);
  await allGone(listener);
  script.socket.destroy();
  const titles = { calledAeTitle: 'US', callingAeTitle: 'PROPER' };
  const association = await connect({ host: '127.0.0.1', port: listener.port, ...titles, contexts });
  await association.echo();
  await association.release();
  await association.closed;
  await allGone(listener);
  return heard;
}

const associated: Step[] = [associate(contexts), expect('associate-ac')];
const rq = encodePdu(
  associateRq({
    calledAeTitle: 'US',
    callingAeTitle: 'SCRIPT',
    contexts,
    maximumLength: 16384,
    implementationClassUid: '1.2',
    implementationVersionName: 'X',
  }),
);

describe('before an association', WAITING, () => {
  const rows: readonly [string, Step[]][] = [
    ['silence is ended by ARTIM', [stall]],
    ['a request that stops in the middle is ended by ARTIM', [send(rq.subarray(0, 100)), stall]],
    ['a connection that closes at once', [end]],
    ['a connection that is reset in the middle of the request', [send(rq.subarray(0, 100)), reset]],
    ['a connection that closes in the middle of the request', [send(rq.subarray(0, 100)), end]],
    [
      'data before the request: A-ABORT by the service-user (AA-1)',
      [send(pData(3, Buffer.alloc(4))), expectAbort(0, 0), stall],
    ],
    ['a release before the request', [send({ type: 'release-rq' }), expectAbort(0, 0), stall]],
    ['an abort before the request', [send({ type: 'abort', source: 0, reason: 0 }), expectEnd]],
    ['HTTP', [send(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')), expectAbort(0, 0), stall]],
    ['a request of 4 GiB', [send(hex('01 00 FFFFFFFF 0001')), expectAbort(0, 0), stall]],
    [
      'a request whose items do not fit',
      [
        send(Buffer.concat([hex('01 00 00000048 0001 0000'), Buffer.alloc(64, 0x41), hex('10 00 FFFF')])),
        expectAbort(0, 0),
        stall,
      ],
    ],
    [
      'a requestor that never closes after its rejection',
      [send({ ...emptyRq(), protocolVersion: 2 }), expect('associate-rj'), stall],
    ],
  ];
  for (const [name, steps] of rows) test(name, async (t) => void (await survives(t, steps)));

  test('a request that comes byte by byte is a request', async (t) => {
    await survives(t, [trickle(rq), expect('associate-ac'), send({ type: 'release-rq' }), expect('release-rp'), end]);
  });
});

function emptyRq() {
  return { type: 'associate-rq' as const, protocolVersion: 1, calledAeTitle: 'A', callingAeTitle: 'B', items: [] };
}

describe('with an association', WAITING, () => {
  const rows: readonly [string, Step[]][] = [
    ['silence is ended by the idle deadline', [expectAbort(0, 0), stall]],
    ['a connection that closes', [end]],
    ['a connection that is reset', [reset]],
    ['an abort', [send({ type: 'abort', source: 0, reason: 0 }), expectEnd]],
    ['a second request', [send(rq), expectAbort(2, 2), stall]],
    ['an acceptance', [send({ ...emptyRq(), type: 'associate-ac' }), expectAbort(2, 2), stall]],
    ['bytes that are no PDU', [send(Buffer.alloc(20, 0xab)), expectAbort(2, 1), stall]],
    ['a PDV longer than its PDU', [send(hex('04 00 00000006 00000010 01 03')), expectAbort(2, 6), stall]],
    ['a PDU longer than our maximum length', [send(hex('04 00 00040002')), expectAbort(2, 6), stall]],
    ['a release whose requestor never closes', [send({ type: 'release-rq' }), expect('release-rp'), stall]],
    [
      'data after a release',
      [send({ type: 'release-rq' }), expect('release-rp'), send(pData(3, Buffer.alloc(4))), stall],
    ],
    ['a command set that stops in the middle', [send(pData(1, Buffer.alloc(10))), expectAbort(0, 0), stall]],
    ['a command set that is none', [send(pData(3, Buffer.alloc(11, 7))), expectAbort(0, 0), stall]],
    [
      'a command set of a megabyte',
      [send(...Array.from({ length: 8 }, () => pData(1, Buffer.alloc(16000)))), expectAbort(0, 0), stall],
    ],
    [
      'a command in a context that was not accepted',
      [send(...message(echoRequest, undefined, 99)), expectAbort(0, 0), stall],
    ],
    ['a response to nothing', [send(...message(responseCommand(echoRequest, 0))), expectAbort(0, 0), stall]],
    ['a data set without a command', [send(pData(2, Buffer.alloc(10))), expectAbort(0, 0), stall]],
    ['a C-CANCEL of nothing', [send(...message(requestCommand('C-CANCEL', { messageIdBeingRespondedTo: 5 }))), end]],
    ['a request without message ID', [send(...message(requestCommand('C-ECHO', {}))), expectAbort(0, 0), stall]],
  ];
  for (const [name, steps] of rows) test(name, async (t) => void (await survives(t, [...associated, ...steps])));
});

describe('while a request is performed', WAITING, () => {
  const requests: readonly [string, Step[]][] = [
    ['C-STORE', [send(...message(storeRequest, undefined, 7), pData(0, Buffer.alloc(1000), 7))]],
    ['C-FIND', [send(...message(findRequest, identifier, 3)), expectCommand(0x8020)]],
    ['C-GET', [send(...message(getRequest, identifier, 5)), expectCommand(0x01)]],
  ];
  const endings: readonly [string, Step[]][] = [
    ['the connection closes', [end]],
    ['the connection is reset', [reset]],
    ['the peer aborts', [send({ type: 'abort', source: 0, reason: 0 })]],
    ['the peer falls silent, and deaf', [deaf]],
    ['bytes come that are no PDU', [send(Buffer.alloc(64, 0xee)), deaf]],
  ];
  for (const [name, request] of requests) {
    for (const [what, ending] of endings) {
      test(`${name}: ${what}`, async (t) => {
        const heard = await survives(t, [...associated, ...request, ...ending]);
        assert.equal(heard.length, 1);
        assert.ok(heard[0] instanceof DicomError);
      });
    }
  }

  test('D-23 C-FIND: C-CANCEL is heard while matches go out, and answered FE00', async (t) => {
    const final: Step = async (script) => {
      for (;;) {
        const pdu = await script.next();
        assert.equal(pdu?.type, 'p-data-tf');
        const [value] = pdu.values;
        if (value === undefined || (value.control & 1) === 0) continue;
        if (decodeCommand(value.fragment).status === 0xfe00) return;
      }
    };
    const cancel = requestCommand('C-CANCEL', { messageIdBeingRespondedTo: 1 });
    const steps = [
      ...associated,
      send(...message(findRequest, identifier, 3)),
      expectCommand(0x8020),
      send(...message(cancel, undefined, 3)),
      final,
      send(...message(echoRequest)),
      expectCommand(0x8030),
      send({ type: 'release-rq' }),
      expect('release-rp'),
      end,
    ];
    const [reason] = await survives(t, steps);
    assert.ok(reason instanceof DicomError && reason.kind === 'cancelled');
  });

  test('a second request waits its turn', async (t) => {
    const order: string[] = [];
    const services: Services = {
      async echo() {
        order.push('echo begins');
        await new Promise((resolve) => setTimeout(resolve, 20));
        order.push('echo ends');
        return 0;
      },
    };
    const second = { ...echoRequest, messageId: 2 };
    await survives(
      t,
      [
        ...associated,
        send(...message(echoRequest), ...message(second)),
        expectCommand(0x8030),
        expectCommand(0x8030),
        end,
      ],
      { services },
    );
    assert.deepEqual(order.slice(0, 4), ['echo begins', 'echo ends', 'echo begins', 'echo ends']);
  });
});

describe('a service that fails', () => {
  const answers =
    (field: number, status: number): Step =>
    async (script) => {
      const pdu = await script.next();
      assert.equal(pdu?.type, 'p-data-tf');
      const command = decodeCommand(pdu.values[0]?.fragment ?? Buffer.alloc(0));
      assert.deepEqual([command.commandField, command.status], [field, status]);
    };
  const echo = (error: unknown): Services => ({ echo: () => Promise.reject(error) });
  for (const [what, error, status] of [
    ['a status of its own', new DicomError('status', 'no', { status: 0xc123 }), 0xc123],
    ['a bug', new TypeError('undefined is not a function'), 0x0110],
    ['a busy gateway', new DicomError('busy', 'later'), 0xa700],
  ] as const) {
    test(`${what} is answered ${status.toString(16)}, and the association goes on`, async (t) => {
      const { listener } = await listening(t, { services: echo(error) });
      const steps = [...associated, send(...message(echoRequest)), answers(0x8030, status), end];
      await scriptedClient(t, listener.port, steps);
      await allGone(listener);
    });
  }
  test('a C-STORE refused before its data set was read: the rest is let go', async (t) => {
    const refuse: Services = { store: async () => 0xa700 };
    const steps = [
      ...associated,
      send(
        ...message(storeRequest, undefined, 7),
        pData(0, Buffer.alloc(10_000), 7),
        pData(2, Buffer.alloc(10_000), 7),
      ),
      answers(0x8001, 0xa700),
      send(...message(echoRequest)),
      answers(0x8030, 0),
      end,
    ];
    await survives(t, steps, { services: refuse });
  });
  test('what nobody serves is refused: 0122 for a service, 0211 for a command nobody defined', async (t) => {
    const unknown = { ...echoRequest, commandField: 0x0777 };
    const steps = [
      ...associated,
      send(...message(findRequest, identifier, 3)),
      answers(0x8020, 0x0122),
      send(...message(unknown)),
      answers(0x8777, 0x0211),
      end,
    ];
    await survives(t, steps, { services: {} });
  });
  test('an identifier that is no data set is a failure, not the end', async (t) => {
    const steps = [
      ...associated,
      send(...message(findRequest, hex('10001000 "PN" FFFF "A"'), 3)),
      answers(0x8020, 0x0110),
      end,
    ];
    await survives(t, steps);
  });
});

test('close() ends what is there, in whatever state', async (t) => {
  const { listener } = await listening(t);
  const ready = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const now =
    (index: number): Step =>
    async () =>
      ready[index]?.resolve();
  const finding = [send(...message(findRequest, identifier, 3)), expectCommand(0x8020)];
  const scripts = [
    scriptedClient(t, listener.port, [now(0), stall]),
    scriptedClient(t, listener.port, [...associated, now(1), stall]),
    scriptedClient(t, listener.port, [...associated, ...finding, now(2), stall]),
  ];
  await Promise.all(ready.map(({ promise }) => promise));
  await listener.close();
  assert.equal(listener.associations, 0);
  await Promise.all(scripts);
});

test('an acceptor that releases meets the requestor doing the same (collision, acceptor side)', async (t) => {
  const services: Services = {
    async echo({ association }) {
      setImmediate(() => void association.release());
      return 0;
    },
  };
  const steps = [
    ...associated,
    send(...message(echoRequest)),
    expectCommand(0x8030),
    expect('release-rq'),
    send({ type: 'release-rq' }),
    send({ type: 'release-rp' }),
    expect('release-rp'),
    end,
  ];
  const { listener } = await listening(t, { services });
  await scriptedClient(t, listener.port, steps);
  await allGone(listener);
});

test('a C-MOVE whose destination never answers fails, and the asking association goes on', async (t) => {
  const silent = await scriptedServer(t, [expect('associate-rq'), stall]);
  const services: Services = {
    async move() {
      const body = (async function* () {
        yield Buffer.alloc(10);
      })();
      const instances = (async function* () {
        yield { sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT, body };
      })();
      return { total: 1, instances, to: { host: '127.0.0.1', port: silent.port, aeTitle: 'SILENT' } };
    },
  };
  const { listener } = await listening(t, { services });
  const association = await connect({
    host: '127.0.0.1',
    port: listener.port,
    calledAeTitle: 'US',
    callingAeTitle: 'MOVER',
    contexts: [...contexts, { abstractSyntax: MOVE, transferSyntaxes: [EXPLICIT] }],
  });
  const moving = association.move({ sopClassUid: MOVE, identifier: STUDY_LEVEL, destination: 'SILENT' });
  await assert.rejects(moving.next(), { kind: 'status', status: 0xa702 });
  await association.echo();
  await association.release();
  await allGone(listener);
});

nothingIsLeft();
