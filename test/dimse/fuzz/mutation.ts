// Seeded mutation of bytes: what a broken or hostile peer might send instead of something right.

/** Mulberry32: the same numbers for the same seed, from 0 inclusive to 1 exclusive. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const below = (random: () => number, limit: number): number => Math.floor(random() * limit);

export function oneOf<T>(random: () => number, values: readonly T[]): T {
  const value = values[below(random, values.length)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
}

/** Numbers that lengths and counts are often wrong by. */
const EXTREMES = [0, 1, 2, 3, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0xfffffffe, 0xffffffff];

type Mutation = (bytes: Buffer, random: () => number) => Buffer;

const flipBit: Mutation = (bytes, random) => {
  const at = below(random, bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << below(random, 8)), at);
  return bytes;
};
const changeByte: Mutation = (bytes, random) => {
  bytes.writeUInt8(below(random, 256), below(random, bytes.length));
  return bytes;
};
const extremeNumber: Mutation = (bytes, random) => {
  const size = oneOf(random, [1, 2, 4] as const);
  if (bytes.length < size) return bytes;
  const value = oneOf(random, EXTREMES) % 2 ** (8 * size);
  const at = below(random, bytes.length - size + 1);
  if (random() < 0.5) bytes.writeUIntBE(value, at, size);
  else bytes.writeUIntLE(value, at, size);
  return bytes;
};
const cut: Mutation = (bytes, random) => bytes.subarray(0, below(random, bytes.length));
const drop: Mutation = (bytes, random) => {
  const at = below(random, bytes.length);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 8))]);
};
const insert: Mutation = (bytes, random) => {
  const at = below(random, bytes.length + 1);
  const some = Buffer.from(Array.from({ length: 1 + below(random, 8) }, () => below(random, 256)));
  return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)]);
};
const repeat: Mutation = (bytes, random) => {
  const at = below(random, bytes.length);
  const part = bytes.subarray(at, at + 1 + below(random, 64));
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
};

const MUTATIONS: readonly Mutation[] = [flipBit, changeByte, extremeNumber, extremeNumber, cut, drop, insert, repeat];

/** A changed copy: one to four mutations. */
export function mutated(bytes: Buffer, random: () => number): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let count = 1 + below(random, 4); count > 0 && changed.length > 0; count -= 1) {
    changed = oneOf(random, MUTATIONS)(changed, random);
  }
  return changed;
}

/** The same bytes in chunks of any size. */
export function* chunked(bytes: Buffer, random: () => number): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length; ) {
    const size = 1 + below(random, random() < 0.5 ? 16 : bytes.length);
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}
