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
  // What stood in each column before the row above was overwritten.
  const above = samples.slice(0, width);
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    const below = y + 1 < height ? row + width : row;
    for (let x = 0; x < width; x += 1) {
      const here = samples[row + x] ?? 0;
      samples[row + x] = ((above[x] ?? 0) + 2 * here + (samples[below + x] ?? 0)) / 4;
      above[x] = here;
    }
    let before = samples[row] ?? 0;
    for (let at = row; at < row + width - 1; at += 1) {
      const here = samples[at] ?? 0;
      samples[at] = (before + 2 * here + (samples[at + 1] ?? 0)) / 4;
      before = here;
    }
  }
}

/** Samples times `scale` plus `offset` as 16-bit little endian words, kept in 0 … `max`. */
export function toWords(plane: Plane, max: number, offset = 0, scale = 1): Buffer {
  const words = new Uint16Array(plane.samples.length);
  for (let index = 0; index < words.length; index += 1) {
    const word = (plane.samples[index] ?? 0) * scale + offset + 0.5;
    words[index] = Math.min(Math.max(word, 0), max);
  }
  return littleEndian(words);
}

/** The bytes of 16-bit words, little endian on every machine. */
export function littleEndian(words: Uint16Array): Buffer {
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? bytes : bytes.swap16();
}
