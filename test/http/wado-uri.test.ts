// WADO-URI (PS3.18 chapter 9).

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { DOCUMENT, EXPLICIT, FIXTURES, type Fixture, JPEG, JPEG_LS, STUDY } from './fixtures.ts';
import { buildWeb, pathOf } from './web.ts';

function urlOf({ seriesInstanceUid, sopInstanceUid }: Fixture, more = ''): string {
  return `/wado?requestType=WADO&studyUID=${STUDY}&seriesUID=${seriesInstanceUid}&objectUID=${sopInstanceUid}${more}`;
}

async function get(t: TestContext, url: string, accept: string | undefined = '*/*') {
  const { app } = await buildWeb(t);
  return app.inject({ url, headers: accept === undefined ? {} : { accept } });
}

test('U-20 the default is image/jpeg of the first frame', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.jpeg));
  assert.equal(answer.headers['content-type'], 'image/jpeg');
  assert.equal(answer.json().frame, 1);
});

test('U-30 application/dicom in Explicit VR Little Endian, with its location and without parameters (U-23)', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.implicit, '&contentType=application%2Fdicom'));
  assert.equal(answer.headers['content-type'], 'application/dicom');
  assert.equal(readFileMeta(answer.rawPayload).transferSyntaxUid, EXPLICIT);
  assert.ok(String(answer.headers['content-location']).endsWith(pathOf(FIXTURES.implicit)));
});

test('U-10 transferSyntax', async (t) => {
  const stored = await get(t, urlOf(FIXTURES.jpegLs, `&contentType=application/dicom&transferSyntax=${JPEG_LS}`));
  assert.equal(readFileMeta(stored.rawPayload).transferSyntaxUid, JPEG_LS);
  const impossible = await get(t, urlOf(FIXTURES.jpegLs, `&contentType=application/dicom&transferSyntax=${JPEG}`));
  assert.equal(impossible.statusCode, 406);
  const none = await get(t, urlOf(FIXTURES.jpegLs, '&contentType=application/dicom&transferSyntax=JPEG'));
  assert.equal(none.statusCode, 400);
});

test('U-5 the first of a list of rendered types that is offered', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.explicit, '&contentType=image/tiff,image/png'));
  assert.equal(answer.headers['content-type'], 'image/png');
});

test('U-11 frameNumber', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.jpeg, '&frameNumber=3'));
  assert.equal(answer.json().frame, 3);
});

test('U-14 rows and columns are the largest height and width', async (t) => {
  const both = await get(t, urlOf(FIXTURES.explicit, '&rows=100&columns=200'));
  assert.deepEqual(both.json().viewport, { width: 200, height: 100 });
  const one = await get(t, urlOf(FIXTURES.explicit, '&rows=100'));
  assert.equal(one.json().viewport.height, 100);
});

test('U-15 a normalised region is a region of pixels', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.explicit, '&region=0.25,0,0.75,0.5'));
  assert.deepEqual(answer.json().viewport, { width: 2, height: 2, region: { x: 1, y: 0, width: 2, height: 2 } });
});

test('U-16 windowCenter and windowWidth are a linear window', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.explicit, '&windowCenter=-600.5&windowWidth=1.5e3'));
  assert.deepEqual(answer.json().window, { center: -600.5, width: 1500, function: 'linear' });
});

test('U-13 imageQuality', async (t) => {
  assert.equal((await get(t, urlOf(FIXTURES.explicit, '&imageQuality=70'))).json().quality, 70);
});

test('a document comes as itself', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.pdf));
  assert.equal(answer.headers['content-type'], 'application/pdf');
  assert.deepEqual(answer.rawPayload.subarray(0, DOCUMENT.length), DOCUMENT);
});

test('U-31 unknown UIDs are 404', async (t) => {
  const answer = await get(t, urlOf({ ...FIXTURES.explicit, seriesInstanceUid: FIXTURES.jpeg.seriesInstanceUid }));
  assert.equal(answer.statusCode, 404);
});

