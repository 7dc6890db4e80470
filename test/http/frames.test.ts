// Frames, bulk data and pixel data (PS3.18 10.4.1.5, 10.4.1.6, 8.7.3.3).

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { partsOf } from '../support/multipart.ts';
import { codestream, EXPLICIT, FIXTURES, fixture, GRAY, JPEG, JPEG_LS, PIXELS, STUDY } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const OCTETS = 'multipart/related; type="application/octet-stream"';
const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.70';

async function get(t: TestContext, url: string, accept: string) {
  const { app, renderer } = await buildWeb(t);
  const answer = await app.inject({ url, headers: { accept } });
  const parts = () => partsOf(String(answer.headers['content-type']), answer.rawPayload);
  return { answer, parts, renderer };
}

test('W-B5 a part per frame in the order of the list, each at its own URL', async (t) => {
  const { parts } = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/1,3`, `${OCTETS}; transfer-syntax=*`);
  assert.deepEqual(
    parts().map(({ body }) => body),
    [codestream(1), codestream(3)],
  );
  assert.deepEqual(
    parts().map(({ headers }) => headers['content-location']?.replace(/.*\/instances/, '')),
    [`/${FIXTURES.jpeg.sopInstanceUid}/frames/1`, `/${FIXTURES.jpeg.sopInstanceUid}/frames/3`],
  );
});

test('NEG-11 compressed frames are decoded for who names no transfer syntax', async (t) => {
  const { parts } = await get(t, `${pathOf(FIXTURES.jpegLs)}/frames/1`, OCTETS);
  const [part] = parts();
  assert.deepEqual(part?.body, Buffer.concat([Buffer.from([1]), PIXELS]));
  assert.equal(part?.headers['content-type'], `application/octet-stream; transfer-syntax=${EXPLICIT}`);
});

test('a frame by the type it is stored in', async (t) => {
  const { parts } = await get(t, `${pathOf(FIXTURES.jpegLs)}/frames/1`, 'multipart/related; type="image/jls"');
  assert.deepEqual(parts()[0]?.body, codestream(1));
});

test('T-6 image/jpeg without a transfer syntax is lossless: a native frame never becomes a lossy one', async (t) => {
  const web = await buildWeb(t);
  const targets: string[] = [];
  web.renderer.encode = async (_path, _frame, target) => {
    targets.push(target);
    return { bytes: codestream(1), photometricInterpretation: 'MONOCHROME2' };
  };
  const headers = { accept: 'multipart/related; type="image/jpeg"' };
  const answer = await web.app.inject({ url: `${pathOf(FIXTURES.explicit)}/frames/1`, headers });
  assert.deepEqual(targets, [JPEG_LOSSLESS]);
  const [part] = partsOf(String(answer.headers['content-type']), answer.rawPayload);
  assert.equal(part?.headers['content-type'], `image/jpeg; transfer-syntax=${JPEG_LOSSLESS}`);
});

test('T-6 image/jpeg of what can not be made lossless JPEG is 406', async (t) => {
  const { answer } = await get(t, `${pathOf(FIXTURES.explicit)}/frames/1`, 'multipart/related; type="image/jpeg"');
  assert.equal(answer.statusCode, 406);
});

test('a frame of a lossy image as image/jpeg is the stored one, with its own label', async (t) => {
  const { parts } = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/1`, 'multipart/related; type="image/jpeg"');
  assert.equal(parts()[0]?.headers['content-type'], `image/jpeg; transfer-syntax=${JPEG}`);
});

test('of several types the first that can be had is given', async (t) => {
  const accept = `multipart/related; type="image/jp2", ${OCTETS}; q=0.5`;
  const { parts } = await get(t, `${pathOf(FIXTURES.explicit)}/frames/1`, accept);
  assert.deepEqual(parts()[0]?.body, PIXELS);
});

test('a single part for one frame only', async (t) => {
  const one = await get(t, `${pathOf(FIXTURES.jpegLs)}/frames/1`, 'image/jls');
  assert.equal(one.answer.headers['content-type'], `image/jls; transfer-syntax=${JPEG_LS}`);
  assert.deepEqual(one.answer.rawPayload, codestream(1));
  assert.match(String(one.answer.headers['content-location']), /\/frames\/1$/);
  const two = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/1,2`, 'image/jpeg');
  assert.equal(two.answer.statusCode, 406);
});

const LISTS: readonly (readonly [frames: string, status: number])[] = [
  ['1', 200],
  ['1,2,3', 200],
  ['1%2C3', 200],
  ['1,%203', 200],
  ['0', 400],
  ['00', 400],
  ['01', 400],
  ['-1', 400],
  ['+1', 400],
  ['1.0', 400],
  ['a', 400],
  ['1,,2', 400],
  ['1,', 400],
  [',1', 400],
  ['2,1', 400],
  ['1,1', 400],
  ['1;2', 400],
  ['99999999999', 400],
  ['4', 404],
  ['3,4', 404],
];

for (const [frames, status] of LISTS) {
  test(`W-R15 T-79 frames/${frames} is ${status}`, async (t) => {
    const { answer } = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/${frames}`, `${OCTETS}; transfer-syntax=*`);
    assert.equal(answer.statusCode, status, answer.payload);
  });
}

