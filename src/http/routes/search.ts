// QIDO-RS: the six search resources (PS3.18 10.6.1).

import type { FastifyReply } from 'fastify';
import type { SearchRequest } from '../../bridge/search/query/query.ts';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { choose } from '../accept.ts';
import { type AddResource, type Exchange, queryOf, wantedOf } from '../exchange.ts';
import { writeJsonArray } from '../json.ts';
import { uid } from '../paths.ts';
import { primed } from '../primed.ts';
import { sendParts, sendStream } from '../respond.ts';
import { xmlParts } from '../xml.ts';

/** Parameters that are about the answer, not about what is searched (8.3.3). */
const OF_THE_ANSWER = new Set(['accept', 'charset']);

/** Table 10.6.1-1, but for `/studies`, which STOW-RS shares. */
const RESOURCES: readonly (readonly [path: string, level: SearchRequest['level']])[] = [
  ['/studies/:study/series', 'series'],
  ['/studies/:study/instances', 'instance'],
  ['/studies/:study/series/:series/instances', 'instance'],
  ['/series', 'series'],
  ['/instances', 'instance'],
];

export function searchRoutes(add: AddResource): void {
  for (const [path, level] of RESOURCES) add(path, { GET: (exchange) => search(level, exchange) });
}

/** Answers a search at `level` (10.6.3). */
export async function search(level: SearchRequest['level'], exchange: Exchange): Promise<FastifyReply> {
  const { request, reply, service, archive, baseUrl, signal } = exchange;
  const [best] = choose('search', wantedOf(exchange));
  const { study, series } = request.params as { study?: string; series?: string };
  const asked: SearchRequest = {
    level,
    ...(study === undefined ? {} : { study: uid(study, 'study') }),
    ...(series === undefined ? {} : { series: uid(series, 'series') }),
    parameters: queryOf(request)
      .filter(([name]) => !OF_THE_ANSWER.has(name))
      .map(([name, value]) => [name, value]),
  };
  const { results, warnings } = await archive.search(asked, { baseUrl, signal });
  const { items, first } = await primed(results);
  if (warnings.length > 0) reply.header('warning', warnings.map((text) => `299 ${baseUrl}: ${text}`).join(', '));
  reply.header('cache-control', 'private, no-cache');
  const isXml = best?.mediaType === 'application/dicom+xml';
  // A multipart body without parts is none: without results XML has nothing but 204.
  if (first === undefined && (service.emptySearch === 204 || isXml)) return reply.status(204).send();
  if (isXml) return sendParts(exchange, 'application/dicom+xml', xmlParts(items, noLocation));
  return sendStream(exchange, writeJsonArray(items), { 'content-type': best?.mediaType ?? '' });
}

/** Content-Location is not required for results of a search (8.4.2). */
function noLocation(_dataset: Dataset): undefined {
  return undefined;
}