test('U-19 no Accept header is 406 when strict, else the default', async (t) => {
  const lenient = await buildWeb(t);
  assert.equal((await lenient.app.inject({ url: urlOf(FIXTURES.explicit) })).statusCode, 200);
  const strict = await buildWeb(t, { strictAccept: true });
  assert.equal((await strict.app.inject({ url: urlOf(FIXTURES.explicit) })).statusCode, 406);
});

test('WADO-URI stands beside the last segment of any base path', async (t) => {
  for (const [basePath, path] of [
    ['/a/dicomweb', '/a/wado'],
    ['', '/wado'],
  ] as const) {
    const { app } = await buildWeb(t, { basePath });
    assert.equal((await app.inject({ url: urlOf(FIXTURES.explicit).replace('/wado', path) })).statusCode, 200);
  }
});

const DICOM = '&contentType=application/dicom';
const BAD: readonly (readonly [more: string, status: number])[] = [
  ['&contentType=', 400],
  ['&contentType=image/*', 400],
  ['&contentType=*/*', 400],
  ['&contentType=application/dicom,image/jpeg', 400],
  ['&contentType=application/dicom;transfer-syntax=1.2', 400],
  ['&contentType=image/jpeg;charset=utf-8', 400],
  ['&contentType=image/tiff', 406],
  ['&contentType=image/png&contentType=image/gif', 400],
  ['&frameNumber=0', 400],
  ['&frameNumber=-1', 400],
  ['&frameNumber=x', 400],
  ['&frameNumber=1,2', 400],
  ['&frameNumber=4', 400],
  ['&imageQuality=0', 400],
  ['&imageQuality=101', 400],
  ['&imageQuality=good', 400],
  ['&rows=0', 400],
  ['&rows=-5', 400],
  ['&columns=1.5', 400],
  ['&region=0,0,1', 400],
  ['&region=0,0,1,1.1', 400],
  ['&region=-0.1,0,1,1', 400],
  ['&region=0.5,0,0.5,1', 400],
  ['&region=a,b,c,d', 400],
  ['&windowCenter=40', 400],
  ['&windowWidth=400', 400],
  ['&windowCenter=x&windowWidth=400', 400],
  ['&windowCenter=40&windowWidth=0', 400],
  [`&windowCenter=40&windowWidth=400${DICOM}`, 400],
  [`${DICOM}&anonymize=no`, 400],
  [`${DICOM}&anonymize=yes&anonymize=yes`, 400],
  [`${DICOM}&anonymize=yes`, 406],
  ['&annotation=name', 400],
  ['&imageAnnotation=', 400],
  ['&presentationUID=1.2', 400],
  ['&presentationSeriesUID=1.2', 400],
  ['&presentationUID=1.2&presentationSeriesUID=1.3&frameNumber=1', 400],
  ['&presentationUID=1.2&presentationSeriesUID=1.3', 406],
];

for (const [more, status] of BAD) {
  test(`U-5…U-17 ${more} is ${status}`, async (t) => {
    const answer = await get(t, urlOf(FIXTURES.jpeg, more));
    assert.equal(answer.statusCode, status, answer.payload);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
  });
}

const WHOLE = urlOf(FIXTURES.explicit);
for (const name of ['requestType', 'studyUID', 'seriesUID', 'objectUID']) {
  for (const [how, url] of [
    ['missing', WHOLE.replace(new RegExp(`${name}=[^&]*&?`), '')],
    ['empty', WHOLE.replace(new RegExp(`${name}=[^&]*`), `${name}=`)],
    ['wrong', WHOLE.replace(new RegExp(`${name}=[^&]*`), `${name}=wrong`)],
    ['given twice', `${WHOLE}&${name}=1.2`],
    ['in another case', WHOLE.replace(name, name.toUpperCase())],
  ] as const) {
    test(`U-1…U-4 ${name} ${how} is 400 and names it`, async (t) => {
      const answer = await get(t, url);
      assert.equal(answer.statusCode, 400);
      assert.ok(answer.json().detail.includes(name));
    });
  }
}
