// What was learned about a PACS: how long it is believed, and what becomes of it in a file.

import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Config, loadConfig } from '../../../src/bridge/config/config.ts';
import { Learned } from '../../../src/bridge/pacs/learned.ts';
import { keepingOf } from '../../../src/bridge/pacs/learned-file.ts';
import { emptyDir } from '../fixtures.ts';

const DAY = 86_400_000;

/** Processes with the same cache folder; `settings` are those of the PACS. */
async function processes(t: TestContext) {
  const dir = await emptyDir(t);
  const time = { now: 1_000_000 };
  const lines: string[] = [];
  const configOf = (settings: Record<string, string> = {}): Config =>
    loadConfig({ env: { DICOMWEB_CACHE_DIR: dir, DICOMWEB_PACS: 'PACS@127.0.0.1:104', ...settings }, flags: {} });
  const start = async (settings: Record<string, string> = {}) => {
    const config = configOf(settings);
    const [pacs] = config.pacs;
    assert.ok(pacs);
    const learned = new Learned({ keeping: keepingOf(config, pacs, (line) => lines.push(line)), now: () => time.now });
    await learned.look();
    return learned;
  };
  return { dir, folder: join(dir, 'pacs'), time, start, lines };
}

test('what is learned is known at once, and nothing else is', () => {
  const learned = new Learned();
  learned.learn({ fuzzyMatching: false, way: 'move' });
  assert.deepEqual(
    (['fuzzyMatching', 'combinedDateTime', 'way'] as const).map((name) => learned.of(name)),
    [false, undefined, 'move'],
  );
});

test('what is learned is believed for a day from when it was last seen', () => {
  let now = 0;
  const learned = new Learned({ now: () => now });
  learned.learn({ way: 'move' });
  now = DAY - 1;
  assert.equal(learned.of('way'), 'move');
  now = DAY;
  assert.equal(learned.of('way'), undefined);
  learned.learn({ way: 'move' });
  now = 2 * DAY - 1;
  assert.equal(learned.of('way'), 'move');
});

test('what turned out wrong is not believed, nor by the next process', async (t) => {
  const { start, time } = await processes(t);
  const first = await start();
  first.learn({ way: 'move' });
  time.now += 1;
  first.learn({ way: undefined });
  await first.idle();
  assert.equal(first.of('way'), undefined);
  assert.equal((await start()).of('way'), undefined);
});

test('the next process knows what was learned, for as long as it was believed', async (t) => {
  const { start, time } = await processes(t);
  const first = await start();
  first.learn({ way: 'move', timezoneAdjustment: false });
  await first.idle();
  const second = await start();
  assert.deepEqual([second.of('way'), second.of('timezoneAdjustment')], ['move', false]);
  time.now += DAY;
  assert.equal(second.of('way'), undefined);
  assert.equal((await start()).of('way'), undefined);
});

test('a process that runs beside knows within seconds; of two the later one is right', async (t) => {
  const { start, time } = await processes(t);
  const [gateway, other] = [await start(), await start()];
  gateway.learn({ way: 'get' });
  await gateway.idle();
  time.now += 1000;
  other.learn({ way: 'move' });
  await other.idle();
  assert.equal(gateway.of('way'), 'get');
  time.now += 5000;
  gateway.of('way');
  await gateway.idle();
  assert.equal(gateway.of('way'), 'move');
});

test('two that learn different things at a time lose neither', async (t) => {
  const { start } = await processes(t);
  const [one, other] = [await start(), await start()];
  one.learn({ way: 'move' });
  await one.idle();
  other.learn({ fuzzyMatching: false });
  await other.idle();
  const third = await start();
  assert.deepEqual([third.of('way'), third.of('fuzzyMatching')], ['move', false]);
});

const OTHERS: [what: string, settings: Record<string, string>][] = [
  ['host', { DICOMWEB_PACS: 'PACS@127.0.0.2:104' }],
  ['port', { DICOMWEB_PACS: 'PACS@127.0.0.1:105' }],
  ['called AE title', { DICOMWEB_PACS: 'PACT@127.0.0.1:104' }],
  ['AE title of the gateway', { DICOMWEB_AE_TITLE: 'OTHER' }],
  ['AE title to call with', { DICOMWEB_PACS_0_CALLING_AE_TITLE: 'OTHER' }],
  ['TLS', { DICOMWEB_PACS_0_TLS_ENABLED: 'true' }],
];
for (const [what, settings] of OTHERS) {
  test(`nothing is known of a PACS with another ${what}`, async (t) => {
    const { start } = await processes(t);
    const first = await start();
    first.learn({ way: 'move' });
    await first.idle();
    assert.equal((await start(settings)).of('way'), undefined);
    assert.equal((await start()).of('way'), 'move');
  });
}

test('the file is for its owner alone, and no half one is left beside', async (t) => {
  const { start, folder } = await processes(t);
  const learned = await start();
  learned.learn({ way: 'move' });
  learned.learn({ fuzzyMatching: true });
  await learned.idle();
  const names = await readdir(folder);
  assert.equal(names.length, 1);
  const { mode } = await stat(join(folder, names[0] ?? ''));
  assert.equal(mode & 0o777, 0o600);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
});

const BROKEN: [what: string, change: (text: string) => string][] = [
  ['cut short', (text) => text.slice(0, -5)],
  ['of another PACS', (text) => text.replace('127.0.0.1', '127.0.0.9')],
  ['with facts of another shape', () => '{"facts":{"way":"move"}}'],
  ['of the future', (text) => text.replace(/"at":\d+/, '"at":9e15')],
];
for (const [what, change] of BROKEN) {
  test(`a file ${what} teaches nothing and is written anew`, async (t) => {
    const { start, folder } = await processes(t);
    const first = await start();
    first.learn({ way: 'move' });
    await first.idle();
    const file = join(folder, (await readdir(folder))[0] ?? '');
    await writeFile(file, change(await readFile(file, 'utf8')));
    const second = await start();
    assert.equal(second.of('way'), undefined);
    second.learn({ way: 'get' });
    await second.idle();
    assert.equal((await start()).of('way'), 'get');
  });
}

test('a folder that takes no file costs a line of the log, nothing else', async (t) => {
  const { start, dir, lines } = await processes(t);
  await writeFile(join(dir, 'pacs'), '');
  const learned = await start();
  learned.learn({ way: 'move' });
  await learned.idle();
  assert.equal(learned.of('way'), 'move');
  assert.match(lines[0] ?? '', /^what was learned about PACS is not kept: /);
});
