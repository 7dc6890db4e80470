// Who waits for an answer goes before what is fetched ahead, over one association.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Stored, startFakePacs } from '../bridge/peer-pacs.ts';
import { startGateway } from '../support/gateway.ts';
import { freePort } from '../support/peers.ts';

const us = (value: number) => ({ vr: 'US' as const, Value: [value] });
const image = (study: string, n: number): Stored => ({
  study,
  series: `${study}.1`,
  instance: `${study}.1.${n}`,
  more: {
    '00200013': { vr: 'IS', Value: [n] },
    '00280002': us(1),
    '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
    '00280010': us(16),
    '00280011': us(16),
    '00280100': us(16),
    '00280101': us(16),
    '00280102': us(15),
    '00280103': us(0),
    '7FE00010': { vr: 'OW', InlineBinary: Buffer.alloc(512, n) },
  },
});

const SLICES = 30;
const SERIES = Array.from({ length: SLICES }, (_, at) => image('1.1', at + 1));
const OTHERS = Array.from({ length: 6 }, (_, at) => image(`1.${at + 2}`, 1));
/** Of those that are fetched ahead, which the PACS stops at. */
const STOP = 5;

for (const retrieve of ['get', 'move'] as const) {
  test(`frames and studies that are asked for come before the rest of a series that is fetched ahead (${retrieve})`, async (t) => {
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const sent: string[] = [];
    let going: Stored[] = [];
    const peer = await startFakePacs(t, [...SERIES, ...OTHERS], {
      send: (matching) => {
        going = matching;
        return matching;
      },
      before: async (index) => {
        if (going.length > 1 && index === STOP && sent.length < SLICES) {
          reached.resolve();
          await gate.promise;
        }
        sent.push(going[index]?.instance ?? '');
      },
    });
    const pacs = { aeTitle: peer.aeTitle, host: '127.0.0.1', port: peer.port };
    const port = await freePort();
    peer.behaviour.peers = { GATEWAY: port };
    const gateway = await startGateway(t, [pacs], {
      DICOMWEB_AE_TITLE: 'GATEWAY',
      DICOMWEB_DICOM_PORT: String(port),
      DICOMWEB_PACS_0_RETRIEVE: retrieve,
      DICOMWEB_PACS_0_MAX_ASSOCIATIONS: '1',
      DICOMWEB_CACHE_PREFETCH: 'series',
    });
    const get = async (path: string, accept: string) => {
      const response = await fetch(`${gateway.url}${path}`, { headers: { accept } });
      const body = await response.bytes();
      assert.equal(response.status, 200, path);
      return body;
    };
    const frame = (n: number) =>
      get(`/studies/1.1/series/1.1.1/instances/1.1.1.${n}/frames/1`, 'application/octet-stream');
    for (const n of [4, 5, 6]) assert.deepEqual([...new Set(await frame(n))], [n]);
    await reached.promise;
    const ahead = sent.length - 3;
    const urgent = OTHERS.map(({ study }) => get(`/studies/${study}`, 'multipart/related; type="application/dicom"'));
    // They wait for the only association.
    await delay(50);
    gate.resolve();
    await Promise.all(urgent);
    const last = Math.max(...OTHERS.map(({ instance }) => sent.indexOf(instance)));
    const before = sent.slice(0, last).filter((instance) => instance.startsWith('1.1.')).length - 3;
    assert.ok(ahead >= STOP && before <= ahead + 2, `${before} of ${SLICES - 3} were fetched ahead before`);
    assert.ok(peer.listener.associations <= 1 + (retrieve === 'move' ? 1 : 0), 'over one association');
    // What was not fetched ahead is had when it is asked for, once.
    for (const n of [1, SLICES]) assert.deepEqual([...new Set(await frame(n))], [n]);
    assert.equal(new Set(sent).size, sent.length, 'nothing came twice');
  });
}
