// The embedded PACS against DCMTK's tools: what they fetch, move and store is what it holds.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { attributes } from '../../src/demo/attributes.ts';
import { startPacs } from '../../src/demo/pacs.ts';
import { uidOf } from '../../src/demo/phantom.ts';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { ExplicitLittle, ImplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { DicomError } from '../../src/dimse/index.ts';
import { getscuFiles, keys, runTool, runToolOk, sendFiles, startStorescp, tempDir } from '../support/peers.ts';
import { CT_STUDY, gathered, MR_STUDY, open, type PhantomPacs, startPhantomPacs } from './phantom-pacs.ts';

const VERIFICATION = '1.2.840.10008.1.1';
const STUDY_ROOT_GET = '1.2.840.10008.5.1.4.1.2.2.3';
const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2';
const ctSeries = uidOf('ct/1');
const mrSeries = uidOf('mr/1');

let pacs: PhantomPacs;
let scp: Awaited<ReturnType<typeof startStorescp>>;
before(async () => {
  scp = await startStorescp();
  pacs = await startPhantomPacs({ STORESCP: scp, NOWHERE: { host: '127.0.0.1', port: 1 } });
});
after(async () => {
  await pacs?.close();
  await scp?.stop();
});

const fileOf = (key: string) => pacs.files.get(uidOf(key)) ?? '';

test('echoscu is answered', async () => {
  await runToolOk('echoscu', pacs.address);
});

test('D-29 another called AE title is rejected', async () => {
  const { code, output } = await runTool('echoscu', ['-aec', 'OTHER', pacs.host, String(pacs.port)]);
  assert.notEqual(code, 0);
  assert.match(output, /Called AE Title Not Recognized/);
});

test('getscu fetches a study, and every data set is the stored one, byte for byte', async (t) => {
  const received = await getscuFiles(pacs, { study: CT_STUDY }, { dir: await tempDir(t) });
  assert.equal(received.length, 25);
  for (const path of received) await assertSame(path);
});

test('getscu fetches one instance', async (t) => {
  const resource = { study: CT_STUDY, series: ctSeries, instance: uidOf('ct/1/3') };
  const received = await getscuFiles(pacs, resource, {
    dir: await tempDir(t),
  });
  assert.equal(received.length, 1);
  await assertSame(received[0] ?? '');
});

test('an Implicit VR instance goes out re-encoded where only Explicit VR was accepted', async (t) => {
  const resource = { study: MR_STUDY, series: mrSeries, instance: uidOf('mr/1/1') };
  const [path = ''] = await getscuFiles(pacs, resource, {
    dir: await tempDir(t),
  });
  const received = await readInstance(path);
  const stored = await readInstance(fileOf('mr/1/1'));
  assert.equal(stored.transferSyntaxUid, ImplicitLittle);
  assert.equal(received.transferSyntaxUid, ExplicitLittle);
  assert.deepEqual(readDataset(received.data, ExplicitLittle), readDataset(stored.data, ImplicitLittle));
});

test('movescu brings a series to a storage SCP, each instance in the syntax it is stored in', async () => {
  const before = new Set(await scp.files());
  const options = ['-S', '-aem', scp.aeTitle, ...keys({ study: MR_STUDY, series: mrSeries })];
  await runToolOk('movescu', [...options, ...pacs.address]);
  const received = (await scp.files()).filter((file) => !before.has(file));
  assert.equal(received.length, 20);
  for (const path of received) await assertSame(path);
});

for (const [destination, status] of [
  ['STRANGER', 'a801'],
  ['NOWHERE', 'a702'],
]) {
  test(`C-MOVE to ${destination} fails with ${status}`, async () => {
    const options = ['-d', '-S', '-aem', destination ?? '', ...keys({ study: CT_STUDY })];
    const { output } = await runTool('movescu', [...options, ...pacs.address]);
    assert.match(output, new RegExp(`DIMSE Status +: 0x${status}`, 'i'));
  });
}

test('W-D2 a C-GET without the unique key of its level is A900', async () => {
  const association = await open(pacs, STUDY_ROOT_GET);
  const identifier = attributes({ QueryRetrieveLevel: 'STUDY' });
  const get = gathered(association.get({ sopClassUid: STUDY_ROOT_GET, identifier }));
  await assert.rejects(get, (error) => error instanceof DicomError && error.status === 0xa900);
  await association.release();
});

test('storescu stores an instance, which is then found and fetched, and lasts over a restart', async (t) => {
  const home = await tempDir(t);
  const options = { dir: home, aeTitle: 'STORE', port: 0 };
  const first = await startPacs(options);
  await sendFiles(first, [fileOf('ct/1/5')]);
  await first.close();
  const second = await startPacs(options);
  t.after(() => second.close());
  const [path = ''] = await getscuFiles(second, { study: CT_STUDY }, { dir: await tempDir(t) });
  await assertSame(path);
});

test('the same SOP Instance UID again replaces what was there', async (t) => {
  const home = await tempDir(t);
  const again = await startPacs({ dir: home, aeTitle: 'STORE', port: 0 });
  t.after(() => again.close());
  const file = fileOf('ct/1/5');
  await sendFiles(again, [file]);
  await sendFiles(again, [file]);
  assert.equal((await readdir(home)).filter((name) => name.endsWith('.dcm')).length, 1);
});

test('D-26 a data set of another instance than the request names is A900', async () => {
  const { data, sopClassUid = '' } = await readInstance(fileOf('ct/1/5'));
  const association = await open(pacs, CT_IMAGE_STORAGE);
  const outcome = await association.store({
    sopClassUid,
    sopInstanceUid: '1.2.3',
    transferSyntaxUid: ExplicitLittle,
    body: once(data),
  });
  assert.equal(outcome.status, 0xa900);
  await association.release();
});

test('C-CANCEL ends a C-GET after some instances, and the association can be used again', async () => {
  const association = await open(pacs, STUDY_ROOT_GET, [CT_IMAGE_STORAGE, VERIFICATION]);
  const identifier = attributes({
    QueryRetrieveLevel: 'SERIES',
    StudyInstanceUID: CT_STUDY,
    SeriesInstanceUID: ctSeries,
  });
  let received = 0;
  for await (const instance of association.get({ sopClassUid: STUDY_ROOT_GET, identifier })) {
    await gathered(instance.body);
    received += 1;
    if (received === 2) break;
  }
  assert.equal(received, 2);
  const whole = await gathered(
    association.get({ sopClassUid: STUDY_ROOT_GET, identifier: { ...identifier, ...one('ct/1/9') } }),
  );
  assert.deepEqual(
    whole.map(({ sopInstanceUid }) => sopInstanceUid),
    [uidOf('ct/1/9')],
  );
  await association.release();
});

test('D-22 an instance for which no context was offered counts as failed, the others are sent', async () => {
  const association = await open(pacs, STUDY_ROOT_GET, [CT_IMAGE_STORAGE]);
  const identifier = attributes({ QueryRetrieveLevel: 'STUDY', StudyInstanceUID: CT_STUDY });
  const get = association.get({ sopClassUid: STUDY_ROOT_GET, identifier });
  let received = 0;
  for (;;) {
    const next = await get.next();
    if (next.done) {
      const { status, completed, failed, failedSopInstanceUids } = next.value;
      assert.deepEqual([status, completed, failed], [0xb000, 24, 1]);
      assert.deepEqual(failedSopInstanceUids, [uidOf('ct/2/1')]);
      break;
    }
    await gathered(next.value.body);
    received += 1;
  }
  assert.equal(received, 24);
  await association.release();
});

test('a data set without a Study Instance UID is refused with C000, and nothing is left of it', async (t) => {
  const home = await tempDir(t);
  const empty = await startPacs({ dir: home, aeTitle: 'STORE', port: 0 });
  t.after(() => empty.close());
  const dataset = attributes({ SOPClassUID: CT_IMAGE_STORAGE, SOPInstanceUID: '1.2.3', SeriesInstanceUID: '1.2' });
  const association = await open(empty, CT_IMAGE_STORAGE);
  const instance = { sopClassUid: CT_IMAGE_STORAGE, sopInstanceUid: '1.2.3', transferSyntaxUid: ExplicitLittle };
  const { status } = await association.store({ ...instance, body: once(writeDataset(dataset, ExplicitLittle)) });
  assert.equal(status, 0xc000);
  await association.release();
  assert.deepEqual(
    (await readdir(home)).filter((name) => !name.startsWith('index.')),
    [],
  );
});

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** The keys of level IMAGE for one instance. */
function one(key: string) {
  return attributes({ QueryRetrieveLevel: 'IMAGE', SOPInstanceUID: uidOf(key) });
}

async function readInstance(path: string) {
  const bytes = await readFile(path);
  const meta = readFileMeta(bytes);
  return { ...meta, data: bytes.subarray(meta.dataOffset) };
}

async function assertSame(path: string): Promise<void> {
  const received = await readInstance(path);
  const stored = await readInstance(pacs.files.get(received.sopInstanceUid ?? '') ?? '');
  assert.equal(received.transferSyntaxUid, stored.transferSyntaxUid);
  assert.ok(received.data.equals(stored.data), `${received.sopInstanceUid} differs`);
}
