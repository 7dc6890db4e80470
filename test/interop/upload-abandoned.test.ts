// Uploads that don't go as they should into real archives: a client that leaves, an archive that takes one at a time.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { interopFiles } from '../fixtures/interop-files.ts';
import { startGateway } from '../support/gateway.ts';
import { multipartOf } from '../support/multipart.ts';
import { startDcmqrscp, startOrthanc } from '../support/peers.ts';

const files = (await interopFiles()).filter(({ instance }) => instance.length <= 64);
const partsOf = (count: number) =>
  files.slice(0, count).map(({ path }) => ({
    headers: { 'Content-Type': 'application/dicom' },
    body: readFileSync(path),
  }));

/** Asks until `isTrue`, for ten seconds. */
async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (let turn = 0; turn < 500; turn++) {
    if (await isTrue()) return;
    await delay(20);
  }
  assert.fail('it did not come true');
}

test('S-34 a client that vanishes midway leaves every acknowledged instance in the PACS, and the log says which', async (t) => {
  const peer = await startOrthanc();
  t.after(() => peer.stop());
  const [said, details]: [string[], string[]] = [[], []];
  const log = {
    debug: (line: string) => void details.push(line),
    info: (line: string) => void said.push(line),
    warn: (line: string) => void said.push(line),
  };
  const gateway = await startGateway(t, [peer], {}, log);
  const held = async () => ((await (await fetch(`${peer.httpUrl}/instances`)).json()) as string[]).length;

  const whole = multipartOf('b', partsOf(3));
  const second = multipartOf('b', partsOf(2)).length;
  const { hostname, port } = new URL(gateway.origin);
  const socket = connect(Number(port), hostname);
  const head = [
    'POST /dicomweb/studies HTTP/1.1',
    `Host: ${hostname}:${port}`,
    'Content-Type: multipart/related; type="application/dicom"; boundary=b',
    `Content-Length: ${whole.length}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  // The third is cut in its middle.
  socket.write(whole.subarray(0, Math.floor((second + whole.length) / 2)));
  await until(async () => (await held()) === 2);
  socket.destroy();

  await until(() => said.length > 0);
  assert.deepEqual(said, [`store to ${peer.aeTitle} broke off: 2 instances are stored`]);
  for (const { instance } of files.slice(0, 2)) {
    assert.ok(details.includes(`store to ${peer.aeTitle} broke off: ${instance} is stored`), details.join('\n'));
  }
  assert.equal(await held(), 2);
});

test('S-35 an archive that fails on several at a time still takes all of them', async (t) => {
  const peer = await startDcmqrscp({ files: [] });
  t.after(() => peer.stop());
  const gateway = await startGateway(t, [peer], { DICOMWEB_PACS_0_STORE_ASSOCIATIONS: '4' });
  const response = await fetch(`${gateway.url}/studies`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' },
    body: new Uint8Array(multipartOf('b', partsOf(60))),
  });
  const module = await response.text();
  assert.equal(response.status, 200, module.slice(0, 500));
});
