// Rendered resources and thumbnails (PS3.18 10.4.1.1.3 to 10.4.1.1.5); the fake renderer shows what it was asked.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { partsOf } from '../support/multipart.ts';
import { COMPRESSED_SERIES, DOCUMENT, FIXTURES, NATIVE_SERIES, STUDY } from './fixtures.ts';
import { buildWeb, PATHS, pathOf, type Web } from './web.ts';

const MANY = 'multipart/related; type="image/png"';

async function get(t: TestContext, url: string, accept = '*/*', web?: Web) {
  const { app } = web ?? (await buildWeb(t));
  const answer = await app.inject({ url, headers: { accept } });
  const parts = () => partsOf(String(answer.headers['content-type']), answer.rawPayload);
  return { answer, parts };
}

for (const type of ['image/jpeg', 'image/png', 'image/gif']) {
  test(`T-22 ${type}`, async (t) => {
    const { answer } = await get(t, `${pathOf(FIXTURES.explicit)}/rendered`, type);
    assert.equal(answer.headers['content-type'], type);
    assert.equal(answer.json().mediaType, type);
    assert.ok(String(answer.headers['content-location']).endsWith(pathOf(FIXTURES.explicit)));
  });
}

test('Table 8.7.4-1 the optional image types are given by name only', async (t) => {
  for (const type of ['image/jp2', 'image/jph', 'image/jxl']) {
    for (const resource of ['rendered', 'thumbnail']) {
      const { answer } = await get(t, `${pathOf(FIXTURES.explicit)}/${resource}`, `${type}, */*;q=0.1`);
      assert.equal(answer.headers['content-type'], type);
    }
  }
  const { answer } = await get(t, `${pathOf(FIXTURES.explicit)}/rendered`, 'image/*');
  assert.equal(answer.headers['content-type'], 'image/jpeg');
});

test('T-23 quality, viewport and window reach the renderer', async (t) => {
  const url = `${pathOf(FIXTURES.explicit)}/rendered?quality=80&viewport=64,32,,,2,2&window=40,400,linear-exact`;
  const { answer } = await get(t, url, 'image/jpeg');
  const { quality, viewport, window } = answer.json();
  assert.equal(quality, 80);
  assert.deepEqual(viewport, { width: 64, height: 32, region: { x: 0, y: 0, width: 2, height: 2 } });
  assert.deepEqual(window, { center: 40, width: 400, function: 'linear-exact' });
});

test('W-Q1 the annotations asked for reach the renderer, of which a thumbnail gets none', async (t) => {
  const web = await buildWeb(t);
  const url = (kind: string): string => `${pathOf(FIXTURES.explicit)}/${kind}?annotation=patient,technique`;
  const { answer: rendered } = await get(t, url('rendered'), '*/*', web);
  assert.deepEqual(rendered.json().annotation, ['patient', 'technique']);
  assert.equal(rendered.headers.warning, undefined);
  const { answer: thumbnail } = await get(t, url('thumbnail'), '*/*', web);
  assert.equal(thumbnail.json().annotation, undefined);
  assert.match(
    String(thumbnail.headers.warning),
    /^299 http:\/\/[^ ]+\/dicomweb: The following annotation values are not supported: patient,technique$/,
  );
});

test('COM-5 W-Q16 parameters of WADO-URI mean nothing here', async (t) => {
  const web = await buildWeb(t);
  const url = `${pathOf(FIXTURES.jpeg)}/rendered`;
  const { answer: plain } = await get(t, url, 'image/jpeg', web);
  for (const query of [
    'windowCenter=x&rows=-1&imageQuality=900',
    'rows=2&columns=2&frameNumber=2&region=0,0,0.5,0.5',
  ]) {
    const { answer } = await get(t, `${url}?${query}`, 'image/jpeg', web);
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(answer.json(), plain.json(), query);
  }
});

