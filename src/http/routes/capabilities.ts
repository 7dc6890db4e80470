// Retrieve Capabilities (PS3.18 8.9): OPTIONS at the base URL; and the same contract as OpenAPI for everybody else.

import type { FastifyReply } from 'fastify';
import { choose } from '../accept.ts';
import { contractAt, readContract } from '../contract.ts';
import { etagOfBytes, sentUnchanged } from '../etag.ts';
import { type AddResource, type Exchange, wantedOf } from '../exchange.ts';
import { aeTitleOf } from '../paths.ts';
import { once, sendStream } from '../respond.ts';
import { wadlOf, wadlXml } from '../wadl.ts';

export function capabilitiesRoutes(add: AddResource): void {
  const contract = readContract();
  add('', {
    OPTIONS: (exchange) => {
      const { request, reply, service, baseUrl } = exchange;
      const mediaType = choose('capabilities', wantedOf(exchange))[0]?.mediaType ?? 'application/json';
      const wadl = wadlOf(contract, baseUrl, aeTitleOf(request) === undefined ? service.gateway.aeTitles : []);
      const bytes = Buffer.from(mediaType === 'application/json' ? JSON.stringify(wadl) : wadlXml(wadl));
      reply.header('allow', 'OPTIONS');
      return sendDocument(exchange, bytes, mediaType);
    },
  });
}

export function contractRoutes(add: AddResource): void {
  const contract = readContract();
  add('/openapi.json', {
    GET: (exchange) => {
      const { basePath, gateway } = exchange.service;
      const place = { baseUrl: exchange.baseUrl, basePath, aeTitles: gateway.aeTitles };
      const document = contractAt(contract, place);
      return sendDocument(exchange, Buffer.from(JSON.stringify(document)), 'application/json');
    },
  });
}

/** Sends `bytes`, which depend on how the client sees this service: its caches must ask again. */
function sendDocument(exchange: Exchange, bytes: Buffer, mediaType: string): FastifyReply | Promise<FastifyReply> {
  if (sentUnchanged(exchange, etagOfBytes(bytes), 'no-cache')) return exchange.reply;
  return sendStream(exchange, once(bytes), { 'content-type': mediaType, 'content-length': String(bytes.length) });
}
