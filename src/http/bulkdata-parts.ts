// Bulk data of one instance as parts: native values are one part, compressed pixel data a part per frame, documents have
// their own media type (PS3.18 8.7.3.3, 10.4.3.3.5).

import type { StoredFile } from '../bridge/gateway.ts';
import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { DicomError } from '../dimse/errors.ts';
import { BitJoiner } from '../render/frames/bit-joiner.ts';
import { type Image, openImage } from '../render/frames/image.ts';
import { frameBits } from '../render/frames/pixel.ts';
import { choose, type Representation, type Wanted } from './accept.ts';
import { etagOf } from './etag.ts';
import { placeOf } from './file-source.ts';
import type { Part } from './multipart-writer.ts';
import { EXPLICIT_LITTLE, inBothForms, type Offer } from './offers.ts';
import { frameForm } from './pixel-parts.ts';
import { once } from './respond.ts';
import type { Service } from './service.ts';

/** A part that may also be sent alone when it is the only one and `multipart` is false. */
export type BulkdataPart = Part & { mediaType: string; multipart: boolean; etag: string };

export type BulkdataRequest = {
  file: StoredFile;
  /** Tags and item numbers in turn, as in the BulkDataURI. */
  path: string;
  /** The BulkDataURI. */
  location: string;
  wanted: Wanted;
  multipartOnly: boolean;
  signal: AbortSignal;
};

const OCTETS = 'application/octet-stream';
const PIXEL_DATA = new Set(['7FE00008', '7FE00009', '7FE00010']);

/** Whether `path` is pixel data of the image itself: never an icon's (10.4.3.3.6). */
export function isPixelData(path: string): boolean {
  return PIXEL_DATA.has(path);
}

/** The parts of one bulk data value. @throws DicomError `not-acceptable`, `not-found` */
export async function* bulkdataParts(
  asked: BulkdataRequest,
  service: Service,
): AsyncGenerator<BulkdataPart, void, undefined> {
  const stored = transferSyntax(asked.file.transferSyntaxUid)?.encapsulated === true;
  // Native pixel data are compressed for who takes nothing else.
  if (isPixelData(asked.path) && (stored || !acceptsOctets(asked))) yield* compressedParts(asked, service);
  else yield await valuePart(asked, service);
}

function acceptsOctets(asked: BulkdataRequest): boolean {
  return acceptedOf(asked, []).some(({ mediaType }) => mediaType === OCTETS);
}

function acceptedOf({ wanted, multipartOnly }: BulkdataRequest, extra: readonly Offer[]): Representation[] {
  const accepted = choose('bulkdata', wanted, extra).filter((one) => one.multipart || !multipartOnly);
  if (accepted.length === 0) {
    throw new DicomError('not-acceptable', 'several values are given as multipart/related only', { field: 'Accept' });
  }
  return accepted;
}

/** A value field as it is, little endian. */
async function valuePart(asked: BulkdataRequest, { gateway }: Service): Promise<BulkdataPart> {
  const value = await gateway.bulkdata(asked.file, asked.path);
  const own = value.mediaType;
  const extra: Offer[] = own === OCTETS ? [] : inBothForms(own);
  // Native values are in Explicit VR Little Endian, whatever else a compressed type would need.
  const one = acceptedOf(asked, extra).find(({ mediaType, transferSyntax: uid }) =>
    mediaType === OCTETS ? uid === EXPLICIT_LITTLE || uid === '*' : mediaType === own,
  );
  if (one === undefined) {
    const detail = `the value is given as ${own === OCTETS ? '' : `${own} or `}${OCTETS} only`;
    throw new DicomError('not-acceptable', detail, { field: 'Accept' });
  }
  return {
    mediaType: one.mediaType,
    multipart: one.multipart,
    etag: etagOf(asked.file, `bulkdata ${asked.path} ${one.mediaType}`),
    headers: {
      'Content-Type': one.mediaType,
      'Content-Length': String(value.length),
      'Content-Location': asked.location,
    },
    body: value.read(),
  };
}

/** Pixel data in compressed form, stored or asked for: a part per frame, or all frames in one part when they are decoded. */
async function* compressedParts(
  asked: BulkdataRequest,
  { renderer }: Service,
): AsyncGenerator<BulkdataPart, void, undefined> {
  const { file, signal } = asked;
  const place = () => placeOf(file, signal);
  const image = await openImage(await place());
  const accepted = acceptedOf(asked, []);
  const form = await frameForm({ place, image, renderer, signal }, accepted, 1);
  const { mediaType, multipart, contentType } = form;
  const headers = { 'Content-Type': contentType, 'Content-Location': asked.location };
  const etag = etagOf(asked.file, `bulkdata ${asked.path} ${contentType}`);
  if (!form.compressed) {
    yield { mediaType, multipart, etag, headers, body: framesInTurn(image, form.read) };
    return;
  }
  if (!multipart && image.numberOfFrames > 1) {
    throw new DicomError('not-acceptable', 'compressed frames are given as multipart/related only', {
      field: 'Accept',
    });
  }
  for (let frame = 1; frame <= image.numberOfFrames; frame++) {
    const bytes = await form.read(frame);
    yield {
      mediaType,
      multipart,
      etag,
      headers: { ...headers, 'Content-Length': String(bytes.length) },
      body: once(bytes),
    };
  }
}

/** Frames one behind the other; those of one-bit pixels without padding between them (8.7.3.3.1 note 2). */
async function* framesInTurn(
  { pixel, numberOfFrames }: Image,
  read: (frame: number) => Promise<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const joiner = pixel.bitsAllocated === 1 ? new BitJoiner(frameBits(pixel)) : undefined;
  for (let frame = 1; frame <= numberOfFrames; frame++) {
    const bytes = await read(frame);
    yield joiner === undefined ? bytes : joiner.add(bytes);
  }
  if (joiner !== undefined) yield joiner.end();
}
