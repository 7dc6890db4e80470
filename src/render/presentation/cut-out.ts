// The displayed area of a picture, turned as the Spatial Transformation says (PS3.3 C.10.4, C.10.6): first rotated
// clockwise, then mirrored left to right.

import type { Canvas } from '../canvas/canvas.ts';
import type { Placement } from './displayed-area.ts';

/** The area of a picture, turned but not yet scaled; what of it lies outside the picture is black. */
export function cutOut(picture: Canvas, { area, orientation }: Placement): Canvas {
  const { rotation, mirrored } = orientation;
  const [columns, rows] = [area.right - area.left, area.bottom - area.top];
  const turned = rotation === 90 || rotation === 270;
  const [width, height] = turned ? [rows, columns] : [columns, rows];
  const { channels, data } = picture;
  const result = new Uint8Array(width * height * channels);
  for (let row = 0, to = 0; row < height; row += 1) {
    for (let place = 0; place < width; place += 1, to += channels) {
      const across = mirrored ? width - 1 - place : place;
      const [column, line] =
        rotation === 0
          ? [across, row]
          : rotation === 90
            ? [row, rows - 1 - across]
            : rotation === 180
              ? [columns - 1 - across, rows - 1 - row]
              : [columns - 1 - row, across];
      const [x, y] = [column + area.left, line + area.top];
      if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) continue;
      const from = (y * picture.width + x) * channels;
      for (let channel = 0; channel < channels; channel += 1) result[to + channel] = data[from + channel] ?? 0;
    }
  }
  return { width, height, channels, data: result };
}
