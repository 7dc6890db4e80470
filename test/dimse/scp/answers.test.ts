// What our side answers as SCP, command set by command set: read from the wire, where our own requestor would hide it.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Command, decodeCommand, requestCommand } from '../../../src/dimse/command.ts';
import { DicomError, type Instance, listen, type Services } from '../../../src/dimse/index.ts';
import { hex } from '../../dimse/hex.ts';
import { CT, GET, MOVE, proposing, VERIFICATION } from '../proposals.ts';
import {
  associate,
  EXPLICIT,
  end,
  expect,
  IMPLICIT,
  message,
  type Step,
  scriptedClient,
  send,
} from '../scripted-peer.ts';

const COMMITMENT = '1.2.840.10008.1.20.1';
const contexts = proposing(VERIFICATION, CT, GET, MOVE, COMMITMENT);
const ID = Object.fromEntries(contexts.map(({ abstractSyntax }, index) => [abstractSyntax, 2 * index + 1]));
const IDENTIFIER = hex('08005200 "CS" 0600 "STUDY "');

async function serving(t: TestContext, services: Services) {
  const listener = await listen({ host: '127.0.0.1', port: 0, contexts: () => [EXPLICIT, IMPLICIT], services });
  t.after(() => listener.close());
  return listener;
}

/** The command sets that answer these steps, `count` of them. */
async function answers(t: TestContext, services: Services, count: number, ...steps: Step[]): Promise<Command[]> {
  const { port } = await serving(t, services);
  const seen: Command[] = [];
  const listening: Step = async (script) => {
    while (seen.length < count) {
      const pdu = await script.next();
      assert.equal(pdu?.type, 'p-data-tf');
      for (const { control, fragment } of pdu.values) if (control === 3) seen.push(decodeCommand(fragment));
    }
  };
  await scriptedClient(t, port, [associate(contexts), expect('associate-ac'), ...steps, listening, end]);
  return seen;
}

const asking = (
  name: Parameters<typeof requestCommand>[0],
  elements: Partial<Command>,
  sopClass: string,
  data?: Buffer,
) => send(...message(requestCommand(name, { messageId: 7, ...elements }, data !== undefined), data, ID[sopClass]));
const echo = asking('C-ECHO', { affectedSopClassUid: VERIFICATION }, VERIFICATION);
const store = asking('C-STORE', { affectedSopClassUid: CT, affectedSopInstanceUid: '1.2.3' }, CT, IDENTIFIER);
const move = asking('C-MOVE', { affectedSopClassUid: MOVE, moveDestination: 'DEST' }, MOVE, IDENTIFIER);
const get = asking('C-GET', { affectedSopClassUid: GET }, GET, IDENTIFIER);

const instance = (sopInstanceUid: string, more: Partial<Instance> = {}): Instance => ({
  sopClassUid: CT,
  sopInstanceUid,
  transferSyntaxUid: EXPLICIT,
  body: (async function* () {
    yield Buffer.from(IDENTIFIER);
  })(),
  ...more,
});

/** A body that must not be read, and how often it was let go. */
function unreadable() {
  let returned = 0;
  const body: Instance['body'] = {
    [Symbol.asyncIterator]: () => ({
      next: () => assert.fail('read'),
      return: async () => {
        returned += 1;
        return { done: true, value: undefined };
      },
    }),
  };
  return { body, returned: () => returned };
}

const counts = ({ status, ...command }: Command) => ({
  status,
  remaining: command.numberOfRemainingSuboperations,
  completed: command.numberOfCompletedSuboperations,
  failed: command.numberOfFailedSuboperations,
  warning: command.numberOfWarningSuboperations,
});

describe('PS3.7 Annex C the status of an error', () => {
  const rows = [
    ['malformed', 0xa900],
    ['cancelled', 0xfe00],
    ['busy', 0xa700],
    ['too-large', 0xa700],
    ['not-found', 0x0112],
    ['unsupported-media', 0xc122],
    ['corrupt', 0x0110],
  ] as const;
  for (const [kind, status] of rows) {
    test(`${kind} is ${status.toString(16)}`, async (t) => {
      const services: Services = { echo: () => Promise.reject(new DicomError(kind, 'why')) };
      const [answer] = await answers(t, services, 1, echo);
      assert.deepEqual([answer?.status, answer?.errorComment], [status, 'why']);
    });
  }
  test('Error Comment is LO: at most 64 characters, without control characters and backslash', async (t) => {
    const error = new DicomError('busy', `a\\b\nc\u00fc${'x'.repeat(100)}`);
    const [answer] = await answers(t, { echo: () => Promise.reject(error) }, 1, echo);
    assert.equal(answer?.errorComment, `abc${'x'.repeat(61)}`);
  });
});

test('C-STORE-RSP names class and instance, also where it refuses', async (t) => {
  const taken = await answers(t, { store: async () => 0 }, 1, store);
  const refused = await answers(t, { store: () => Promise.reject(new DicomError('busy', 'later')) }, 1, store);
  for (const [answer] of [taken, refused]) {
    assert.deepEqual([answer?.affectedSopClassUid, answer?.affectedSopInstanceUid], [CT, '1.2.3']);
  }
});

