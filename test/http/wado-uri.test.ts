// WADO-URI (PS3.18 chapter 9).

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { transcodedUid } from '../../src/render/transcode/lossy.ts';
import { DOCUMENT, EXPLICIT, FIXTURES, type Fixture, JPEG, JPEG_LS, PIXELS, STUDY } from './fixtures.ts';
import { buildWeb, pathOf, type Web } from './web.ts';

const DICOM = '&contentType=application/dicom';

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

test('U-31 U-33 the instance is looked for by all three of its UIDs: 404 where one is wrong', async (t) => {
  const { explicit, jpeg } = FIXTURES;
  assert.equal((await get(t, urlOf(explicit))).statusCode, 200);
  const wrong = [
    urlOf(explicit).replace(STUDY, '2.25.404'),
    urlOf({ ...explicit, seriesInstanceUid: jpeg.seriesInstanceUid }),
    urlOf({ ...explicit, sopInstanceUid: jpeg.sopInstanceUid }),
  ];
  for (const url of wrong) assert.equal((await get(t, url)).statusCode, 404, url);
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

test('U-9 annotation is nothing to application/dicom', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.explicit, `${DICOM}&annotation=patient`));
  assert.equal(answer.statusCode, 200);
  assert.ok(answer.rawPayload.subarray(-FIXTURES.explicit.data.length).equals(FIXTURES.explicit.data));
});

test('U-12 annotation, by both its names', async (t) => {
  for (const name of ['annotation', 'imageAnnotation']) {
    const answer = await get(t, urlOf(FIXTURES.explicit, `&${name}=patient,technique`));
    assert.deepEqual(answer.json().annotation, ['patient', 'technique']);
  }
});

test('U-18 the region is cut out before it is sized', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.explicit, '&region=0.5,0,1,0.5&rows=64&columns=32'));
  const { viewport } = answer.json();
  assert.deepEqual(viewport, { width: 32, height: 64, region: { x: 2, y: 0, width: 2, height: 2 } });
});

test('U-21 U-22 what the client takes decides between the instance and its rendering', async (t) => {
  for (const [fixture, contentType, type] of [
    [FIXTURES.explicit, 'application/dicom', 'application/dicom'],
    [FIXTURES.explicit, 'image/jpeg', 'image/jpeg'],
    [FIXTURES.explicit, 'image/png', 'image/png'],
    [FIXTURES.explicit, 'image/gif', 'image/gif'],
    [FIXTURES.report, 'text/html', 'text/html; charset=utf-8'],
    [FIXTURES.report, 'text/plain', 'text/plain; charset=utf-8'],
    [FIXTURES.pdf, 'application/pdf', 'application/pdf'],
  ] as const) {
    const answer = await get(t, urlOf(fixture, `&contentType=${encodeURIComponent(contentType)}`));
    assert.equal(answer.headers['content-type'], type, answer.payload);
  }
});

test('U-20 the default of a report is text/html', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.report));
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
});

