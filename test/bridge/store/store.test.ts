// Store against our own listener: what goes out on which context, and what the client is told of each instance.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { createPacs, type Pacs } from '../../../src/bridge/pacs/pacs.ts';
import { Proposals, refusalOf, type Transcode } from '../../../src/bridge/store/contexts.ts';
import { storeResult } from '../../../src/bridge/store/result.ts';
import { type StoreItem, type StoreOptions, type StoreResult, store } from '../../../src/bridge/store/store.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { Tag } from '../../../src/dimse/data/tags.ts';
import { ExplicitBig, ExplicitLittle, ImplicitLittle, Jpeg2000 } from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { type Association, type Listener, listen } from '../../../src/dimse/index.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const MR = '1.2.840.10008.5.1.4.1.1.4';
const BASE = 'http://gateway/dicomweb';
const PLAIN = [ExplicitLittle, ImplicitLittle];

type Received = {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  body: Buffer;
  from: string;
};

type PeerOptions = {
  syntaxes?: (sopClassUid: string) => readonly string[] | undefined;
  answer?: (sopInstanceUid: string) => number | Promise<number>;
  storeAssociations?: number;
  /** The association is aborted when this instance arrives. */
  abortAt?: string;
  /** Rejects every association. */
  rejects?: boolean;
  /** Milliseconds that the gateway waits for an answer. */
  responseMs?: number;
};

const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
});

async function peer(options: PeerOptions = {}): Promise<{ pacs: Pacs; received: Received[]; listener: Listener }> {
  const received: Received[] = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    allowCalling: () => options.rejects !== true,
    contexts: (uid) => (options.syntaxes ?? (() => PLAIN))(uid),
    services: {
      store: async (instance, { association, peer: from }) => {
        const chunks: Buffer[] = [];
        for await (const chunk of instance.body) chunks.push(chunk);
        if (instance.sopInstanceUid === options.abortAt) association.abort();
        const { sopClassUid, sopInstanceUid, transferSyntaxUid, moveOriginator } = instance;
        assert.equal(moveOriginator, undefined, 'S-37 no Move Originator');
        const status = (await options.answer?.(instance.sopInstanceUid)) ?? 0;
        received.push({ sopClassUid, sopInstanceUid, transferSyntaxUid, body: Buffer.concat(chunks), from });
        return status;
      },
    },
  });
  const pacs = pacsAt(listener.port, options);
  closers.push(async () => {
    await pacs.close();
    await listener.close();
  });
  return { pacs, received, listener };
}

function pacsAt(port: number, { storeAssociations = 4, responseMs }: PeerOptions = {}): Pacs {
  const config = loadConfig({ env: { HOME: '/' }, flags: { pacs: [`STORE@127.0.0.1:${port}`] } });
  const [one] = config.pacs;
  assert.ok(one);
  const timeouts = { ...one.timeouts, ...(responseMs !== undefined && { response: responseMs }) };
  return createPacs({ config: { ...one, storeAssociations, timeouts }, aeTitle: 'GATEWAY' });
}

const content = (uid: string): Dataset => ({
  [Tag.SOPClassUID]: { vr: 'UI', Value: [CT] },
  [Tag.SOPInstanceUID]: { vr: 'UI', Value: [uid] },
  [Tag.Rows]: { vr: 'US', Value: [4660] },
});

async function* bytes(whole: Buffer): AsyncGenerator<Buffer, void> {
  yield whole.subarray(0, 10);
  yield whole.subarray(10);
}

function instance(uid: string, changes: Partial<Extract<StoreItem, { body: unknown }>> = {}): StoreItem {
  const transferSyntaxUid = changes.transferSyntaxUid ?? ExplicitLittle;
  const encoding = transferSyntaxUid === Jpeg2000 ? ExplicitLittle : transferSyntaxUid;
  return {
    sopClassUid: CT,
    sopInstanceUid: uid,
    transferSyntaxUid,
    studyInstanceUid: '1.1',
    seriesInstanceUid: '1.1.1',
    body: bytes(writeDataset(content(uid), encoding)),
    ...changes,
  };
}

