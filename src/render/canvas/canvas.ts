// A picture in memory, which shutters and overlays are drawn on.

import type { Rgb } from '../colour/cielab.ts';

/** One (grey) or three (RGB) samples a pixel, of 8 or 16 bits. */
export type Canvas = {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array | Uint16Array;
};

/** A canvas that a colour can be drawn on: grey stays grey as long as the colour is a grey too. */
export function canvasFor<C extends Canvas>(canvas: C, [red, green, blue]: Rgb): C {
  const { channels, data } = canvas;
  if (channels === 3 || (red === green && green === blue)) return canvas;
  const coloured = data instanceof Uint16Array ? new Uint16Array(data.length * 3) : new Uint8Array(data.length * 3);
  for (let index = 0, to = 0; index < data.length; index += 1, to += 3) coloured.fill(data[index] ?? 0, to, to + 3);
  return { ...canvas, channels: 3, data: coloured };
}

/** Fills in place the pixels that `isCovered` says. */
export function fill(canvas: Canvas, colour: Rgb, isCovered: (column: number, row: number) => boolean): void {
  const { width, height, channels, data } = canvas;
  const scale = data instanceof Uint16Array ? 257 : 1;
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += channels) {
      if (!isCovered(column, row)) continue;
      for (let channel = 0; channel < channels; channel += 1) data[at + channel] = (colour[channel] ?? 0) * scale;
    }
  }
}
