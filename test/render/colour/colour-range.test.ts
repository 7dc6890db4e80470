// Parametric maps in colour (PS3.3 C.7.6.16.2.26): values worked out by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import type { PixelDescription } from '../../../src/render/frames/pixel.ts';
import { type Fixture, fixtureFolder, pixelOf } from '../fixtures.ts';
import { cs, rendered, row16, sq, us } from '../pictures.ts';

const dir = fixtureFolder();

const fd = (value: number): Dataset[string] => ({ vr: 'FD', Value: [value] });
const range = (low: number, high: number): Dataset => ({
  '00281230': sq({ '00281231': fd(low), '00281232': fd(high) }),
});
const table = (...entries: number[]): Dataset[string] => ({
  vr: 'OW',
  InlineBinary: new Uint8Array(Uint16Array.from(entries, (entry) => entry * 257).buffer),
});
/** Three entries: black, orange, white; the first mapped value means nothing here. */
const MAP: Dataset = {
  '00089205': cs('COLOR_RANGE'),
  '00281101': us(3, 77, 16),
  '00281102': us(3, 77, 16),
  '00281103': us(3, 77, 16),
  '00281201': table(0, 200, 255),
  '00281202': table(0, 100, 255),
  '00281203': table(0, 0, 255),
};

function floats(kind: 'float' | 'double', values: number[], attributes: Dataset, frames = 1): Fixture {
  const bits = kind === 'float' ? 32 : 64;
  const pixel: Partial<PixelDescription> = {
    rows: 1,
    columns: values.length,
    bitsAllocated: bits,
    bitsStored: bits,
    kind,
  };
  const bytes = new Uint8Array((kind === 'float' ? Float32Array : Float64Array).from(values).buffer);
  return { pixel: pixelOf(pixel), frames: Array.from({ length: frames }, () => bytes), attributes };
}

const VALUES = [-3, 0.5, 1, 1.5, 2, 2.5, 9, Number.NaN];
/** Of 0.5 to 2.5: below, its begin, a quarter, half, three quarters, its end, above, no number. */
const COLOURS = [
  ...[0, 0, 0, 0, 0, 0, 100, 50, 0, 200, 100, 0, 228, 178, 128, 255, 255, 255, 255, 255, 255],
  ...[0, 0, 0],
];

for (const kind of ['float', 'double'] as const) {
  test(`a range of ${kind} values lies over the whole palette, and what is between its entries too`, async () => {
    assert.deepEqual(await rendered(dir, floats(kind, VALUES, { ...MAP, '52009229': sq(range(0.5, 2.5)) })), COLOURS);
  });
}

test('integers are mapped in the same way', async () => {
  const values = [5, 10, 20, 30, 90];
  const attributes = { ...MAP, '52009229': sq(range(10, 30)) };
  assert.deepEqual(
    await rendered(dir, row16(values, attributes)),
    [0, 0, 0, 0, 0, 0, 200, 100, 0, 255, 255, 255, 255, 255, 255],
  );
});

test('R-100 each frame has the range of its own', async () => {
  const attributes = { ...MAP, '52009230': sq(range(0, 4), range(2, 4)) };
  const fixture = floats('float', [2], attributes, 2);
  assert.deepEqual(await rendered(dir, fixture, 1), [200, 100, 0]);
  assert.deepEqual(await rendered(dir, fixture, 2), [0, 0, 0]);
});

test('a window that is asked for shows the values in grey, and so does a map without a range', async () => {
  const window = { center: 1, width: 2, function: 'linear-exact' } as const;
  const mapped = floats('float', [0, 1, 2], { ...MAP, '52009229': sq(range(0, 2)) });
  assert.deepEqual(await rendered(dir, mapped, 1, { window }), [0, 128, 255]);
  assert.deepEqual(await rendered(dir, floats('float', [0, 1, 2], MAP)), [0, 128, 255]);
});

test('a palette by its UID will do (R-58)', async () => {
  const dataset: Dataset = { '00089205': cs('COLOR_RANGE'), '00281199': { vr: 'UI', Value: ['1.2.840.10008.1.5.1'] } };
  const fixture = floats('float', [0, 255], { ...dataset, '52009229': sq(range(0, 255)) });
  assert.deepEqual(await rendered(dir, fixture), [0, 0, 0, 255, 255, 255]);
});
