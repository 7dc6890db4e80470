// WADO-URI: one instance by query parameters, as PS3.10 or as a picture (PS3.18 chapter 9).

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import type { Resource } from '../../bridge/resource.ts';
import { DicomError } from '../../dimse/errors.ts';
import { openImage } from '../../render/image.ts';
import type { RenderedMediaType } from '../../render/options.ts';
import { choose, type Representation } from '../accept.ts';
import { categoryOf } from '../category.ts';
import { etagOf, isUnchanged } from '../etag.ts';
import { parseAccept } from '../media-type.ts';
import { EXPLICIT_LITTLE } from '../offers.ts';
import { uid } from '../paths.ts';
import { type Query, single } from '../query.ts';
import { sendRendition } from '../rendition.ts';
import { hold, once, sendStream, signalOf } from '../respond.ts';
import { createRing } from '../ring.ts';
import { type AddResource, locate, queryOf, type Service, wantedOf } from '../service.ts';
import { openFile } from '../stored-file.ts';
import { parseWadoRendering, renderOptionsOf, type WadoRendering } from '../wado-options.ts';

export function wadoUriRoutes(add: AddResource, service: Service): void {
  add('/wado', { GET: (request, reply) => wado(request, reply, service) });
}

function required(query: Query, name: string): string {
  const value = single(query, name);
  if (value === undefined || value === '') throw new DicomError('malformed', `${name} is missing`, { field: name });
  return value;
}

/** The media type that the client takes best: `contentType`, else Accept (9.1.2.2.1). */
function mediaTypeOf(request: FastifyRequest, query: Query, service: Service): string {
  const contentType = single(query, 'contentType');
  const strict = service.strictAccept && request.headers.accept === undefined;
  if (contentType === undefined || strict) {
    const wanted = { header: request.headers.accept || undefined, strict: service.strictAccept };
    return choose('wado-uri', wanted)[0]?.mediaType ?? 'image/jpeg';
  }
  const ranges = parseAccept(contentType);
  const forbidden = ranges.some(
    ({ type, parameters }) => type.includes('*') || parameters.has('transfer-syntax') || parameters.has('charset'),
  );
  const mixed = ranges.length > 1 && ranges.some(({ type }) => type === 'application/dicom');
  if (ranges.length === 0 || forbidden || mixed) {
    throw new DicomError('malformed', 'contentType is no list of rendered types, nor application/dicom alone', {
      field: 'contentType',
    });
  }
  return choose('wado-uri', { header: contentType })[0]?.mediaType ?? 'image/jpeg';
}

/** De-identification is a promise about every instance: until it can be kept, it is not given. */
function refuseAnonymize(query: Query): void {
  const anonymize = single(query, 'anonymize');
  if (anonymize === undefined) return;
  if (anonymize !== 'yes') throw new DicomError('malformed', 'anonymize is not yes', { field: 'anonymize' });
  throw new DicomError('not-acceptable', 'this service does not de-identify', { field: 'anonymize' });
}

/** The transfer syntax asked for; `*`, which the standard leaves to WADO-RS, is what viewers send here too. */
function transferSyntaxOf(query: Query): Representation {
  const named = single(query, 'transferSyntax');
  const transferSyntax = named === undefined || named === '*' ? named : uid(named, 'transferSyntax');
  return {
    mediaType: 'application/dicom',
    multipart: false,
    transferSyntax: transferSyntax ?? EXPLICIT_LITTLE,
    named: transferSyntax !== undefined,
  };
}

async function wado(request: FastifyRequest, reply: FastifyReply, service: Service): Promise<FastifyReply> {
  const query = queryOf(request);
  if (required(query, 'requestType') !== 'WADO') {
    throw new DicomError('malformed', 'requestType is not WADO', { field: 'requestType' });
  }
  const resource: Resource = {
    study: uid(required(query, 'studyUID'), 'studyUID'),
    series: uid(required(query, 'seriesUID'), 'seriesUID'),
    instance: uid(required(query, 'objectUID'), 'objectUID'),
  };
  const mediaType = mediaTypeOf(request, query, service);
  refuseAnonymize(query);
  const asDicom = mediaType === 'application/dicom';
  if (asDicom && ['windowCenter', 'windowWidth'].some((name) => single(query, name) !== undefined)) {
    throw new DicomError('malformed', 'windowCenter and windowWidth go with rendered types', { field: 'windowCenter' });
  }
  const rendering = asDicom ? undefined : parseWadoRendering(query);
  const representation = transferSyntaxOf(query);
  const signal = signalOf(reply);
  const file = await service.archive(request).open(resource, { signal });
  hold(file, reply);
  reply.headers({ 'content-location': locate(service.baseUrl(request), file), 'cache-control': 'private, no-cache' });
  if (rendering === undefined) return sendDicom(file, representation, signal, request, reply, service);
  if (categoryOf(file) !== 'image') {
    const wanted = wantedOf(request, service);
    return sendRendition(file, wanted, { mediaType: 'image/jpeg' }, signal, request, reply, service);
  }
  return sendPicture(file, rendering, mediaType, signal, request, reply, service);
}

async function sendDicom(
  file: StoredFile,
  representation: Representation,
  signal: AbortSignal,
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
): Promise<FastifyReply> {
  const { bytes, length } = await openFile(file, [representation], {
    renderer: service.renderer,
    ring: createRing(),
    signal,
  });
  // The transfer-syntax parameter is forbidden in responses of this service (8.7.3.5.2).
  const headers: Record<string, string> = { 'content-type': 'application/dicom' };
  if (length !== undefined) headers['content-length'] = String(length);
  return sendStream(request, reply, bytes, headers);
}

async function sendPicture(
  file: StoredFile,
  asked: WadoRendering,
  mediaType: string,
  signal: AbortSignal,
  request: FastifyRequest,
  reply: FastifyReply,
  { renderer, ...service }: Service,
): Promise<FastifyReply> {
  const image = await openImage(file.path);
  if (asked.frame > image.numberOfFrames) {
    const detail = `frameNumber is beyond the last frame: the instance has ${image.numberOfFrames}`;
    throw new DicomError('malformed', detail, { field: 'frameNumber' });
  }
  if (asked.annotation !== undefined) {
    const text = `The following annotation values are not supported: ${asked.annotation}`;
    reply.header('warning', `299 ${service.baseUrl(request)}: ${text}`);
  }
  const options = renderOptionsOf(asked, image, mediaType as RenderedMediaType);
  const etag = await etagOf(file, JSON.stringify(['wado', asked.frame, options]));
  reply.header('etag', etag);
  if (isUnchanged(request.headers['if-none-match'], etag)) return reply.status(304).send();
  const { bytes } = await renderer.render(file.path, asked.frame, options, signal);
  return sendStream(request, reply, once(bytes), {
    'content-type': mediaType,
    'content-length': String(bytes.length),
  });
}
