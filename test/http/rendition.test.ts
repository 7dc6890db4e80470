// What is no image, rendered (PS3.18 8.7.4, Table 8.7.4-1): each in types of its own; the fake renderer shows what it was asked.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { partsOf } from '../support/multipart.ts';
import { EXPLICIT, FIXTURES, type Fixture, fixture } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const SERIES = '2.25.1.4';
const STREAM = Buffer.from('....ftypmp42 a stream of an even length.');
const SECOND = STREAM.length / 2;

function item(bytes: Buffer): Buffer {
  const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
  header.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

const us = (value: number): Dataset[string] => ({ vr: 'US', Value: [value] });

/** A video of 50 pictures in two fragments. */
function video(n: number, syntax: string): Fixture {
  const halves = [STREAM.subarray(0, SECOND), STREAM.subarray(SECOND)].map(item);
  const more: Dataset = {
    '00280002': us(3),
    '00280004': { vr: 'CS', Value: ['YBR_PARTIAL_420'] },
    '00280008': { vr: 'IS', Value: [50] },
    '00280010': us(16),
    '00280011': us(16),
    '00280100': us(8),
    '7FE00010': { vr: 'OB', InlineBinary: Buffer.concat([item(Buffer.alloc(0)), ...halves]) },
  };
  return fixture({
    sopClassUid: '1.2.840.10008.5.1.4.1.1.77.1.4.1',
    sopInstanceUid: `${SERIES}.${n}`,
    series: SERIES,
    syntax,
    more,
  });
}

function encapsulated(n: number, mediaType: string): Fixture {
  const more: Dataset = {
    '00420011': { vr: 'OB', InlineBinary: Buffer.from('document') },
    '00420012': { vr: 'LO', Value: [mediaType] },
  };
  const sopClassUid = `1.2.840.10008.5.1.4.1.1.104.${n}`;
  return fixture({ sopClassUid, sopInstanceUid: `${SERIES}.104.${n}`, series: SERIES, syntax: EXPLICIT, more });
}

const H264 = video(1, '1.2.840.10008.1.2.4.102');
const MPEG2 = video(2, '1.2.840.10008.1.2.4.100.1');
const HEVC = video(3, '1.2.840.10008.1.2.4.107');
const ECG = fixture({
  sopClassUid: '1.2.840.10008.5.1.4.1.1.9.1.1',
  sopInstanceUid: `${SERIES}.4`,
  series: SERIES,
  syntax: EXPLICIT,
  more: {},
});
const DOCUMENTS = ['text/xml', 'model/stl', 'model/obj', 'model/mtl'].map((type, index) =>
  encapsulated(index + 2, type),
);
const MORE = [H264, MPEG2, HEVC, ECG, ...DOCUMENTS];

async function get(t: TestContext, url: string, accept = '*/*', headers: Record<string, string> = {}) {
  const web = await buildWeb(t, {}, MORE);
  const answer = await web.app.inject({ url, headers: { accept, ...headers } });
  const parts = () => partsOf(String(answer.headers['content-type']), answer.rawPayload);
  return { answer, parts, renderer: web.renderer };
}

const rendered = (one: Fixture): string => `${pathOf(one)}/rendered`;

const TYPES: [what: string, one: Fixture, accept: string, contentType: string][] = [
  ['a report', FIXTURES.report, '*/*', 'text/html; charset=utf-8'],
  ['a report', FIXTURES.report, 'text/html,application/xhtml+xml,*/*;q=0.8', 'text/html; charset=utf-8'],
  ['a report', FIXTURES.report, 'text/plain', 'text/plain; charset=utf-8'],
  ['a report', FIXTURES.report, 'text/xml', 'text/xml; charset=utf-8'],
  ['an ECG', ECG, '*/*', 'image/svg+xml'],
  ['an ECG', ECG, 'image/png', 'image/png'],
  ['an ECG', ECG, 'image/jpeg;q=0.5, image/svg+xml;q=0.4', 'image/jpeg'],
  ['H.264', H264, '*/*', 'video/mp4'],
  ['H.264', H264, 'video/*', 'video/mp4'],
  ['MPEG-2', MPEG2, 'video/mpeg', 'video/mpeg'],
  ['HEVC', HEVC, 'video/mp4', 'video/mp4'],
  ['HEVC', HEVC, 'video/H265', 'video/H265'],
  ...DOCUMENTS.map((one, index): [string, Fixture, string, string] => {
    const type = ['text/xml', 'model/stl', 'model/obj', 'model/mtl'][index] ?? '';
    return ['a document', one, type, type];
  }),
];
for (const [what, one, accept, contentType] of TYPES) {
  test(`${what} for ${accept} is ${contentType}`, async (t) => {
    const { answer } = await get(t, rendered(one), accept);
    assert.equal(answer.statusCode, 200, answer.body);
    assert.equal(answer.headers['content-type'], contentType);
    assert.ok(String(answer.headers['content-location']).endsWith(pathOf(one)));
  });
}

const REFUSED: [what: string, one: Fixture, accept: string][] = [
  ['a report', FIXTURES.report, 'image/jpeg'],
  ['a report', FIXTURES.report, 'video/mp4'],
  ['an ECG', ECG, 'text/html'],
  ['H.264', H264, 'video/mpeg'],
  ['an image', FIXTURES.explicit, 'text/html'],
  ['an image', FIXTURES.explicit, 'image/svg+xml'],
];
for (const [what, one, accept] of REFUSED) {
  test(`${what} is not given as ${accept}: 406`, async (t) => {
    assert.equal((await get(t, rendered(one), accept)).answer.statusCode, 406);
  });
}

test('links of a report begin where this client sees the services', async (t) => {
  const { answer } = await get(t, rendered(FIXTURES.report), 'text/html', { host: 'viewer.example' });
  assert.equal(answer.json().base, 'http://viewer.example/dicomweb');
});

for (const one of [FIXTURES.report, ECG]) {
  test(`${one.sopClassUid} runs no script and loads nothing`, async (t) => {
    const policy = String((await get(t, rendered(one))).answer.headers['content-security-policy']);
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /sandbox/);
    assert.doesNotMatch(policy, /script/);
  });
}

