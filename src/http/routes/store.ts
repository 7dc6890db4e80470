// STOW-RS: POST /studies and /studies/{study} (PS3.18 10.5). Uploads are read as they arrive and sent on to the PACS.

import type { FastifyReply } from 'fastify';
import { FAULTS } from '../../bridge/faults.ts';
import type { StoreResult } from '../../bridge/gateway.ts';
import { toJson } from '../../dimse/data/json.ts';
import { toXml } from '../../dimse/data/xml.ts';
import { statusOf } from '../../dimse/index.ts';
import { choose } from '../accept.ts';
import { type Exchange, wantedOf } from '../exchange.ts';
import { uid } from '../paths.ts';
import { transcodeWith } from '../upload/decoded.ts';
import { itemsOf } from '../upload/upload.ts';

/** An upload that is refused is read to its end up to this many bytes, so that the answer is heard; then cut off. */
const MOST_IGNORED = 16 * 1024 * 1024;

/** Answers a Store transaction. */
export async function store(exchange: Exchange): Promise<FastifyReply> {
  const { request, reply } = exchange;
  try {
    return await answer(exchange);
  } catch (error) {
    const rest = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY);
    if (!request.raw.complete && rest > MOST_IGNORED) reply.header('connection', 'close');
    throw error;
  }
}

async function answer(exchange: Exchange): Promise<FastifyReply> {
  const { request, reply, service, archive, baseUrl, signal } = exchange;
  const { study: named } = request.params as { study?: string };
  const study = named === undefined ? undefined : uid(named, 'study');
  const [best] = choose('store', wantedOf(exchange));
  const items = await itemsOf(request, service.limits);
  const transcode = transcodeWith(service.renderer);
  const options = { baseUrl, signal, transcode, ...(study === undefined ? {} : { study }) };
  const result = await archive.store(items, options);
  reply.headers(result.reasons.length === 0 ? {} : { warning: warningsOf(result, baseUrl) });
  return send(result, best?.mediaType ?? 'application/dicom+json', reply);
}

/** Status code and its meaning, for each that an instance has (10.5.3.2), and what else is known: a PACS that can't be asked has none. */
function warningsOf({ reasons, whys }: StoreResult, baseUrl: string): string[] {
  return reasons.map((status) => {
    const code = status.toString(16).toUpperCase().padStart(4, '0');
    const why = whys.get(status)?.replace(NO_TEXT, '?');
    return `${code} ${baseUrl}: ${statusOf('C-STORE', status).meaning}${why === undefined ? '' : ` (${why})`}`;
  });
}

/** What a header can't hold. */
const NO_TEXT = /[^\x20-\x7e]/g;

/** The Store Instances Response Module: as JSON one object, not an array (Annex I.3). */
function send({ response, httpStatus }: StoreResult, mediaType: string, reply: FastifyReply): FastifyReply {
  const text = mediaType === 'application/dicom+xml' ? toXml(response) : toJson(response);
  const location = response['00081190']?.Value?.[0];
  if (typeof location === 'string' && httpStatus < 300) {
    reply.headers({ location, 'content-location': location });
  }
  if (httpStatus === 503) reply.header('retry-after', String(FAULTS.busy.retryAfter));
  return reply.status(httpStatus).header('content-type', mediaType).send(Buffer.from(text));
}