test('W-N3 a single part shows the first frame, multipart all', async (t) => {
  const { answer } = await get(t, `${pathOf(FIXTURES.jpeg)}/rendered`, 'image/png');
  assert.equal(answer.json().frame, 1);
  const { parts } = await get(t, `${pathOf(FIXTURES.jpeg)}/rendered`, MANY);
  assert.deepEqual(
    parts().map(({ body }) => JSON.parse(body.toString()).frame),
    [1, 2, 3],
  );
  assert.match(parts()[1]?.headers['content-location'] ?? '', /\/frames\/2$/);
});

test('Table 8.7.4-1 image/gif of a multi-frame instance is animated, of one frame it is not', async (t) => {
  const gif = async (url: string) => (await get(t, url, 'image/gif')).answer.json();
  assert.equal((await gif(`${pathOf(FIXTURES.jpeg)}/rendered`)).animated, true);
  assert.equal((await gif(`${pathOf(FIXTURES.jpeg)}/frames/2/rendered`)).frame, 2);
  assert.equal((await gif(`${pathOf(FIXTURES.explicit)}/rendered`)).frame, 1);
});

const MULTI_FRAME = FIXTURES.jpeg;

test('Table 8.7.4-1 a multi-frame instance is video/mp4 for who would rather have that', async (t) => {
  for (const accept of ['video/mp4', 'video/*', 'video/mp4, image/jpeg;q=0.5', 'image/jpeg;q=0.5, video/mp4']) {
    const { answer } = await get(t, `${pathOf(MULTI_FRAME)}/rendered?viewport=64,64`, accept);
    assert.equal(answer.headers['content-type'], 'video/mp4', accept);
    assert.equal(answer.json().movie, `${MULTI_FRAME.sopInstanceUid}.dcm`);
    assert.deepEqual(answer.json().viewport, { width: 64, height: 64 });
    assert.ok(String(answer.headers['content-location']).endsWith(pathOf(MULTI_FRAME)));
  }
  for (const accept of ['*/*', 'image/jpeg, video/mp4;q=0.5']) {
    const { answer } = await get(t, `${pathOf(MULTI_FRAME)}/rendered`, accept);
    assert.equal(answer.headers['content-type'], 'image/jpeg', accept);
  }
});

test('a video that cannot be is 406 and says why, or the picture that is taken as well', async (t) => {
  const web = await buildWeb(t);
  const asked = async (url: string, accept: string) => (await get(t, url, accept, web)).answer;
  const single = await asked(`${pathOf(FIXTURES.explicit)}/rendered`, 'video/mp4');
  assert.deepEqual([single.statusCode, /multi-frame/.test(single.body)], [406, true]);
  const frame = await asked(`${pathOf(MULTI_FRAME)}/frames/2/rendered`, 'video/mp4');
  assert.equal(frame.statusCode, 406);
  web.renderer.hasFfmpeg = false;
  const without = await asked(`${pathOf(MULTI_FRAME)}/rendered`, 'video/mp4');
  assert.deepEqual([without.statusCode, /ffmpeg/.test(without.body)], [406, true]);
  const instead = await asked(`${pathOf(MULTI_FRAME)}/rendered`, 'video/mp4, image/gif;q=0.5');
  assert.equal(instead.headers['content-type'], 'image/gif');
});

test('a video is made once and kept, ranges of it too; one with parameters is not kept', async (t) => {
  const web = await buildWeb(t);
  const url = `${pathOf(MULTI_FRAME)}/rendered`;
  const { answer: whole } = await get(t, url, 'video/mp4', web);
  const headers = { accept: 'video/mp4', range: 'bytes=2-6' };
  const part = await web.app.inject({ url, headers });
  assert.equal(part.statusCode, 206);
  assert.deepEqual(part.rawPayload, whole.rawPayload.subarray(2, 7));
  assert.equal(web.renderer.jobs, 1);
  for (const _ of [1, 2]) await get(t, `${url}?quality=50`, 'video/mp4', web);
  assert.equal(web.renderer.jobs, 3);
});

test('W-N4 a series rendered as video/mp4 has a part for each of its loops', async (t) => {
  const { parts } = await get(t, `${PATHS.compressed}/rendered`, 'multipart/related; type="video/mp4"');
  assert.deepEqual(
    parts().map(({ headers, body }) => [headers['content-type'], JSON.parse(body.toString()).movie]),
    [['video/mp4', `${MULTI_FRAME.sopInstanceUid}.dcm`]],
  );
});

