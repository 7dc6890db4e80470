// WADO-RS: bulk data by the URI that metadata gave, and the bulk data or pixel data of whole resources (PS3.18 10.4.1.5,
// 10.4.1.6).

import type { FastifyReply } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import { levelOf, type Resource } from '../../bridge/resource.ts';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { DicomError } from '../../dimse/errors.ts';
import { type BulkdataPart, bulkdataParts, isPixelData } from '../bulkdata-parts.ts';
import { sentUnchanged } from '../etag.ts';
import { type AddResource, type Exchange, wantedOf } from '../exchange.ts';
import { lackingOf } from '../lacking.ts';
import { resourceOf } from '../paths.ts';
import { primed } from '../primed.ts';
import { hold, sendParts, sendStream } from '../respond.ts';
import { locate } from '../service.ts';

const STUDY = '/studies/:study';
const SERIES = `${STUDY}/series/:series`;
const INSTANCE = `${SERIES}/instances/:instance`;
/** Tags and item numbers in turn, ending with a tag: `54000100/0/54001010`. */
const PATH = /^[\dA-F]{8}(\/\d{1,6}\/[\dA-F]{8}){0,32}$/;

type Which = 'bulkdata' | 'pixeldata';

export function bulkdataRoutes(add: AddResource): void {
  add(`${INSTANCE}/bulkdata/*`, { GET: bulkdataOfUri });
  for (const level of [STUDY, SERIES, INSTANCE]) {
    for (const which of ['bulkdata', 'pixeldata'] as const) {
      add(`${level}/${which}`, { GET: (exchange) => bulkdataOf(which, exchange) });
    }
  }
}

async function bulkdataOfUri(exchange: Exchange): Promise<FastifyReply> {
  const { request, service, archive, baseUrl, signal } = exchange;
  const resource = resourceOf(request);
  const path = (request.params as { '*': string })['*'].toUpperCase().replace(/\/$/, '');
  if (!PATH.test(path)) {
    throw new DicomError('malformed', 'the bulk data path is no path of tags and items', { field: 'bulkdata' });
  }
  const wanted = wantedOf(exchange);
  const file = await archive.open(resource, { signal });
  hold(file, exchange);
  const location = `${locate(baseUrl, file)}/bulkdata/${path}`;
  return send(exchange, bulkdataParts({ file, path, location, wanted, multipartOnly: false, signal }, service));
}

/** All bulk data, or the pixel data, of every instance of the resource that the path names. */
export function bulkdataOf(which: Which, exchange: Exchange): Promise<FastifyReply> {
  return send(exchange, partsOf(resourceOf(exchange.request), which, exchange));
}

async function* partsOf(
  resource: Resource,
  which: Which,
  exchange: Exchange,
): AsyncGenerator<BulkdataPart, void, undefined> {
  const { service, archive, baseUrl, signal } = exchange;
  const wanted = wantedOf(exchange);
  let found = false;
  for await (const file of archive.retrieve(resource, { signal, onPartial: lackingOf(exchange) })) {
    try {
      const all = pathsOf(file, baseUrl, await service.gateway.describe(file, baseUrl));
      const paths = all.filter((path) => which === 'bulkdata' || isPixelData(path));
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
function pathsOf(file: StoredFile, baseUrl: string, metadata: Dataset): string[] {
  const prefix = `${locate(baseUrl, file)}/bulkdata/`;
  return urisOf(metadata).flatMap((uri) => (uri.startsWith(prefix) ? uri.slice(prefix.length) : []));
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
async function send(exchange: Exchange, parts: AsyncIterable<BulkdataPart>): Promise<FastifyReply> {
  const [first, items] = await withFirst(parts);
  if (first.multipart) return sendParts(exchange, first.mediaType, items);
  const { reply } = exchange;
  if (sentUnchanged(exchange, first.etag)) {
    await items.return();
    return reply;
  }
  reply.raw.once('close', () => void items.return());
  const { 'Content-Location': location = '', 'Content-Type': type = '', 'Content-Length': length } = first.headers;
  return sendStream(exchange, first.body, {
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