test('PS3.7 10.3 N-ACTION-RSP and N-EVENT-REPORT-RSP repeat the type and name the instance', async (t) => {
  const services: Services = { normalized: async () => ({ status: 0x0110, comment: 'y'.repeat(70) }) };
  const asked = { requestedSopClassUid: COMMITMENT, requestedSopInstanceUid: '1.9', actionTypeId: 4 };
  const [action] = await answers(t, services, 1, asking('N-ACTION', asked, COMMITMENT));
  assert.deepEqual([action?.actionTypeId, action?.affectedSopInstanceUid], [4, '1.9']);
  assert.equal(action?.errorComment?.length, 64);
  const reported = { affectedSopClassUid: COMMITMENT, affectedSopInstanceUid: '1.8', eventTypeId: 2 };
  const [event] = await answers(t, services, 1, asking('N-EVENT-REPORT', reported, COMMITMENT));
  assert.deepEqual([event?.eventTypeId, event?.affectedSopInstanceUid], [2, '1.8']);
});

describe('sub-operations', () => {
  /** C-MOVE of these instances to a destination that answers as told, or `performed` in place of its end. */
  async function moving(t: TestContext, statuses: Record<string, number>, instances: Instance[], total?: number) {
    const arrived: string[] = [];
    const destination = await serving(t, {
      async store({ sopInstanceUid, transferSyntaxUid, body }) {
        for await (const _ of body);
        arrived.push(`${sopInstanceUid} ${transferSyntaxUid}`);
        return statuses[sopInstanceUid] ?? 0;
      },
    });
    const services: Services = {
      move: async ({ destination: aeTitle }) => ({
        total: total ?? instances.length,
        instances: (async function* () {
          yield* instances;
        })(),
        to: { host: '127.0.0.1', port: destination.port, aeTitle },
      }),
    };
    return { arrived, destination, services };
  }
  const last = (all: Command[]) => counts(all.at(-1) ?? { commandField: 0, commandDataSetType: 0 });

  test('one with a warning and none that failed is B000, counted as a warning', async (t) => {
    const { services } = await moving(t, { '1.1': 0xb007 }, [instance('1.1'), instance('1.2')]);
    const final = last(await answers(t, services, 2, move));
    assert.deepEqual(final, { status: 0xb000, remaining: undefined, completed: 1, failed: 0, warning: 1 });
  });
  test('one with a warning and one that failed is B000, not A702', async (t) => {
    const { services } = await moving(t, { '1.1': 0xb007, '1.2': 0xa700 }, [instance('1.1'), instance('1.2')]);
    const final = last(await answers(t, services, 2, move));
    assert.deepEqual(final, { status: 0xb000, remaining: undefined, completed: 0, failed: 1, warning: 1 });
  });
  test('more than were told do not make the remaining ones negative', async (t) => {
    const { services } = await moving(t, {}, [instance('1.1'), instance('1.2')], 1);
    const final = last(await answers(t, services, 1, move));
    assert.deepEqual(final, { status: 0, remaining: undefined, completed: 2, failed: 0, warning: 0 });
  });
  test('of one class in two transfer syntaxes each goes out as it is, and no association stays', async (t) => {
    const other = instance('1.2', { transferSyntaxUid: IMPLICIT });
    const { services, arrived, destination } = await moving(t, {}, [instance('1.1'), other]);
    assert.equal(last(await answers(t, services, 2, move)).status, 0);
    assert.deepEqual(arrived, [`1.1 ${EXPLICIT}`, `1.2 ${IMPLICIT}`]);
    for (let tries = 0; destination.associations > 0 && tries < 500; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(destination.associations, 0);
  });
  test('a C-MOVE that is cancelled ends as FE00 with what remains', async (t) => {
    const { services } = await moving(t, {}, []);
    const unread = unreadable();
    const begun = Promise.withResolvers<void>();
    const cancelled: Services = {
      async move(request, context) {
        const retrieval = await services.move?.(request, context);
        assert.ok(retrieval);
        const instances = (async function* () {
          yield instance('1.1');
          begun.resolve();
          await new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
          yield instance('1.2', { body: unread.body });
        })();
        return { ...retrieval, total: 5, instances };
      },
    };
    const cancel = send(...message(requestCommand('C-CANCEL', { messageIdBeingRespondedTo: 7 }), undefined, ID[MOVE]));
    const final = last(await answers(t, cancelled, 2, move, () => begun.promise, cancel));
    assert.deepEqual(final, { status: 0xfe00, remaining: 4, completed: 1, failed: 0, warning: 0 });
    assert.equal(unread.returned(), 1);
  });
  test('a destination that breaks off is the failure of all that is left: A702', async (t) => {
    const breaking = instance('1.2', {
      body: (async function* () {
        yield Buffer.from(IDENTIFIER);
        throw new DicomError('corrupt', 'the file ends here');
      })(),
    });
    const { services } = await moving(t, {}, [instance('1.1'), breaking]);
    const final = last(await answers(t, services, 2, move));
    assert.deepEqual([final.status, final.completed], [0xa702, undefined]);
  });
  test('an instance that cannot be sent is let go unread', async (t) => {
    const unread = unreadable();
    const stray = instance('1.1', { sopClassUid: '1.2.840.10008.5.1.4.1.1.7', body: unread.body });
    const services: Services = {
      get: async () => ({
        total: 1,
        instances: (async function* () {
          yield stray;
        })(),
      }),
    };
    const final = last(await answers(t, services, 1, get));
    assert.deepEqual(final, { status: 0xa702, remaining: undefined, completed: 0, failed: 1, warning: 0 });
    assert.equal(unread.returned(), 1);
  });
});
