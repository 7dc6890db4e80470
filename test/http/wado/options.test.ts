// The parameters of WADO-URI as they are read, one by one (PS3.18 9.1.2, 9.4.1.2, 9.5.1.2).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DicomError } from '../../../src/dimse/errors.ts';
import { parseWadoRendering, renderOptionsOf } from '../../../src/http/wado/options.ts';
import type { Image } from '../../../src/render/frames/image.ts';

const query = (text: string): [string, string][] => [...new URLSearchParams(text)];
const parsed = (text: string) => parseWadoRendering(query(text));
const STATE = 'presentationSeriesUID=1.2&presentationUID=1.3';

/** An image of 4 rows and 8 columns. */
const IMAGE = {
  attributes: { '00280010': { vr: 'US', Value: [4] }, '00280011': { vr: 'US', Value: [8] } },
} as unknown as Image;
const viewportOf = (text: string, image: Image | undefined = IMAGE) =>
  renderOptionsOf(parsed(text), image, 'image/png').viewport;

test('what is not asked for is not there', () => {
  assert.deepEqual(parsed(''), {});
  assert.deepEqual(renderOptionsOf({}, IMAGE, 'image/png'), { mediaType: 'image/png' });
});

test('U-17 a presentation state is named by its series and itself', () => {
  assert.deepEqual(parsed(STATE), { presentation: { series: '1.2', instance: '1.3' } });
});

const REFUSED: readonly (readonly [text: string, field: string])[] = [
  [`${STATE}&windowCenter=1`, 'windowCenter'],
  [`${STATE}&windowWidth=1`, 'windowWidth'],
  [`${STATE}&frameNumber=1`, 'frameNumber'],
  ['presentationSeriesUID=x&presentationUID=1.3', 'presentationSeriesUID'],
  ['presentationSeriesUID=1.2&presentationUID=x', 'presentationUID'],
  ['windowCenter=1e999&windowWidth=1', 'windowCenter'],
  ['windowCenter=1&windowWidth=1e999', 'windowWidth'],
  ['windowCenter=1&windowWidth=0.99', 'windowWidth'],
  ['region=0,,1,1', 'region'],
  ['region=0,0,0x1,1', 'region'],
  ['region=0,0.5,1,0.5', 'region'],
  ['region=0,0,1,1,1', 'region'],
  ['rows=1000000000', 'rows'],
  ['columns=01', 'columns'],
  ['imageQuality=101', 'imageQuality'],
];

for (const [text, field] of REFUSED) {
  test(`U-11 U-13 U-14 U-15 U-16 U-17 ${text} is malformed and names ${field}`, () => {
    assert.throws(
      () => parsed(text),
      (error) => error instanceof DicomError && error.kind === 'malformed' && error.field === field,
    );
  });
}

test('U-16 a width of 1 is the least, and a centre may be negative', () => {
  assert.deepEqual(parsed('windowCenter=-.5&windowWidth=1').window, { center: -0.5, width: 1, function: 'linear' });
});

test('U-13 the qualities are 1 to 100', () => {
  assert.deepEqual([parsed('imageQuality=1').quality, parsed('imageQuality=100').quality], [1, 100]);
});

test('U-14 a side of which nothing is said is limited to 8192, as one that is longer', () => {
  assert.deepEqual(viewportOf('columns=100'), { width: 100, height: 8192 });
  assert.deepEqual(viewportOf('rows=100'), { width: 8192, height: 100 });
  assert.deepEqual(viewportOf('rows=9000&columns=9000'), { width: 8192, height: 8192 });
});

test('U-17 with a presentation state a region is of what it shows, and not of the image', () => {
  const part = { xmin: 0.25, ymin: 0.5, xmax: 0.75, ymax: 1 };
  const [cut, sized] = ['', '&rows=10&columns=20'].map((more) =>
    renderOptionsOf(parsed(`${STATE}&region=0.25,0.5,0.75,1${more}`), IMAGE, 'image/png'),
  );
  assert.deepEqual(cut, { mediaType: 'image/png', part });
  assert.deepEqual(sized, { mediaType: 'image/png', part, viewport: { width: 20, height: 10 } });
});

test('U-15 a region is of the height and width of its image', () => {
  const region = { x: 2, y: 2, width: 4, height: 1 };
  assert.deepEqual(viewportOf('region=0.25,0.5,0.75,0.75'), { width: 4, height: 1, region });
  assert.deepEqual(viewportOf('region=0.25,0.5,0.75,0.75&columns=16'), { width: 16, height: 8192, region });
});

test('U-15 a region has one pixel at least', () => {
  const region = { x: 0, y: 0, width: 1, height: 1 };
  assert.deepEqual(viewportOf('region=0,0,0.01,0.01'), { width: 1, height: 1, region });
});

test('U-15 of what is no image there is no region', () => {
  assert.equal(renderOptionsOf(parsed('region=0,0,0.5,0.5'), undefined, 'text/html').viewport, undefined);
  const sized = renderOptionsOf(parsed('region=0,0,0.5,0.5&rows=10'), undefined, 'image/png').viewport;
  assert.deepEqual(sized, { width: 8192, height: 10 });
});
