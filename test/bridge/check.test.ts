// `check` against peers that are well, and that are ill in the ways most met: each is told in words that name the cause.

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type CheckRow, check, printChecks } from '../../src/bridge/check.ts';
import { loadConfig } from '../../src/bridge/config.ts';
import { StudyRootGet, StudyRootMove } from '../../src/bridge/contexts.ts';
import { listen } from '../../src/dimse/index.ts';
import { freePort } from '../support/peers.ts';
import { type Behaviour, type Stored, startFakePacs } from './peer-pacs.ts';

const ONE: Stored[] = [{ study: '1.1', series: '1.1.1', instance: '1.1.1.1' }];

async function run(
  t: TestContext,
  behaviour: Behaviour,
  { stored = ONE, called = 'FAKEPACS', retrieve = 'auto' } = {},
) {
  const dicomPort = await freePort();
  const peer = await startFakePacs(t, stored, { peers: { GATEWAY: dicomPort }, ...behaviour });
  const env = { HOME: '/', DICOMWEB_PACS_0_RETRIEVE: retrieve };
  return check(
    loadConfig({
      env: { ...env, DICOMWEB_PACS: `${called}@127.0.0.1:${peer.port}` },
      flags: { 'dicom-port': `${dicomPort}` },
    }),
  );
}

const at = (rows: CheckRow[], step: CheckRow['step']) => rows.find((row) => row.step === step);
const wrong = (rows: CheckRow[]) => rows.filter(({ ok }) => !ok).map(({ step }) => step);

test('a PACS that can do all has a row for each step, all ok', async (t) => {
  const rows = await run(t, {});
  assert.deepEqual(
    rows.map(({ step, ok }) => [step, ok]),
    ['tcp', 'association', 'C-ECHO', 'C-STORE contexts', 'C-FIND', 'C-GET', 'C-MOVE'].map((step) => [step, true]),
  );
  assert.match(at(rows, 'C-MOVE')?.detail ?? '', /^1 instance, \d+ bytes, Explicit VR Little Endian$/);
});

test('a PACS without C-GET is well where C-MOVE works', async (t) => {
  const rows = await run(t, { refuse: [StudyRootGet] });
  assert.deepEqual(wrong(rows), []);
  assert.match(at(rows, 'C-GET')?.detail ?? '', /C-MOVE is used instead/);
  assert.doesNotMatch(at(rows, 'association')?.detail ?? '', /C-GET/);
});

test('a PACS that does not know where to move is well where C-GET works', async (t) => {
  const rows = await run(t, { peers: {} });
  assert.deepEqual(wrong(rows), []);
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
  assert.match(at(rows, 'C-FIND')?.detail ?? '', /without a match/);
  assert.equal(at(rows, 'C-GET'), undefined);
});

test('an AE title that the PACS does not answer to', async (t) => {
  const rows = await run(t, {}, { called: 'OTHER' });
  assert.deepEqual(wrong(rows), ['association']);
  assert.match(at(rows, 'association')?.detail ?? '', /does not answer to this AE title/);
});

test('a calling AE title that the PACS does not know', async (t) => {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    allowCalling: () => false,
    contexts: () => undefined,
    services: {},
  });
  t.after(() => listener.close());
  const rows = await check(
    loadConfig({ env: { HOME: '/' }, flags: { pacs: [`X@127.0.0.1:${listener.port}`], 'dicom-port': '0' } }),
  );
  assert.match(at(rows, 'association')?.detail ?? '', /does not know the calling AE title/);
});

test('a port where nothing listens', async () => {
  const port = await freePort();
  const rows = await check(
    loadConfig({ env: { HOME: '/' }, flags: { pacs: [`X@127.0.0.1:${port}`], 'dicom-port': '0' } }),
  );
  assert.deepEqual(
    rows.map(({ step, ok }) => [step, ok]),
    [['tcp', false]],
  );
  assert.match(rows[0]?.detail ?? '', /nothing listens there/);
});

test('a port that speaks something else', async (t) => {
  const greet = (socket: Socket) => socket.on('error', () => {}).end('220 mail.example ESMTP\r\n');
  const server = createServer(greet).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const rows = await check(
    loadConfig({ env: { HOME: '/' }, flags: { pacs: [`X@127.0.0.1:${address.port}`], 'dicom-port': '0' } }),
  );
  assert.deepEqual(wrong(rows), ['association']);
});

test('the table has a line for each row', async (t) => {
  const rows = await run(t, {});
  const lines = printChecks(rows).trimEnd().split('\n');
  assert.equal(lines.length, rows.length);
  assert.match(lines[0] ?? '', /^FAKEPACS {2}tcp +ok/);
});