async function* each(items: StoreItem[]): AsyncGenerator<StoreItem, void> {
  yield* items;
}

const send = (pacs: Pacs, items: StoreItem[], study?: string, more: Partial<StoreOptions> = {}): Promise<StoreResult> =>
  store(pacs, each(items), {
    ...more,
    baseUrl: BASE,
    signal: new AbortController().signal,
    ...(study === undefined ? {} : { study }),
  });

const rowsOf = (result: StoreResult, tag: string) => (result.response[tag]?.Value ?? []) as Dataset[];
const reasons = (result: StoreResult) =>
  rowsOf(result, Tag.FailedSOPSequence).map((row) => row[Tag.FailureReason]?.Value?.[0]);

test('S-40 all stored: 200, each with its URL, and the bytes as they came', async () => {
  const { pacs, received } = await peer();
  const result = await send(pacs, [instance('1.1.1.1'), instance('1.1.1.2')]);
  assert.deepEqual([result.httpStatus, result.stored, result.failed], [200, 2, 0]);
  assert.deepEqual(result.response[Tag.RetrieveURL], { vr: 'UR', Value: [`${BASE}/studies/1.1`] });
  assert.deepEqual(rowsOf(result, Tag.ReferencedSOPSequence)[1], {
    [Tag.ReferencedSOPClassUID]: { vr: 'UI', Value: [CT] },
    [Tag.ReferencedSOPInstanceUID]: { vr: 'UI', Value: ['1.1.1.2'] },
    [Tag.RetrieveURL]: { vr: 'UR', Value: [`${BASE}/studies/1.1/series/1.1.1/instances/1.1.1.2`] },
  });
  assert.deepEqual(received[0]?.body, writeDataset(content('1.1.1.1'), ExplicitLittle));
  assert.equal(result.response[Tag.FailedSOPSequence], undefined);
});

test('S-35 a mixture of classes needs few associations: those of the first class, and those of all', async () => {
  const { pacs, received } = await peer();
  const classes = Array.from({ length: 24 }, (_, n) => (n % 2 === 0 ? CT : MR));
  const mixture = classes.map((sopClassUid, n) => instance(`1.${n + 1}`, { sopClassUid }));
  assert.equal((await send(pacs, mixture)).httpStatus, 200);
  const used = new Set(received.map(({ from }) => from)).size;
  assert.ok(used <= 1 + pacs.config.maxAssociations, `${used} associations`);
});

test('S-35 the next instance goes out while the PACS has not yet answered the one before', async () => {
  let answerFirst = (_status: number) => {};
  const first = new Promise<number>((resolve) => (answerFirst = resolve));
  const { pacs, received } = await peer({
    answer: (uid) => {
      if (uid === '1.1') return first;
      answerFirst(0xb007);
      return 0;
    },
  });
  const result = await send(pacs, [instance('1.1'), instance('1.2')]);
  assert.deepEqual(received.map(({ sopInstanceUid }) => sopInstanceUid).sort(), ['1.1', '1.2']);
  const rows = rowsOf(result, Tag.ReferencedSOPSequence);
  assert.deepEqual(
    rows.map((row) => row[Tag.ReferencedSOPInstanceUID]?.Value?.[0]),
    ['1.1', '1.2'],
    'rows keep the order of the upload',
  );
  assert.ok(rows[0]?.[Tag.WarningReason]);
});

test('S-35 never more instances under way than the PACS may have associations', async () => {
  let [underWay, most] = [0, 0];
  const { pacs } = await peer({
    answer: async () => {
      most = Math.max(most, ++underWay);
      await setImmediate();
      underWay--;
      return 0;
    },
  });
  await send(
    pacs,
    Array.from({ length: 40 }, (_, n) => instance(`1.${n + 1}`)),
  );
  assert.ok(most > 1 && most <= pacs.config.maxAssociations, `${most} at one time`);
});

