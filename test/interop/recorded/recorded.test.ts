// The requests that real clients send, to the letter and over real sockets, at the gateway in front of a real archive.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { archiveFiles } from '../../support/archive-files.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type Peer, startOrthanc, tempDir } from '../../support/peers.ts';
import { samplesIn } from './archive.ts';
import { exchange } from './exact.ts';
import { recorded, VIEWER } from './requests.ts';

const { skip } = archiveFiles();

describe('requests as recorded from real clients', { skip }, async () => {
  let peer: Peer;
  let gateway: RunningGateway;
  const samples = skip ? undefined : await samplesIn(await tempDir());

  before(async () => {
    peer = await startOrthanc({ files: Object.values(samples ?? {}).map(({ path }) => path) });
    gateway = await startGateway(undefined, [peer], { DICOMWEB_HTTP_CORS_ORIGINS: VIEWER });
  });
  after(async () => {
    await gateway?.close();
    await peer?.stop();
  });

  const table = samples === undefined ? [] : recorded(samples);
  for (const { who, target, fields, expect } of table) {
    test(`${who}: ${target.slice(0, 90)}`, async () => {
      const { host } = new URL(gateway.origin);
      const answer = await exchange(gateway.origin, { target, fields: fields(host) });
      await expect(answer);
      if (fields(host).some(([name]) => name === 'Origin')) {
        assert.equal(answer.headers['access-control-allow-origin'], VIEWER);
      }
    });
  }
});
