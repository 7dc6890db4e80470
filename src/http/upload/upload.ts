// The parts of an upload, whatever it comes as: multipart/related, a web form, or one bare instance (PS3.18 10.5.1.4; the
// last two are extensions).

import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import type { StoreItem } from '../../bridge/gateway.ts';
import { DicomError } from '../../dimse/errors.ts';
import { type MediaType, parseMediaType } from '../media-type.ts';
import { primed } from '../primed.ts';
import type { UploadLimits } from '../service.ts';
import { deadlineIn, within } from './deadline.ts';
import { metadataItems } from './metadata-items.ts';
import { readMultipart } from './multipart-reader.ts';
import { dicomItems, type UploadPart } from './store-items.ts';

const DICOM: MediaType = { type: 'application/dicom', parameters: new Map() };
type ReadItems = (parts: AsyncIterable<UploadPart>, limits: UploadLimits) => AsyncIterable<StoreItem>;

/** What the root part of multipart/related may be (Table 10.5.4-1). */
const ITEMS: Readonly<Record<string, ReadItems>> = {
  'application/dicom': dicomItems,
  'application/octet-stream': dicomItems,
  'application/dicom+json': metadataItems,
  'application/dicom+xml': metadataItems,
};

function unsupported(what: string): DicomError {
  return new DicomError('unsupported-media', `Content-Type: ${what} is not taken here`, { field: 'Content-Type' });
}

/** What the body of `request` gives to store. @throws DicomError `unsupported-media`, `malformed`, `too-large` */
export async function itemsOf(request: FastifyRequest, limits: UploadLimits): Promise<AsyncIterable<StoreItem>> {
  const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity') {
    // RFC 9110 15.5.16; read as it is it would be called broken, and its sender look for the fault elsewhere.
    throw new DicomError('unsupported-media', 'Content-Encoding: a body must come as it is', {
      field: 'Content-Encoding',
    });
  }
  const header = request.headers['content-type'];
  if (header === undefined) throw unsupported('a body without one');
  const type = parseMediaType(header);
  if (type.type === 'multipart/form-data') return dicomItems(formParts(request, limits));
  if (type.type === 'application/dicom') return dicomItems(barePart(request, limits));
  if (type.type !== 'multipart/related') throw unsupported(type.type);
  const named = type.parameters.get('type')?.toLowerCase();
  if (named !== undefined && ITEMS[named] === undefined) throw unsupported(`multipart/related; type="${named}"`);
  const { first, items } = await primed(relatedParts(request, type, limits));
  const root = named ?? first?.type.type ?? DICOM.type;
  const read = ITEMS[root];
  if (read === undefined) throw unsupported(`multipart/related of ${root}`);
  return read(items, limits);
}

/** The body of a request, which must not take the connection with it when reading stops: the answer is still due. */
function bodyOf(request: FastifyRequest, { uploadMs }: UploadLimits): AsyncIterable<Buffer> {
  return within(arriving(request.raw.iterator({ destroyOnReturn: false })), deadlineIn(uploadMs));
}

async function* arriving(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* chunks;
  } catch (cause) {
    throw new DicomError('cancelled', 'the upload was broken off', { field: 'body', cause });
  }
}

function relatedParts(request: FastifyRequest, type: MediaType, limits: UploadLimits): AsyncIterable<UploadPart> {
  const boundary = type.parameters.get('boundary');
  if (boundary === undefined) {
    throw new DicomError('malformed', 'Content-Type has no boundary', { field: 'boundary' });
  }
  const { maxPartHeaderBytes, maxInstanceBytes, maxUploadBytes, maxParts } = limits;
  const parts = readMultipart(bodyOf(request, limits), boundary, {
    maxHeaderBytes: maxPartHeaderBytes,
    maxPartBytes: maxInstanceBytes,
    maxTotalBytes: maxUploadBytes,
    maxParts,
  });
  return typedParts(parts);
}

async function* typedParts(parts: ReturnType<typeof readMultipart>): AsyncGenerator<UploadPart, void, undefined> {
  for await (const { headers, body } of parts) {
    const written = headers.get('content-type');
    const type = written === undefined ? DICOM : parseMediaType(written, 'Content-Type of a part');
    const location = headers.get('content-location');
    yield location === undefined ? { type, body } : { type, location, body };
  }
}

/** `curl -F file=@x.dcm`: every file of a form is an instance, whatever type the sender guessed. */
async function* formParts(
  request: FastifyRequest,
  { maxInstanceBytes, maxUploadBytes, uploadMs }: UploadLimits,
): AsyncGenerator<UploadPart, void, undefined> {
  const total = { size: 0, limit: maxUploadBytes };
  const deadline = deadlineIn(uploadMs);
  try {
    for await (const { file } of within(request.files() as AsyncIterable<MultipartFile>, deadline)) {
      const own = { size: 0, limit: maxInstanceBytes };
      yield { type: DICOM, body: limited(limited(within(file, deadline), own), total) };
    }
  } catch (cause) {
    if (cause instanceof DicomError) throw cause;
    const large = (cause as { statusCode?: number }).statusCode === 413;
    const message = large ? 'the form is beyond the limits' : 'the form is no multipart/form-data body';
    throw new DicomError(large ? 'too-large' : 'malformed', message, { field: 'body', cause });
  }
}

async function* barePart(request: FastifyRequest, limits: UploadLimits): AsyncGenerator<UploadPart, void, undefined> {
  yield { type: DICOM, body: limited(bodyOf(request, limits), { size: 0, limit: limits.maxInstanceBytes }) };
}

/** `chunks`, of which `total` counts the bytes, with those of others that have the same limit. */
async function* limited(
  chunks: AsyncIterable<Buffer>,
  total: { size: number; limit: number },
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    total.size += chunk.length;
    if (total.size > total.limit) {
      throw new DicomError('too-large', `the upload has more than ${total.limit} bytes`, { field: 'body' });
    }
    yield chunk;
  }
}