test('a list of a thousand frames is no URI too long', async (t) => {
  const list = Array.from({ length: 1000 }, (_, i) => i + 1).join(',');
  const { answer } = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/${list}`, `${OCTETS}; transfer-syntax=*`);
  assert.equal(answer.statusCode, 404);
});

test('frames of an instance without pixels are 406', async (t) => {
  const { answer } = await get(t, `${pathOf(FIXTURES.pdf)}/frames/1`, OCTETS);
  assert.equal(answer.statusCode, 406);
});

test('HDR-6 frames have an ETag, and If-None-Match gives 304', async (t) => {
  const { app } = await buildWeb(t);
  const url = `${pathOf(FIXTURES.jpeg)}/frames/1`;
  const headers = { accept: `${OCTETS}; transfer-syntax=*` };
  const { etag } = (await app.inject({ url, headers })).headers;
  const again = await app.inject({ url, headers: { ...headers, 'if-none-match': String(etag) } });
  assert.equal(again.statusCode, 304);
  const other = await app.inject({ url: url.replace(/1$/, '2'), headers });
  assert.notEqual(other.headers.etag, etag);
});

for (const resource of ['bulkdata/7FE00010', 'bulkdata/7fe00010', 'bulkdata', 'pixeldata']) {
  test(`W-B3 T-10 ${resource}: native pixel data are one part`, async (t) => {
    const { parts } = await get(t, `${pathOf(FIXTURES.explicit)}/${resource}`, OCTETS);
    assert.equal(parts().length, 1);
    assert.deepEqual(parts()[0]?.body, PIXELS);
    assert.match(parts()[0]?.headers['content-location'] ?? '', /\/bulkdata\/7FE00010$/);
  });

  test(`W-B3 T-10 ${resource}: native pixel data of many frames are one part too`, async (t) => {
    const more: Dataset = {
      ...GRAY,
      '00280008': { vr: 'IS', Value: [2] },
      '7FE00010': { vr: 'OW', InlineBinary: Buffer.concat([PIXELS, PIXELS]) },
    };
    const { sopClassUid, seriesInstanceUid: series } = FIXTURES.jpeg;
    const frames = fixture({ sopClassUid, sopInstanceUid: `${series}.9`, series, syntax: EXPLICIT, more });
    const { app } = await buildWeb(t, {}, [frames]);
    const answer = await app.inject({ url: `${pathOf(frames)}/${resource}`, headers: { accept: OCTETS } });
    const parts = partsOf(String(answer.headers['content-type']), answer.rawPayload);
    assert.deepEqual(
      parts.map(({ body }) => body),
      [Buffer.concat([PIXELS, PIXELS])],
    );
  });

  test(`W-B3 T-10 ${resource}: compressed pixel data are a part per frame`, async (t) => {
    const { parts } = await get(t, `${pathOf(FIXTURES.jpeg)}/${resource}`, `${OCTETS}; transfer-syntax=*`);
    assert.deepEqual(
      parts().map(({ body }) => body),
      [codestream(1), codestream(2), codestream(3)],
    );
  });

  test(`W-B3 ${resource}: decoded pixel data are one part with all frames`, async (t) => {
    const { parts } = await get(t, `${pathOf(FIXTURES.jpeg)}/${resource}`, OCTETS);
    const frame = (n: number) => Buffer.concat([Buffer.from([n]), PIXELS]);
    assert.deepEqual(
      parts().map(({ body }) => body),
      [Buffer.concat([frame(1), frame(2), frame(3)])],
    );
  });
}

test('W-B2 the value of a big endian instance is little endian', async (t) => {
  const { answer } = await get(t, `${pathOf(FIXTURES.big)}/bulkdata/7FE00010`, 'application/octet-stream');
  assert.deepEqual(answer.rawPayload, PIXELS);
});

test('W-R10 W-R11 bulk data and pixel data of a study', async (t) => {
  const bulk = await get(t, `${PATHS.other}/bulkdata`, OCTETS);
  assert.equal(bulk.parts().length, 1, 'the report has none, the PDF one');
  const pixels = await get(t, `${PATHS.study}/pixeldata`, `${OCTETS}; transfer-syntax=*`);
  assert.equal(pixels.parts().length, 8);
  const none = await get(t, `${PATHS.other}/pixeldata`, OCTETS);
  assert.equal(none.answer.statusCode, 404);
});

test('Table 10.4.4-1 octet-stream of an instance resource is its bulk data', async (t) => {
  const { parts } = await get(t, pathOf(FIXTURES.explicit), OCTETS);
  assert.deepEqual(parts()[0]?.body, PIXELS);
});

const PATHS_OF_VALUES: readonly (readonly [path: string, status: number])[] = [
  ['00100010', 404],
  ['00420011', 404],
  ['PixelData', 400],
  ['7FE0001', 400],
  ['7FE00010/0', 400],
  ['7FE00010/x/00100010', 400],
  ['..%2F..', 400],
];

for (const [path, status] of PATHS_OF_VALUES) {
  test(`bulkdata/${path} is ${status}`, async (t) => {
    const { answer } = await get(t, `${pathOf(FIXTURES.explicit)}/bulkdata/${path}`, OCTETS);
    assert.equal(answer.statusCode, status, answer.payload);
  });
}

test('where the frames lie is found out once and kept beside the instance', async (t) => {
  const web = await buildWeb(t);
  const file = await web.gateway.open(
    { study: STUDY, series: FIXTURES.jpeg.seriesInstanceUid, instance: FIXTURES.jpeg.sopInstanceUid },
    { signal: t.signal },
  );
  assert.equal(file.document('frames-1'), undefined);
  const accept = `${OCTETS}; transfer-syntax=*`;
  const answers = [];
  for (const frame of [2, 2, 3]) {
    answers.push(await web.app.inject({ url: `${pathOf(FIXTURES.jpeg)}/frames/${frame}`, headers: { accept } }));
  }
  const bodies = answers.map(
    ({ headers, rawPayload }) => partsOf(String(headers['content-type']), rawPayload)[0]?.body,
  );
  assert.deepEqual(bodies, [codestream(2), codestream(2), codestream(3)]);
  const kept = JSON.parse(String(file.document('frames-1')));
  assert.equal(kept.numberOfFrames, 3);
  assert.ok('table' in kept);
});
