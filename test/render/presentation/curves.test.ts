// Curves of annotations away from the axes (PS3.3 C.10.5.1.2): where the paths go, by their own equations.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { graphicObject } from '../../../src/render/presentation/graphic-objects.ts';
import { cs } from '../pictures.ts';
import { fl } from './states.ts';

type Point = [x: number, y: number];

/** Points of a path of cubic curves, nine of each. */
function pointsOn(svg: string): Point[] {
  const path = /d="([^"]*)"/.exec(svg)?.[1] ?? '';
  const [start = '', ...rest] = path.replace('M', '').replace('Z', '').split('C');
  const numbers = (text: string): number[] => text.trim().split(/\s+/).map(Number);
  const points: Point[] = [];
  let [x0 = 0, y0 = 0] = numbers(start);
  for (const part of rest) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] = numbers(part);
    for (let step = 0; step < 9; step += 1) {
      const [t, u] = [step / 9, 1 - step / 9];
      const weights = [u ** 3, 3 * u * u * t, 3 * u * t * t, t ** 3] as const;
      const sum = (a: number, b: number, c: number, d: number): number =>
        weights[0] * a + weights[1] * b + weights[2] * c + weights[3] * d;
      points.push([sum(x0, x1, x2, x3), sum(y0, y1, y2, y3)]);
    }
    [x0, y0] = [x3, y3];
  }
  return points;
}

function drawn(type: string, data: number[]): Point[] {
  const item: Dataset = { '00700023': cs(type), '00700022': fl(...data), '00700024': cs('N') };
  return pointsOn(graphicObject(item, (x, y) => [x, y], [255, 255, 255], 1));
}

test('R-86 an ELLIPSE that lies aslant keeps the sum of the distances to its foci', () => {
  const [a, b, angle] = [50, 30, Math.PI / 6];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [x, y] = [120, 90];
  const ends = [x - a * cos, y - a * sin, x + a * cos, y + a * sin, x + b * sin, y - b * cos, x - b * sin, y + b * cos];
  const points = drawn('ELLIPSE', ends);
  assert.equal(points.length, 36);
  const focus = Math.sqrt(a * a - b * b);
  for (const [px, py] of points) {
    const sum = [1, -1].reduce(
      (all, side) => all + Math.hypot(px - x - side * focus * cos, py - y - side * focus * sin),
      0,
    );
    assert.ok(Math.abs(sum - 2 * a) < 0.1, `${px}, ${py}: ${sum}`);
  }
});

test('R-86 a CIRCLE has one radius all around, and goes all around', () => {
  const points = drawn('CIRCLE', [60, 50, 72, 66]);
  for (const [x, y] of points) assert.ok(Math.abs(Math.hypot(x - 60, y - 50) - 20) < 0.05);
  const quadrants = new Set(points.map(([x, y]) => `${x > 60} ${y > 50}`));
  assert.equal(quadrants.size, 4);
});

test('R-86 a closed INTERPOLATED curve has no beginning: turned by a quarter it is the same', () => {
  const points = drawn('INTERPOLATED', [100, 60, 140, 100, 100, 140, 60, 100, 100, 60]);
  assert.equal(points.length, 36);
  for (const [index, [x, y]] of points.entries()) {
    const [nextX = 0, nextY = 0] = points[(index + 9) % 36] ?? [];
    assert.ok(Math.hypot(nextX - (100 - (y - 100)), nextY - (100 + (x - 100))) < 0.05, `${x}, ${y}`);
  }
});

test('R-86 an INTERPOLATED curve is smooth in its points, and straight through points in a line', () => {
  const line = drawn('INTERPOLATED', [0, 0, 10, 5, 20, 10, 30, 15]);
  for (const [x, y] of line) assert.ok(Math.abs(y - x / 2) < 0.02);
  const wave = drawn('INTERPOLATED', [0, 0, 30, 30, 60, 0, 90, 30]);
  // The direction in an inner point is that from the point before it to the one behind it.
  for (const [at, slope] of [
    [9, 0],
    [18, 0],
  ] as const) {
    const [before, behind]: [Point, Point] = [wave[at - 1] ?? [0, 0], wave[at + 1] ?? [0, 0]];
    assert.ok(
      Math.abs((behind[1] - before[1]) / (behind[0] - before[0]) - slope) < 0.15,
      JSON.stringify([before, behind]),
    );
  }
});
