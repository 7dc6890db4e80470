// Several PACS behind one gateway: each by its AE title, all of them together, who is asked for what.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { loadConfig } from '../../src/bridge/config/config.ts';
import { createGateway, type Gateway } from '../../src/bridge/gateway.ts';
import type { DicomError } from '../../src/dimse/errors.ts';
import { arriving, collect, drain, emptyDir, type Made } from './fixtures.ts';
import { type Behaviour, type FakePacs, startFakePacs } from './peer-pacs.ts';

const signal = new AbortController().signal;
const BASE = { baseUrl: 'http://host/dicomweb', signal };
const made = (study: string, instance: string): Made => ({ study, series: `${study}.1`, instance });
const IN_NORTH = [made('1.1', '1.1.1.1'), made('1.3', '1.3.1.1')];
const IN_SOUTH = [made('1.2', '1.2.1.1'), made('1.3', '1.3.1.1'), made('1.3', '1.3.1.2')];

type Rig = { north: FakePacs; south: FakePacs; gateway: Gateway };

type Given = { flags?: Record<string, string>; ofNorth?: Behaviour };

async function start(t: TestContext, { flags = {}, ofNorth = {} }: Given = {}): Promise<Rig> {
  const north = await startFakePacs(t, [...IN_NORTH], { aeTitle: 'NORTH', ...ofNorth });
  const south = await startFakePacs(t, [...IN_SOUTH], { aeTitle: 'SOUTH' });
  const config = loadConfig({
    env: { DICOMWEB_LIMITS_PACS_MS: '500' },
    flags: {
      pacs: [north, south].map(({ aeTitle, port }) => `${aeTitle}@127.0.0.1:${port}`),
      'dicom-port': '0',
      'cache-dir': await emptyDir(t),
      ...flags,
    },
  });
  const gateway = await createGateway(config);
  t.after(() => gateway.close());
  return { north, south, gateway };
}

const study = (uid: string) => ({ study: uid });
const countOf = ({ asked }: FakePacs) => asked.find.length + asked.get.length;

async function found(gateway: Gateway, aeTitle?: string) {
  const { results, warnings } = await gateway.of(aeTitle).search({ level: 'study', parameters: [] }, BASE);
  const uids = (await collect(results)).map((dataset) => dataset['0020000D']?.Value?.[0]);
  return { uids: uids.toSorted(), warnings };
}

test('all PACS together are searched without a name, one alone by its AE title', async (t) => {
  const { gateway } = await start(t);
  assert.deepEqual(await found(gateway), { uids: ['1.1', '1.2', '1.3'], warnings: [] });
  assert.deepEqual((await found(gateway, 'NORTH')).uids, ['1.1', '1.3']);
  assert.deepEqual((await found(gateway, 'SOUTH')).uids, ['1.2', '1.3']);
});

test('defaultPacs stands for the base path', async (t) => {
  const { gateway } = await start(t, { flags: { 'default-pacs': 'SOUTH' } });
  assert.deepEqual((await found(gateway)).uids, ['1.2', '1.3']);
  await assert.rejects(drain(gateway.of().retrieve(study('1.1'), { signal })), { kind: 'not-found' });
});

test('an AE title that is not configured is not found, and named', async (t) => {
  const { gateway } = await start(t);
  assert.throws(() => gateway.of('WEST'), { kind: 'not-found', message: /WEST/ });
});

test('a PACS that is asked by its name gives nothing of another', async (t) => {
  const { gateway, south } = await start(t);
  assert.deepEqual(await drain(gateway.of('NORTH').retrieve(study('1.3'), { signal })), ['1.3.1.1']);
  await assert.rejects(drain(gateway.of('NORTH').retrieve(study('1.2'), { signal })), { kind: 'not-found' });
  assert.equal(countOf(south), 0);
});

test('what is cached of one PACS is not what another has under the same UIDs', async (t) => {
  const { gateway, south } = await start(t);
  await drain(gateway.of('NORTH').retrieve(study('1.3'), { signal }));
  assert.deepEqual((await drain(gateway.of('SOUTH').retrieve(study('1.3'), { signal }))).toSorted(), [
    '1.3.1.1',
    '1.3.1.2',
  ]);
  assert.equal(south.asked.get.length, 1);
  assert.deepEqual(await drain(gateway.of('NORTH').retrieve(study('1.3'), { signal })), ['1.3.1.1']);
});

