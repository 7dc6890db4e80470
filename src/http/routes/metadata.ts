// WADO-RS metadata of a study, a series or an instance (PS3.18 10.4.1.1.2).

import type { FastifyReply, FastifyRequest } from 'fastify';
import { pathOf } from '../../bridge/resource.ts';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { choose } from '../accept.ts';
import { writeJsonArray } from '../json.ts';
import { lackingOf } from '../lacking.ts';
import { resourceOf } from '../paths.ts';
import { sendParts, sendStream, signalOf } from '../respond.ts';
import { type AddResource, type Service, wantedOf } from '../service.ts';
import { xmlParts } from '../xml.ts';

const LEVELS = [
  '/studies/:study',
  '/studies/:study/series/:series',
  '/studies/:study/series/:series/instances/:instance',
];

export function metadataRoutes(add: AddResource, service: Service): void {
  for (const level of LEVELS) {
    add(`${level}/metadata`, { GET: (request, reply) => metadata(request, reply, service) });
  }
}

async function metadata(request: FastifyRequest, reply: FastifyReply, service: Service): Promise<FastifyReply> {
  const resource = resourceOf(request);
  const [best] = choose('metadata', wantedOf(request, service));
  const baseUrl = service.baseUrl(request);
  const archive = service.archive(request);
  const options = { baseUrl, signal: signalOf(reply), onPartial: lackingOf(reply, baseUrl) };
  reply.header('content-location', `${baseUrl}${pathOf(resource)}/metadata`);
  reply.header('cache-control', 'private, no-cache');
  if (best?.mediaType === 'application/dicom+xml') {
    return sendParts(
      request,
      reply,
      'application/dicom+xml',
      xmlParts(archive.metadata(resource, options), (one) => locate(baseUrl, one)),
    );
  }
  return sendStream(request, reply, writeJsonArray(archive.metadataJson(resource, options)), {
    'content-type': best?.mediaType ?? '',
  });
}

/** The metadata resource of the instance that `dataset` describes. */
function locate(baseUrl: string, dataset: Dataset): string | undefined {
  const [study, series, instance] = ['0020000D', '0020000E', '00080018'].map((tag) => dataset[tag]?.Value?.[0]);
  if (typeof study !== 'string' || typeof series !== 'string' || typeof instance !== 'string') return undefined;
  return `${baseUrl}${pathOf({ study, series, instance })}/metadata`;
}
