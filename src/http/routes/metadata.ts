// WADO-RS metadata of a study, a series or an instance (PS3.18 10.4.1.1.2).

import type { FastifyReply } from 'fastify';
import { pathOf } from '../../bridge/resource.ts';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { choose } from '../accept.ts';
import { tagOfWhole } from '../etag.ts';
import { type AddResource, type Exchange, wantedOf } from '../exchange.ts';
import { writeJsonArray } from '../json.ts';
import { lackingOf } from '../lacking.ts';
import { resourceOf } from '../paths.ts';
import { hold, sendParts, sendStream } from '../respond.ts';
import { xmlParts } from '../xml.ts';

const LEVELS = [
  '/studies/:study',
  '/studies/:study/series/:series',
  '/studies/:study/series/:series/instances/:instance',
];

export function metadataRoutes(add: AddResource): void {
  for (const level of LEVELS) add(`${level}/metadata`, { GET: metadata });
}

async function metadata(exchange: Exchange): Promise<FastifyReply> {
  const { request, reply, archive, baseUrl, signal } = exchange;
  const resource = resourceOf(request);
  const [best] = choose('metadata', wantedOf(exchange));
  // One instance is there before it is described, so that its description has a tag at the first request already.
  if (resource.instance !== undefined) hold(await archive.open(resource, { signal }), exchange);
  const onWhole = tagOfWhole(exchange, ['metadata', best?.mediaType]);
  const options = { baseUrl, signal, onPartial: lackingOf(exchange), onWhole };
  reply.header('content-location', `${baseUrl}${pathOf(resource)}/metadata`);
  reply.header('cache-control', 'private, no-cache');
  if (best?.mediaType === 'application/dicom+xml') {
    return sendParts(
      exchange,
      'application/dicom+xml',
      xmlParts(archive.metadata(resource, options), (one) => locate(baseUrl, one)),
    );
  }
  return sendStream(exchange, writeJsonArray(archive.metadataJson(resource, options)), {
    'content-type': best?.mediaType ?? '',
  });
}

/** The metadata resource of the instance that `dataset` describes. */
function locate(baseUrl: string, dataset: Dataset): string | undefined {
  const [study, series, instance] = ['0020000D', '0020000E', '00080018'].map((tag) => dataset[tag]?.Value?.[0]);
  if (typeof study !== 'string' || typeof series !== 'string' || typeof instance !== 'string') return undefined;
  return `${baseUrl}${pathOf({ study, series, instance })}/metadata`;
}
