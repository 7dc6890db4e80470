// The parts of an upload, whatever it comes as: multipart/related, a web form, or one bare instance (PS3.18 10.5.1.4; the
// last two are extensions).

import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { DicomError } from '../dimse/errors.ts';
import { type MediaType, parseMediaType } from './media-type.ts';
import { readMultipart } from './multipart-reader.ts';
import type { UploadLimits } from './service.ts';
import type { UploadPart } from './store-items.ts';

const MAX_HEADER_BYTES = 16 * 1024;
const STORED_AS = new Set(['application/dicom', 'application/dicom+json', 'application/dicom+xml']);

function unsupported(what: string): DicomError {
  return new DicomError('unsupported-media', `Content-Type: ${what} is not taken here`, { field: 'Content-Type' });
}

/** The parts of the body of `request`. @throws DicomError `unsupported-media`, `malformed`, `too-large` */
export function uploadOf(request: FastifyRequest, type: MediaType, limits: UploadLimits): AsyncIterable<UploadPart> {
  if (type.type === 'multipart/related') return relatedParts(request, type, limits);
  if (type.type === 'multipart/form-data') return formParts(request);
  if (type.type === 'application/dicom') return barePart(request, limits);
  throw unsupported(type.type);
}

/** The body of a request, which must not take the connection with it when reading stops: the answer is still due. */
function bodyOf(request: FastifyRequest): AsyncIterable<Buffer> {
  return arriving(request.raw.iterator({ destroyOnReturn: false }));
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
  const root = type.parameters.get('type')?.toLowerCase();
  if (root !== undefined && !STORED_AS.has(root)) throw unsupported(`multipart/related; type="${root}"`);
  const { maxInstanceBytes: maxPartBytes, maxUploadBytes: maxTotalBytes, maxParts } = limits;
  const readerLimits = { maxHeaderBytes: MAX_HEADER_BYTES, maxPartBytes, maxTotalBytes, maxParts };
  const parts = readMultipart(bodyOf(request), boundary, readerLimits);
  return typedParts(parts, root ?? 'application/dicom');
}

async function* typedParts(
  parts: ReturnType<typeof readMultipart>,
  root: string,
): AsyncGenerator<UploadPart, void, undefined> {
  for await (const { headers, body } of parts) {
    const type = headers.get('content-type');
    yield { mediaType: type === undefined ? root : parseMediaType(type, 'Content-Type of a part').type, body };
  }
}

/** `curl -F file=@x.dcm`: every file of a form is an instance, whatever type the sender guessed. */
async function* formParts(request: FastifyRequest): AsyncGenerator<UploadPart, void, undefined> {
  try {
    for await (const { file } of request.files() as AsyncIterable<MultipartFile>) {
      yield { mediaType: 'application/dicom', body: file };
      if (file.truncated) throw new DicomError('too-large', 'a file of the form is too large', { field: 'body' });
    }
  } catch (cause) {
    if (cause instanceof DicomError) throw cause;
    const large = (cause as { statusCode?: number }).statusCode === 413;
    const message = large ? 'the form is beyond the limits' : 'the form is no multipart/form-data body';
    throw new DicomError(large ? 'too-large' : 'malformed', message, { field: 'body', cause });
  }
}

async function* barePart(request: FastifyRequest, limits: UploadLimits): AsyncGenerator<UploadPart, void, undefined> {
  yield { mediaType: 'application/dicom', body: limited(bodyOf(request), limits.maxInstanceBytes) };
}

async function* limited(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer, void, undefined> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) throw new DicomError('too-large', `the instance has more than ${limit} bytes`, { field: 'body' });
    yield chunk;
  }
}