test('fragments of a video are one stream, of which a range can be had', async (t) => {
  const { answer: all } = await get(t, rendered(H264));
  assert.deepEqual(all.rawPayload, STREAM);
  assert.equal(all.headers['accept-ranges'], 'bytes');
  const ranges: [range: string, from: number, to: number][] = [
    ['bytes=0-3', 0, 4],
    [`bytes=${SECOND - 2}-${SECOND + 1}`, SECOND - 2, SECOND + 2],
    ['bytes=-4', STREAM.length - 4, STREAM.length],
    [`bytes=${SECOND}-`, SECOND, STREAM.length],
  ];
  for (const [range, from, to] of ranges) {
    const { answer } = await get(t, rendered(H264), '*/*', { range });
    assert.equal(answer.statusCode, 206, range);
    assert.equal(answer.headers['content-range'], `bytes ${from}-${to - 1}/${STREAM.length}`);
    assert.deepEqual(answer.rawPayload, STREAM.subarray(from, to), range);
  }
  const { answer: beyond } = await get(t, rendered(H264), '*/*', { range: `bytes=${STREAM.length}-` });
  assert.equal(beyond.statusCode, 416);
});

test('a range of a document', async (t) => {
  const [cda = ECG] = DOCUMENTS;
  const { answer } = await get(t, rendered(cda), 'text/xml', { range: 'bytes=2-4' });
  assert.equal(answer.body, 'cum');
});

test('a range of another state than the one that If-Range names is not given, the whole is', async (t) => {
  const { answer: all } = await get(t, rendered(H264));
  const asked = async (condition: string) =>
    (await get(t, rendered(H264), '*/*', { range: 'bytes=0-3', 'if-range': condition })).answer;
  const [same, other] = [await asked(String(all.headers.etag)), await asked('"another"')];
  assert.deepEqual([same.statusCode, same.rawPayload], [206, STREAM.subarray(0, 4)]);
  assert.deepEqual([other.statusCode, other.rawPayload], [200, STREAM]);
});

test('HEAD knows no range (RFC 9110 14.2)', async (t) => {
  const { app } = await buildWeb(t, {}, MORE);
  for (const url of [rendered(H264), pathOf(FIXTURES.explicit)]) {
    const accept = url === rendered(H264) ? '*/*' : 'application/dicom';
    const answer = await app.inject({ method: 'HEAD', url, headers: { accept, range: 'bytes=0-3' } });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-range'], undefined);
  }
});

test('a document can not say more in a header than its media type', async (t) => {
  const said = encapsulated(1, 'text/xml; charset=utf-8\r\nSet-Cookie: a=b');
  const web = await buildWeb(t, {}, [said]);
  const answer = await web.app.inject({ url: rendered(said), headers: { accept: 'text/xml' } });
  assert.equal(answer.headers['content-type'], 'text/xml');
  assert.equal(answer.headers['set-cookie'], undefined);
});

