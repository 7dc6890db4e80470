// An instance in another transfer syntax: the header with what the new pixel data change in it, then the frames, one
// after the other (PS3.5 8.2, A.4; PS3.3 C.7.6.3). A target with loss makes another instance of it.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { readElements } from '../../dimse/data/reader.ts';
import { reencode } from '../../dimse/data/reencode.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { ExplicitLittle, transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../dimse/data/writer.ts';
import { DicomError } from '../../dimse/errors.ts';
import { isDecodable } from '../codec/decode.ts';
import { isEncodable } from '../codec/encode.ts';
import { BitJoiner } from '../frames/bit-joiner.ts';
import { endOfFragments } from '../frames/fragments.ts';
import { encodingOf, type Image, openImage, openPartTen, type PartTen, readStoredHeader } from '../frames/image.ts';
import { frameBits, MAX_FRAME_BYTES, type PixelDescription } from '../frames/pixel.ts';
import type { Place } from '../frames/source.ts';
import { madeAhead } from '../made-ahead.ts';
import { withoutPalette } from './as-rgb.ts';
import { isLossyTarget, lossyAttributes } from './lossy.ts';
import { lossOf } from './stored-loss.ts';

/** A frame in the target's form, and the description of its samples. */
export type TargetFrame = { bytes: Uint8Array; pixel: PixelDescription };

/** Makes frame `n` (1-based): native samples, or one encoded frame. */
export type MakeFrame = (n: number) => Promise<TargetFrame>;

const LARGEST_VALUE = 0xfffffffe;
const CHUNK = 1024 * 1024;

/**
 * The data set of an instance in another transfer syntax, without File Meta Information. Up to `ahead` frames are made
 * before they are asked for.
 * @throws DicomError before the first chunk: `not-acceptable` without a decoder or encoder, and where a native
 * value would be longer than its length field can say, and what making the first frame throws
 */
export async function* transcodeInstance(
  path: Place,
  target: string,
  ahead: number,
  makeFrame: MakeFrame,
): AsyncGenerator<Buffer, void> {
  const file = await openPartTen(path);
  const syntax = transferSyntax(target);
  if (!syntax) throw noCodec('encoder', target);
  if (file.syntax === syntax || (!file.syntax.encapsulated && !syntax.encapsulated)) {
    yield* reencode(storedBytes(file), file.syntax.uid, target);
    return;
  }
  const image = await openImage(path);
  if (syntax.encapsulated && !isEncodable(target)) throw noCodec('encoder', target);
  if (!isDecodable(image)) throw noCodec('decoder', image.transferSyntaxUid);
  const frames = madeAhead(image.numberOfFrames, ahead, makeFrame);
  if (isLossyTarget(target)) yield* lossy(image, target, frames);
  else if (syntax.encapsulated) yield* encapsulated(image, target, frames);
  else if (target === ExplicitLittle) yield* native(image, frames);
  else yield* reencode(native(image, frames), ExplicitLittle, target);
}

function noCodec(what: 'decoder' | 'encoder', transferSyntaxUid: string): DicomError {
  return new DicomError('not-acceptable', `There is no ${what} for transfer syntax ${transferSyntaxUid}`, {
    field: 'transfer-syntax',
  });
}

async function* storedBytes({ source, dataOffset }: PartTen): AsyncGenerator<Buffer, void> {
  for (let at = dataOffset; at < source.size; at += CHUNK) yield await source.read(at, CHUNK);
}

type Frames = AsyncGenerator<TargetFrame, void>;

/** The first frame, on which the header depends, and all frames after it, which must agree with it. */
async function opened(frames: Frames): Promise<{ first: TargetFrame; rest: AsyncGenerator<TargetFrame, void> }> {
  const { value: first } = await frames.next();
  if (!first) throw new DicomError('corrupt', 'The instance has no frames', { field: 'NumberOfFrames' });
  async function* rest(): AsyncGenerator<TargetFrame, void> {
    for await (const frame of frames) {
      if (layoutOf(frame.pixel) !== layoutOf(first?.pixel)) {
        throw new DicomError('corrupt', 'The frames of the instance differ in size or form', { field: 'PixelData' });
      }
      yield frame;
    }
  }
  return { first, rest: rest() };
}

