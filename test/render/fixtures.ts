// Part 10 files made for the tests of src/render: any transfer syntax that an installed encoder can make, any pixel type,
// any way of laying out fragments. Written into a folder of their own that is removed when the tests of the file end.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import {
  ExplicitLittle,
  HtJpeg2000,
  HtJpeg2000Lossless,
  Jpeg2000,
  Jpeg2000Lossless,
  JpegBaseline,
  JpegExtended,
  JpegLsNearLossless,
  JpegXl,
  JpegXlLossless,
  transferSyntax,
} from '../../src/dimse/data/transfer-syntax.ts';
import { createUid } from '../../src/dimse/data/uid.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { encodeFrame } from '../../src/render/codec/encode.ts';
import { Codecs } from '../../src/render/codec/wasm.ts';
import type { PixelDescription } from '../../src/render/frames/pixel.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

/** How frames become fragments, and which table says where they begin. */
export type Layout = {
  fragmentsPerFrame?: number;
  table?: 'basic' | 'empty' | 'extended' | 'wrong';
  /** Leaves the Sequence Delimitation Item out. */
  undelimited?: boolean;
};

export type Fixture = {
  transferSyntaxUid?: string;
  pixel?: Partial<PixelDescription>;
  /** Native samples of each frame, little endian, as `pixel` says. */
  frames: Uint8Array[];
  /** Codestreams instead of `frames` encoded here. */
  codestreams?: Uint8Array[];
  attributes?: Dataset;
  layout?: Layout;
  /** Attributes after the pixel data. */
  tail?: Dataset;
};

/** A temporary folder that goes when the tests of this file end. */
export function fixtureFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'render-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Description of an 8-bit MONOCHROME2 frame of 16 by 12, changed by `changes`. */
export function pixelOf(changes: Partial<PixelDescription> = {}): PixelDescription {
  const base: PixelDescription = {
    rows: 12,
    columns: 16,
    samplesPerPixel: 1,
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    signed: false,
    kind: 'integer',
    photometric: 'MONOCHROME2',
    planar: 0,
    ...changes,
  };
  return { ...base, highBit: changes.highBit ?? base.bitsStored - 1 };
}

const us = (value: number): Dataset[string] => ({ vr: 'US', Value: [value] });

/** The Image Pixel Module of a description. */
export function pixelModule(pixel: PixelDescription): Dataset {
  return {
    '00280002': us(pixel.samplesPerPixel),
    '00280004': { vr: 'CS', Value: [pixel.photometric] },
    ...(pixel.samplesPerPixel > 1 && { '00280006': us(pixel.planar) }),
    '00280010': us(pixel.rows),
    '00280011': us(pixel.columns),
    '00280100': us(pixel.bitsAllocated),
    ...(pixel.kind === 'integer' && {
      '00280101': us(pixel.bitsStored),
      '00280102': us(pixel.highBit),
      '00280103': us(Number(pixel.signed)),
    }),
  };
}

const codecs = new Codecs();

/** Writes a fixture to a file in `dir` and gives its path. */
export async function writeFixture(dir: string, fixture: Fixture): Promise<string> {
  const { transferSyntaxUid = ExplicitLittle, frames, attributes = {} } = fixture;
  const pixel = pixelOf(fixture.pixel);
  const sopInstanceUid = createUid();
  const count = fixture.codestreams?.length ?? frames.length;
  const dataset: Dataset = {
    '00080016': { vr: 'UI', Value: [SECONDARY_CAPTURE] },
    '00080018': { vr: 'UI', Value: [sopInstanceUid] },
    ...pixelModule(pixel),
    ...(count > 1 && { '00280008': { vr: 'IS', Value: [count] } }),
    ...attributes,
  };
  const meta = writeFileMeta({ sopClassUid: SECONDARY_CAPTURE, sopInstanceUid, transferSyntaxUid });
  const body = transferSyntax(transferSyntaxUid)?.encapsulated
    ? await encapsulatedBody(dataset, pixel, fixture, transferSyntaxUid)
    : nativeBody(dataset, pixel, fixture, transferSyntaxUid);
  const path = join(dir, `${sopInstanceUid}.dcm`);
  writeFileSync(path, Buffer.concat([meta, body]));
  return path;
}

function nativeBody(dataset: Dataset, pixel: PixelDescription, { frames, tail }: Fixture, uid: string): Buffer {
  const bytes = Buffer.concat(frames);
  const [tag, vr] = NATIVE_ELEMENT[pixel.kind];
  const words = vr === 'OW' && pixel.bitsAllocated <= 8 ? 'OB' : vr;
  return writeDataset({ ...dataset, [tag]: { vr: words, InlineBinary: bytes }, ...tail }, uid);
}

const NATIVE_ELEMENT = {
  integer: ['7FE00010', 'OW'],
  float: ['7FE00008', 'OF'],
  double: ['7FE00009', 'OD'],
} as const;