test('S-35 with one association instances go one by one, and the next is read meanwhile, up to a limit', async () => {
  const control = Promise.withResolvers<number>();
  let read = 0;
  const { pacs, received } = await peer({
    storeAssociations: 1,
    answer: (uid) => (uid === '1.1' ? control.promise : 0),
  });
  async function* large(): AsyncGenerator<Buffer, void> {
    const whole = writeDataset(
      { ...content('1.2'), '7FE00010': { vr: 'OW', InlineBinary: Buffer.alloc(16e6) } },
      ExplicitLittle,
    );
    for (let at = 0; at < whole.length; at += 1e6) {
      yield whole.subarray(at, at + 1e6);
      read += 1e6;
      if (read === 3e6) setTimeout(control.resolve, 100, 0);
      assert.ok(received.length > 0 || read < 6e6, `${read} bytes are read before the first is answered`);
    }
  }
  const result = await send(pacs, [instance('1.1'), instance('1.2', { body: large() })]);
  assert.equal(result.httpStatus, 200);
  assert.equal(received[1]?.body.length, writeDataset(content('1.2'), ExplicitLittle).length + 12 + 16e6);
  assert.equal(new Set(received.map(({ from }) => from)).size, 1);
});

/** A PACS that fails on what arrives while it still has another one, as dcmqrscp does. */
function oneAtATime() {
  let underWay = 0;
  return async (): Promise<number> => {
    const isBeside = underWay++ > 0;
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    underWay--;
    return isBeside ? 0xc000 : 0;
  };
}

const twelve = () => Array.from({ length: 12 }, (_, n) => instance(`1.${n + 1}`));

test('S-35 what a PACS failed on beside others is sent once more alone, and the rest one by one', async () => {
  const { pacs, received } = await peer({ answer: oneAtATime() });
  const result = await send(pacs, twelve());
  assert.deepEqual([result.httpStatus, result.stored, reasons(result)], [200, 12, []]);
  const again = received.length - 12;
  assert.ok(again > 0 && again <= 2 * pacs.config.storeAssociations - 2, `${again} sent again`);
  for (const { sopInstanceUid, body } of received) {
    assert.deepEqual(body, writeDataset(content(sopInstanceUid), ExplicitLittle));
  }
});

test('S-35 what fails alone too has failed, and the others go on beside each other', async () => {
  let [underWay, most] = [0, 0];
  const { pacs, received } = await peer({
    answer: async (uid) => {
      underWay++;
      if (received.length > 6) most = Math.max(most, underWay);
      for (let turn = 0; turn < 20; turn++) await setImmediate();
      underWay--;
      return uid === '1.2' ? 0xc001 : 0;
    },
  });
  const result = await send(pacs, twelve());
  assert.deepEqual([result.httpStatus, result.stored, reasons(result)], [202, 11, [0xc001]]);
  assert.equal(received.filter(({ sopInstanceUid }) => sopInstanceUid === '1.2').length, 2);
  assert.ok(most > 1, `${most} at one time`);
});

test('S-35 a failure that is no failure of processing is not tried again, nor is what is too long to be kept', async () => {
  const long = { ...content('1.2'), '7FE00010': { vr: 'OW' as const, InlineBinary: Buffer.alloc(5e6) } };
  const { pacs, received } = await peer({ answer: (uid) => (uid === '1.1' ? 0xa900 : uid === '1.2' ? 0xc000 : 0) });
  const items = [
    instance('1.1'),
    instance('1.2', { body: bytes(writeDataset(long, ExplicitLittle)) }),
    instance('1.3'),
  ];
  const result = await send(pacs, items);
  assert.deepEqual([result.stored, reasons(result)], [1, [0xa900, 0xc000]]);
  assert.equal(received.length, 3);
});

test('S-33 two of one SOP Instance UID go one after the other, and each has the answer of the PACS', async () => {
  let [underWay, most] = [0, 0];
  const { pacs, received } = await peer({
    answer: async () => {
      most = Math.max(most, ++underWay);
      // Long enough for another one to arrive.
      await pause(100);
      underWay--;
      return received.length > 0 ? 0x0111 : 0;
    },
  });
  const result = await send(pacs, [instance('1.1'), instance('1.1')]);
  assert.equal(most, 1);
  assert.deepEqual([result.httpStatus, result.stored, reasons(result)], [202, 1, [0x0111]]);
});

