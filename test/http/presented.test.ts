// Presentation states as rendered resources (PS3.18 8.3.5.1.6); the fake renderer shows what it was asked.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { buildApp } from '../../src/http/app.ts';
import { firstFrameUnder, presentationOf } from '../../src/http/presented.ts';
import { openPresentationState } from '../../src/render/presentation/state.ts';
import { createRenderer } from '../../src/render/render.ts';
import { holdToContract } from '../support/held.ts';
import { partsOf } from '../support/multipart.ts';
import { createFakeGateway } from './fake-gateway.ts';
import { COMPRESSED_SERIES, EXPLICIT, FIXTURES, type Fixture, fixture, NATIVE_SERIES, STUDY } from './fixtures.ts';
import { buildWeb, pathOf } from './web.ts';

const GRAYSCALE = '1.2.840.10008.5.1.4.1.1.11.1';
const BLENDING = '1.2.840.10008.5.1.4.1.1.11.4';
const PNG = 'image/png';
const MANY = 'multipart/related; type="image/png"';

const sq = (...items: Dataset[]): Dataset[string] => ({ vr: 'SQ', Value: items });
const image = (instance: string, ...frames: number[]): Dataset => ({
  '00081155': { vr: 'UI', Value: [instance] },
  ...(frames.length > 0 && { '00081160': { vr: 'IS', Value: frames } }),
});
const series = (uid: string, ...images: Dataset[]): Dataset => ({
  '0020000E': { vr: 'UI', Value: [uid] },
  '00081140': sq(...images),
});

function state(sopInstanceUid: string, references: Dataset[], sopClassUid = GRAYSCALE): Fixture {
  const more = { '00081115': sq(...references) };
  return fixture({ sopClassUid, sopInstanceUid, series: '2.25.1.9', syntax: EXPLICIT, more });
}

const JPEG = FIXTURES.jpeg.sopInstanceUid;
const NATIVE = FIXTURES.explicit.sopInstanceUid;
const ALL = state('2.25.1.9.1', [series(COMPRESSED_SERIES, image(JPEG)), series(NATIVE_SERIES, image(NATIVE))]);
const SOME = state('2.25.1.9.2', [series(COMPRESSED_SERIES, image(JPEG, 3, 2))]);
const LOST = state('2.25.1.9.3', [series(NATIVE_SERIES, image('2.25.404'))]);
const BLENDED = state('2.25.1.9.4', [series(NATIVE_SERIES, image(NATIVE))], BLENDING);

async function get(t: TestContext, url: string, accept = PNG, headers: Record<string, string> = {}) {
  const { app, gateway, renderer } = await buildWeb(t, {}, [ALL, SOME, LOST, BLENDED]);
  const answer = await app.inject({ url, headers: { accept, ...headers } });
  const parts = () => partsOf(String(answer.headers['content-type']), answer.rawPayload);
  return { app, gateway, renderer, answer, parts };
}

test('W-Q11 a single part is the first frame that the state refers to', async (t) => {
  const { answer } = await get(t, `${pathOf(SOME)}/rendered?viewport=64,32`);
  assert.equal(answer.headers['content-type'], PNG);
  const { file, state: shown, frame, viewport } = answer.json();
  assert.deepEqual([file, shown, frame], [`${JPEG}.dcm`, `${SOME.sopInstanceUid}.dcm`, 3]);
  assert.deepEqual(viewport, { width: 64, height: 32 });
});

test('W-Q11 multipart has every frame of every image, in the order of reference', async (t) => {
  const { parts, gateway } = await get(t, `${pathOf(ALL)}/rendered`, MANY);
  assert.deepEqual(
    parts().map(({ body }) => [JSON.parse(body.toString()).file, JSON.parse(body.toString()).frame]),
    [
      [`${JPEG}.dcm`, 1],
      [`${JPEG}.dcm`, 2],
      [`${JPEG}.dcm`, 3],
      [`${NATIVE}.dcm`, 1],
    ],
  );
  assert.equal(gateway.held, 0);
});

test('W-Q11 of an image only the frames referred to', async (t) => {
  const { parts } = await get(t, `${pathOf(SOME)}/rendered`, MANY);
  assert.deepEqual(
    parts().map(({ body }) => JSON.parse(body.toString()).frame),
    [3, 2],
  );
});

test('W-Q11 an image that is not there is an error, not a picture less', async (t) => {
  assert.equal((await get(t, `${pathOf(LOST)}/rendered`)).answer.statusCode, 404);
});

