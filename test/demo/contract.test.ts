// The demo as a process of its own: what it answers is what the contract says.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { emptyDir } from '../bridge/fixtures.ts';
import { asked } from '../support/asked.ts';
import { freePort } from '../support/peers.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

type Rows = Record<string, { Value?: unknown[] }>[];

test('the answers of a process are in the contract', async (t) => {
  const TMPDIR = await emptyDir(t);
  const args = ['demo', '--pacs', `DEMOPACS@127.0.0.1:${await freePort()}`, '--port', '0', '--dicom-port', '0'];
  const demo = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, TMPDIR },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(demo, 'exit');
  t.after(() => demo.kill('SIGKILL'));
  let said = '';
  demo.stdout.on('data', (chunk) => (said += String(chunk)));
  const signal = AbortSignal.timeout(120_000);
  while (!said.includes('curl') && demo.exitCode === null) {
    await Promise.race([once(demo.stdout, 'data', { signal }), ended]);
  }
  try {
    const root = /DICOMweb at (http:\/\/[^/]+)/.exec(said)?.[1] ?? `no place in: ${said}`;
    const base = `${root}/dicomweb`;
    const rows = async (path: string): Promise<Rows> => JSON.parse(String((await asked(base + path)).body));
    const uid = (row: Rows[number] | undefined, tag: string): string => String(row?.[tag]?.Value?.[0]);
    const study = uid((await rows('/studies?ModalitiesInStudy=CT'))[0], '0020000D');
    const series = uid((await rows(`/studies/${study}/series`))[0], '0020000E');
    const [first] = await rows(`/studies/${study}/series/${series}/instances`);
    const place = `${base}/studies/${study}/series/${series}`;
    const instance = `${place}/instances/${uid(first, '00080018')}`;
    for (const [url, status, init] of [
      [`${base}/instances?limit=2`, 200],
      [`${base}/studies?limit=1&fuzzymatching=true`, 200],
      [`${base}/studies?PatientID=nobody`, 200],
      [`${place}/metadata`, 200],
      [place, 200],
      [instance, 200],
      [instance, 200, { method: 'HEAD' }],
      [instance, 206, { headers: { accept: 'application/dicom; transfer-syntax=*', range: 'bytes=0-9' } }],
      [`${instance}/frames/1`, 200],
      [`${instance}/rendered`, 200],
      [`${place}/thumbnail`, 200],
      [`${instance}/rendered`, 406, { headers: { accept: 'text/css' } }],
      [`${instance}/frames/99`, 404],
      [`${base}/studies?limit=x`, 400],
      [base, 200, { method: 'OPTIONS' }],
      [`${base}/studies`, 405, { method: 'DELETE' }],
      [`${base}/studies`, 415, { method: 'POST', body: 'x' }],
      [`${root}/docs/`, 200],
      [`${root}/docs`, 308],
      [`${root}/openapi.json`, 200],
      [`${root}/healthz`, 200],
      [`${root}/readyz`, 200],
      [`${root}/nothing`, 404],
    ] as const) {
      assert.equal((await asked(url, init)).status, status, url);
    }
  } finally {
    demo.kill('SIGTERM');
    await ended;
  }
});
