// A cache that keeps nothing, and a disk that takes nothing: every resource is answered as it is else.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Cache } from '../../src/bridge/cache/cache.ts';
import type { Growing } from '../../src/bridge/cache/growing-file.ts';
import { arriving, emptyDir, encoded } from '../bridge/fixtures.ts';
import { type Stored, startFakePacs } from '../bridge/peer-pacs.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type Answer, ask } from './chaos/answer.ts';

const IMAGE = {
  '00080008': { vr: 'CS' as const, Value: ['ORIGINAL', 'PRIMARY'] },
  '00280002': { vr: 'US' as const, Value: [1] },
  '00280004': { vr: 'CS' as const, Value: ['MONOCHROME2'] },
  '00280010': { vr: 'US' as const, Value: [16] },
  '00280011': { vr: 'US' as const, Value: [16] },
  '00280100': { vr: 'US' as const, Value: [16] },
  '00280101': { vr: 'US' as const, Value: [16] },
  '00280102': { vr: 'US' as const, Value: [15] },
  '00280103': { vr: 'US' as const, Value: [0] },
};
const images = (): Stored[] =>
  ['1.77.1', '1.77.2'].map((instance) => ({ study: '1.7', series: '1.77', instance, more: IMAGE }));

const BASE = '/dicomweb';
const SERIES = '/studies/1.7/series/1.77';
const INSTANCE = `${SERIES}/instances/1.77.1`;
const accepting = (path: string, type: string) => `${path}?accept=${encodeURIComponent(type)}`;
const PATHS = [
  '/studies/1.7',
  SERIES,
  accepting(SERIES, 'application/zip'),
  accepting('/studies/1.7', 'application/zip'),
  INSTANCE,
  accepting(INSTANCE, 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80'),
  `${SERIES}/metadata`,
  `${INSTANCE}/metadata`,
  `${INSTANCE}/frames/1`,
  accepting(`${INSTANCE}/frames/1`, 'image/jls'),
  accepting(`${SERIES}/rendered`, 'multipart/related; type="image/png"'),
  accepting(`${INSTANCE}/rendered`, 'image/png'),
  `${INSTANCE}/frames/1/rendered`,
  `${INSTANCE}/thumbnail`,
  `${SERIES}/thumbnail`,
  `${INSTANCE}/bulkdata/7FE00010`,
  `${SERIES}/bulkdata`,
  `${SERIES}/pixeldata`,
];
const WADO_URI = '/wado?requestType=WADO&studyUID=1.7&seriesUID=1.77&objectUID=1.77.1';
const URLS = [...PATHS.map((path) => BASE + path), WADO_URI];

async function start(t: Pick<TestContext, 'after'>, settings: Record<string, string> = {}) {
  const peer = await startFakePacs(t, images());
  const pacs = { aeTitle: peer.aeTitle, host: '127.0.0.1', port: peer.port };
  const gateway = await startGateway(t, [pacs], { DICOMWEB_PACS_0_RETRIEVE: 'get', ...settings });
  return { peer, gateway };
}

const filesOf = ({ config }: RunningGateway) => readdirSync(join(config.cache.dir, 'files'));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

describe('every resource', () => {
  const right = new Map<string, Answer>();
  const scene: { off?: RunningGateway; diskless?: RunningGateway } = {};
  const closers: (() => unknown)[] = [];
  const suite = { after: (close: () => unknown) => void closers.push(close) } as Pick<TestContext, 'after'>;
  before(async () => {
    const { gateway } = await start(suite);
    for (const url of URLS) {
      const answer = await ask(gateway.origin, url);
      assert.ok(typeof answer !== 'string' && answer.status === 200, `${url}: ${JSON.stringify(answer)}`);
      right.set(url, answer);
    }
    scene.off = (await start(suite, { DICOMWEB_CACHE_ENABLED: 'false' })).gateway;
    scene.diskless = (await start(suite)).gateway;
    const folder = join(scene.diskless.config.cache.dir, 'files');
    rmSync(folder, { recursive: true });
    // A folder that is only gone would be made again.
    writeFileSync(folder, '');
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  for (const url of URLS) {
    test(`cache: off answers ${url}, and nothing is left of it`, async () => {
      const gateway = scene.off ?? assert.fail();
      assert.deepEqual(await ask(gateway.origin, url), right.get(url));
      await until(() => filesOf(gateway).length === 0);
    });

    test(`a disk that takes nothing: ${url}`, async () => {
      const { origin } = scene.diskless ?? assert.fail();
      for (const _ of [1, 2]) assert.deepEqual(await ask(origin, url), right.get(url));
    });
  }
});

test('cache: off: who asks at the same time shares one retrieve, who asks later has a new one', async (t) => {
  const { peer, gateway } = await start(t, { DICOMWEB_CACHE_ENABLED: 'false' });
  const gate = Promise.withResolvers<void>();
  Object.assign(peer.behaviour, { before: () => gate.promise });
  const asked = [1, 2, 3].map(() => ask(gateway.origin, `${BASE}/studies/1.7`));
  await until(() => peer.asked.get.length > 0);
  gate.resolve();
  const [first, ...others] = await Promise.all(asked);
  for (const other of others) assert.deepEqual(other, first);
  assert.equal(peer.asked.get.length, 1);
  await until(() => filesOf(gateway).length === 0);
  assert.deepEqual(await ask(gateway.origin, `${BASE}/studies/1.7`), first);
  assert.equal(peer.asked.get.length, 2);
});

test('cache: off clears away what was kept before, the index included', async (t) => {
  const dir = await emptyDir(t);
  const options = { dir, maxBytes: 1e9, maxAge: 1e9 };
  const kept = await Cache.open(options);
  const file = await kept.write(arriving({ study: '1.7', series: '1.77', instance: '1.77.991' }), 'PACS');
  await file.onDisk();
  file.keep('metadata', Buffer.from('Test^Phantom'));
  kept.setWhole('PACS', { study: '1.7' }, [file]);
  file.release();
  kept.close();
  const held = () => ['index.sqlite', 'index.sqlite-wal'].map((name) => readIfThere(join(dir, name))).join('');
  assert.match(held(), /1\.77\.991/);
  const off = await Cache.open({ ...options, enabled: false });
  assert.deepEqual([readdirSync(join(dir, 'files')), off.bytes], [[], 0]);
  off.close();
  assert.doesNotMatch(held(), /1\.77\.991|Test\^Phantom/);
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

test('an instance larger than the memory passes through to its reader where the disk takes nothing', async (t) => {
  const dir = await emptyDir(t);
  const cache = await Cache.open({ dir, maxBytes: 1e9, maxAge: 1e9, memoryBytes: 4 << 20 });
  rmSync(join(dir, 'files'), { recursive: true });
  writeFileSync(join(dir, 'files'), '');
  const made = { study: '1.7', series: '1.77', instance: '1.77.1', bytes: 20 << 20 };
  const begun = Promise.withResolvers<Growing>();
  const written = cache.write(arriving(made, { chunk: 64_000 }), 'PACS', { onGrowing: begun.resolve });
  const file = (await begun.promise).open(new AbortController().signal);
  const target = Buffer.alloc(100_000);
  const read: Buffer[] = [];
  for (let at = 0; ; ) {
    const bytes = await file.read(target, at);
    if (bytes === 0) break;
    read.push(Buffer.from(target.subarray(0, bytes)));
    at += bytes;
  }
  assert.ok(Buffer.concat(read).subarray(file.dataOffset).equals(encoded(made)));
  const whole = await written;
  await assert.rejects(whole.onDisk(), { kind: 'busy', field: 'cache.dir' });
  // Its beginning is nowhere any more: that is an error, not other bytes.
  await assert.rejects(async () => whole.read(target, 0), { kind: 'busy' });
  file.release();
  whole.release();
  cache.close();
});
