// Extended negotiation of searches, as a PACS sees it: what is offered, when, and what is then asked (PS3.4 C.5.1.1).

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { check } from '../../../src/bridge/check/check.ts';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { createPacs } from '../../../src/bridge/pacs/pacs.ts';
import { StudyRootFind } from '../../../src/bridge/retrieve/contexts.ts';
import { search } from '../../../src/bridge/search/search.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { ExplicitLittle, ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { answerExtended, extendedOptions, type FindOption, listen } from '../../../src/dimse/index.ts';
import { dataset, valuesOf } from '../fake-pacs.ts';
import { collect, emptyDir } from '../fixtures.ts';

const STUDY = dataset({
  StudyInstanceUID: '1.1',
  StudyDate: '20240103',
  StudyTime: '0030',
  PatientName: { Alphabetic: 'MEIER^ANNA' },
  ModalitiesInStudy: ['CT'],
  NumberOfStudyRelatedSeries: 1,
  NumberOfStudyRelatedInstances: 1,
});

const NO_FUZZY = 'The fuzzymatching parameter is not supported. Only literal matching has been performed.';
const FUZZY: [string, string][] = [
  ['PatientName', 'Mayer*'],
  ['fuzzymatching', 'true'],
];
const RANGES: [string, string][] = [
  ['StudyDate', '20240101-20240103'],
  ['StudyTime', '1000-1800'],
];

/** A PACS with one study that it gives to every query, and agrees to what it `supports`. */
async function peer(t: TestContext, supports: readonly FindOption[]) {
  const offered: string[][] = [];
  const asked: Dataset[] = [];
  let supported = supports;
  async function* find({ identifier }: { identifier: Dataset }) {
    asked.push(identifier);
    yield STUDY;
  }
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: () => [ExplicitLittle, ImplicitLittle],
    extended: (uid, offer) => {
      if (uid !== StudyRootFind) return undefined;
      offered.push([...extendedOptions('find', offer)]);
      return answerExtended('find', offer, supported);
    },
    services: { find, echo: async () => 0 },
  });
  const config = loadConfig({
    env: { DICOMWEB_CACHE_DIR: await emptyDir(t), DICOMWEB_PACS: `P@127.0.0.1:${listener.port}` },
    flags: {},
  });
  const [pacsConfig] = config.pacs;
  assert.ok(pacsConfig);
  const pacs = createPacs({ config: pacsConfig, aeTitle: 'GATEWAY' });
  t.after(async () => {
    await pacs.close();
    await listener.close();
  });
  const ask = async (parameters: [string, string][]) => {
    const limits = { maxResults: 100, maxMatches: 100, maxFanOut: 10, pacsMs: 5000 };
    const options = { baseUrl: 'http://x', signal: new AbortController().signal, limits };
    const found = await search(pacs, { level: 'study', parameters }, options);
    return { count: (await collect(found.results)).length, warnings: found.warnings };
  };
  const become = (now: readonly FindOption[]) => {
    supported = now;
  };
  return { pacs, config, ask, offered, asked, become };
}

test('Q-M19 fuzzymatching is negotiated, and a name that the PACS found fuzzily is not dropped', async (t) => {
  const { ask, offered } = await peer(t, ['fuzzyMatching']);
  assert.deepEqual(await ask(FUZZY), { count: 1, warnings: [] });
  assert.deepEqual(offered, [['relationalQueries', 'fuzzyMatching']]);
});

test('Q-P5 a PACS that does not agree is asked literally, with the Warning', async (t) => {
  const { ask, asked } = await peer(t, []);
  assert.deepEqual(await ask(FUZZY), { count: 0, warnings: [NO_FUZZY] });
  assert.equal(asked.length, 1);
});

test('Q-M19 searches with and without fuzzymatching never share an association', async (t) => {
  const { ask, offered } = await peer(t, ['fuzzyMatching']);
  await ask(FUZZY);
  assert.equal((await ask([['PatientName', 'Mayer*']])).count, 0);
  assert.deepEqual(offered, [['relationalQueries', 'fuzzyMatching'], ['relationalQueries']]);
  await ask(FUZZY);
  await ask([]);
  assert.equal(offered.length, 2);
});

