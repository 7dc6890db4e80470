// How much of a series is moved for what is asked: one instance for a picture, a frame or the metadata of one; the series, once,
// for its metadata, which are streamed while it lands.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { type Behaviour, type Stored, startFakePacs } from '../bridge/peer-pacs.ts';
import { startGateway } from '../support/gateway.ts';

const PIXELS: Dataset = {
  '00280002': { vr: 'US', Value: [1] },
  '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
  '00280010': { vr: 'US', Value: [16] },
  '00280011': { vr: 'US', Value: [16] },
  '00280100': { vr: 'US', Value: [16] },
  '00280101': { vr: 'US', Value: [16] },
  '00280102': { vr: 'US', Value: [15] },
  '00280103': { vr: 'US', Value: [0] },
};

const SERIES = ['1.1.1', '1.1.2', '1.1.3'];
const UIDS = SERIES.flatMap((series) => [1, 2, 3, 4, 5].map((at) => `${series}.${at}`));
const stored = (): Stored[] =>
  UIDS.map((instance) => ({ study: '1.1', series: instance.slice(0, 5), instance, more: PIXELS }));

const IN_STUDY = '/studies/1.1';
const IN_SERIES = `${IN_STUDY}/series/1.1.2`;
const INSTANCE = `${IN_SERIES}/instances/1.1.2.3`;

/** `sent`: the level of each C-GET, and what went out for it. */
async function start(t: TestContext, behaviour: Behaviour = {}) {
  const sent: string[][] = [];
  const send = (matching: Stored[], level: string) => {
    sent.push([level, ...matching.map(({ instance }) => instance)]);
    return matching;
  };
  const peer = await startFakePacs(t, stored(), { ...behaviour, send });
  const gateway = await startGateway(t, [{ aeTitle: peer.aeTitle, host: '127.0.0.1', port: peer.port }]);
  const get = async (path: string, accept = '*/*') => {
    const response = await fetch(`${gateway.url}${path}`, { headers: { accept } });
    const body = Buffer.from(await response.arrayBuffer());
    assert.equal(response.status, 200, body.toString('latin1').slice(0, 200));
    return body;
  };
  return { peer, gateway, sent, get };
}

for (const [what, path, accept] of [
  ['the thumbnail of a study, whose series are not named', `${IN_STUDY}/thumbnail`],
  ['the thumbnail of a series', `${IN_SERIES}/thumbnail`],
  ['the thumbnail of an instance', `${INSTANCE}/thumbnail`],
  ['the thumbnail of a frame', `${INSTANCE}/frames/1/thumbnail`],
  ['a rendered instance', `${INSTANCE}/rendered`],
  ['a rendered frame', `${INSTANCE}/frames/1/rendered`],
  ['a frame', `${INSTANCE}/frames/1`],
  ['the metadata of an instance', `${INSTANCE}/metadata`],
  ['an instance', INSTANCE, 'application/dicom'],
  ['the pixel data of an instance', `${INSTANCE}/pixeldata`],
  ['bulk data', `${INSTANCE}/bulkdata/7FE00010`],
] as const) {
  test(`${what} moves one instance at IMAGE level, once`, async (t) => {
    const { sent, get } = await start(t);
    await get(path, accept);
    await get(path, accept);
    assert.deepEqual(
      sent.map(([level, ...uids]) => [level, uids.length]),
      [['IMAGE', 1]],
    );
  });
}

for (const contentType of ['application/dicom', 'image/jpeg']) {
  test(`WADO-URI as ${contentType} moves one instance at IMAGE level`, async (t) => {
    const { sent, gateway } = await start(t);
    const keys = `studyUID=1.1&seriesUID=1.1.2&objectUID=1.1.2.3&contentType=${contentType}`;
    const response = await fetch(`${gateway.origin}/wado?requestType=WADO&${keys}`);
    assert.equal(response.status, 200, await response.text());
    assert.deepEqual(sent, [['IMAGE', '1.1.2.3']]);
  });
}

test('all pictures of one instance move it once', async (t) => {
  const { sent, get } = await start(t);
  await Promise.all(
    ['metadata', 'frames/1', 'rendered', 'thumbnail', 'frames/1/rendered'].map((one) => get(`${INSTANCE}/${one}`)),
  );
  assert.deepEqual(sent, [['IMAGE', '1.1.2.3']]);
});

test('the metadata of a series move it once, and its frames and pictures nothing more', async (t) => {
  const { sent, get } = await start(t);
  const metadata = JSON.parse((await get(`${IN_SERIES}/metadata`, 'application/dicom+json')).toString());
  assert.equal(metadata.length, 5);
  for (const instance of UIDS.slice(5, 10)) {
    await get(`${IN_SERIES}/instances/${instance}/frames/1`);
    await get(`${IN_SERIES}/instances/${instance}/metadata`);
  }
  await get(`${IN_SERIES}/thumbnail`);
  assert.deepEqual(sent, [['SERIES', ...UIDS.slice(5, 10)]]);
});

for (const coding of ['identity', 'gzip', 'br']) {
  test(`the metadata of a cold series leave as its instances land, in an order that stays (${coding})`, async (t) => {
    const gate = Promise.withResolvers<void>();
    const { peer, gateway, sent, get } = await start(t, {
      before: async (index) => (index === 3 ? gate.promise : undefined),
    });
    peer.stored.reverse();
    const path = `${IN_SERIES}/metadata`;
    const response = await fetch(`${gateway.url}${path}`, { headers: { 'accept-encoding': coding } });
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? assert.fail('no body')) {
      text += decoder.decode(chunk, { stream: true });
      // The fourth is not sent before the third can be read.
      if (text.includes('1.1.2.3')) gate.resolve();
    }
    const order = (json: string) =>
      (JSON.parse(json) as Record<string, { Value: string[] }>[]).map((one) => one['00080018']?.Value[0]);
    assert.deepEqual(order(text), UIDS.slice(5, 10).toReversed());
    assert.equal((await get(path, 'application/dicom+json')).toString(), text);
    assert.equal(sent.length, 1);
  });
}

test('one instance of a series that is being retrieved moves nothing of its own', async (t) => {
  const gate = Promise.withResolvers<void>();
  const { sent, get } = await start(t, { before: async (index) => (index === 4 ? gate.promise : undefined) });
  const series = get(`${IN_SERIES}/metadata`);
  while (sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await get(`${IN_SERIES}/instances/1.1.2.1/frames/1`);
  gate.resolve();
  await series;
  assert.deepEqual(sent, [['SERIES', ...UIDS.slice(5, 10)]]);
});