test('W-R6 rendered frames', async (t) => {
  const one = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/3/rendered`, 'image/png');
  assert.equal(one.answer.json().frame, 3);
  const two = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/1,3/rendered`, MANY);
  assert.equal(two.parts().length, 2);
  const single = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/1,3/rendered`, 'image/png');
  assert.equal(single.answer.statusCode, 406);
  const beyond = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/1,4/rendered`, MANY);
  assert.equal(beyond.answer.statusCode, 404);
});

test('W-N4 a rendered series is multipart, what has no picture left out', async (t) => {
  const { parts } = await get(t, `${PATHS.compressed}/rendered`, '*/*');
  assert.equal(parts().length, 4);
  const study = await get(t, `${PATHS.study}/rendered`, MANY);
  assert.equal(study.parts().length, 8);
  const without = await get(t, `${PATHS.other}/rendered`, MANY);
  assert.equal(without.answer.statusCode, 406);
  const single = await get(t, `${PATHS.native}/rendered`, 'image/png');
  assert.equal(single.answer.statusCode, 406);
});

test('a picture that cannot be made is not left out of a series: an answer that has begun is broken off', async (t) => {
  const web = await buildWeb(t);
  const { render } = web.renderer;
  const headers = { accept: MANY };
  web.renderer.undecodable = true;
  assert.equal((await web.app.inject({ url: `${PATHS.compressed}/rendered`, headers })).statusCode, 406);
  web.renderer.undecodable = false;
  let left = 2;
  web.renderer.render = async (...job) => {
    web.renderer.undecodable = left === 0;
    left -= 1;
    return render(...job);
  };
  await assert.rejects(web.app.inject({ url: `${PATHS.compressed}/rendered`, headers }));
});

test('a document is rendered as itself, an image not as a document', async (t) => {
  const pdf = await get(t, `${pathOf(FIXTURES.pdf)}/rendered`, 'application/pdf');
  assert.deepEqual(pdf.answer.rawPayload.subarray(0, DOCUMENT.length), DOCUMENT);
  const picture = await get(t, `${pathOf(FIXTURES.pdf)}/rendered`, 'image/jpeg');
  assert.equal(picture.answer.statusCode, 406);
  const image = await get(t, `${pathOf(FIXTURES.explicit)}/rendered`, 'application/pdf');
  assert.equal(image.answer.statusCode, 406);
});

test('HDR-6 an unchanged picture is not drawn again', async (t) => {
  const web = await buildWeb(t);
  const url = `${pathOf(FIXTURES.explicit)}/rendered?quality=50`;
  const { etag } = (await web.app.inject({ url })).headers;
  const { jobs } = web.renderer;
  const again = await web.app.inject({ url, headers: { 'if-none-match': String(etag) } });
  assert.equal(again.statusCode, 304);
  assert.equal(web.renderer.jobs, jobs);
  const other = await web.app.inject({ url: url.replace('50', '51'), headers: { 'if-none-match': String(etag) } });
  assert.equal(other.statusCode, 200);
});

test('a thumbnail is rendered once and kept; one of a size of its own is not kept', async (t) => {
  const web = await buildWeb(t);
  const url = `${pathOf(FIXTURES.explicit)}/thumbnail`;
  const first = await get(t, url, 'image/jpeg', web);
  const again = await get(t, url, 'image/jpeg', web);
  assert.deepEqual(again.answer.rawPayload, first.answer.rawPayload);
  assert.equal(web.renderer.jobs, 1);
  for (const _ of [1, 2]) await get(t, `${url}?viewport=20,20`, 'image/jpeg', web);
  assert.equal(web.renderer.jobs, 3);
});

