// What clients get from the cache while others store, clear its folder away, or read the same at other speeds.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startPacs } from '../../src/demo/pacs.ts';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/peers.ts';

const STUDY = '1.2.3';
const SERIES = '1.2.3.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const MULTIPART = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const SINGLE = 'application/dicom; transfer-syntax=*';

/** Part 10 bytes whose pixel data differ everywhere, so that a byte out of place is seen. */
function instance(uid: string, size: number, seed = uid): Buffer {
  const pixels = Buffer.alloc(size);
  for (let at = 0; at < size; at += 32) createHash('sha256').update(`${seed}/${at}`).digest().copy(pixels, at);
  const dataset: Dataset = {
    '00080016': { vr: 'UI', Value: [CT] },
    '00080018': { vr: 'UI', Value: [uid] },
    '00080060': { vr: 'CS', Value: ['CT'] },
    '0020000D': { vr: 'UI', Value: [STUDY] },
    '0020000E': { vr: 'UI', Value: [SERIES] },
    '7FE00010': { vr: 'OW', InlineBinary: pixels },
  };
  const names = { sopClassUid: CT, sopInstanceUid: uid, transferSyntaxUid: EXPLICIT_LITTLE };
  return Buffer.concat([writeFileMeta(names), writeDataset(dataset, EXPLICIT_LITTLE)]);
}

async function start(t: TestContext, settings: Record<string, string> = {}): Promise<RunningGateway> {
  const pacs = await startPacs({ dir: join(await tempDir(t), 'pacs'), aeTitle: 'PACS', port: 0 });
  t.after(() => pacs.close());
  return startGateway(t, [pacs], settings);
}

async function stow(gateway: RunningGateway, file: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/dicom' };
  const response = await fetch(`${gateway.url}/studies`, { method: 'POST', headers, body: new Uint8Array(file) });
  assert.equal(response.status, 200, await response.text());
}

const instancePath = (uid: string) => `/studies/${STUDY}/series/${SERIES}/instances/${uid}`;

async function retrieve(gateway: RunningGateway, path: string, accept: string): Promise<Buffer> {
  const response = await fetch(`${gateway.url}${path}`, { headers: { accept } });
  const body = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, body.subarray(0, 300).toString());
  return body;
}

/** The study without what differs from answer to answer. */
async function study(gateway: RunningGateway): Promise<Buffer[]> {
  return partsOf(await retrieve(gateway, `/studies/${STUDY}`, MULTIPART));
}

function partsOf(body: Buffer): Buffer[] {
  const delimiter = Buffer.concat([Buffer.from('\r\n'), body.subarray(0, body.indexOf('\r\n'))]);
  const parts: Buffer[] = [];
  let from = delimiter.length - 2;
  for (;;) {
    const to = body.indexOf(delimiter, from);
    if (to < 0) return parts;
    parts.push(body.subarray(body.indexOf('\r\n\r\n', from) + 4, to));
    from = to + delimiter.length;
  }
}

/** The bytes from the data set on: file meta information is written anew for everybody. */
const pixelsOf = (file: Buffer) => file.subarray(file.indexOf(Buffer.from([0x08, 0x00, 0x16, 0x00])));

test('an instance that was stored anew is retrieved as it is now, not as it was cached', async (t) => {
  const gateway = await start(t);
  await stow(gateway, instance('1.2.3.1.1', 64, 'old'));
  await study(gateway);
  await retrieve(gateway, instancePath('1.2.3.1.1'), SINGLE);
  const file = instance('1.2.3.1.1', 64, 'new');
  await stow(gateway, file);
  const alone = await retrieve(gateway, instancePath('1.2.3.1.1'), SINGLE);
  assert.deepEqual(pixelsOf(alone), pixelsOf(file));
  assert.deepEqual((await study(gateway)).map(pixelsOf), [pixelsOf(file)]);
});