test('S-36 each syntax is proposed in a context of its own: the stored one, and both that anything can be made of', () => {
  assert.deepEqual(
    new Proposals().forInstance(CT, Jpeg2000),
    [Jpeg2000, ...PLAIN].map((syntax) => ({ abstractSyntax: CT, transferSyntaxes: [syntax] })),
  );
});

test('S-35 an association is never asked for more contexts than it can have beside those of queries', () => {
  const proposals = new Proposals();
  for (let at = 0; at < 200; at++) {
    const contexts = proposals.forInstance(`${CT}.${at}`, Jpeg2000);
    assert.ok(contexts.length <= 96);
    assert.equal(contexts.filter(({ abstractSyntax }) => abstractSyntax === `${CT}.${at}`).length, 3);
  }
});

test('S-42 an upload of nothing is 400', () => {
  assert.equal(storeResult([], { baseUrl: BASE }).httpStatus, 400);
});

test('S-41 T-44 a warning is 202 with its reason', async () => {
  const { pacs } = await peer({ answer: () => 0xb007 });
  const result = await send(pacs, [instance('1.1')]);
  assert.deepEqual([result.httpStatus, result.stored, result.warned], [202, 1, 1]);
  assert.deepEqual(rowsOf(result, Tag.ReferencedSOPSequence)[0]?.[Tag.WarningReason], { vr: 'US', Value: [45063] });
});

test('S-41 T-45 some failed: 202, the status of the PACS as a number', async () => {
  const { pacs } = await peer({ answer: (uid) => (uid === '1.2' ? 0xa901 : 0) });
  const result = await send(pacs, [instance('1.1'), instance('1.2'), instance('1.3')]);
  assert.deepEqual([result.httpStatus, result.stored, result.failed], [202, 2, 1]);
  assert.deepEqual(reasons(result), [0xa901]);
});

test('S-43 T-43 all failed: 409', async () => {
  const { pacs } = await peer({ answer: () => 0xc000 });
  assert.deepEqual((await send(pacs, [instance('1.1')])).httpStatus, 409);
});

test('S-44 every failure for want of resources: 503', async () => {
  for (const status of [0xa700, 0xa7ff, 0x0213]) {
    const { pacs } = await peer({ answer: () => status });
    assert.equal((await send(pacs, [instance('1.1')])).httpStatus, 503, status.toString(16));
  }
});

test('4.4 a SOP class that the PACS refuses: 0122', async () => {
  const { pacs, received } = await peer({ syntaxes: (uid) => (uid === CT ? undefined : PLAIN) });
  const result = await send(pacs, [instance('1.1')]);
  assert.deepEqual([result.httpStatus, reasons(result), received], [409, [0x0122], []]);
});

test('4.4 a compressed syntax that the PACS refuses: C122, and the others are stored', async () => {
  const { pacs, received } = await peer();
  const result = await send(pacs, [instance('1.1', { transferSyntaxUid: Jpeg2000 }), instance('1.2')]);
  assert.deepEqual([result.httpStatus, reasons(result)], [202, [0xc122]]);
  assert.deepEqual(
    received.map(({ sopInstanceUid }) => sopInstanceUid),
    ['1.2'],
  );
});

/** Decodes nothing, but says what it was asked. */
function transcoder() {
  const asked: string[] = [];
  let held = 0;
  const transcode: Transcode = async ({ body }, syntax) => {
    held++;
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    asked.push(syntax);
    const decoded = writeDataset(content('1.1'), syntax);
    return { body: bytes(decoded), release: async () => void held-- };
  };
  return { transcode, asked, held: () => held };
}

for (const taken of PLAIN) {
  test(`S-35 a compressed syntax that the PACS refuses is decoded to ${taken}, which it takes`, async () => {
    const { pacs, received } = await peer({ syntaxes: () => [taken] });
    const { transcode, asked, held } = transcoder();
    const result = await send(pacs, [instance('1.1', { transferSyntaxUid: Jpeg2000 })], undefined, { transcode });
    assert.deepEqual([result.httpStatus, asked, held()], [200, [taken], 0]);
    assert.equal(received[0]?.transferSyntaxUid, taken);
    assert.deepEqual(received[0]?.body, writeDataset(content('1.1'), taken));
  });
}