test('T-29 W-N6 thumbnails at all four levels: one image of the middle', async (t) => {
  const web = await buildWeb(t);
  const { gateway } = web;
  const uid = (tag: string, value: string) => ({ [tag]: { vr: 'UI' as const, Value: [value] } });
  const search = gateway.search;
  gateway.search = (request, options) => {
    const modality = (value: string) => ({ '00080060': { vr: 'CS' as const, Value: [value] } });
    const number = (value: number) => ({ '00200013': { vr: 'IS' as const, Value: [value] } });
    gateway.found =
      request.level === 'series'
        ? [
            { ...uid('0020000E', '2.25.1.3'), ...modality('SR') },
            { ...uid('0020000E', COMPRESSED_SERIES), ...modality('OT') },
          ]
        : [
            { ...uid('00080018', FIXTURES.jpegLs.sopInstanceUid), ...number(9) },
            { ...uid('00080018', FIXTURES.jpeg.sopInstanceUid), ...uid('00080016', '1.2.3.4'), ...number(10) },
          ];
    return search(request, options);
  };
  const { open } = gateway;
  const told: unknown[] = [];
  gateway.open = (resource, options) => {
    told.push(options.sopClassUid);
    return open(resource, options);
  };
  const study = await get(t, `${PATHS.study}/thumbnail`, 'image/jpeg', web);
  assert.equal(study.answer.json().file, `${FIXTURES.jpeg.sopInstanceUid}.dcm`, 'the series of pictures, its middle');
  assert.equal(study.answer.json().frame, 2, 'the middle frame');
  assert.deepEqual(study.answer.json().viewport, { width: 128, height: 128 });
  assert.deepEqual(told, ['1.2.3.4'], 'its SOP class, so that the PACS is not asked for it once more');
  const series = await get(t, `${PATHS.compressed}/thumbnail`, 'image/jpeg', web);
  assert.equal(series.answer.json().frame, 2);
  const frame = await get(t, `${pathOf(FIXTURES.jpeg)}/frames/3/thumbnail`, 'image/jpeg', web);
  assert.equal(frame.answer.json().frame, 3);
  const instance = await get(t, `${pathOf(FIXTURES.explicit)}/thumbnail`, 'image/jpeg', web);
  assert.equal(instance.answer.json().frame, 1);
  assert.ok(gateway.searches.every(({ study: asked }) => asked === STUDY));
  assert.equal(gateway.held, 0);
  assert.notEqual(NATIVE_SERIES, COMPRESSED_SERIES);
});

const BAD: readonly string[] = [
  'quality=0',
  'quality=101',
  'quality=high',
  'quality=',
  'quality=1.5',
  'quality=50&quality=60',
  'viewport=',
  'viewport=1',
  'viewport=0,1',
  'viewport=-1,5',
  'viewport=a,b',
  'viewport=1,2,x',
  'viewport=1,2,3,4,5,6,7',
  'window=40,400',
  'window=40,400,LINEAR',
  'window=40,0,linear',
  'window=x,400,linear',
  'window=40,400,cubic',
  'window=',
  'annotation=',
  'annotation=PATIENT',
  'annotation=name',
  'iccprofile=maybe',
];

for (const query of BAD) {
  test(`T-24 T-25 W-Q1…W-Q7 ?${query} is 400 and names the parameter`, async (t) => {
    const { answer } = await get(t, `${pathOf(FIXTURES.explicit)}/rendered?${query}`, 'image/jpeg');
    assert.equal(answer.statusCode, 400);
    assert.ok(answer.json().detail.includes(query.split('=')[0]));
  });
}

test('T-28 W-Q5 the viewport of a thumbnail has two numbers', async (t) => {
  const web = await buildWeb(t);
  const url = `${pathOf(FIXTURES.explicit)}/thumbnail?viewport=`;
  const { answer: two } = await get(t, `${url}1,2`, 'image/jpeg', web);
  assert.deepEqual(two.json().viewport, { width: 1, height: 2 });
  for (const viewport of ['1,2,3,4,5,6', '1,2,,,,', '1,2,3']) {
    const { answer } = await get(t, `${url}${viewport}`, 'image/jpeg', web);
    assert.equal(answer.statusCode, 400, viewport);
    assert.match(answer.json().detail, /viewport/);
  }
});