function layoutOf(pixel?: PixelDescription): string {
  return JSON.stringify([
    pixel?.rows,
    pixel?.columns,
    pixel?.samplesPerPixel,
    pixel?.bitsAllocated,
    pixel?.photometric,
  ]);
}

async function* native(image: Image, frames: Frames): AsyncGenerator<Buffer, void> {
  try {
    const { first, rest } = await opened(frames);
    const bits = frameBits(first.pixel);
    const length = Math.ceil((bits * image.numberOfFrames) / 8);
    // PS3.18 8.7.8.1: what does not fit into 32 bits of length is no representation that could be chosen.
    if (length > LARGEST_VALUE)
      throw new DicomError('not-acceptable', 'Uncompressed, the pixel data exceed a value field');
    yield await headerOf(image, first.pixel, ExplicitLittle, (dataset) =>
      lossOf(image, dataset, nativeBytes(image, first.pixel)),
    );
    yield elementHeader(image.pixelData.tag, nativeVr(first.pixel), length + (length % 2));
    const joiner = new BitJoiner(bits);
    yield joiner.add(first.bytes);
    for await (const { bytes } of rest) yield joiner.add(bytes);
    yield Buffer.concat([joiner.end(), Buffer.alloc(length % 2)]);
    yield await tailOf(image, ExplicitLittle);
  } finally {
    await frames.return();
  }
}

/** PS3.5 A.2: OW for more than 8 bits; the float elements have their own. */
function nativeVr(pixel: PixelDescription): string {
  if (pixel.kind !== 'integer') return pixel.kind === 'float' ? 'OF' : 'OD';
  return pixel.bitsAllocated > 8 ? 'OW' : 'OB';
}

/** One fragment a frame behind an empty Basic Offset Table (PS3.5 A.4). */
async function* encapsulated(image: Image, target: string, frames: Frames): AsyncGenerator<Buffer, void> {
  try {
    const { first, rest } = await opened(frames);
    const bytes = nativeBytes(image, first.pixel);
    yield await headerOf(image, first.pixel, target, (dataset) => lossOf(image, dataset, bytes));
    yield Buffer.concat([elementHeader(image.pixelData.tag, 'OB', -1), itemHeader(ITEM, 0)]);
    yield* fragment(first.bytes);
    for await (const { bytes } of rest) yield* fragment(bytes);
    yield itemHeader(SEQUENCE_DELIMITATION, 0);
    yield await tailOf(image, target);
  } finally {
    await frames.return();
  }
}

/** As `encapsulated`, but the header tells how much smaller all frames have become: they are held until the last is made. */
async function* lossy(image: Image, target: string, frames: Frames): AsyncGenerator<Buffer, void> {
  try {
    const { first, rest } = await opened(frames);
    const made = [first.bytes];
    let length = first.bytes.length;
    for await (const { bytes } of rest) {
      made.push(bytes);
      length += bytes.length;
      if (length > MAX_FRAME_BYTES) throw new DicomError('too-large', 'The compressed frames are beyond the limit');
    }
    const bytes = nativeBytes(image, first.pixel);
    yield await headerOf(image, first.pixel, target, async (dataset) => {
      const before = { ...dataset, ...(await lossOf(image, dataset, bytes)) };
      return lossyAttributes(before, target, bytes / length);
    });
    yield Buffer.concat([elementHeader(image.pixelData.tag, 'OB', -1), itemHeader(ITEM, 0)]);
    for (const bytes of made) yield* fragment(bytes);
    yield itemHeader(SEQUENCE_DELIMITATION, 0);
    yield await tailOf(image, target);
  } finally {
    await frames.return();
  }
}

