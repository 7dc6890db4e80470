// WADO-RS: the instances of a study or a series, and one instance (PS3.18 10.4.1.1.1).

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import { pathOf, type Resource } from '../../bridge/resource.ts';
import { choose, type Representation } from '../accept.ts';
import { etagOf, isUnchanged } from '../etag.ts';
import { lackingOf } from '../lacking.ts';
import { formatMediaType } from '../media-type.ts';
import type { Part } from '../multipart-writer.ts';
import { askedRange } from '../partial.ts';
import { resourceOf } from '../paths.ts';
import { sendUnsatisfiable } from '../problem.ts';
import { hold, sendParts, sendStream, signalOf } from '../respond.ts';
import { createRing } from '../ring.ts';
import { type AddResource, locate, type Service, wantedOf } from '../service.ts';
import { formsOf, openFile, storedFile } from '../stored-file.ts';
import { fileSet } from '../zip/file-set.ts';
import { writeZip } from '../zip/zip-writer.ts';
import { bulkdataOf } from './bulkdata.ts';

const ZIP = 'application/zip';

export function retrieveRoutes(add: AddResource, service: Service): void {
  const GET = (request: FastifyRequest, reply: FastifyReply) => retrieve(request, reply, service);
  add('/studies/:study/series/:series', { GET });
  add('/studies/:study/series/:series/instances/:instance', { GET });
}

/** Answers with the instances of the resource that the path names. */
export async function retrieve(request: FastifyRequest, reply: FastifyReply, service: Service): Promise<FastifyReply> {
  const resource = resourceOf(request);
  const accepted = choose(resource.instance === undefined ? 'instances' : 'instance', wantedOf(request, service));
  const best = accepted[0];
  if (best?.mediaType === ZIP) return sendZip(resource, accepted, request, reply, service);
  if (best !== undefined && best.mediaType !== 'application/dicom') {
    // Historic: bulk data types on an instance resource mean its bulk data (Table 10.4.4-1).
    return bulkdataOf('bulkdata', request, reply, service);
  }
  const dicom = accepted.filter((one) => one.mediaType === 'application/dicom');
  if (best?.multipart === false) return sendInstance(resource, dicom, request, reply, service);
  const signal = signalOf(reply);
  const baseUrl = service.baseUrl(request);
  const files = service.archive(request).retrieve(resource, { signal, onPartial: lackingOf(reply, baseUrl) });
  const parts = instanceParts(files, dicom, service, baseUrl, signal);
  return sendParts(request, reply, 'application/dicom', parts);
}

async function* instanceParts(
  files: AsyncIterable<StoredFile>,
  accepted: readonly Representation[],
  { renderer }: Service,
  baseUrl: string,
  signal: AbortSignal,
): AsyncGenerator<Part, void, undefined> {
  const means = { renderer, ring: createRing(), signal };
  for await (const file of files) {
    try {
      const { transferSyntaxUid, length, bytes } = await openFile(file, accepted, means);
      const headers: Record<string, string> = {
        'Content-Type': formatMediaType('application/dicom', { 'transfer-syntax': transferSyntaxUid }),
        'Content-Location': locate(baseUrl, file),
      };
      if (length !== undefined) headers['Content-Length'] = String(length);
      yield { headers, body: bytes };
    } finally {
      file.release();
    }
  }
}

/** All instances as one archive for people: what they save is named after the resource. */
function sendZip(
  resource: Resource,
  accepted: readonly Representation[],
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
): Promise<FastifyReply> {
  const signal = signalOf(reply);
  const means = { renderer: service.renderer, ring: createRing(), signal };
  const files = service.archive(request).retrieve(resource, { signal });
  const forms = accepted.filter(({ mediaType }) => mediaType === ZIP);
  const name = resource.instance ?? resource.series ?? resource.study;
  return sendStream(request, reply, writeZip(fileSet(files, forms, means)), {
    'content-type': ZIP,
    'content-location': service.baseUrl(request) + pathOf(resource),
    'content-disposition': `attachment; filename="${name}.zip"`,
    'cache-control': 'private, no-cache',
  });
}

/** One instance as a single part, with a length, a tag and ranges where it is sent as stored. */
async function sendInstance(
  resource: Resource,
  accepted: readonly Representation[],
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
): Promise<FastifyReply> {
  const { renderer } = service;
  const signal = signalOf(reply);
  const file = await service.archive(request).open(resource, { signal });
  hold(file, reply);
  const ring = createRing();
  const forms = formsOf(file, accepted);
  const etag = etagOf(file, JSON.stringify(forms));
  const headers: Record<string, string> = {
    'content-location': locate(service.baseUrl(request), file),
    'cache-control': 'private, no-cache',
    etag,
  };
  if (isUnchanged(request.headers['if-none-match'], etag)) return reply.status(304).headers(headers).send();
  if (forms[0]?.kind === 'stored') {
    const { length } = storedFile(file, ring);
    const range = askedRange(request, etag, length);
    headers['accept-ranges'] = 'bytes';
    if (range === 'unsatisfiable') return sendUnsatisfiable(length, request, reply);
    if (range !== undefined) {
      reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${length}`);
    }
    const part = storedFile(file, ring, range);
    headers['content-type'] = formatMediaType('application/dicom', { 'transfer-syntax': part.transferSyntaxUid });
    headers['content-length'] = String(part.length);
    return sendStream(request, reply, part.bytes, headers);
  }
  const { transferSyntaxUid, bytes } = await openFile(file, accepted, { renderer, ring, signal });
  headers['content-type'] = formatMediaType('application/dicom', { 'transfer-syntax': transferSyntaxUid });
  return sendStream(request, reply, bytes, headers);
}