test('S-32 what the PACS takes compressed is not decoded', async () => {
  const { pacs, received } = await peer({ syntaxes: () => [Jpeg2000, ...PLAIN] });
  const { transcode, asked } = transcoder();
  await send(pacs, [instance('1.1', { transferSyntaxUid: Jpeg2000 })], undefined, { transcode });
  assert.deepEqual([received[0]?.transferSyntaxUid, asked], [Jpeg2000, []]);
});

test('4.4 a compressed syntax that the PACS refuses and nothing decodes: C122', async () => {
  const { pacs } = await peer();
  const transcode: Transcode = async () => {
    throw new DicomError('not-acceptable', 'no decoder');
  };
  const items = [instance('1.1', { transferSyntaxUid: Jpeg2000 }), instance('1.2')];
  const result = await send(pacs, items, undefined, { transcode });
  assert.deepEqual([result.httpStatus, reasons(result)], [202, [0xc122]]);
});

test('a compressed syntax that the PACS takes goes as it is', async () => {
  const { pacs, received } = await peer({ syntaxes: () => [Jpeg2000, ...PLAIN] });
  await send(pacs, [instance('1.1', { transferSyntaxUid: Jpeg2000 })]);
  assert.equal(received[0]?.transferSyntaxUid, Jpeg2000);
});

for (const [from, taken] of [
  [ExplicitLittle, ImplicitLittle],
  [ImplicitLittle, ExplicitLittle],
  [ExplicitBig, ImplicitLittle],
] as const) {
  test(`S-35 S-19 ${from} is re-encoded where the PACS takes ${taken} only`, async () => {
    const { pacs, received } = await peer({ syntaxes: () => [taken] });
    const result = await send(pacs, [instance('1.1', { transferSyntaxUid: from })]);
    assert.equal(result.httpStatus, 200);
    assert.equal(received[0]?.transferSyntaxUid, taken);
    assert.deepEqual(received[0]?.body, writeDataset(content('1.1'), taken));
  });
}

test('4.4 a UID too long for DIMSE is not sent: 0117', async () => {
  const { pacs, received } = await peer();
  const result = await send(pacs, [instance(`1.${'2'.repeat(63)}`), instance('1.2')]);
  assert.deepEqual([result.httpStatus, reasons(result)], [202, [0x0117]]);
  assert.deepEqual(
    received.map(({ sopInstanceUid }) => sopInstanceUid),
    ['1.2'],
  );
});

test('UL-25 S-30 odd lengths are made even on the way', async () => {
  const { pacs, received } = await peer();
  const odd = Buffer.from('e07f1000' + '4f42' + '0000' + '03000000' + '010203', 'hex');
  assert.equal((await send(pacs, [instance('1.1', { body: bytes(odd) })])).httpStatus, 200);
  assert.deepEqual(received[0]?.body, Buffer.from('e07f1000' + '4f42' + '0000' + '04000000' + '01020300', 'hex'));
});

test('S-1 an instance of another study is not sent', async () => {
  const { pacs, received } = await peer();
  const result = await send(pacs, [instance('1.1', { studyInstanceUid: '9.9' }), instance('1.2')], '1.1');
  assert.deepEqual([result.httpStatus, reasons(result)], [202, [0xa900]]);
  assert.deepEqual(
    received.map(({ sopInstanceUid }) => sopInstanceUid),
    ['1.2'],
  );
});

test('T-48 a part that could not be parsed stands among the other failures', async () => {
  const { pacs } = await peer();
  const result = await send(pacs, [{ failure: 0xc000 }, instance('1.1')]);
  assert.equal(result.httpStatus, 202);
  assert.deepEqual(result.response[Tag.OtherFailuresSequence], {
    vr: 'SQ',
    Value: [{ [Tag.FailureReason]: { vr: 'US', Value: [49152] } }],
  });
});

test('S-42 nothing but parts that could not be parsed: 400', async () => {
  const { pacs } = await peer();
  assert.equal((await send(pacs, [{ failure: 0xc000 }])).httpStatus, 400);
});

