// Text as SVG paths, so that a picture looks the same whatever fonts a machine has. GNU Unifont has a glyph for every
// character of the Basic Multilingual Plane, drawn on a grid of 16: crisp at sizes that are multiples of 16 pixels.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Outlines, type Point } from './outlines.ts';

const require = createRequire(import.meta.url);
const FONT = '@fontsource/unifont/files/unifont-latin-400-normal.woff';

/** Where a line of text stands: the left end, middle or right end of its baseline, in pixels, and its size. */
export type Place = {
  x: number;
  y: number;
  size: number;
  /** A colour of SVG. */
  fill: string;
  anchor?: 'start' | 'middle' | 'end';
  /** The colour of an edge around the letters, which keeps them apart from whatever they stand on. */
  shadow?: string;
};

/** The letters of one thread; the font is read when the first text is drawn. */
export class Typeface {
  #loaded: Outlines | undefined;

  get #outlines(): Outlines {
    this.#loaded ??= new Outlines(readFileSync(require.resolve(FONT)));
    return this.#loaded;
  }

  /** SVG markup of one line of text. */
  draw(text: string, { x, y, size, fill, anchor = 'start', shadow }: Place): string {
    const { path, width } = this.#line(text, size);
    const left = anchor === 'start' ? x : x - (anchor === 'middle' ? width / 2 : width);
    const edge = shadow ? ` stroke="${shadow}" stroke-width="${round(size / 5)}" paint-order="stroke"` : '';
    return `<path transform="translate(${round(left)} ${round(y)})" fill="${fill}"${edge} d="${path}"/>`;
  }

  /** The width of one line of text in pixels. */
  width(text: string, size: number): number {
    return this.#line(text, size).width;
  }

  #line(text: string, size: number): { path: string; width: number } {
    const outlines = this.#outlines;
    const scale = size / outlines.unitsPerEm;
    let pen = 0;
    let path = '';
    for (const character of inVisualOrder(text.normalize('NFC'))) {
      const { advance, contours } = outlines.glyph(character.codePointAt(0) ?? 0);
      for (const contour of contours) path += contourPath(contour, pen, scale);
      pen += advance;
    }
    return { path, width: pen * scale };
  }
}

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}][\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{M}\s]*/gu;

/** Runs of letters that are written from right to left, turned round, since glyphs are set from left to right. */
function inVisualOrder(text: string): string {
  return text.replace(RIGHT_TO_LEFT, (run) => {
    const letters = run.trimEnd();
    return [...letters].reverse().join('') + run.slice(letters.length);
  });
}

/** Quadratic curves: two points off the curve in a row have one on it between them. */
function contourPath(contour: readonly Point[], pen: number, scale: number): string {
  const at = ({ x, y }: { x: number; y: number }): string => `${round((pen + x) * scale)} ${round(-y * scale)}`;
  const start = contour.findIndex((point) => point.on);
  const points = [...contour.slice(Math.max(0, start)), ...contour.slice(0, Math.max(0, start) + 1)];
  let path = '';
  points.forEach((point, index) => {
    const next = points[index + 1];
    if (index === 0) path = `M${at(point)}`;
    else if (point.on) path += `L${at(point)}`;
    else if (next)
      path += `Q${at(point)} ${at(next.on ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  });
  return `${path}Z`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
