// Writes ZIP (PKWARE APPNOTE 6.3) by pull: entries are stored, not compressed, as DICOM hardly shrinks; sizes follow the bytes,
// and ZIP64 holds what is larger than 4 GiB or more than 65535 files. No queue: a chunk is asked for when the last was taken.

import { crc32 } from 'node:zlib';

/** `name` is a path with `/`; `length` where it is known beforehand. */
export type ZipEntry = { name: string; length?: number; body: AsyncIterable<Buffer> };

type Written = { name: Buffer; crc: number; size: number; offset: number; large: boolean };

const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;
const VERSION = 20;
const VERSION_ZIP64 = 45;
/** Sizes and checksum come behind the bytes; names are UTF-8 (4.4.4). */
const FLAGS = 0x0808;
/** 1980-01-01 (4.4.6): the time of an instance is in the instance. */
const DATE = 0x0021;
const LOCAL = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_ZIP64 = 0x06064b50;
const LOCATOR_ZIP64 = 0x07064b50;
const ZIP64_FIELD = 0x0001;

/** Little-endian fields of the given widths in bytes, one behind the other. */
function fields(...values: readonly (readonly [width: 2 | 4 | 8, value: number])[]): Buffer {
  const bytes = Buffer.alloc(values.reduce((sum, [width]) => sum + width, 0));
  let at = 0;
  for (const [width, value] of values) {
    if (width === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUIntLE(value, at, width);
    at += width;
  }
  return bytes;
}

/** Local file header (4.3.7); what may grow beyond 4 GiB has a ZIP64 field, which makes its descriptor wide. */
function localHeader(name: Buffer, large: boolean): Buffer {
  const size = large ? MAX_32 : 0;
  const version = large ? VERSION_ZIP64 : VERSION;
  const extra = large ? fields([2, ZIP64_FIELD], [2, 16], [8, 0], [8, 0]) : Buffer.alloc(0);
  const head = fields(
    [4, LOCAL],
    [2, version],
    [2, FLAGS],
    [2, 0],
    [2, 0],
    [2, DATE],
    [4, 0],
    [4, size],
    [4, size],
    [2, name.length],
    [2, extra.length],
  );
  return Buffer.concat([head, name, extra]);
}

/** Data descriptor (4.3.9). */
function descriptor({ crc, size, large }: Written): Buffer {
  const width = large ? 8 : 4;
  return fields([4, DESCRIPTOR], [4, crc], [width, size], [width, size]);
}

/** Central directory header (4.3.12). */
function centralHeader({ name, crc, size, offset, large }: Written): Buffer {
  const wide = large || offset >= MAX_32;
  const extra = wide ? fields([2, ZIP64_FIELD], [2, 24], [8, size], [8, size], [8, offset]) : Buffer.alloc(0);
  const version = wide ? VERSION_ZIP64 : VERSION;
  const head = fields(
    [4, CENTRAL],
    [2, version],
    [2, version],
    [2, FLAGS],
    [2, 0],
    [2, 0],
    [2, DATE],
    [4, crc],
    [4, wide ? MAX_32 : size],
    [4, wide ? MAX_32 : size],
    [2, name.length],
    [2, extra.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, wide ? MAX_32 : offset],
  );
  return Buffer.concat([head, name, extra]);
}

/** The end of the central directory (4.3.14 to 4.3.16). */
function ending(count: number, size: number, offset: number): Buffer {
  const wide = count >= MAX_16 || size >= MAX_32 || offset >= MAX_32;
  const end = fields(
    [4, END],
    [2, 0],
    [2, 0],
    [2, Math.min(count, MAX_16)],
    [2, Math.min(count, MAX_16)],
    [4, Math.min(size, MAX_32)],
    [4, Math.min(offset, MAX_32)],
    [2, 0],
  );
  if (!wide) return end;
  const end64 = fields(
    [4, END_ZIP64],
    [8, 44],
    [2, VERSION_ZIP64],
    [2, VERSION_ZIP64],
    [4, 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, size],
    [8, offset],
  );
  const locator = fields([4, LOCATOR_ZIP64], [4, 0], [8, offset + size], [4, 1]);
  return Buffer.concat([end64, locator, end]);
}

/** The bytes of an archive of `entries`. A body that fails ends it without its directory: nothing takes that for whole. */
export async function* writeZip(entries: AsyncIterable<ZipEntry>): AsyncGenerator<Buffer, void, undefined> {
  const written: Written[] = [];
  let at = 0;
  for await (const { name, length, body } of entries) {
    const entry = { name: Buffer.from(name), crc: 0, size: 0, offset: at, large: (length ?? MAX_32) >= MAX_32 };
    let head: Buffer | undefined = localHeader(entry.name, entry.large);
    at += head.length;
    for await (const chunk of body) {
      // With the first bytes: who waits for the first chunk then knows that the first entry can be had.
      if (head !== undefined) yield head;
      head = undefined;
      entry.crc = crc32(chunk, entry.crc);
      entry.size += chunk.length;
      yield chunk;
    }
    const tail = descriptor(entry);
    yield head === undefined ? tail : Buffer.concat([head, tail]);
    at += entry.size + tail.length;
    written.push(entry);
  }
  const directory = Buffer.concat(written.map(centralHeader));
  yield Buffer.concat([directory, ending(written.length, directory.length, at)]);
}
