// Retrieve Capabilities (PS3.18 8.9): OPTIONS at the base URL; and the same contract as OpenAPI for everybody else.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { choose } from '../accept.ts';
import { contractAt, readContract } from '../contract.ts';
import { etagOfBytes, isUnchanged } from '../etag.ts';
import { aeTitleOf } from '../paths.ts';
import { once, sendStream } from '../respond.ts';
import { type AddResource, type Service, wantedOf } from '../service.ts';
import { wadlOf, wadlXml } from '../wadl.ts';

export function capabilitiesRoutes(add: AddResource, service: Service): void {
  const contract = readContract();
  add('', {
    OPTIONS: async (request, reply) => {
      const mediaType = choose('capabilities', wantedOf(request, service))[0]?.mediaType ?? 'application/json';
      const wadl = wadlOf(
        contract,
        service.baseUrl(request),
        aeTitleOf(request) === undefined ? service.gateway.aeTitles : [],
      );
      const bytes = Buffer.from(mediaType === 'application/json' ? JSON.stringify(wadl) : wadlXml(wadl));
      reply.header('allow', 'OPTIONS');
      return sendDocument(request, reply, bytes, mediaType);
    },
  });
}

export function contractRoutes(add: AddResource, service: Service): void {
  const contract = readContract();
  add('/openapi.json', {
    GET: async (request, reply) => {
      const { basePath, gateway } = service;
      const place = { baseUrl: service.baseUrl(request), basePath, aeTitles: gateway.aeTitles };
      const document = contractAt(contract, place);
      return sendDocument(request, reply, Buffer.from(JSON.stringify(document)), 'application/json');
    },
  });
}

/** Sends `bytes`, which depend on how the client sees this service: its caches must ask again. */
function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: Buffer,
  mediaType: string,
): FastifyReply | Promise<FastifyReply> {
  const etag = etagOfBytes(bytes);
  reply.headers({ etag, 'cache-control': 'no-cache' });
  if (isUnchanged(request.headers['if-none-match'], etag)) return reply.status(304).send();
  return sendStream(request, reply, once(bytes), {
    'content-type': mediaType,
    'content-length': String(bytes.length),
  });
}
