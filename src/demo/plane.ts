// A picture to paint on: ellipses in coordinates that do not depend on its size, softening, and grain.

/** Samples row by row; x and y of shapes run from -1 to 1 over the width, with y downwards from the middle. */
export type Plane = { width: number; height: number; samples: Float32Array };

export type Ellipse = { x: number; y: number; rx: number; ry: number /** Degrees, clockwise. */; turn?: number };

export function createPlane(width: number, height: number, value: number): Plane {
  return { width, height, samples: new Float32Array(width * height).fill(value) };
}

/** Sets, or mixes by `opacity`, every sample inside the ellipse. */
export function paint(plane: Plane, ellipse: Ellipse, value: number, opacity = 1): void {
  const half = plane.width / 2;
  const turn = ((ellipse.turn ?? 0) * Math.PI) / 180;
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  const reach = Math.max(ellipse.rx, ellipse.ry) * half;
  const cx = half + ellipse.x * half;
  const cy = plane.height / 2 + ellipse.y * half;
  const top = Math.max(0, Math.floor(cy - reach));
  const bottom = Math.min(plane.height - 1, Math.ceil(cy + reach));
  const left = Math.max(0, Math.floor(cx - reach));
  const right = Math.min(plane.width - 1, Math.ceil(cx + reach));
  for (let y = top; y <= bottom; y += 1) {
    const dy = y - cy;
    for (let x = left; x <= right; x += 1) {
      const dx = x - cx;
      const u = (dx * cos + dy * sin) / (ellipse.rx * half);
      const v = (dy * cos - dx * sin) / (ellipse.ry * half);
      if (u * u + v * v > 1) continue;
      const at = y * plane.width + x;
      const old = plane.samples[at] ?? 0;
      plane.samples[at] = old + (value - old) * opacity;
    }
  }
}

/** Softens edges: each sample becomes the weighted mean (1 2 1) of itself and its neighbours, in both directions. */
export function soften(plane: Plane): void {
  const { width, height, samples } = plane;
  for (let y = 0; y < height; y += 1) smoothLine(samples, y * width, 1, width);
  for (let x = 0; x < width; x += 1) smoothLine(samples, x, width, height);
}

function smoothLine(samples: Float32Array, start: number, step: number, count: number): void {
  let before = samples[start] ?? 0;
  for (let index = 0, at = start; index < count - 1; index += 1, at += step) {
    const here = samples[at] ?? 0;
    samples[at] = (before + 2 * here + (samples[at + step] ?? 0)) / 4;
    before = here;
  }
}

/** Samples as 16-bit little endian words after `value`, kept in 0 … `max`. */
export function toWords(plane: Plane, max: number, value: (sample: number) => number): Buffer {
  const words = new Uint16Array(plane.samples.length);
  for (let index = 0; index < words.length; index += 1) {
    const word = Math.round(value(plane.samples[index] ?? 0));
    words[index] = Math.min(Math.max(word, 0), max);
  }
  return littleEndian(words);
}

/** The bytes of 16-bit words, little endian on every machine. */
export function littleEndian(words: Uint16Array): Buffer {
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? bytes : bytes.swap16();
}