test('an instance that was stored into a cached study and series is retrieved with them', async (t) => {
  const gateway = await start(t);
  await stow(gateway, instance('1.2.3.1.1', 64));
  await study(gateway);
  await retrieve(gateway, `/studies/${STUDY}/series/${SERIES}`, MULTIPART);
  await stow(gateway, instance('1.2.3.1.2', 64));
  const series = await retrieve(gateway, `/studies/${STUDY}/series/${SERIES}`, MULTIPART);
  assert.equal(partsOf(series).length, 2);
  assert.equal((await study(gateway)).length, 2);
});

for (const cleared of ['files', '.']) {
  test(`cached files that somebody removed (${cleared}) are retrieved again`, async (t) => {
    const gateway = await start(t);
    const file = instance('1.2.3.1.1', 64);
    await stow(gateway, file);
    await study(gateway);
    const { dir } = gateway.config.cache;
    while (readdirSync(join(dir, 'files')).length === 0) await delay(5);
    // The index may be written at this moment.
    rmSync(join(dir, cleared), { recursive: true, maxRetries: 5 });
    assert.deepEqual((await study(gateway)).map(pixelsOf), [pixelsOf(file)]);
    const alone = await retrieve(gateway, instancePath('1.2.3.1.1'), SINGLE);
    assert.deepEqual(pixelsOf(alone), pixelsOf(file));
  });
}

type Ask = { path: string; accept: string; method?: string; range?: string; slow?: boolean; leaveAfter?: number };

/** The body as it arrives; a slow reader lets the connection fill up, one that leaves breaks it. */
async function ask(gateway: RunningGateway, { path, accept, method = 'GET', range, slow, leaveAfter }: Ask) {
  const headers = { accept, ...(range === undefined ? {} : { range }) };
  const sent = request(`${gateway.url}${path}`, { method, headers, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (leaveAfter !== undefined && size > leaveAfter) break;
    if (slow) await delay(1);
  }
  return Buffer.concat(chunks);
}

test('fast, slow, leaving, HEAD and Range readers of the same instances at once each get their own bytes', async (t) => {
  // Room for one instance and a half: the others are evicted while they are asked for.
  const gateway = await start(t, { DICOMWEB_CACHE_MAX_BYTES: '6000000' });
  const uids = ['1.2.3.1.1', '1.2.3.1.2', '1.2.3.1.3'];
  for (const uid of uids) await stow(gateway, instance(uid, 4_000_000));
  const whole = (await study(gateway)).sort(Buffer.compare);
  assert.deepEqual(whole.map(pixelsOf), uids.map((uid) => pixelsOf(instance(uid, 4_000_000))).sort(Buffer.compare));
  const studyAsk = { path: `/studies/${STUDY}`, accept: MULTIPART };
  const checks = Array.from({ length: 4 }, (_, round) => [
    ...[false, true].map(async (slow) => {
      const parts = partsOf(await ask(gateway, { ...studyAsk, slow })).sort(Buffer.compare);
      assert.ok(parts.length === 3 && parts.every((part, at) => part.equals(whole[at] ?? part.subarray(1))), 'study');
    }),
    ask(gateway, { ...studyAsk, leaveAfter: 1_000_000 * round }),
    ...uids.flatMap((uid) => {
      const one = { path: instancePath(uid), accept: SINGLE };
      const mine = whole.find((file) => file.includes(`${uid}\0`, 0, 'latin1')) ?? Buffer.alloc(0);
      const [from, to] = [round * 900_001, 2_500_000 + round * 333_333];
      return [
        ask(gateway, { ...one, slow: round % 2 === 0 }).then((body) => assert.ok(body.equals(mine), 'instance')),
        ask(gateway, { ...one, range: `bytes=${from}-${to}` }).then((body) =>
          assert.ok(body.equals(mine.subarray(from, to + 1)), 'range'),
        ),
        ask(gateway, { ...one, method: 'HEAD' }).then((body) => assert.equal(body.length, 0)),
      ];
    }),
  ]);
  await Promise.all(checks.flat());
});
