// The peers that other tests lean on: they start, hold what they are given, hand it out as it was, and end.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { corpusRows, corpusTest } from '../support/corpus.ts';
import {
  getscuFiles,
  type Peer,
  requirePeer,
  runToolOk,
  startDcmqrscp,
  startMoveOracle,
  startOrthanc,
  startStorescp,
  tempDir,
} from '../support/peers.ts';

test('an absent peer fails with the line that installs it', () => {
  assert.throws(() => requirePeer('no-such-peer'), /no-such-peer is not installed: apt-get install -y dcmtk orthanc/);
});

for (const [name, start] of Object.entries({
  dcmqrscp: startDcmqrscp,
  storescp: startStorescp,
  Orthanc: startOrthanc,
})) {
  test(`${name} answers C-ECHO and leaves nothing listening when stopped`, async () => {
    const peer: Peer = await start();
    try {
      await runToolOk('echoscu', ['-aec', peer.aeTitle, peer.host, String(peer.port)]);
    } finally {
      await peer.stop();
    }
    await assert.rejects(connected(peer.port), /ECONNREFUSED/);
    assert.equal(await peer.stop(), undefined);
  });
}

test('a peer ends with the test process, even when that is killed', async () => {
  const script = `
    import { startDcmqrscp } from ${JSON.stringify(new URL('../support/peers.ts', import.meta.url).href)};
    console.log((await startDcmqrscp()).port);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = await once(child.stdout, 'data');
  const port = Number(chunk);
  await connected(port);
  child.kill('SIGKILL');
  await once(child, 'close');
  while (
    await connected(port).then(
      () => true,
      () => false,
    )
  )
    await delay(20);
  await assert.rejects(connected(port), /ECONNREFUSED/);
});

corpusTest('dcmqrscp holds the whole PACS set of the corpus', async (dir) => {
  const files = pacsSet(dir);
  const peer = await startDcmqrscp({ files });
  try {
    const output = await runToolOk('findscu', [
      ...['-S', '-aec', peer.aeTitle, '-k', 'QueryRetrieveLevel=STUDY', '-k', 'StudyInstanceUID'],
      ...[peer.host, String(peer.port)],
    ]);
    const rows = corpusRows(dir, 'manifest.tsv').filter((row) => files.includes(join(dir, row.file ?? '')));
    const studies = new Set(rows.map((row) => row.study_uid?.replaceAll(/[ \0]/g, '')));
    const found = [...output.matchAll(/\(0020,000d\) UI \[([^\]]*?)[ \0]*\]/g)].map((match) => match[1]);
    assert.deepEqual([...new Set(found)].sort(), [...studies].sort());
  } finally {
    await peer.stop();
  }
});

/** One file of each transfer syntax that DCMTK can send. */
const SYNTAXES = [
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2.2',
  '1.2.840.10008.1.2.1.99',
  '1.2.840.10008.1.2.5',
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.51',
  '1.2.840.10008.1.2.4.57',
  '1.2.840.10008.1.2.4.70',
  '1.2.840.10008.1.2.4.80',
  '1.2.840.10008.1.2.4.81',
  '1.2.840.10008.1.2.4.90',
  '1.2.840.10008.1.2.4.91',
];

/** What getscu has no option for. */
const MOVE_ONLY = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.4.57'];

corpusTest('dcmqrscp hands out each stored transfer syntax by C-GET and by C-MOVE', async (dir, t) => {
  const chosen = onePerSyntax(dir);
  const oracle = await startMoveOracle(SYNTAXES);
  t.after(() => oracle.stop());
  const peer = await startDcmqrscp({
    files: chosen.map((row) => join(dir, row.file ?? '')),
    moveDestinations: oracle.destinations,
  });
  t.after(() => peer.stop());
  for (const row of chosen) {
    const resource = { study: row.study_uid ?? '', series: row.series_uid ?? '', instance: row.sop_instance_uid ?? '' };
    const transferSyntaxUid = row.transfer_syntax_uid ?? '';
    const [moved] = await oracle.files(peer, resource, transferSyntaxUid);
    assert.equal(await syntaxOf(moved), transferSyntaxUid, `${row.file} by C-MOVE`);
    if (MOVE_ONLY.includes(transferSyntaxUid)) continue;
    const [got] = await getscuFiles(peer, resource, { dir: await tempDir(t), transferSyntaxUid });
    assert.equal(await syntaxOf(got), transferSyntaxUid, `${row.file} by C-GET`);
  }
});

corpusTest('Orthanc with its DICOMweb plugin holds files and hands them out by C-GET', async (dir, t) => {
  const row = onePerSyntax(dir).find((each) => each.transfer_syntax_uid === '1.2.840.10008.1.2.1');
  const peer = await startOrthanc({ files: [join(dir, row?.file ?? '')], dicomWeb: true });
  t.after(() => peer.stop());
  const response = await fetch(`${peer.httpUrl}/dicom-web/studies`, { headers: { accept: 'application/dicom+json' } });
  const studies = (await response.json()) as Record<string, { Value?: string[] }>[];
  assert.deepEqual(studies[0]?.['0020000D']?.Value, [row?.study_uid]);
  const files = await getscuFiles(peer, { study: row?.study_uid ?? '' }, { dir: await tempDir(t) });
  assert.equal(files.length, 1);
});

function pacsSet(dir: string): string[] {
  const names = readFileSync(join(dir, 'pacs_set.txt'), 'utf8').trimEnd().split('\n');
  return names.map((name) => join(dir, name));
}

function onePerSyntax(dir: string): Record<string, string>[] {
  const loadable = new Set(pacsSet(dir));
  const rows = corpusRows(dir, 'manifest.tsv').filter((row) => {
    const sound = !/missing|invalid-uid|sopinstance-mismatch/.test(row.trait ?? '') && Number(row.bytes) < 3_000_000;
    // getscu proposes the classes its release knows, 120 of them.
    const known = /^(CT|MR|Secondary Capture|Ultrasound) Image Storage$/.test(row.sop_class ?? '');
    return sound && known && loadable.has(join(dir, row.file ?? ''));
  });
  return SYNTAXES.map((uid) => {
    const row = rows.find((candidate) => candidate.transfer_syntax_uid === uid);
    assert.ok(row, `no file of the PACS set in ${uid}`);
    return row;
  });
}

async function syntaxOf(file: string | undefined): Promise<string> {
  assert.ok(file, 'nothing was received');
  const head = (await readFile(file)).subarray(0, 1024).toString('latin1');
  return /\x02\0\x10\0UI..([0-9.]+)/s.exec(head)?.[1] ?? '';
}

function connected(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