/** Of all frames without compression and without the sharing of chroma (YBR_FULL_422). */
function nativeBytes({ numberOfFrames }: Image, pixel: PixelDescription): number {
  return (frameBits({ ...pixel, photometric: '' }) * numberOfFrames) / 8;
}

function* fragment(bytes: Uint8Array): Generator<Buffer, void> {
  const padding = bytes.length % 2;
  yield itemHeader(ITEM, bytes.length + padding);
  yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (padding) yield Buffer.alloc(padding);
}

const ITEM = 'FFFEE000';
const SEQUENCE_DELIMITATION = 'FFFEE0DD';

function tagBytes(tag: string): Buffer {
  return Buffer.from(tag, 'hex').swap16();
}

function itemHeader(tag: string, length: number): Buffer {
  const header = Buffer.alloc(8);
  tagBytes(tag).copy(header);
  header.writeUInt32LE(length, 4);
  return header;
}

function elementHeader(tag: string, vr: string, length: number): Buffer {
  const header = Buffer.alloc(12);
  tagBytes(tag).copy(header);
  header.write(vr, 4, 'latin1');
  header.writeUInt32LE(length < 0 ? 0xffffffff : length, 8);
  return header;
}

/** The attributes before the pixel data: unchanged but for the Image Pixel Module, and without the tables of old offsets. */
async function headerOf(
  image: Image,
  pixel: PixelDescription,
  transferSyntaxUid: string,
  changes: (dataset: Dataset) => Dataset | Promise<Dataset>,
): Promise<Buffer> {
  const {
    [Tag.ExtendedOffsetTable]: _table,
    [Tag.ExtendedOffsetTableLengths]: _lengths,
    [Tag.PlanarConfiguration]: _planar,
    ...stored
  } = await readStoredHeader(image);
  const kept = withoutPalette(stored, image.pixel, pixel);
  const dataset: Dataset = { ...kept, ...pixelModule(image.pixel, pixel), ...(await changes(kept)) };
  return writeDataset(dataset, transferSyntaxUid, { charset: 'declared' });
}

/** What of the Image Pixel Module differs from before; what does not is left exactly as it was. */
function pixelModule(before: PixelDescription, now: PixelDescription): Dataset {
  const numbers: [tag: string, before: number, now: number][] = [
    [Tag.SamplesPerPixel, before.samplesPerPixel, now.samplesPerPixel],
    [Tag.Rows, before.rows, now.rows],
    [Tag.Columns, before.columns, now.columns],
    [Tag.BitsAllocated, before.bitsAllocated, now.bitsAllocated],
    [Tag.BitsStored, before.bitsStored, now.bitsStored],
    [Tag.HighBit, before.highBit, now.highBit],
    [Tag.PixelRepresentation, Number(before.signed), Number(now.signed)],
  ];
  const changed: Dataset = {};
  for (const [tag, old, value] of numbers) if (value !== old) changed[tag] = { vr: 'US', Value: [value] };
  if (now.photometric !== before.photometric) {
    changed[Tag.PhotometricInterpretation] = { vr: 'CS', Value: [now.photometric] };
  }
  if (now.samplesPerPixel > 1) changed[Tag.PlanarConfiguration] = { vr: 'US', Value: [0] };
  return changed;
}

const DIGITAL_SIGNATURES = 'FFFAFFFA';

/** What follows the pixel data. Digital signatures are left out: they would sign what is no longer there. */
async function tailOf(image: Image, transferSyntaxUid: string): Promise<Buffer> {
  const { source, pixelData } = image;
  const start = pixelData.encapsulated ? await endOfFragments(image) : pixelData.offset + pixelData.length;
  if (start >= source.size) return Buffer.alloc(0);
  const bytes = await source.read(start, source.size - start);
  const { [DIGITAL_SIGNATURES]: _signatures, ...kept } = readElements(bytes, encodingOf(image), {
    keepText: true,
  }).dataset;
  return writeDataset(kept, transferSyntaxUid, { charset: 'declared' });
}
