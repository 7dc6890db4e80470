// Randomness that is the same on every machine and in every run: grain for detectors and speckle, clouds for tissue.

/** A generator of numbers in 0 … 1 (xorshift32), fixed by its seed. */
export function random(seed: number): () => number {
  // A typed array holds its number unboxed; a captured variable would be allocated anew at every step.
  const state = Int32Array.of((Math.imul(seed, 0x9e3779b1) ^ 0x6d2b79f5) | 1);
  return () => {
    let next = state[0] ?? 1;
    next ^= next << 13;
    next ^= next >>> 17;
    next ^= next << 5;
    state[0] = next;
    return (next >>> 0) / 0x1_0000_0000;
  };
}

/** A prime: rows of a picture never fall into step with the table. */
const GRAINS = 32_749;

/** Nearly normal numbers of mean 0 and deviation 1, three uniform ones added; they repeat after some 32 000. */
export function gaussian(seed: number): () => number {
  const next = random(seed);
  const grains = new Float32Array(GRAINS);
  for (let index = 0; index < GRAINS; index += 1) grains[index] = (next() + next() + next() - 1.5) * 2;
  let cursor = 0;
  return () => {
    cursor = cursor + 1 < GRAINS ? cursor + 1 : 0;
    return grains[cursor] ?? 0;
  };
}

const LATTICE = 64;

/** Smooth noise in 0 … 1 over the plane: random values on whole coordinates, interpolated between them. */
export function cloud(seed: number): (x: number, y: number) => number {
  const next = random(seed);
  const lattice = new Float32Array(LATTICE * LATTICE);
  for (let index = 0; index < lattice.length; index += 1) lattice[index] = next();
  return (x, y) => {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const dx = ease(x - left);
    const dy = ease(y - top);
    const row = (top & (LATTICE - 1)) * LATTICE;
    const below = ((top + 1) & (LATTICE - 1)) * LATTICE;
    const a = lattice[row + (left & (LATTICE - 1))] ?? 0;
    const b = lattice[row + ((left + 1) & (LATTICE - 1))] ?? 0;
    const c = lattice[below + (left & (LATTICE - 1))] ?? 0;
    const d = lattice[below + ((left + 1) & (LATTICE - 1))] ?? 0;
    return a + (b - a) * dx + (c - a) * dy + (a - b - c + d) * dx * dy;
  };
}

/** Clouds in clouds: `octaves` of them, each twice as fine and half as strong; 0 … 1. */
export function turbulence(seed: number, octaves: number): (x: number, y: number) => number {
  const layers = Array.from({ length: octaves }, (_, octave) => cloud(seed + octave * 7919));
  const total = 2 - 2 ** (1 - octaves);
  return (x, y) => {
    let sum = 0;
    let scale = 1;
    for (const layer of layers) {
      sum += layer(x * scale, y * scale) / scale;
      scale *= 2;
    }
    return sum / total;
  };
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}