test('a study is retrieved from the PACS that a search has found it in, and no other is asked', async (t) => {
  const { gateway, north } = await start(t);
  await found(gateway, 'SOUTH');
  await drain(gateway.of().retrieve(study('1.2'), { signal }));
  assert.equal(countOf(north), 0);
});

test('the PACS that a study was retrieved from is remembered for its other resources', async (t) => {
  const { gateway, north } = await start(t);
  await drain(gateway.of().retrieve({ study: '1.2', series: '1.2.1', instance: '1.2.1.1' }, { signal }));
  const before = countOf(north);
  await drain(gateway.of().retrieve(study('1.2'), { signal }));
  assert.equal(countOf(north), before);
});

test('what the remembered PACS lacks comes from another', async (t) => {
  const { gateway } = await start(t);
  await found(gateway, 'NORTH');
  const one = { study: '1.3', series: '1.3.1', instance: '1.3.1.2' };
  assert.deepEqual(await drain(gateway.of().retrieve(one, { signal })), ['1.3.1.2']);
});

test('what the remembered PACS cannot be asked for comes from another', async (t) => {
  const { gateway, north } = await start(t);
  await found(gateway, 'NORTH');
  await north.close();
  assert.equal((await drain(gateway.of().retrieve(study('1.3'), { signal }))).length, 2);
});

test('a study that is cached is given while every PACS is silent on it', async (t) => {
  const { gateway, north, south } = await start(t);
  await drain(gateway.of('SOUTH').retrieve(study('1.2'), { signal }));
  const stored = await gateway.of('SOUTH').open({ study: '1.2', series: '1.2.1', instance: '1.2.1.1' }, { signal });
  await stored.onDisk();
  stored.release();
  // That it is whole is written down right behind.
  await setImmediate();
  await Promise.all([north.close(), south.close()]);
  assert.deepEqual(await drain(gateway.of().retrieve(study('1.2'), { signal })), ['1.2.1.1']);
});

test('a PACS that does not answer is not waited for when another has the study', async (t) => {
  const find = async function* () {
    await new Promise<never>(() => {});
  };
  const { gateway } = await start(t, { ofNorth: { services: { find } } });
  assert.deepEqual(await drain(gateway.of().retrieve(study('1.2'), { signal })), ['1.2.1.1']);
  await assert.rejects(drain(gateway.of().retrieve(study('1.9'), { signal })), { kind: 'timeout', message: /NORTH/ });
});

test('not found means that every PACS has said so: else the failure is told', async (t) => {
  const { gateway, north } = await start(t);
  await assert.rejects(drain(gateway.of().retrieve(study('1.9'), { signal })), { kind: 'not-found' });
  await north.close();
  await assert.rejects(drain(gateway.of().retrieve(study('1.9'), { signal })), (error: DicomError) =>
    ['unreachable', 'aborted'].includes(error.kind),
  );
});

for (const [flags, aeTitle, target] of [
  [{}, undefined, 'NORTH'],
  [{}, 'SOUTH', 'SOUTH'],
  [{ 'store-pacs': 'SOUTH' }, undefined, 'SOUTH'],
  [{ 'store-pacs': 'SOUTH' }, 'NORTH', 'NORTH'],
  [{ 'default-pacs': 'SOUTH' }, undefined, 'SOUTH'],
  [{ 'default-pacs': 'SOUTH', 'store-pacs': 'NORTH' }, undefined, 'NORTH'],
] as const) {
  test(`${JSON.stringify(flags)}: an upload at ${aeTitle ?? 'the base path'} goes to ${target}`, async (t) => {
    const { gateway, ...peers } = await start(t, { flags });
    const got: string[] = [];
    for (const peer of Object.values(peers)) {
      peer.behaviour.store = async () => {
        got.push(peer.aeTitle);
        return 0;
      };
    }
    const item = arriving(made('1.5', '1.5.1.1'));
    const { httpStatus } = await gateway.of(aeTitle).store(
      (async function* () {
        yield item;
      })(),
      BASE,
    );
    assert.deepEqual([httpStatus, got], [200, [target]]);
  });
}
