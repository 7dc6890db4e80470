// WADO-URI before a real archive, with the real renderer: a presentation state shows through it what WADO-RS shows of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { createUid } from '../../src/dimse/data/uid.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../render/fixtures.ts';
import { numbered, rowsOf, samplesIn, writeState } from '../render/presentation/states.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type Peer, startOrthanc } from '../support/peers.ts';

const dir = fixtureFolder();
const [study, series] = [createUid(), createUid()];
const inSeries: Dataset = {
  '00080020': { vr: 'DA', Value: ['20260101'] },
  '00080060': { vr: 'CS', Value: ['OT'] },
  '00100020': { vr: 'LO', Value: ['P1'] },
  '0020000D': { vr: 'UI', Value: [study] },
  '0020000E': { vr: 'UI', Value: [series] },
};
const patient = { '00100020': inSeries['00100020'] ?? { vr: 'LO' } };
const cs = (value: string): Dataset[string] => ({ vr: 'CS', Value: [value] });
/** A quarter turn, and a window that shows every sample as it is times 4. */
const TURNED: Dataset = {
  ...patient,
  '00283110': {
    vr: 'SQ',
    Value: [{ '00281050': { vr: 'DS', Value: [32] }, '00281051': { vr: 'DS', Value: [65] } }],
  },
  '00700041': cs('N'),
  '00700042': { vr: 'US', Value: [90] },
};
const INVERTED: Dataset = { ...patient, '20500020': cs('INVERSE') };
const STATE_SERIES = createUid();

describe('WADO-URI before an archive', () => {
  let peer: Peer;
  let gateway: RunningGateway;
  let image: string;
  let loop: string;
  const states = new Map<string, string>();

  before(async () => {
    image = await writeFixture(dir, numbered(inSeries));
    const pixel = pixelOf({});
    loop = await writeFixture(dir, { pixel, frames: [samples(pixel, 1), samples(pixel, 2)], attributes: inSeries });
    const inOne = { '0020000E': { vr: 'UI' as const, Value: [STATE_SERIES] } };
    states.set('turned', await writeState(dir, image, { ...TURNED, ...inOne }));
    states.set('inverted', await writeState(dir, image, { ...INVERTED, ...inOne }));
    const second: Dataset = { '00081155': { vr: 'UI', Value: [uidOf(loop)] }, '00081160': { vr: 'IS', Value: [2] } };
    const of: Dataset = { ...(inSeries as Pick<Dataset, '0020000E'>), '00081140': { vr: 'SQ', Value: [second] } };
    states.set('second', await writeState(dir, loop, { ...patient, ...inOne, '00081115': { vr: 'SQ', Value: [of] } }));
    peer = await startOrthanc({ files: [image, loop, ...states.values()] });
    gateway = await startGateway(undefined, [peer]);
  });
  after(async () => {
    await gateway?.close();
    await peer?.stop();
  });

  const get = async (url: string) => {
    const response = await fetch(`${gateway.origin}${url}`, { headers: { accept: 'image/png' } });
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const byUri = (path: string, more: string) =>
    get(
      `/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${uidOf(path)}&contentType=image/png${more}`,
    );
  const under = (state: string) =>
    `&presentationSeriesUID=${STATE_SERIES}&presentationUID=${uidOf(states.get(state) ?? '')}`;
  const byRs = (state: string, query = '') =>
    get(
      `/dicomweb/studies/${study}/series/${STATE_SERIES}/instances/${uidOf(states.get(state) ?? '')}/rendered${query}`,
    );

  for (const [state, path] of [
    ['turned', () => image],
    ['inverted', () => image],
    ['second', () => loop],
  ] as const) {
    test(`U-17 presentationUID, ${state}: the picture that WADO-RS gives of the state`, async () => {
      const [uri, rs] = [await byUri(path(), under(state)), await byRs(state)];
      assert.deepEqual([uri.status, rs.status], [200, 200], uri.bytes.toString());
      assert.deepEqual(await samplesIn(uri.bytes), await samplesIn(rs.bytes));
    });
  }

  test('U-17 the state decides: turned by a quarter, in its own window', async () => {
    const { bytes } = await byUri(image, under('turned'));
    const rows = rowsOf(await samplesIn(bytes));
    assert.deepEqual([rows.length, rows[0]?.length], [6, 4]);
    // The lowest sample of the first column is the first of the first row.
    const shade = (sample: number) => Math.round((sample / 64) * 255);
    for (const [at, sample] of [30, 20, 10, 0].entries()) {
      assert.ok(Math.abs((rows[0]?.[at] ?? -1) - shade(sample)) <= 2, `${rows[0]}`);
    }
  });

  test('U-14 U-18 rows and columns size what the state shows', async () => {
    const [uri, rs] = [
      await byUri(image, `${under('turned')}&rows=60&columns=60`),
      await byRs('turned', '?viewport=60,60'),
    ];
    const shown = await samplesIn(uri.bytes);
    assert.deepEqual([shown.width, shown.height], [40, 60]);
    assert.deepEqual(shown, await samplesIn(rs.bytes));
  });

  test('U-11 U-16 without a state the frame and the window asked for are shown', async () => {
    const { bytes } = await byUri(image, '&windowCenter=32&windowWidth=65');
    const [row] = rowsOf(await samplesIn(bytes));
    assert.ok((row?.[5] ?? 0) > (row?.[0] ?? 0));
    const frames = await Promise.all(
      [1, 2].map(async (n) =>
        samplesIn((await byUri(loop, `&frameNumber=${n}&windowCenter=128&windowWidth=256`)).bytes),
      ),
    );
    assert.notDeepEqual(frames[0], frames[1]);
    // The state has no window: samples are shown as they are, as this one does.
    assert.deepEqual(frames[1], await samplesIn((await byUri(loop, under('second'))).bytes));
  });

  test('U-15 a region is cut out of the picture', async () => {
    const whole = rowsOf(await samplesIn((await byUri(image, '&windowCenter=32&windowWidth=65')).bytes));
    const part = await byUri(image, '&windowCenter=32&windowWidth=65&region=0.5,0.5,1,1');
    assert.deepEqual(
      rowsOf(await samplesIn(part.bytes)),
      whole.slice(2).map((row) => row.slice(3)),
    );
  });

  test('U-17 400 for a state that is not there, is none, or does not refer to the image', async () => {
    const none = `&presentationSeriesUID=${STATE_SERIES}&presentationUID=1.2.3`;
    const noState = `&presentationSeriesUID=${series}&presentationUID=${uidOf(loop)}`;
    for (const more of [none, noState, under('second')]) {
      const { status, bytes } = await byUri(image, more);
      assert.equal(status, 400, more);
      assert.match(bytes.toString(), /presentationUID/);
    }
  });
});

function uidOf(path: string): string {
  return readFileMeta(readFileSync(path)).sopInstanceUid ?? '';
}
