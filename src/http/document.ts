// Encapsulated documents (PS3.3 A.45): shown as what they are, not as a picture.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StoredFile } from '../bridge/gateway.ts';
import { DicomError } from '../dimse/errors.ts';
import { choose } from './accept.ts';
import type { Part } from './multipart-writer.ts';
import { sendParts, sendStream } from './respond.ts';
import { locate, type Service, wantedOf } from './service.ts';

/** Encapsulated PDF, CDA, STL, OBJ and MTL Storage. */
const DOCUMENTS = new Set([1, 2, 3, 4, 5].map((n) => `1.2.840.10008.5.1.4.1.1.104.${n}`));
const ENCAPSULATED_DOCUMENT = '00420011';

export function isDocument(file: StoredFile): boolean {
  return DOCUMENTS.has(file.sopClassUid);
}

/** Sends the document in its own media type. @throws DicomError `not-acceptable` when the client doesn't take that */
export async function sendDocument(
  file: StoredFile,
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
): Promise<FastifyReply> {
  const document = await service.gateway.bulkdata(file, ENCAPSULATED_DOCUMENT);
  const { mediaType } = document;
  const offers = [false, true].map((multipart) => ({ mediaType, multipart }));
  const [best] = choose('document', wantedOf(request, service), offers).filter((one) => one.mediaType === mediaType);
  if (best === undefined) {
    throw new DicomError('not-acceptable', `the document is given as ${mediaType} only`, { field: 'Accept' });
  }
  const headers = {
    'Content-Type': mediaType,
    'Content-Length': String(document.length),
    'Content-Location': locate(service.baseUrl(request), file),
  };
  if (!best.multipart) {
    reply.header('cache-control', 'private, no-cache');
    // Somebody else's page must not run as one of this origin. (A sandboxed PDF would not show at all.)
    if (mediaType !== 'application/pdf') reply.header('content-security-policy', 'sandbox');
    return sendStream(request, reply, document.read(), headers);
  }
  async function* parts(): AsyncGenerator<Part, void, undefined> {
    yield { headers, body: document.read() };
  }
  return sendParts(request, reply, mediaType, parts());
}