test('an association lost midway fails that instance alone', async () => {
  const { pacs, received } = await peer({ abortAt: '1.2' });
  const result = await send(pacs, [instance('1.1'), instance('1.2'), instance('1.3')]);
  assert.deepEqual([result.httpStatus, result.stored, reasons(result)], [202, 2, [0x0110]]);
  assert.equal(received.filter(({ sopInstanceUid }) => sopInstanceUid === '1.2').length, 1);
});

test('S-44 a PACS that is not there: 503, every instance told', async () => {
  const { pacs, listener } = await peer();
  await listener.close();
  const result = await send(
    pacs,
    ['1.1', '1.2', '1.3', '1.4'].map((uid) => instance(uid)),
  );
  assert.deepEqual([result.httpStatus, reasons(result)], [503, [0x0110, 0x0110, 0x0110, 0x0110]]);
});

test('an upload that breaks after something was stored says what was', async () => {
  const { pacs } = await peer();
  async function* breaking(): AsyncGenerator<StoreItem, void> {
    yield instance('1.1');
    throw new DicomError('malformed', 'the body ends in the middle of a part');
  }
  const lines: string[] = [];
  const options = { baseUrl: BASE, signal: new AbortController().signal, log: (line: string) => lines.push(line) };
  const result = await store(pacs, breaking(), options);
  assert.deepEqual([result.httpStatus, result.stored, result.failed], [202, 1, 1]);
  assert.deepEqual(lines, ['store to STORE broke off: 1 instances are stored']);
});

for (const [kind, reason] of [
  ['too-large', 0xa700],
  ['timeout', 0xc000],
] as const) {
  test(`an upload that is ${kind} after something was stored says what was, with reason ${reason.toString(16)}`, async () => {
    const { pacs } = await peer();
    async function* breaking(): AsyncGenerator<StoreItem, void> {
      yield instance('1.1');
      throw new DicomError(kind, 'the upload goes beyond its limit');
    }
    const result = await store(pacs, breaking(), { baseUrl: BASE, signal: new AbortController().signal });
    assert.deepEqual([result.httpStatus, result.stored], [202, 1]);
    assert.deepEqual(result.response[Tag.OtherFailuresSequence]?.Value, [
      { [Tag.FailureReason]: { vr: 'US', Value: [reason] } },
    ]);
  });
}

test('the body of an instance that is not sent is given back', async () => {
  const { pacs, received } = await peer();
  let released = 0;
  async function* body(): AsyncGenerator<Buffer, void> {
    yield Buffer.alloc(10);
  }
  const held = (): AsyncIterable<Buffer> => ({
    [Symbol.asyncIterator]: () => {
      const chunks = body();
      return {
        next: () => chunks.next(),
        return: async () => {
          released++;
          return chunks.return();
        },
      };
    },
  });
  const uids = { studyInstanceUid: '9.9' };
  await send(pacs, [instance('1.1', { ...uids, body: held() }), instance('1'.repeat(65), { body: held() })], '1.1');
  assert.deepEqual([released, received], [2, []]);
});

test('an upload that breaks within an instance tells that one by its name', async () => {
  const { pacs } = await peer();
  async function* broken(): AsyncGenerator<Buffer, void> {
    yield Buffer.alloc(10);
    throw new DicomError('malformed', 'the body ends in the middle of a part');
  }
  const result = await send(pacs, [instance('1.1'), instance('1.2', { body: broken() })]);
  const failed = rowsOf(result, Tag.FailedSOPSequence).map((row) => row[Tag.ReferencedSOPInstanceUID]?.Value?.[0]);
  assert.deepEqual([result.httpStatus, failed, reasons(result)], [202, ['1.2'], [0xc000]]);
});

test('an upload that breaks before anything was stored is malformed', async () => {
  const { pacs } = await peer();
  async function* broken(): AsyncGenerator<Buffer, void> {
    yield Buffer.alloc(10);
    throw new DicomError('malformed', 'the body ends in the middle of a part');
  }
  await assert.rejects(send(pacs, [instance('1.1', { body: broken() })]), { kind: 'malformed' });
});

