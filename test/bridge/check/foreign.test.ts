// `check` against foreign archives: what it says of one that is well, and of one whose entry for the gateway is wrong.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type CheckRow, check } from '../../../src/bridge/check/check.ts';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { freePort, type Peer, startDcmqrscp, startOrthanc } from '../../support/peers.ts';
import { emptyDir, instanceFile } from '../fixtures.ts';

const MADE = { study: '1.1', series: '1.1.1', instance: '1.1.1.1' };

type Destinations = Record<string, { host: string; port: number }>;
type Archive = {
  start(files: string[], destinations: Destinations): Promise<Peer>;
  /** What is said of its counts, its transfer syntaxes, an unknown destination, and a wrong port. */
  counts: RegExp;
  syntaxes: RegExp;
  stranger: RegExp;
  wrongPort: RegExp;
};

const ARCHIVES: Record<string, Archive> = {
  Orthanc: {
    start: (files, modalities) => startOrthanc({ files, modalities }),
    counts: /counts and modalities given/,
    syntaxes: /classes: all 8; syntaxes: 11 of 12 \(not HTJ2K lossless\)/,
    // Orthanc fails alike where it does not know the destination and where it does not reach it.
    stranger: /status C000 .*: it may not know the gateway’s AE title, or not reach it at the address it has for it/,
    wrongPort: /status C000 .*: it may not know the gateway’s AE title, or not reach it at the address it has for it/,
  },
  dcmqrscp: {
    start: (files, moveDestinations) => startDcmqrscp({ files, moveDestinations }),
    counts: /counts and modalities not given: they will be counted/,
    syntaxes: /classes: all 8; syntaxes: all 12/,
    stranger: /it does not know GATEWAY: enter that AE title there, with this host and port \d+/,
    wrongPort: /status A702 .*: it could not send: its entry for the gateway may have a wrong address or port/,
  },
};

/** The archive knows the gateway as it is, else at `entry`, else (`null`) not at all. */
async function rowsOf(t: TestContext, { start }: Archive, entry?: { port: number } | null, retrieve = 'auto') {
  const port = await freePort();
  const known = { GATEWAY: { host: '127.0.0.1', port: entry?.port ?? port } };
  const peer = await start([await instanceFile(t, MADE)], entry === null ? {} : known);
  t.after(() => peer.stop());
  const env = {
    DICOMWEB_CACHE_DIR: await emptyDir(t),
    DICOMWEB_PACS: `${peer.aeTitle}@${peer.host}:${peer.port}`,
    DICOMWEB_PACS_0_RETRIEVE: retrieve,
    DICOMWEB_DICOM_PORT: `${port}`,
  };
  return check(loadConfig({ env, flags: {} }));
}

const at = (rows: CheckRow[], step: CheckRow['step']) => rows.find((row) => row.step === step)?.detail ?? '';

for (const [name, archive] of Object.entries(ARCHIVES)) {
  test(`${name}: every step is tried and is well, with one instance by either way`, async (t) => {
    const rows = await rowsOf(t, archive);
    const queries = ['C-FIND study', 'C-FIND patient', 'relational', 'charset', 'date-time', 'fuzzy', 'time zone'];
    assert.deepEqual(
      rows.map(({ step, state }) => [step, state]),
      ['TCP', 'association', 'C-ECHO', ...queries, 'C-STORE', 'C-GET', 'C-MOVE'].map((step) => [step, 'ok']),
    );
    assert.match(at(rows, 'association'), /^OFFIS_DCMTK_\d+ offers C-FIND, C-FIND by patient, C-GET, C-MOVE$/);
    assert.match(at(rows, 'C-ECHO'), /^7 answers, [\d.]+ ms there and back \(median\)$/);
    assert.match(at(rows, 'C-FIND study'), archive.counts);
    assert.match(at(rows, 'C-STORE'), archive.syntaxes);
    for (const way of ['C-GET', 'C-MOVE'] as const) assert.match(at(rows, way), /^1 instance, \d+ bytes, Explicit VR$/);
  });

  test(`${name}, which does not know the gateway: C-GET is used instead`, async (t) => {
    const rows = await rowsOf(t, archive, null);
    assert.equal(rows.find(({ step }) => step === 'C-MOVE')?.state, 'warn');
    assert.match(at(rows, 'C-MOVE'), /^C-GET is used instead: /);
    assert.match(at(rows, 'C-MOVE'), archive.stranger);
  });

  test(`${name}, whose entry for the gateway has a wrong port, fails where only C-MOVE is wanted`, async (t) => {
    const rows = await rowsOf(t, archive, { port: await freePort() }, 'move');
    assert.equal(rows.find(({ step }) => step === 'C-MOVE')?.state, 'fail');
    assert.match(at(rows, 'C-MOVE'), archive.wrongPort);
  });
}
