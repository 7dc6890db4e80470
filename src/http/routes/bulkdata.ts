// WADO-RS: bulk data by the URI that metadata gave, and the bulk data or pixel data of whole resources (PS3.18 10.4.1.5,
// 10.4.1.6).

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Archive, StoredFile } from '../../bridge/gateway.ts';
import { levelOf, pathOf, type Resource } from '../../bridge/resource.ts';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { DicomError } from '../../dimse/errors.ts';
import { type BulkdataPart, bulkdataParts, isPixelData } from '../bulkdata-parts.ts';
import { isUnchanged } from '../etag.ts';
import { resourceOf } from '../paths.ts';
import { primed } from '../primed.ts';
import { hold, sendParts, sendStream, signalOf } from '../respond.ts';
import { type AddResource, locate, type Service, wantedOf } from '../service.ts';

const STUDY = '/studies/:study';
const SERIES = `${STUDY}/series/:series`;
const INSTANCE = `${SERIES}/instances/:instance`;
/** Tags and item numbers in turn, ending with a tag: `54000100/0/54001010`. */
const PATH = /^[\dA-F]{8}(\/\d{1,6}\/[\dA-F]{8}){0,32}$/;

type Which = 'bulkdata' | 'pixeldata';

export function bulkdataRoutes(add: AddResource, service: Service): void {
  add(`${INSTANCE}/bulkdata/*`, { GET: (request, reply) => bulkdataOfUri(request, reply, service) });
  for (const level of [STUDY, SERIES, INSTANCE]) {
    for (const which of ['bulkdata', 'pixeldata'] as const) {
      add(`${level}/${which}`, { GET: (request, reply) => bulkdataOf(which, request, reply, service) });
    }
  }
}

async function bulkdataOfUri(request: FastifyRequest, reply: FastifyReply, service: Service): Promise<FastifyReply> {
  const resource = resourceOf(request);
  const path = (request.params as { '*': string })['*'].toUpperCase().replace(/\/$/, '');
  if (!PATH.test(path)) {
    throw new DicomError('malformed', 'the bulk data path is no path of tags and items', { field: 'bulkdata' });
  }
  const wanted = wantedOf(request, service);
  const signal = signalOf(reply);
  const file = await service.archive(request).open(resource, { signal });
  hold(file, reply);
  const location = `${locate(service.baseUrl(request), file)}/bulkdata/${path}`;
  return send(request, reply, bulkdataParts({ file, path, location, wanted, multipartOnly: false, signal }, service));
}

/** All bulk data, or the pixel data, of every instance of the resource that the path names. */
export function bulkdataOf(
  which: Which,
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
): Promise<FastifyReply> {
  return send(request, reply, partsOf(resourceOf(request), which, request, service, signalOf(reply)));
}

async function* partsOf(
  resource: Resource,
  which: Which,
  request: FastifyRequest,
  service: Service,
  signal: AbortSignal,
): AsyncGenerator<BulkdataPart, void, undefined> {
  const wanted = wantedOf(request, service);
  const baseUrl = service.baseUrl(request);
  const archive = service.archive(request);
  let found = false;
  for await (const file of archive.retrieve(resource, { signal })) {
    try {
      await file.onDisk();
      const paths = (await pathsOf(file, baseUrl, archive, signal)).filter(
        (path) => which === 'bulkdata' || isPixelData(path),
      );
      // A study or a series is never a single part, even when it holds one instance (Table 10.4.4-1 note 3).
      const multipartOnly = levelOf(resource) !== 'instance' || paths.length > 1;
      for (const path of paths) {
        found = true;
        const location = `${locate(baseUrl, file)}/bulkdata/${path}`;
        yield* bulkdataParts({ file, path, location, wanted, multipartOnly, signal }, service);
      }
    } finally {
      file.release();
    }
  }
  if (!found) throw new DicomError('not-found', `the resource has no ${which}`, { field: which });
}

/** Where the metadata of `file` refer to bulk data, in the order of the data set. */
async function pathsOf(file: StoredFile, baseUrl: string, archive: Archive, signal: AbortSignal): Promise<string[]> {
  const { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance } = file;
  const resource = { study, series, instance };
  const prefix = `${baseUrl}${pathOf(resource)}/bulkdata/`;
  const paths: string[] = [];
  for await (const dataset of archive.metadata(resource, { baseUrl, signal })) {
    for (const uri of urisOf(dataset)) if (uri.startsWith(prefix)) paths.push(uri.slice(prefix.length));
  }
  return paths;
}

function urisOf(dataset: Dataset): string[] {
  const uris: string[] = [];
  for (const tag of Object.keys(dataset).sort()) {
    const { vr, Value = [], BulkDataURI } = dataset[tag] ?? { vr: 'UN' };
    if (BulkDataURI !== undefined) uris.push(BulkDataURI);
    if (vr === 'SQ') for (const item of Value) uris.push(...urisOf(item as Dataset));
  }
  return uris;
}

/** One part alone where that is what the client takes, else all of them as multipart/related. */
async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: AsyncIterable<BulkdataPart>,
): Promise<FastifyReply> {
  const [first, items] = await withFirst(parts);
  if (first.multipart) return sendParts(request, reply, first.mediaType, items);
  const { etag } = first;
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
  if (isUnchanged(request.headers['if-none-match'], etag)) {
    await items.return();
    return reply.status(304).send();
  }
  reply.raw.once('close', () => void items.return());
  const { 'Content-Location': location = '', 'Content-Type': type = '', 'Content-Length': length } = first.headers;
  return sendStream(request, reply, first.body, {
    'content-type': type,
    'content-location': location,
    ...(length === undefined ? {} : { 'content-length': length }),
  });
}

async function withFirst(
  parts: AsyncIterable<BulkdataPart>,
): Promise<[BulkdataPart, AsyncGenerator<BulkdataPart, void, undefined>]> {
  const { items, first } = await primed(parts);
  if (first === undefined) throw new DicomError('not-found', 'the resource has no bulk data', { field: 'bulkdata' });
  return [first, items];
}
