// Glyphs of a TrueType font (ISO 14496-22): which glyph shows a character, how wide it is, and its outline as SVG path data.

import { woffTable } from './woff.ts';

/** A glyph: what it moves the pen by, and the path data of its contours, in font units with y upwards. */
export type Glyph = { advance: number; contours: readonly (readonly Point[])[] };

/** A point of a contour; between two points off the curve lies one on it, halfway. */
export type Point = { x: number; y: number; on: boolean };

const WINDOWS = 3;
const UNICODE_BMP = 1;

/** The glyphs of a font; nothing is read that is not asked for but whole tables. */
export class Outlines {
  /** Font units of the side of a character's square. */
  readonly unitsPerEm: number;
  readonly #map: Buffer;
  readonly #location: Buffer;
  readonly #glyphs: Buffer;
  readonly #metrics: Buffer;
  readonly #longMetrics: number;

  constructor(font: Buffer) {
    this.unitsPerEm = woffTable(font, 'head').readUInt16BE(18);
    this.#map = characterMap(woffTable(font, 'cmap'));
    this.#location = woffTable(font, 'loca');
    this.#glyphs = woffTable(font, 'glyf');
    this.#metrics = woffTable(font, 'hmtx');
    this.#longMetrics = woffTable(font, 'hhea').readUInt16BE(34);
  }

  /** The glyph of a character; of one that the font lacks, its box. */
  glyph(codePoint: number): Glyph {
    const index = glyphIndex(this.#map, codePoint);
    const advance = this.#metrics.readUInt16BE(4 * Math.min(index, this.#longMetrics - 1));
    const [start, end] = [this.#location.readUInt32BE(4 * index), this.#location.readUInt32BE(4 * index + 4)];
    return { advance, contours: start === end ? [] : contoursOf(this.#glyphs.subarray(start, end)) };
  }
}

/** The map for the Basic Multilingual Plane, of format 4. */
function characterMap(table: Buffer): Buffer {
  const count = table.readUInt16BE(2);
  for (let at = 4; at < 4 + 8 * count; at += 8) {
    if (table.readUInt16BE(at) !== WINDOWS || table.readUInt16BE(at + 2) !== UNICODE_BMP) continue;
    return table.subarray(table.readUInt32BE(at + 4));
  }
  throw new Error('The font has no map of Unicode characters');
}

/** Format 4: segments of characters by their last one, then first ones, deltas and offsets. */
function glyphIndex(map: Buffer, codePoint: number): number {
  if (codePoint > 0xffff) return 0;
  const size = map.readUInt16BE(6);
  let segment = 0;
  while (segment < size && map.readUInt16BE(14 + segment) < codePoint) segment += 2;
  const first = map.readUInt16BE(16 + size + segment);
  if (segment >= size || codePoint < first) return 0;
  const delta = map.readUInt16BE(16 + 2 * size + segment);
  const place = 16 + 3 * size + segment;
  const offset = map.readUInt16BE(place);
  if (offset === 0) return (codePoint + delta) & 0xffff;
  const index = map.readUInt16BE(place + offset + 2 * (codePoint - first));
  return index === 0 ? 0 : (index + delta) & 0xffff;
}

const ON_CURVE = 0x01;
const REPEATED = 0x08;
const X = { short: 0x02, same: 0x10 };
const Y = { short: 0x04, same: 0x20 };

/** A simple glyph: the last point of each contour, instructions, flags, then the steps in x and in y. */
function contoursOf(glyph: Buffer): Point[][] {
  const count = glyph.readInt16BE(0);
  if (count <= 0) return []; // Composed of others, of which the font that ships has none.
  const ends = Array.from({ length: count }, (_, index) => glyph.readUInt16BE(10 + 2 * index));
  const points = (ends.at(-1) ?? -1) + 1;
  let at = 12 + 2 * count + glyph.readUInt16BE(10 + 2 * count);
  const flags: number[] = [];
  while (flags.length < points) {
    const flag = glyph.readUInt8(at);
    at += 1;
    flags.push(flag);
    if (flag & REPEATED) {
      for (let left = glyph.readUInt8(at); left > 0; left -= 1) flags.push(flag);
      at += 1;
    }
  }
  const xs = coordinates(glyph, at, flags, X);
  const ys = coordinates(glyph, xs.end, flags, Y);
  const at0 = (index: number): Point => ({
    x: xs.values[index] ?? 0,
    y: ys.values[index] ?? 0,
    on: ((flags[index] ?? 0) & ON_CURVE) !== 0,
  });
  return ends.map((end, contour) => {
    const start = contour === 0 ? 0 : (ends[contour - 1] ?? 0) + 1;
    return Array.from({ length: end - start + 1 }, (_, index) => at0(start + index));
  });
}

function coordinates(
  glyph: Buffer,
  from: number,
  flags: readonly number[],
  { short, same }: typeof X,
): { values: number[]; end: number } {
  const values: number[] = [];
  let [at, value] = [from, 0];
  for (const flag of flags) {
    if (flag & short) {
      value += flag & same ? glyph.readUInt8(at) : -glyph.readUInt8(at);
      at += 1;
    } else if (!(flag & same)) {
      value += glyph.readInt16BE(at);
      at += 2;
    }
    values.push(value);
  }
  return { values, end: at };
}