test('Q-M19 what a PACS has declined is not offered again', async (t) => {
  const { ask, offered } = await peer(t, []);
  for (let times = 0; times < 3; times++) await ask(FUZZY);
  assert.equal(offered.filter((options) => options.includes('fuzzyMatching')).length, 1);
});

test('Q-M19 a PACS that no longer agrees is asked literally by the next association', async (t) => {
  const { ask, become, pacs } = await peer(t, ['fuzzyMatching']);
  const { signal } = new AbortController();
  assert.deepEqual([...(await pacs.agreed(['fuzzyMatching', 'combinedDateTime'], signal))], ['fuzzyMatching']);
  become([]);
  assert.deepEqual((await ask(FUZZY)).warnings, [NO_FUZZY]);
});

test('Q-M11 ranges of date and time are asked for as one where the PACS agrees', async (t) => {
  const { ask, asked, offered } = await peer(t, ['combinedDateTime']);
  assert.deepEqual(await ask(RANGES), { count: 1, warnings: [] });
  assert.deepEqual(offered, [['relationalQueries', 'combinedDateTime']]);
  assert.deepEqual(valuesOf(asked[0], 'StudyTime'), ['1000-1800']);
});

test('Q-M11 T-34 else by date alone, and the gateway combines', async (t) => {
  const { ask, asked } = await peer(t, []);
  assert.equal((await ask(RANGES)).count, 1);
  assert.deepEqual(valuesOf(asked[0], 'StudyDate'), ['20240101-20240103']);
  assert.deepEqual(valuesOf(asked[0], 'StudyTime') ?? [], []);
});

test('Q-P14 Q-D14 a time zone is sent where its adjustment is agreed to, and times are then for the PACS to compare', async (t) => {
  const { ask, asked, offered } = await peer(t, ['timezoneAdjustment', 'combinedDateTime']);
  const zone: [string, string] = ['TimezoneOffsetFromUTC', '+0100'];
  const later: [string, string][] = [
    ['StudyDate', '20240104-20240105'],
    ['StudyTime', '0000-0200'],
  ];
  assert.deepEqual(await ask([...later, zone]), { count: 1, warnings: [] });
  assert.deepEqual(offered, [['relationalQueries', 'combinedDateTime', 'timezoneAdjustment']]);
  assert.deepEqual(valuesOf(asked[0], 'TimezoneOffsetFromUTC'), ['+0100']);
  assert.equal((await ask(later)).count, 0);
  assert.equal(asked[1]?.['00080201'], undefined);
});

test('Q-P14 Q-D14 without consent it is neither sent nor used, and the Warning says so', async (t) => {
  const { ask, asked } = await peer(t, []);
  const { warnings } = await ask([['TimezoneOffsetFromUTC', '+0100']]);
  assert.match(warnings[0] ?? '', /^TimezoneOffsetFromUTC is not supported/);
  assert.equal(asked[0]?.['00080201'], undefined);
});

for (const supports of [[], ['combinedDateTime'], ['fuzzyMatching', 'timezoneAdjustment']] as const) {
  test(`check tells what searches then do: ${supports.join(', ') || 'nothing agreed'}`, async (t) => {
    const { ask, asked, config } = await peer(t, supports);
    const rows = await check(config);
    const told = (step: string) =>
      /^(combined matching )?agreed/.test(rows.find((row) => row.step === step)?.detail ?? '');
    asked.length = 0;
    const { warnings } = await ask([...RANGES, ...FUZZY, ['TimezoneOffsetFromUTC', '+0100']]);
    assert.equal(told('date-time'), valuesOf(asked[0], 'StudyTime')?.[0] === '1000-1800');
    assert.equal(told('fuzzy'), !warnings.includes(NO_FUZZY));
    assert.equal(told('time zone'), asked[0]?.['00080201'] !== undefined);
  });
}