for (const [rule, url, field] of [
  ['W-Q6', `${pathOf(ALL)}/rendered?window=40,400,linear`, 'window'],
  ['W-Q5', `${pathOf(ALL)}/rendered?viewport=64,64,0,0,32,32`, 'viewport'],
  ['W-Q15', `${pathOf(ALL)}/frames/1/rendered`, 'frames'],
] as const) {
  test(`${rule} ${field} does not go with a presentation state`, async (t) => {
    const { answer, renderer } = await get(t, url);
    assert.equal(answer.statusCode, 400);
    assert.match(answer.body, new RegExp(field));
    assert.equal(renderer.jobs, 0);
  });
}

test('W-N6 the thumbnail of a state is the first image that it shows, or an icon where that is not there', async (t) => {
  const { answer } = await get(t, `${pathOf(SOME)}/thumbnail`);
  const { file, frame, viewport, annotation } = answer.json();
  assert.deepEqual([file, frame, viewport], [`${JPEG}.dcm`, 3, { width: 128, height: 128 }]);
  assert.equal(annotation, undefined);
  assert.ok(String(answer.headers['content-location']).endsWith(pathOf(SOME)));
  const { answer: icon } = await get(t, `${pathOf(LOST)}/thumbnail`);
  assert.deepEqual([icon.statusCode, icon.json().word], [200, 'PR']);
  assert.equal(icon.headers.etag, undefined);
});

test('W-Q13 a blending state is refused: it is never shown as if it were only what lies below', async (t) => {
  const { gateway } = await get(t, `${pathOf(ALL)}/rendered`);
  const resource = { study: STUDY, series: '2.25.1.9', instance: BLENDED.sopInstanceUid };
  const file = await gateway.open(resource, { signal: new AbortController().signal });
  await assert.rejects(openPresentationState(file.path), { kind: 'not-acceptable' });
  file.release();
});

test('W-Q11 the picture is the image as the state wants it', async (t) => {
  const turned = fixture({
    sopClassUid: GRAYSCALE,
    sopInstanceUid: '2.25.1.9.5',
    series: '2.25.1.9',
    syntax: EXPLICIT,
    more: {
      '00081115': sq(series(NATIVE_SERIES, image(NATIVE))),
      '00283110': sq({ '00281050': { vr: 'DS', Value: [750] }, '00281051': { vr: 'DS', Value: [1501] } }),
      '00700041': { vr: 'CS', Value: ['N'] },
      '00700042': { vr: 'US', Value: [180] },
      '20500020': { vr: 'CS', Value: ['IDENTITY'] },
    },
  });
  const gateway = await createFakeGateway([turned]);
  const renderer = createRenderer({ threads: 1 });
  const app = holdToContract(await buildApp(gateway, renderer, { basePath: '/dicomweb' }));
  t.after(() => Promise.all([app.close(), renderer.close(), gateway.close()]));
  const { rawPayload } = await app.inject({ url: `${pathOf(turned)}/rendered`, headers: { accept: PNG } });
  const shades = [...(await sharp(rawPayload).toColourspace('b-w').raw().toBuffer())];
  // 1500, 1400, … 0 in a window from 0 to 1500.
  assert.deepEqual(
    shades,
    Array.from({ length: 16 }, (_, index) => Math.round((255 * (15 - index)) / 15)),
  );
});

test('HDR-6 what is unchanged is not drawn again', async (t) => {
  const { answer, app, renderer } = await get(t, `${pathOf(ALL)}/rendered`);
  const before = renderer.jobs;
  const headers = { accept: PNG, 'if-none-match': String(answer.headers.etag) };
  assert.equal((await app.inject({ url: `${pathOf(ALL)}/rendered`, headers })).statusCode, 304);
  assert.equal(renderer.jobs, before);
});

test('W-Q15 a presentation state that is not there, or is none, is the mistake of the request', async (t) => {
  const { gateway } = await get(t, `${pathOf(ALL)}/rendered`);
  const { signal } = new AbortController();
  for (const [within, instance] of [
    ['2.25.1.9', '2.25.404'],
    [NATIVE_SERIES, NATIVE],
  ] as const) {
    const asked = presentationOf(gateway, { study: STUDY, series: within, instance }, signal);
    await assert.rejects(asked, (error) => error instanceof DicomError && error.kind === 'malformed');
  }
  assert.equal(gateway.held, 0);
});

test('W-Q15 so is one that does not refer to the image', async (t) => {
  const { gateway } = await get(t, `${pathOf(ALL)}/rendered`);
  const { signal } = new AbortController();
  const resource = { study: STUDY, series: '2.25.1.9', instance: SOME.sopInstanceUid };
  const { file } = await presentationOf(gateway, resource, signal);
  const opened = await openPresentationState(file.path);
  file.release();
  assert.equal(firstFrameUnder(opened, JPEG), 3);
  assert.throws(() => firstFrameUnder(opened, NATIVE), { kind: 'malformed' });
});
