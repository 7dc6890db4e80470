// What `check` has learned is what the gateway uses: the requests that it is spared are counted at the PACS.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { check } from '../../../src/bridge/check/check.ts';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { createGateway, type Gateway } from '../../../src/bridge/gateway.ts';
import { StudyRootFind } from '../../../src/bridge/retrieve/contexts.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { answerExtended, extendedOptions } from '../../../src/dimse/index.ts';
import { freePort } from '../../support/peers.ts';
import { collect, emptyDir } from '../fixtures.ts';
import { startFakePacs } from '../peer-pacs.ts';

const ONE = [{ study: '1.1', series: '1.1.1', instance: '1.1.1.1' }];

/** A PACS that refuses every C-GET and, but for relational queries, agrees to nothing; what it was offered, associated and asked. */
async function scene(t: TestContext) {
  const seen = { offered: [] as string[][], associations: 0, gets: 0 };
  const dicomPort = await freePort();
  const peer = await startFakePacs(t, ONE, {
    peers: { GATEWAY: dicomPort },
    services: {
      get: () => {
        seen.gets += 1;
        throw new DicomError('status', 'no', { status: 0xc001, operation: 'C-GET' });
      },
    },
    listening: {
      allowCalling: () => {
        seen.associations += 1;
        return true;
      },
      extended: (uid, offered) => {
        if (uid !== StudyRootFind) return undefined;
        seen.offered.push([...extendedOptions('find', offered)]);
        return answerExtended('find', offered, ['relationalQueries']);
      },
    },
  });
  const dir = await emptyDir(t);
  const configOf = (settings: Record<string, string> = {}) =>
    loadConfig({
      env: {
        DICOMWEB_CACHE_DIR: dir,
        DICOMWEB_DICOM_PORT: `${dicomPort}`,
        DICOMWEB_PACS_0_AE_TITLE: 'FAKEPACS',
        DICOMWEB_PACS_0_HOST: '127.0.0.1',
        DICOMWEB_PACS_0_PORT: `${peer.port}`,
        ...settings,
      },
      flags: {},
    });
  /** What a gateway that was just started asks of the PACS to do this. */
  const during = async (
    act: (gateway: Awaited<ReturnType<typeof createGateway>>) => Promise<unknown>,
    settings = {},
  ) => {
    Object.assign(seen, { offered: [], associations: 0, gets: 0 });
    const gateway = await createGateway(configOf(settings));
    const finds = peer.asked.find.length;
    await act(gateway).finally(() => gateway.close());
    return { ...seen, finds: peer.asked.find.length - finds };
  };
  return { config: configOf(), during };
}

const { signal } = new AbortController();

async function retrieve(gateway: Gateway) {
  const resource = { study: '1.1', series: '1.1.1', instance: '1.1.1.1' };
  for (const file of await collect(gateway.of().retrieve(resource, { signal }))) file.release();
}

const searched = (level: 'study' | 'instance', parameters: [string, string][]) => async (gateway: Gateway) => {
  const { results } = await gateway.of().search({ level, parameters }, { baseUrl: 'http://x', signal });
  await collect(results);
};
const fuzzy = searched('study', [
  ['PatientName', 'Mayer*'],
  ['fuzzymatching', 'true'],
]);

test('a gateway that knows nothing tries C-GET first, and offers an option before it does without', async (t) => {
  const { during } = await scene(t);
  assert.equal((await during(retrieve)).gets, 1);
  assert.deepEqual((await during(fuzzy)).offered, [['relationalQueries', 'fuzzyMatching'], ['relationalQueries']]);
});

test('after check the first retrieve goes by C-MOVE, without a C-GET', async (t) => {
  const { config, during } = await scene(t);
  await check(config);
  assert.equal((await during(retrieve)).gets, 0);
});

test('what a gateway has found out itself the next one knows', async (t) => {
  const { during } = await scene(t);
  await during(retrieve);
  await during(fuzzy);
  assert.equal((await during(retrieve)).gets, 0);
  assert.deepEqual((await during(fuzzy)).offered, [['relationalQueries']]);
});

test('retrieve of the configuration goes over what was learned', async (t) => {
  const { config, during } = await scene(t);
  await check(config);
  const failing = (gateway: Gateway) => assert.rejects(retrieve(gateway), { status: 0xc001 });
  assert.notEqual((await during(failing, { DICOMWEB_PACS_0_RETRIEVE: 'get' })).gets, 0);
});

test('after check an option that was declined is not offered: one association in place of two', async (t) => {
  const { config, during } = await scene(t);
  await check(config);
  const { offered, associations } = await during(fuzzy);
  assert.deepEqual(offered, [['relationalQueries']]);
  assert.equal(associations, 1);
});

test('after check relational answers that lack the levels above are not asked for', async (t) => {
  const { config, during } = await scene(t);
  const instances = searched('instance', []);
  const before = await during(instances);
  await check(config);
  const { finds } = await during(instances);
  assert.equal(finds, before.finds - 1);
});
