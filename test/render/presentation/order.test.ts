// The order of a presentation state's frames (W-Q11).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { inOrder } from '../../../src/render/presentation/order.ts';
import { ds, sq } from '../pictures.ts';

const AXIAL: Dataset = { '00200037': ds(1, 0, 0, 0, 1, 0) };
const at = (z: number): Dataset => ({ ...AXIAL, '00200032': ds(0, 0, z) });
const indexed = (...rows: number[][]): Dataset => ({
  '52009230': sq(...rows.map((row) => ({ '00209111': sq({ '00209157': { vr: 'UL', Value: row } }) }))),
});

function order(images: Dataset[], frames: [image: number, frame: number][]): [number, number][] {
  const all = frames.map(([image, frame]) => ({ attributes: images[image] ?? {}, frame, image }));
  return inOrder(all).map(({ image, frame }) => [image, frame]);
}

test('W-Q11 by position along the normal of the planes', () => {
  assert.deepEqual(
    order(
      [at(30), at(-10), at(5)],
      [
        [0, 1],
        [1, 1],
        [2, 1],
      ],
    ),
    [
      [1, 1],
      [2, 1],
      [0, 1],
    ],
  );
});

test('W-Q11 by Dimension Index Values before that', () => {
  const image = { ...indexed([2, 1], [1, 2], [1, 1]), ...at(0) };
  assert.deepEqual(
    order(
      [image],
      [
        [0, 1],
        [0, 2],
        [0, 3],
      ],
    ),
    [
      [0, 3],
      [0, 2],
      [0, 1],
    ],
  );
});

test('W-Q11 as referred to where one frame has no position', () => {
  assert.deepEqual(
    order(
      [at(30), {}, at(5)],
      [
        [0, 1],
        [1, 1],
        [2, 1],
      ],
    ),
    [
      [0, 1],
      [1, 1],
      [2, 1],
    ],
  );
});
