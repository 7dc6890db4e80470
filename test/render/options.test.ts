// The query parameters of rendered resources, W-Q1…W-Q7.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRenderOptions, type RenderOptions } from '../../src/render/options.ts';

const parse = (name: string, value: string): RenderOptions => parseRenderOptions([[name, value]], 'image/jpeg').options;

const ACCEPTED: [name: string, value: string, expected: Omit<RenderOptions, 'mediaType'>][] = [
  ['quality', '1', { quality: 1 }],
  ['quality', '100', { quality: 100 }],
  ['viewport', '512,256', { viewport: { width: 512, height: 256 } }],
  [
    'viewport',
    '512,512,10,20,30,40',
    { viewport: { width: 512, height: 512, region: { x: 10, y: 20, width: 30, height: 40 } } },
  ],
  [
    'viewport',
    '512,512,,,256,256',
    { viewport: { width: 512, height: 512, region: { x: 0, y: 0, width: 256, height: 256 } } },
  ],
  ['viewport', '512,512,10', { viewport: { width: 512, height: 512, region: { x: 10, y: 0 } } }],
  [
    'viewport',
    '8,8,-1.5,0,-30.25,-40',
    { viewport: { width: 8, height: 8, region: { x: 1.5, y: 0, width: -30.25, height: -40 } } },
  ],
  ['window', '40,400,linear', { window: { center: 40, width: 400, function: 'linear' } }],
  ['window', '-0.5,0.25,linear-exact', { window: { center: -0.5, width: 0.25, function: 'linear-exact' } }],
  ['window', '1e3,2.5E2,sigmoid', { window: { center: 1000, width: 250, function: 'sigmoid' } }],
  ['annotation', 'patient', { annotation: ['patient'] }],
  ['annotation', 'technique,patient', { annotation: ['technique', 'patient'] }],
  ['iccprofile', 'no', { iccProfile: 'none' }],
  ['iccprofile', 'yes', { iccProfile: 'stored' }],
  ['iccprofile', 'srgb', { iccProfile: 'srgb' }],
  ['iccprofile', 'displayp3', { iccProfile: 'displayp3' }],
  ['iccprofile', 'adobergb', { iccProfile: 'adobergb' }],
  ['iccprofile', 'rommrgb', { iccProfile: 'rommrgb' }],
  ['WindowCenter', '40', {}],
];

for (const [name, value, expected] of ACCEPTED) {
  test(`${name}=${value} is understood`, () => {
    assert.deepEqual(parse(name, value), { mediaType: 'image/jpeg', ...expected });
  });
}

const REFUSED: [rule: string, name: string, value: string][] = [
  ['W-Q1', 'annotation', ''],
  ['W-Q1', 'annotation', 'Patient'],
  ['W-Q1', 'annotation', 'patient,date'],
  ['W-Q2', 'quality', '0'],
  ['W-Q2', 'quality', '101'],
  ['W-Q2', 'quality', '90.5'],
  ['W-Q2', 'quality', ''],
  ['W-Q2', 'quality', 'best'],
  ['W-Q3', 'viewport', ''],
  ['W-Q3', 'viewport', '512'],
  ['W-Q3', 'viewport', '0,512'],
  ['W-Q3', 'viewport', '-512,512'],
  ['W-Q3', 'viewport', '51.2,512'],
  ['W-Q3', 'viewport', '512,512,a,b'],
  ['W-Q3', 'viewport', '512,512,0,0,0,100'],
  ['W-Q3', 'viewport', '1,2,3,4,5,6,7'],
  ['W-Q3', 'viewport', '99999,99999'],
  ['W-Q6, T-24', 'window', '40,400'],
  ['W-Q6, T-25', 'window', '40,400,LINEAR'],
  ['W-Q6', 'window', '40,400,linear_exact'],
  ['W-Q6', 'window', '40,400,linear,1'],
  ['W-Q6', 'window', ',400,linear'],
  ['W-Q6', 'window', '40,x,linear'],
  ['W-Q6', 'window', '40,0.5,linear'],
  ['W-Q6', 'window', '40,0,sigmoid'],
  ['W-Q6', 'window', 'NaN,400,linear'],
  ['W-Q6', 'window', '1e999,400,linear'],
  ['W-Q7', 'iccprofile', 'sRGB'],
  ['W-Q7', 'iccprofile', 'prophoto'],
  ['W-Q7', 'iccprofile', ''],
];

for (const [rule, name, value] of REFUSED) {
  test(`${rule} ${name}=${value} is malformed`, () => {
    assert.throws(() => parse(name, value), { kind: 'malformed', field: name });
  });
}

test('W-N6, W-Q1 a thumbnail is never written on: the annotation is named in a warning', () => {
  const { options, warnings } = parseRenderOptions([['annotation', 'technique,patient']], 'image/png', 'thumbnail');
  assert.deepEqual(warnings, ['The following annotation values are not supported: technique,patient']);
  assert.equal(options.annotation, undefined);
});

test('W-Q5, T-28 a thumbnail takes a size and no region', () => {
  const { options } = parseRenderOptions([['viewport', '64,48']], 'image/jpeg', 'thumbnail');
  assert.deepEqual(options, { mediaType: 'image/jpeg', viewport: { width: 64, height: 48 }, thumbnail: true });
  assert.throws(() => parseRenderOptions([['viewport', '64,48,0,0,9,9']], 'image/jpeg', 'thumbnail'), {
    kind: 'malformed',
    field: 'viewport',
  });
});

test('W-Q7 a media type that cannot embed profiles takes only no', () => {
  assert.throws(() => parseRenderOptions([['iccprofile', 'srgb']], 'image/gif'), {
    kind: 'malformed',
    field: 'iccprofile',
  });
  assert.deepEqual(parseRenderOptions([['iccprofile', 'no']], 'image/gif').options, {
    mediaType: 'image/gif',
    iccProfile: 'none',
  });
});

test('a parameter given twice is malformed', () => {
  const query = [
    ['quality', '10'],
    ['quality', '90'],
  ] as const;
  assert.throws(() => parseRenderOptions(query, 'image/jpeg'), { kind: 'malformed', field: 'quality' });
});

test('depth=16 is for PNG', () => {
  assert.deepEqual(parseRenderOptions([['depth', '16']], 'image/png').options, { mediaType: 'image/png', depth: 16 });
  assert.deepEqual(parseRenderOptions([['depth', '8']], 'image/jpeg').options, { mediaType: 'image/jpeg' });
  for (const [depth, type] of [
    ['16', 'image/jpeg'],
    ['12', 'image/png'],
  ] as const) {
    assert.throws(() => parseRenderOptions([['depth', depth]], type), { kind: 'malformed', field: 'depth' });
  }
});
