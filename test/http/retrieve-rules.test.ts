// Rules of the Retrieve transaction (PS3.18 10.4): its resources, and what their parts hold.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { isPixelData } from '../../src/http/bulkdata-parts.ts';
import { type BodyPart, partsOf } from '../support/multipart.ts';
import { codestream, EXPLICIT, FIXTURES, JPEG, PIXELS } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const IMAGE = pathOf(FIXTURES.explicit);
const MOVIE = pathOf(FIXTURES.jpeg);

const RESOURCES: readonly (readonly [rule: string, url: string, status: number])[] = [
  ['W-R1 the instances of a study', PATHS.study, 200],
  ['W-R2 the instances of a series', PATHS.native, 200],
  ['W-R3 an instance', IMAGE, 200],
  ['W-R5 a rendered study', `${PATHS.study}/rendered`, 200],
  ['W-R5 a rendered series', `${PATHS.native}/rendered`, 200],
  ['W-R5 a rendered instance', `${IMAGE}/rendered`, 200],
  ['W-R7 frames', `${IMAGE}/frames/1`, 200],
  ['W-R8 the thumbnail of an instance', `${IMAGE}/thumbnail`, 200],
  ['W-R8 the thumbnail of frames', `${IMAGE}/frames/1/thumbnail`, 200],
  ['W-R12 no rendered MPR volume', `${PATHS.study}/renderedmpr`, 404],
  ['W-R13 no rendered 3D volume', `${PATHS.study}/rendered3d`, 404],
  ['ED-16 … in any spelling', `${PATHS.study}/renderedMPR`, 404],
  ['W-R14 no pixel data resource of frames', `${IMAGE}/frames/1/pixeldata`, 404],
  ['W-R14 no bulk data resource of frames', `${IMAGE}/frames/1/bulkdata`, 404],
  ['ED-7 no resource of patients', '/dicomweb/patients', 404],
  ['ED-5 nothing is sent on request', '/dicomweb/send-requests', 404],
];

for (const [rule, url, status] of RESOURCES) {
  test(`${rule}: ${status}`, async (t) => {
    const { app } = await buildWeb(t);
    assert.equal((await app.inject({ url })).statusCode, status);
  });
}

test('W-R8 thumbnails of a study and of a series are resources, too', async (t) => {
  const { app } = await buildWeb(t);
  for (const url of [`${PATHS.study}/thumbnail`, `${PATHS.native}/thumbnail`]) {
    assert.equal((await app.inject({ method: 'OPTIONS', url })).headers.allow, 'GET, HEAD, OPTIONS', url);
  }
});

async function partsAt(t: Parameters<typeof buildWeb>[0], url: string, accept: string): Promise<BodyPart[]> {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ url, headers: { accept } });
  assert.equal(answer.statusCode, 200, answer.payload);
  return partsOf(String(answer.headers['content-type']), answer.rawPayload);
}

const AS_STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';

test('W-R9 W-B8 a bulk data part is at the URI that metadata name', async (t) => {
  const { app } = await buildWeb(t);
  const [metadata] = (await app.inject({ url: `${IMAGE}/metadata` })).json();
  const uri: string = metadata['7FE00010'].BulkDataURI;
  const [part] = await partsAt(t, new URL(uri).pathname, AS_STORED);
  assert.equal(part?.headers['content-location'], uri);
  assert.deepEqual(part?.body, PIXELS);
});

test('W-B1 W-B9 a compressed frame is its bare codestream, under its true type', async (t) => {
  const [part] = await partsAt(t, `${MOVIE}/frames/3`, AS_STORED);
  assert.deepEqual(part?.body, codestream(3));
  assert.equal(part?.headers['content-type'], `image/jpeg; transfer-syntax=${JPEG}`);
});

test('W-B6 nothing is added to a stored codestream, no JFIF and no profile', async (t) => {
  const parts = await partsAt(t, `${MOVIE}/pixeldata`, AS_STORED);
  assert.deepEqual(
    parts.map(({ body }) => body),
    [1, 2, 3].map(codestream),
  );
});

test('W-B7 pixel data are those of the image, never of an icon or of a private attribute', () => {
  for (const path of ['7FE00010', '7FE00008', '7FE00009']) assert.ok(isPixelData(path), path);
  for (const path of ['00880200/0/7FE00010', '7FE11010', '54000100/0/54001010']) assert.ok(!isPixelData(path), path);
});

test('W-B10 a deflated data set is inflated, and says so', async (t) => {
  const [part] = await partsAt(t, pathOf(FIXTURES.deflated), 'multipart/related; type="application/dicom"');
  assert.equal(part?.headers['content-type'], `application/dicom; transfer-syntax=${EXPLICIT}`);
  assert.equal(part?.headers['content-encoding'], undefined);
  assert.ok(part?.body.includes(PIXELS));
});

for (const url of [`${IMAGE}/rendered`, `${IMAGE}/thumbnail`]) {
  test(`W-N2 a rendered type has no transfer syntax: ${url}`, async (t) => {
    const { app } = await buildWeb(t);
    const answer = await app.inject({ url, headers: { accept: `image/jpeg; transfer-syntax=${JPEG}, image/png` } });
    assert.match(String(answer.headers['content-type']), /^image\/(jpeg|png)$/);
  });
}

for (const fixture of [FIXTURES.implicit, FIXTURES.jpegLs]) {
  test(`W-D10 W-D12 the file meta information of ${fixture.sopInstanceUid} tells what is behind it`, async (t) => {
    const { app } = await buildWeb(t);
    const accept = 'application/dicom; transfer-syntax=*';
    const { rawPayload: file, headers } = await app.inject({ url: pathOf(fixture), headers: { accept } });
    assert.ok(file.subarray(0, 128).every((byte) => byte === 0));
    assert.equal(file.toString('latin1', 128, 132), 'DICM');
    const { meta, transferSyntaxUid, sopClassUid, sopInstanceUid } = readFileMeta(file);
    assert.deepEqual(meta['00020001']?.InlineBinary, Buffer.from([0, 1]));
    assert.equal(sopClassUid, fixture.sopClassUid);
    assert.equal(sopInstanceUid, fixture.sopInstanceUid);
    assert.equal(headers['content-type'], `application/dicom; transfer-syntax=${transferSyntaxUid}`);
    assert.ok(meta['00020012'] && meta['00020013']);
  });
}