test('a client that goes away stops the store; what the PACS has acknowledged stays, and the log says so', async () => {
  const { pacs, received } = await peer();
  const control = new AbortController();
  async function* leaving(): AsyncGenerator<StoreItem, void> {
    yield instance('1.1');
    while (received.length === 0) await setImmediate();
    await setImmediate();
    yield instance('1.2');
    control.abort();
    yield instance('1.3');
  }
  const [lines, details]: [string[], string[]] = [[], []];
  const log = (line: string) => lines.push(line);
  const debug = (line: string) => details.push(line);
  const options = { baseUrl: BASE, signal: control.signal, log, debug };
  await assert.rejects(store(pacs, leaving(), options), { kind: 'cancelled' });
  assert.match(lines.join(), /^store to STORE broke off: [12] instances are stored$/);
  assert.equal(details[0], 'store to STORE broke off: 1.1 is stored');
});

test('I.1 instances of several studies have no common RetrieveURL', () => {
  const row = { sopClassUid: CT, sopInstanceUid: '1', seriesInstanceUid: '2', status: 0 };
  const both = ['1.1', '1.2'].map((studyInstanceUid) => ({ ...row, studyInstanceUid }));
  assert.deepEqual(storeResult(both, { baseUrl: BASE }).response[Tag.RetrieveURL], { vr: 'UR' });
});

const OUTCOMES: [status: number, category: 'stored' | 'warned' | 'failed'][] = [
  ...([0x0000] as const).map((status): [number, 'stored'] => [status, 'stored']),
  ...[0xb000, 0xb006, 0xb007, 0xb123, 0xbfff, 0x0001, 0x0107, 0x0116].map((status): [number, 'warned'] => [
    status,
    'warned',
  ]),
  ...[0xa700, 0xa7ff, 0xa900, 0xa9ff, 0xc000, 0xc122, 0xcfff].map((status): [number, 'failed'] => [status, 'failed']),
  ...[0x0110, 0x0111, 0x0117, 0x0119, 0x0122, 0x0124, 0x0210, 0x0211, 0x0212, 0x0213].map(
    (status): [number, 'failed'] => [status, 'failed'],
  ),
];
for (const [status, category] of OUTCOMES) {
  test(`4.4 C-STORE ${status.toString(16).padStart(4, '0')} is ${category}, and its reason is the status`, async () => {
    const { pacs } = await peer({ answer: () => status });
    const result = await send(pacs, [instance('1.1')]);
    const { stored, warned, failed } = result;
    const expected = { stored: [1, 0, 0], warned: [1, 1, 0], failed: [0, 0, 1] }[category];
    assert.deepEqual([stored, warned, failed], expected);
    const [item, ...others] = [...rowsOf(result, Tag.ReferencedSOPSequence), ...rowsOf(result, Tag.FailedSOPSequence)];
    assert.equal(others.length, 0);
    assert.deepEqual(item?.[Tag.WarningReason]?.Value, category === 'warned' ? [status] : undefined);
    assert.deepEqual(item?.[Tag.FailureReason]?.Value, category === 'failed' ? [status] : undefined);
  });
}

for (const [result, reason] of [
  [1, 0x0110],
  [2, 0x0110],
  [3, 0x0122],
  [4, 0xc122],
] as const) {
  test(`4.4 a presentation context refused by ${result}: ${reason.toString(16).padStart(4, '0')}`, () => {
    const rejected = [{ abstractSyntax: CT, result }];
    assert.equal(refusalOf({ contexts: [], rejected } as unknown as Association, CT), reason);
  });
}

test('4.4 S-44 a PACS that refuses the association: 0110 and 503', async () => {
  const { pacs } = await peer({ rejects: true });
  const result = await send(pacs, [instance('1.1')]);
  assert.deepEqual([result.httpStatus, reasons(result)], [503, [0x0110]]);
});

test('4.4 S-44 a PACS that never answers: 0110 and 503', async () => {
  const over = Promise.withResolvers<number>();
  const { pacs } = await peer({ answer: () => over.promise, responseMs: 50 });
  const result = await send(pacs, [instance('1.1')]);
  over.resolve(0);
  assert.deepEqual([result.httpStatus, reasons(result)], [503, [0x0110]]);
});
