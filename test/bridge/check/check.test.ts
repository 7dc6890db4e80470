// `check` against peers that are well, and that are ill in the ways most met: each is told in words that name the cause.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CheckRow, check, printChecks } from '../../../src/bridge/check/check.ts';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { StudyRootFind, StudyRootGet, StudyRootMove } from '../../../src/bridge/retrieve/contexts.ts';
import { freePort } from '../../support/peers.ts';
import { emptyDir } from '../fixtures.ts';
import { type Behaviour, type Stored, startFakePacs } from '../peer-pacs.ts';

const ONE: Stored[] = [{ study: '1.1', series: '1.1.1', instance: '1.1.1.1' }];

async function run(t: TestContext, behaviour: Behaviour, { stored = ONE, retrieve = 'auto' } = {}) {
  const dicomPort = await freePort();
  const peer = await startFakePacs(t, stored, { peers: { GATEWAY: dicomPort }, ...behaviour });
  const env = { DICOMWEB_CACHE_DIR: await emptyDir(t), DICOMWEB_PACS_0_RETRIEVE: retrieve };
  return check(
    loadConfig({
      env: { ...env, DICOMWEB_PACS: `FAKEPACS@127.0.0.1:${peer.port}` },
      flags: { 'dicom-port': `${dicomPort}` },
    }),
  );
}

const at = (rows: CheckRow[], step: CheckRow['step']) => rows.find((row) => row.step === step);
const wrong = (rows: CheckRow[]) => rows.filter(({ state }) => state === 'fail').map(({ step }) => step);

test('a PACS that can do all has a row for each step, all ok', async (t) => {
  const rows = await run(t, {});
  const queries = ['C-FIND study', 'C-FIND patient', 'relational', 'charset', 'date-time', 'fuzzy', 'time zone'];
  assert.deepEqual(
    rows.map(({ step, state }) => [step, state]),
    ['TCP', 'association', 'C-ECHO', ...queries, 'C-STORE', 'C-GET', 'C-MOVE'].map((step) => [step, 'ok']),
  );
  assert.match(at(rows, 'C-MOVE')?.detail ?? '', /^1 instance, \d+ bytes, Explicit VR$/);
});

test('a PACS without C-GET is well where C-MOVE works', async (t) => {
  const rows = await run(t, { refuse: [StudyRootGet] });
  assert.deepEqual(wrong(rows), []);
  assert.equal(at(rows, 'C-GET')?.state, 'warn');
  assert.match(at(rows, 'C-GET')?.detail ?? '', /C-MOVE is used instead/);
  assert.doesNotMatch(at(rows, 'association')?.detail ?? '', /C-GET/);
});

test('a PACS that does not know where to move is well where C-GET works', async (t) => {
  const rows = await run(t, { peers: {} });
  assert.deepEqual(wrong(rows), []);
  assert.equal(at(rows, 'C-MOVE')?.state, 'warn');
  assert.match(at(rows, 'C-MOVE')?.detail ?? '', /C-GET is used instead.*does not know GATEWAY/);
});

test('a PACS that does not know where to move fails where only C-MOVE is wanted', async (t) => {
  const rows = await run(t, { peers: {} }, { retrieve: 'move' });
  assert.deepEqual(wrong(rows), ['C-MOVE']);
  assert.equal(at(rows, 'C-GET'), undefined);
});

test('a PACS that offers neither way fails both', async (t) => {
  const rows = await run(t, { refuse: [StudyRootGet, StudyRootMove] });
  assert.deepEqual(wrong(rows), ['C-GET', 'C-MOVE']);
});

test('an empty PACS is well, and says why retrieves were not tried', async (t) => {
  const rows = await run(t, {}, { stored: [] });
  assert.deepEqual(wrong(rows), []);
  assert.match(at(rows, 'C-FIND study')?.detail ?? '', /without a match/);
  assert.equal(at(rows, 'C-GET'), undefined);
});

test('no line of the table is wider than 110 columns, and each row starts one', async (t) => {
  const rows = await run(t, { peers: {}, refuse: [StudyRootFind.replace('.2.2.1', '.2.1.1')] });
  const lines = printChecks(rows).trimEnd().split('\n');
  assert.ok(lines.length > rows.length);
  assert.equal(lines.filter((line) => line.startsWith('FAKEPACS')).length, rows.length);
  assert.deepEqual(
    lines.filter(({ length }) => length > 110),
    [],
  );
  assert.match(lines[0] ?? '', /^FAKEPACS {2}TCP +ok/);
});

const EXITS: [what: string, behaviour: Behaviour, code: number, states: string[]][] = [
  ['0 where all is well', {}, 0, ['ok']],
  ['0 where something is a warning', { peers: {} }, 0, ['ok', 'warn']],
  ['1 where something failed', { refuse: [StudyRootGet, StudyRootMove] }, 1, ['ok', 'fail']],
];
for (const [what, behaviour, code, states] of EXITS) {
  test(`the exit status of the command is ${what}, and --json prints the rows`, async (t) => {
    const dicomPort = await freePort();
    const peer = await startFakePacs(t, ONE, { peers: { GATEWAY: dicomPort }, ...behaviour });
    const dirs = ['--cache-dir', await emptyDir(t)];
    const options = ['--pacs', `FAKEPACS@127.0.0.1:${peer.port}`, '--dicom-port', `${dicomPort}`, ...dirs];
    const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
    const done = await new Promise<{ code: unknown; rows: CheckRow[] }>((resolve) =>
      execFile(process.execPath, [main, 'check', '--json', ...options], (error, stdout) =>
        resolve({ code: error?.code ?? 0, rows: JSON.parse(stdout) }),
      ),
    );
    assert.equal(done.code, code);
    assert.deepEqual([...new Set(done.rows.map(({ state }) => state))], states);
    assert.deepEqual(Object.keys(done.rows[0] ?? {}), ['pacs', 'step', 'state', 'ms', 'detail']);
  });
}
