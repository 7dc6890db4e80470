// WADO-RS: the instances of a study or a series, and one instance (PS3.18 10.4.1.1.1).

import type { FastifyReply } from 'fastify';
import type { FollowedFile } from '../../bridge/gateway.ts';
import { pathOf, type Resource } from '../../bridge/resource.ts';
import { choose, type Representation } from '../accept.ts';
import { etagOf, sentUnchanged, tagOfWhole } from '../etag.ts';
import { type AddResource, type Exchange, wantedOf } from '../exchange.ts';
import { lackingOf } from '../lacking.ts';
import { formatMediaType } from '../media-type.ts';
import type { Part } from '../multipart-writer.ts';
import { resourceOf } from '../paths.ts';
import { hold, sendContent, sendParts, sendStream } from '../respond.ts';
import { createRing } from '../ring.ts';
import { locate } from '../service.ts';
import { formsOf, openFile, sendable, storedFile } from '../stored-file.ts';
import { fileSet } from '../zip/file-set.ts';
import { writeZip } from '../zip/zip-writer.ts';
import { bulkdataOf } from './bulkdata.ts';

const ZIP = 'application/zip';

export function retrieveRoutes(add: AddResource): void {
  add('/studies/:study/series/:series', { GET: retrieve });
  add('/studies/:study/series/:series/instances/:instance', { GET: retrieve });
}

/** Answers with the instances of the resource that the path names. */
export async function retrieve(exchange: Exchange): Promise<FastifyReply> {
  const { request, archive, signal } = exchange;
  const resource = resourceOf(request);
  const accepted = choose(resource.instance === undefined ? 'instances' : 'instance', wantedOf(exchange));
  const best = accepted[0];
  if (best?.mediaType === ZIP) return sendZip(exchange, resource, accepted);
  // Historic: bulk data types on an instance resource mean its bulk data (Table 10.4.4-1).
  if (best !== undefined && best.mediaType !== 'application/dicom') return bulkdataOf('bulkdata', exchange);
  const dicom = accepted.filter((one) => one.mediaType === 'application/dicom');
  if (best?.multipart === false) return sendInstance(exchange, resource, dicom);
  const known = { onPartial: lackingOf(exchange), onWhole: tagOfWhole(exchange, dicom) };
  const files = archive.follow(resource, { signal, ...known });
  return sendParts(exchange, 'application/dicom', instanceParts(exchange, files, dicom));
}

async function* instanceParts(
  { service, baseUrl, reply, signal }: Exchange,
  files: AsyncIterable<FollowedFile>,
  accepted: readonly Representation[],
): AsyncGenerator<Part, void, undefined> {
  const means = { renderer: service.renderer, ring: createRing(reply.raw), signal };
  for await (const followed of files) {
    const file = await sendable(followed, accepted);
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
function sendZip(exchange: Exchange, resource: Resource, accepted: readonly Representation[]): Promise<FastifyReply> {
  const { service, archive, baseUrl, reply, signal } = exchange;
  const means = { renderer: service.renderer, ring: createRing(reply.raw), signal };
  const forms = accepted.filter(({ mediaType }) => mediaType === ZIP);
  const known = { onPartial: lackingOf(exchange), onWhole: tagOfWhole(exchange, forms) };
  const files = archive.retrieve(resource, { signal, ...known });
  const name = resource.instance ?? resource.series ?? resource.study;
  return sendStream(exchange, writeZip(fileSet(files, forms, means)), {
    'content-type': ZIP,
    'content-location': baseUrl + pathOf(resource),
    'content-disposition': `attachment; filename="${name}.zip"`,
    'cache-control': 'private, no-cache',
  });
}

/** One instance as a single part, with a length, a tag and ranges where it is sent as stored. */
async function sendInstance(
  exchange: Exchange,
  resource: Resource,
  accepted: readonly Representation[],
): Promise<FastifyReply> {
  const { request, reply, service, archive, baseUrl, signal } = exchange;
  // The length, and with it a range, is known only at the end.
  const isWhole = request.method !== 'GET' || request.headers.range !== undefined;
  const file = isWhole
    ? await archive.open(resource, { signal })
    : await sendable(await archive.openEarly(resource, { signal }), accepted);
  hold(file, exchange);
  const forms = formsOf(file, accepted);
  reply.header('content-location', locate(baseUrl, file));
  if (sentUnchanged(exchange, etagOf(file, JSON.stringify(forms)))) return reply;
  const typeOf = (uid: string) => formatMediaType('application/dicom', { 'transfer-syntax': uid });
  const ring = createRing(reply.raw);
  if (forms[0]?.kind === 'stored' && file.size !== undefined) {
    return sendContent(exchange, storedFile(file, ring), { 'content-type': typeOf(file.transferSyntaxUid) });
  }
  const { transferSyntaxUid, bytes } = await openFile(file, accepted, { renderer: service.renderer, ring, signal });
  return sendStream(exchange, bytes, { 'content-type': typeOf(transferSyntaxUid) });
}
