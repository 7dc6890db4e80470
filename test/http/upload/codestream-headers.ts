// The headers of codestreams, made to measure: enough of each to tell what it is.

const u16 = (...values: number[]): number[] => values.flatMap((value) => [value >> 8, value & 255]);
const u32 = (...values: number[]): number[] => values.flatMap((value) => u16(value >>> 16, value & 0xffff));

/** JPEG with the given start-of-frame marker (ISO 10918-1 B.2), and the predictor of its scan; also JPEG-LS, whose NEAR stands there. */
export function jpegHeader({
  frame = 0xc0,
  components = 1,
  precision = 8,
  selector = 1,
  rows = 2,
  columns = 3,
} = {}): Buffer {
  const each = Array.from({ length: components }, (_, at) => at + 1);
  return Buffer.from([
    ...[0xff, 0xd8, 0xff, 0xe1, ...u16(4), 0xff, 0xc0],
    ...[0xff, frame, ...u16(8 + 3 * components), precision, ...u16(rows, columns), components],
    ...each.flatMap((id) => [id, 0x11, 0]),
    ...[0xff, 0xda, ...u16(6 + 2 * components), components, ...each.flatMap((id) => [id, 0]), selector, 0, 0],
    ...[0, 0xff, 0xd9],
  ]);
}

/** JPEG 2000 (ISO 15444-1 A.5.1, A.6.1). */
export function jpeg2000Header({
  components = 1,
  precision = 8,
  signed = false,
  isReversible = true,
  transform = false,
} = {}): Buffer {
  const each = Array.from({ length: components }, () => [(precision - 1) | (signed ? 0x80 : 0), 1, 1]);
  return Buffer.from([
    ...[0xff, 0x4f, 0xff, 0x51, ...u16(38 + 3 * components, 0)],
    ...[...u32(3, 2, 0, 0, 3, 2, 0, 0), ...u16(components), ...each.flat()],
    ...[0xff, 0x52, ...u16(12), 0, 0, ...u16(1), transform ? 1 : 0, 0, 4, 4, 0, isReversible ? 1 : 0],
    ...[0xff, 0xd9],
  ]);
}
