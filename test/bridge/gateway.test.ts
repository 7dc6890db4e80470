import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { loadConfig } from '../../src/bridge/config/config.ts';
import { createGateway } from '../../src/bridge/gateway.ts';
import { collect, drain, emptyDir, type Made } from './fixtures.ts';
import { type Behaviour, startFakePacs } from './peer-pacs.ts';

const never = new AbortController().signal;
const STUDY: Made[] = ['1.1.1.2', '1.1.1.1', '1.1.1.3'].map((instance) => ({
  study: '1.1',
  series: '1.1.1',
  instance,
}));

async function configOf(t: TestContext, ...peers: { aeTitle: string; port: number }[]) {
  return loadConfig({
    env: {},
    flags: {
      pacs: peers.map(({ aeTitle, port }) => `${aeTitle}@127.0.0.1:${port}`),
      'dicom-port': '0',
      'cache-dir': await emptyDir(t),
    },
  });
}

async function start(t: TestContext, behaviour: Behaviour = {}) {
  const peer = await startFakePacs(t, STUDY, behaviour);
  const gateway = await createGateway(await configOf(t, peer));
  t.after(() => gateway.close());
  return { peer, gateway };
}

test('metadata of a study is one data set per instance, in the order of its retrieve', async (t) => {
  const { gateway, peer } = await start(t);
  const options = { baseUrl: 'http://host/dicomweb', signal: never };
  const metadata = await collect(gateway.of().metadata({ study: '1.1' }, options));
  const uids = metadata.map((dataset) => dataset['00080018']?.Value?.[0]);
  assert.deepEqual(uids, await drain(gateway.of().retrieve({ study: '1.1' }, { signal: never })));
  assert.equal(
    metadata[0]?.['7FE00010']?.BulkDataURI,
    'http://host/dicomweb/studies/1.1/series/1.1.1/instances/1.1.1.2/bulkdata/7FE00010',
  );
  assert.equal(peer.asked.get.length, 1);
});

test('bulk data of an opened instance is its value', async (t) => {
  const { gateway } = await start(t);
  const file = await gateway.of().open({ study: '1.1', series: '1.1.1', instance: '1.1.1.1' }, { signal: never });
  const { length, vr, mediaType, read } = await gateway.bulkdata(file, '7FE00010');
  assert.deepEqual([length, vr, mediaType], [512, 'OW', 'application/octet-stream']);
  assert.equal(Buffer.concat(await collect(read())).length, 512);
  file.release();
});

test('open is for instances only', async (t) => {
  const { gateway } = await start(t);
  await assert.rejects(gateway.of().open({ study: '1.1' }, { signal: never }), { kind: 'malformed' });
});

test('ready tells each PACS apart, and why one is not', async (t) => {
  const up = await startFakePacs(t, [], { aeTitle: 'UP' });
  const down = await startFakePacs(t, [], { aeTitle: 'DOWN' });
  await down.close();
  const gateway = await createGateway(await configOf(t, up, down));
  t.after(() => gateway.close());
  const { ready, pacs } = await gateway.ready(never);
  assert.equal(ready, false);
  assert.deepEqual(
    pacs.map(({ name, ok }) => [name, ok]),
    [
      ['UP', true],
      ['DOWN', false],
    ],
  );
  assert.match(pacs[1]?.reason ?? '', /DOWN@127\.0\.0\.1:\d+/);
});

test('close ends what runs, also for a reader that has stalled', async (t) => {
  const { gateway, peer } = await start(t, {
    before: async (index) => (index > 0 ? new Promise(() => {}) : undefined),
  });
  const files = gateway.of().retrieve({ study: '1.1' }, { signal: never })[Symbol.asyncIterator]();
  const first = await files.next();
  peer.listener.close();
  await gateway.close();
  first.value?.release();
  await assert.rejects(files.next(), { name: 'DicomError' });
});

test('a PACS that must be moved from needs the listener', async (t) => {
  const config = await configOf(t, { aeTitle: 'PACS', port: 1 });
  config.dicom.enabled = false;
  for (const pacs of config.pacs) pacs.retrieve = 'move';
  await assert.rejects(createGateway(config), { kind: 'malformed', message: /pacs\[0\]\.retrieve/ });
});

test('a listener whose port is taken is told at start, and the cache is free again', async (t) => {
  const taken = await startFakePacs(t, []);
  const config = await configOf(t, taken);
  config.dicom.port = taken.port;
  await assert.rejects(createGateway(config), { kind: 'unreachable', message: /EADDRINUSE/ });
  config.dicom.port = 0;
  await (await createGateway(config)).close();
});
