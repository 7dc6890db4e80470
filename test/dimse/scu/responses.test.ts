// Responses that a requestor must put up with: data sets that nobody asked for, rare statuses, and an instance that stops half way.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Command, requestCommand, responseCommand } from '../../../src/dimse/command.ts';
import { type Association, connect, type Instance } from '../../../src/dimse/index.ts';
import { hex } from '../hex.ts';
import { CT, FIND, GET, proposing, STUDY_LEVEL, VERIFICATION } from '../proposals.ts';
import {
  accept,
  EXPLICIT,
  expect,
  expectCommand,
  expectDataSet,
  message,
  pData,
  type Step,
  scriptedServer,
  send,
  stall,
} from '../scripted-peer.ts';

const contexts = proposing(VERIFICATION, FIND, GET, CT);
/** Presentation contexts. */
const [ECHOES, FINDS, , STORES] = [1, 3, 5, 7];
const IDENTIFIER = hex('08005200 "CS" 0600 "STUDY "');
const asked = (name: Parameters<typeof requestCommand>[0], messageId = 1) => requestCommand(name, { messageId });

async function associated(t: TestContext, ...steps: Step[]): Promise<Association> {
  const peer = await scriptedServer(t, [expect('associate-rq'), accept(), ...steps, stall]);
  const titles = { calledAeTitle: 'ODD', callingAeTitle: 'US' };
  const association = await connect({ host: '127.0.0.1', port: peer.port, ...titles, contexts });
  t.after(() => association.abort());
  return association;
}

const instance: Instance = {
  sopClassUid: CT,
  sopInstanceUid: '1.2.3',
  transferSyntaxUid: EXPLICIT,
  body: (async function* () {
    yield Buffer.alloc(100);
  })(),
};

async function last<T>(generator: AsyncGenerator<T, unknown>): Promise<unknown> {
  for (;;) {
    const step = await generator.next();
    if (step.done) return step.value;
  }
}

const STRAY: [name: 'C-ECHO' | 'C-STORE' | 'C-FIND', request: Step[], run: (by: Association) => Promise<unknown>][] = [
  ['C-ECHO', [expectCommand(0x30)], (by) => by.echo()],
  ['C-STORE', [expectCommand(0x01), expectDataSet], (by) => by.store(instance)],
  [
    'C-FIND',
    [expectCommand(0x20), expectDataSet],
    (by) => last(by.find({ sopClassUid: FIND, identifier: STUDY_LEVEL })),
  ],
];
for (const [name, request, run] of STRAY) {
  test(`a ${name}-RSP with a data set of many fragments is done with, and the next operation is answered`, async (t) => {
    const response: Command = { ...responseCommand(asked(name), 0x0000), commandDataSetType: 1 };
    const [command, ...data] = message(response, IDENTIFIER, ECHOES);
    const before = Array.from({ length: 200 }, () => pData(0, Buffer.alloc(16_000)));
    const echoed = responseCommand(asked('C-ECHO', 2), 0x0000);
    const echoing = [expectCommand(0x30), send(...message(echoed, undefined, ECHOES))];
    const answering = send(...(command === undefined ? [] : [command]), ...before, ...data);
    const association = await associated(t, ...request, answering, ...echoing);
    await run(association);
    await association.echo();
  });
}

describe('the final status of a C-FIND', () => {
  const answered = (t: TestContext, status: number, more: Partial<Command> = {}) =>
    associated(
      t,
      expectCommand(0x20),
      expectDataSet,
      send(...message({ ...responseCommand(asked('C-FIND'), status), ...more }, undefined, FINDS)),
    );
  const found = (by: Association) => last(by.find({ sopClassUid: FIND, identifier: STUDY_LEVEL }));

  test('PS3.7 C.4 a warning is the end of the matches, not a failure', async (t) => {
    await found(await answered(t, 0x0107));
  });
  test('a failure says that there was a comment, but not what: it may name a patient', async (t) => {
    const failed = found(await answered(t, 0xc001, { errorComment: 'no such DOE^JOHN' }));
    await assert.rejects(failed, ({ message: said }: Error) => {
      assert.match(said, /with a comment/);
      assert.doesNotMatch(said, /DOE/);
      return true;
    });
  });
  test('a failure without a comment says nothing of one', async (t) => {
    await assert.rejects(found(await answered(t, 0xc001)), ({ message: said }: Error) => !said.includes('comment'));
  });
});

test('a signal that fires interrupts an instance of a C-GET that stops half way', async (t) => {
  const caller = new AbortController();
  const store = requestCommand(
    'C-STORE',
    { messageId: 9, affectedSopClassUid: CT, affectedSopInstanceUid: '1.2.3' },
    true,
  );
  const [command] = message(store, IDENTIFIER, STORES);
  const half = [...(command === undefined ? [] : [command]), pData(0, Buffer.alloc(100), STORES)];
  const association = await associated(t, expectCommand(0x10), expectDataSet, send(...half));
  const getting = association.get({ sopClassUid: GET, identifier: STUDY_LEVEL }, { signal: caller.signal });
  const { value } = await getting.next();
  assert.ok(value !== undefined && 'body' in value);
  const body = value.body[Symbol.asyncIterator]();
  await body.next();
  const next = body.next();
  caller.abort();
  await assert.rejects(next, { kind: 'cancelled' });
});