test('U-6 CHR-3 CHR-4 CHR-5 text in the character set asked for, where it has all the characters', async (t) => {
  const { app, renderer } = await buildWeb(t);
  renderer.report = async () => Buffer.from('Müller', 'utf8');
  const ask = (more: string, headers: Record<string, string> = {}) =>
    app.inject({ url: urlOf(FIXTURES.report, more), headers: { accept: 'text/plain', ...headers } });
  const latin = await ask('&charset=ISO-8859-1');
  assert.equal(latin.headers['content-type'], 'text/plain; charset=iso-8859-1');
  assert.deepEqual(latin.rawPayload, Buffer.from('Müller', 'latin1'));
  const byTerm = await ask('', { 'accept-charset': '"ISO_IR 100", utf-8;q=0.5' });
  assert.equal(byTerm.headers['content-type'], 'text/plain; charset=iso-8859-1');
  const both = await ask('&charset=ISO-8859-1', { 'accept-charset': 'utf-8' });
  assert.equal(both.headers['content-type'], 'text/plain; charset=iso-8859-1', 'CHR-3 the parameter goes first');
  const unknown = await ask('&charset=klingon', { 'accept-charset': 'x-none' });
  assert.equal(unknown.headers['content-type'], 'text/plain; charset=utf-8');
  const second = await ask('&charset=ISO-8859-5,utf-8;q=0.5');
  assert.equal(second.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal((await ask('&charset=ISO-8859-5')).statusCode, 406);
});

/** PS3.18 Annex D: MIME's name, DICOM's term, a letter that the set has, and its bytes. */
const ANNEX_D: readonly (readonly [name: string, term: string, letter: string, bytes: string])[] = [
  ['iso-8859-1', 'ISO_IR 100', 'ü', 'fc'],
  ['iso-8859-2', 'ISO_IR 101', 'č', 'e8'],
  ['iso-8859-3', 'ISO_IR 109', 'ĝ', 'f8'],
  ['iso-8859-4', 'ISO_IR 110', 'ģ', 'bb'],
  ['iso-8859-5', 'ISO_IR 144', 'Ж', 'b6'],
  ['iso-8859-6', 'ISO_IR 127', 'ب', 'c8'],
  ['iso-8859-7', 'ISO_IR 126', 'Ω', 'd9'],
  ['iso-8859-8', 'ISO_IR 138', 'ש', 'f9'],
  ['iso-8859-9', 'ISO_IR 148', 'ş', 'fe'],
  ['iso-8859-15', 'ISO_IR 203', '€', 'a4'],
  ['tis-620', 'ISO_IR 166', 'ก', 'a1'],
  ['gb18030', 'GB18030', '中', 'd6d0'],
  ['gbk', 'GBK', '中', 'd6d0'],
  ['utf-8', 'ISO_IR 192', '中', 'e4b8ad'],
];

for (const [name, term, letter, bytes] of ANNEX_D) {
  test(`CHR-6 ${name} and ${term} are one character set`, async (t) => {
    const { app, renderer } = await buildWeb(t);
    renderer.report = async () => Buffer.from(letter, 'utf8');
    for (const charset of [name, name.toUpperCase(), term]) {
      const url = urlOf(FIXTURES.report, `&charset=${encodeURIComponent(charset)}`);
      const answer = await app.inject({ url, headers: { accept: 'text/plain' } });
      assert.equal(answer.headers['content-type'], `text/plain; charset=${name}`, charset);
      assert.equal(answer.rawPayload.toString('hex'), bytes, charset);
    }
  });
}

test('U-22 an image is not given as text, nor a report as an image', async (t) => {
  assert.equal((await get(t, urlOf(FIXTURES.explicit, '&contentType=text/plain'))).statusCode, 406);
  assert.equal((await get(t, urlOf(FIXTURES.report, '&contentType=image/jpeg'))).statusCode, 406);
});

test('U-24 several frames and none asked for: the first as JPEG, all in turn as GIF', async (t) => {
  assert.equal((await get(t, urlOf(FIXTURES.jpeg, '&contentType=image/jpeg'))).json().frame, 1);
  assert.equal((await get(t, urlOf(FIXTURES.jpeg, '&contentType=image/gif'))).json().animated, true);
  assert.equal((await get(t, urlOf(FIXTURES.jpeg, '&contentType=image/gif&frameNumber=2'))).json().frame, 2);
});

test('U-32 a browser is told what failed as a page', async (t) => {
  const answer = await get(t, urlOf(FIXTURES.explicit, '&frameNumber=0'), 'text/html');
  assert.equal(answer.statusCode, 400);
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(answer.payload, /frameNumber/);
});

const anonymous = (fixture: Fixture) => urlOf(fixture, `${DICOM}&anonymize=yes`);

async function cleaned(t: TestContext, fixture: Fixture, web?: Web, more = '') {
  const { app } = web ?? (await buildWeb(t));
  const answer = await app.inject({ url: anonymous(fixture) + more });
  assert.equal(answer.statusCode, 200, answer.payload);
  const { dataOffset, transferSyntaxUid, sopInstanceUid } = readFileMeta(answer.rawPayload);
  return { answer, sopInstanceUid, dataset: readDataset(answer.rawPayload.subarray(dataOffset), transferSyntaxUid) };
}

test('U-8 DI-11 anonymize=yes gives an instance of its own, without the patient and with its pixels', async (t) => {
  for (const fixture of [FIXTURES.explicit, FIXTURES.implicit, FIXTURES.big, FIXTURES.deflated]) {
    const { answer, sopInstanceUid, dataset } = await cleaned(t, fixture);
    assert.deepEqual(dataset['00080018']?.Value, [sopInstanceUid]);
    assert.notEqual(sopInstanceUid, fixture.sopInstanceUid);
    assert.deepEqual(dataset['00120062']?.Value, ['YES']);
    assert.deepEqual(Buffer.from(dataset['7FE00010']?.InlineBinary ?? []), PIXELS);
    assert.notDeepEqual(dataset['0020000D']?.Value, [STUDY]);
    for (const secret of ['Phantom', fixture.sopInstanceUid]) {
      assert.ok(!answer.rawPayload.includes(secret), secret);
      assert.ok(!JSON.stringify(answer.headers).includes(secret), `${secret} in the headers`);
    }
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
});

test('DI-13 the instances of a study stay together, request by request, until the next start', async (t) => {
  const web = await buildWeb(t);
  const [one, other] = [await cleaned(t, FIXTURES.explicit, web), await cleaned(t, FIXTURES.implicit, web)];
  assert.deepEqual(one.dataset['0020000D'], other.dataset['0020000D']);
  assert.notEqual(one.sopInstanceUid, other.sopInstanceUid);
  assert.notDeepEqual((await cleaned(t, FIXTURES.explicit)).dataset['0020000D'], one.dataset['0020000D']);
});

test('DI-13 with a key of one’s own they stay together beyond that', async (t) => {
  const start = () => buildWeb(t, { deidentificationKey: 'a secret of our own' });
  const [one, other] = [
    await cleaned(t, FIXTURES.explicit, await start()),
    await cleaned(t, FIXTURES.explicit, await start()),
  ];
  assert.equal(one.sopInstanceUid, other.sopInstanceUid);
});

test('U-7 DI-8 DI-10 what can not be cleaned is refused, and says why', async (t) => {
  for (const fixture of [FIXTURES.pdf, FIXTURES.report]) {
    const answer = await get(t, anonymous(fixture));
    assert.equal(answer.statusCode, 406);
    assert.match(answer.json().detail, /can't be de-identified/);
  }
  const answer = await get(t, `${anonymous(FIXTURES.jpegLs)}&transferSyntax=${JPEG_LS}`);
  assert.match(answer.json().detail, /burned in/);
});

test('DI-5 an instance compressed with loss on the way has one UID, in its file meta information and in its data set', async (t) => {
  const web = await buildWeb(t);
  const { data, sopInstanceUid: original } = FIXTURES.explicit;
  const derived = { '00080018': { vr: 'UI' as const, Value: [transcodedUid(original, JPEG)] } };
  web.renderer.transcode = async function* () {
    yield writeDataset({ ...readDataset(data.subarray(0, -PIXELS.length - 12), EXPLICIT), ...derived }, JPEG);
  };
  const { answer, sopInstanceUid, dataset } = await cleaned(t, FIXTURES.explicit, web, `&transferSyntax=${JPEG}`);
  assert.ok(!answer.rawPayload.includes(FIXTURES.explicit.sopInstanceUid));
  assert.deepEqual(dataset['00080018']?.Value, [sopInstanceUid]);
});

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
  ['&anonymize=yes', 400],
  ['&contentType=image/png&anonymize=yes', 400],
  ['&annotation=name', 400],
  ['&imageAnnotation=', 400],
  ['&presentationUID=1.2', 400],
  ['&presentationSeriesUID=1.2', 400],
  ['&presentationUID=1.2&presentationSeriesUID=1.3&frameNumber=1', 400],
  ['&presentationUID=1.2&presentationSeriesUID=1.3', 400],
  ['&presentationUID=x&presentationSeriesUID=1.3', 400],
  ['&presentationUID=1.2&presentationSeriesUID=x', 400],
  ['&presentationUID=1.2&presentationSeriesUID=1.3&windowCenter=1&windowWidth=2', 400],
  ['&presentationUID=1.2&presentationSeriesUID=1.3&region=0,0,1,1.5', 400],
  ['&contentType=text/html', 406],
  ['&contentType=video/mp4', 406],
];

test('U-5 U-7 U-11 U-13 U-14 U-15 U-16 U-17 parameters that can not be', async (t) => {
  const { app } = await buildWeb(t);
  for (const [more, status] of BAD) {
    await t.test(`${more} is ${status}`, async () => {
      const answer = await app.inject({ url: urlOf(FIXTURES.jpeg, more), headers: { accept: '*/*' } });
      assert.equal(answer.statusCode, status, answer.payload);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
    });
  }
});

test('U-1 U-2 U-3 U-4 requestType and the three UIDs must be there, once, by their names', async (t) => {
  const { app } = await buildWeb(t);
  const whole = urlOf(FIXTURES.explicit);
  for (const name of ['requestType', 'studyUID', 'seriesUID', 'objectUID']) {
    for (const [how, url] of [
      ['missing', whole.replace(new RegExp(`${name}=[^&]*&?`), '')],
      ['empty', whole.replace(new RegExp(`${name}=[^&]*`), `${name}=`)],
      ['wrong', whole.replace(new RegExp(`${name}=[^&]*`), `${name}=wrong`)],
      ['given twice', `${whole}&${name}=1.2`],
      ['in another case', whole.replace(name, name.toUpperCase())],
    ] as const) {
      await t.test(`${name} ${how} is 400 and names it`, async () => {
        const answer = await app.inject({ url });
        assert.equal(answer.statusCode, 400);
        assert.ok(answer.json().detail.includes(name));
      });
    }
  }
});