async function encapsulatedBody(
  dataset: Dataset,
  pixel: PixelDescription,
  fixture: Fixture,
  uid: string,
): Promise<Buffer> {
  const { layout = {}, tail } = fixture;
  const codestreams =
    fixture.codestreams ?? (await Promise.all(fixture.frames.map((frame) => encode(uid, pixel, frame))));
  const frames = codestreams.map((codestream) => fragmentsOf(Buffer.from(codestream), layout.fragmentsPerFrame ?? 1));
  const starts: number[] = [];
  let position = 0;
  for (const fragments of frames) {
    starts.push(position);
    for (const fragment of fragments) position += 8 + fragment.length;
  }
  const table = layout.table ?? 'basic';
  const extended = table === 'extended' ? extendedTable(starts, frames) : {};
  const items = [item(offsetTable(table, starts)), ...frames.flat().map(item)];
  return Buffer.concat([
    writeDataset({ ...dataset, ...extended }, uid),
    Buffer.from('e07f10004f420000ffffffff', 'hex'),
    ...items,
    Buffer.from(layout.undelimited ? '' : 'feffdde000000000', 'hex'),
    tail ? writeDataset(tail, uid) : Buffer.alloc(0),
  ]);
}

function fragmentsOf(codestream: Buffer, count: number): Buffer[] {
  const even = Buffer.concat([codestream, Buffer.alloc(codestream.length % 2)]);
  const size = Math.max(2, 2 * Math.ceil(even.length / count / 2));
  return Array.from({ length: count }, (_, index) => even.subarray(index * size, (index + 1) * size));
}

function item(value: Buffer): Buffer {
  const header = Buffer.from('feff00e000000000', 'hex');
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}

function offsetTable(table: Layout['table'], starts: number[]): Buffer {
  if (table !== 'basic' && table !== 'wrong') return Buffer.alloc(0);
  const bytes = Buffer.alloc(4 * starts.length);
  for (const [index, start] of starts.entries()) {
    bytes.writeUInt32LE(start + (table === 'wrong' && index > 0 ? 2 : 0), 4 * index);
  }
  return bytes;
}

function extendedTable(starts: number[], frames: Buffer[][]): Dataset {
  const offsets = Buffer.from(BigUint64Array.from(starts, BigInt).buffer);
  const sizes = frames.map((fragments) => BigInt(fragments.reduce((sum, { length }) => sum + length, 0)));
  const lengths = Buffer.from(BigUint64Array.from(sizes).buffer);
  return { '7FE00001': { vr: 'OV', InlineBinary: offsets }, '7FE00002': { vr: 'OV', InlineBinary: lengths } };
}

/** Syntaxes that may be lossy, and the lossless one whose encoder is used for them. */
const LOSSLESS_TWIN: Readonly<Record<string, string>> = {
  [Jpeg2000]: Jpeg2000Lossless,
  [HtJpeg2000]: HtJpeg2000Lossless,
  [JpegXl]: JpegXlLossless,
};

/** One frame encoded in a transfer syntax; lossy where the syntax knows nothing else. */
export async function encode(uid: string, pixel: PixelDescription, frame: Uint8Array): Promise<Uint8Array> {
  if (uid === JpegBaseline || uid === JpegExtended || uid === JpegLsNearLossless) return encodeLossy(uid, pixel, frame);
  return (await encodeFrame(LOSSLESS_TWIN[uid] ?? uid, pixel, frame, codecs)).bytes;
}

async function encodeLossy(uid: string, pixel: PixelDescription, frame: Uint8Array): Promise<Uint8Array> {
  const { NativeCodecs, Context } = await codecs.dcmjs();
  const context = new Context({
    width: pixel.columns,
    height: pixel.rows,
    bitsAllocated: pixel.bitsAllocated,
    bitsStored: pixel.bitsStored,
    samplesPerPixel: pixel.samplesPerPixel,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: pixel.photometric,
    decodedBuffer: frame,
  });
  const encoded =
    uid === JpegLsNearLossless
      ? NativeCodecs.encodeJpegLs(context, { lossy: true, allowedLossyError: 2 })
      : NativeCodecs.encodeJpeg(context, { lossy: true, quality: 95 });
  const bytes = encoded.getEncodedBuffer();
  if (!bytes) throw new Error('The encoder gave nothing');
  return bytes;
}

/** A smooth picture with an edge in it: compressible, and different in every row and column. `seed` tells frames apart. */
export function samples(pixel: PixelDescription, seed = 0): Uint8Array {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, signed } = pixel;
  const bytes = bitsAllocated / 8;
  const data = Buffer.alloc(rows * columns * samplesPerPixel * bytes);
  const range = 2 ** Math.min(bitsStored, 31);
  const low = signed ? -range / 2 : 0;
  for (let y = 0, at = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      for (let sample = 0; sample < samplesPerPixel; sample += 1, at += bytes) {
        const level = (7 * x + 5 * y + 40 * sample + 11 * seed + (x > columns / 2 ? 90 : 0)) % 256;
        const value = low + Math.floor((level / 256) * range);
        if (pixel.kind === 'double') data.writeDoubleLE(value / 7, at);
        else if (pixel.kind === 'float') data.writeFloatLE(value / 7, at);
        else if (signed) data.writeIntLE(value, at, bytes);
        else data.writeUIntLE(value, at, bytes);
      }
    }
  }
  return data;
}