test('what has not changed is not sent again', async (t) => {
  const { answer } = await get(t, rendered(H264));
  const again = await get(t, rendered(H264), '*/*', { 'if-none-match': String(answer.headers.etag) });
  assert.equal(again.answer.statusCode, 304);
});

test('W-B3 the pixel data of a video are one part, the whole stream', async (t) => {
  const { parts } = await get(t, `${pathOf(H264)}/pixeldata`, 'multipart/related; type="video/mp4"');
  assert.deepEqual(
    parts().map(({ body }) => body),
    [STREAM],
  );
});

test('as multipart a video is one part', async (t) => {
  const { parts } = await get(t, rendered(H264), 'multipart/related; type="video/mp4"');
  assert.deepEqual(
    parts().map(({ body }) => body),
    [STREAM],
  );
});

test('W-N4 a series rendered has each instance as what the client takes of its kind', async (t) => {
  const many = ['text/html', 'application/pdf'].map((type) => `multipart/related; type="${type}"`).join(', ');
  const { parts } = await get(t, `${PATHS.other}/rendered`, many);
  assert.deepEqual(
    parts().map(({ headers }) => headers['content-type']),
    ['application/pdf', 'text/html; charset=utf-8'],
  );
});

test('W-N4 a series with nothing that the client takes is 406', async (t) => {
  const { answer } = await get(t, `${PATHS.native}/rendered`, 'multipart/related; type="text/html"');
  assert.equal(answer.statusCode, 406);
});

test('W-N6 the thumbnail of what has no picture is an icon, of a waveform its plot', async (t) => {
  const { answer: icon } = await get(t, `${pathOf(FIXTURES.report)}/thumbnail`);
  assert.equal(icon.headers['content-type'], 'image/jpeg');
  assert.deepEqual(icon.json(), {
    word: 'SR',
    mediaType: 'image/jpeg',
    viewport: { width: 128, height: 128 },
    thumbnail: true,
  });
  const { answer: plot } = await get(t, `${pathOf(ECG)}/thumbnail`, 'image/png');
  assert.equal(plot.json().mediaType, 'image/png');
  assert.equal(plot.json().file, `${ECG.sopInstanceUid}.dcm`);
});

test('a report as text/xml is its Native DICOM Model, whatever charset is asked for', async (t) => {
  const { answer } = await get(t, rendered(FIXTURES.report), 'text/xml', { 'accept-charset': 'iso-8859-1' });
  assert.match(answer.body, /^<\?xml [^>]*encoding="UTF-8"/i);
  assert.match(answer.body, /<NativeDicomModel/);
  assert.match(answer.body, new RegExp(FIXTURES.report.sopInstanceUid.replaceAll('.', '\\.')));
});

test('a frame of a video is a picture for who asks for one, where there is an ffmpeg', async (t) => {
  const { answer: first } = await get(t, `${rendered(H264)}?viewport=64,64`, 'image/jpeg');
  assert.equal(first.headers['content-type'], 'image/jpeg');
  assert.deepEqual(first.json(), {
    still: `${H264.sopInstanceUid}.dcm`,
    frame: 1,
    mediaType: 'image/jpeg',
    viewport: { width: 64, height: 64 },
  });
  const { answer: other } = await get(t, `${pathOf(H264)}/frames/7/rendered`, 'image/png');
  assert.equal(other.json().frame, 7);
  assert.notEqual(other.headers.etag, first.headers.etag);
  const { answer: two } = await get(t, `${pathOf(H264)}/frames/7,8/rendered`, 'multipart/related; type="image/png"');
  assert.equal(two.statusCode, 406);
});

test('without an ffmpeg a frame of a video is 406, and its thumbnail an icon', async (t) => {
  const { app, renderer } = await buildWeb(t, {}, MORE);
  renderer.hasFfmpeg = false;
  const asked = (url: string) => app.inject({ url, headers: { accept: 'image/jpeg' } });
  assert.equal((await asked(rendered(H264))).statusCode, 406);
  assert.equal((await asked(`${pathOf(H264)}/thumbnail`)).json().word, 'VIDEO');
});

test('W-N6 the thumbnail of a video is its middle frame, or an icon where that cannot be decoded', async (t) => {
  const { app, renderer } = await buildWeb(t, {}, MORE);
  const url = `${pathOf(H264)}/thumbnail`;
  const { still, frame, thumbnail } = (await app.inject({ url })).json();
  assert.deepEqual([still, frame, thumbnail], [`${H264.sopInstanceUid}.dcm`, 26, true]);
  renderer.still = async () => {
    throw new DicomError('not-acceptable', 'ffmpeg cannot read this video');
  };
  assert.equal((await app.inject({ url })).json().word, 'VIDEO');
});
