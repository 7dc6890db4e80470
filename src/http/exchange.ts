// One request and the answer under way: what everyone who has a part in the answer is given.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Archive } from '../bridge/gateway.ts';
import { DicomError } from '../dimse/errors.ts';
import type { Wanted } from './accept.ts';
import { type Query, single } from './query.ts';
import type { Service } from './service.ts';

export type Exchange = {
  request: FastifyRequest;
  reply: FastifyReply;
  service: Service;
  /** What the request is about: one PACS where its path names it, else what the base path stands for. */
  archive: Archive;
  /** Absolute URL of the services as this client sees them, of the PACS that its path names, without a slash at its end. */
  baseUrl: string;
  /** Fires when the client goes away before the answer is complete. */
  signal: AbortSignal;
};

/** Gives an answer. */
export type Answer = (exchange: Exchange) => FastifyReply | Promise<FastifyReply>;

/** Adds a resource at a path under the base, with the methods it has. */
export type AddResource = (path: string, answers: { GET?: Answer; POST?: Answer; OPTIONS?: Answer }) => void;

/** @throws DicomError `not-found` when the path names a PACS that there is not */
export function exchangeOf(request: FastifyRequest, reply: FastifyReply, service: Service): Exchange {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new DicomError('cancelled', 'the client went away'));
  });
  const archive = service.archive(request);
  return { request, reply, service, archive, baseUrl: service.baseUrl(request), signal: controller.signal };
}

/** The decoded query of a request: `app.ts` puts it there for every route. */
export function queryOf(request: FastifyRequest): Query {
  return request.query as Query;
}

/** The Accept header and `accept` parameter of a request. */
export function wantedOf({ request, service }: Exchange): Wanted {
  return {
    header: request.headers.accept || undefined,
    query: single(queryOf(request), 'accept'),
    strict: service.strictAccept,
  };
}
