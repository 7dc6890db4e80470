// Retrieve Capabilities (PS3.18 8.9): OPTIONS at the base URL; and the same contract as OpenAPI for everybody else.

import { createHash } from 'node:crypto';
import { choose } from '../accept.ts';
import { contractAt, readContract } from '../contract.ts';
import { isUnchanged } from '../etag.ts';
import { type AddResource, type Service, wantedOf } from '../service.ts';
import { wadlOf, wadlXml } from '../wadl.ts';

export function capabilitiesRoutes(add: AddResource, service: Service): void {
  const contract = readContract();
  add(service.basePath === '' ? '/' : service.basePath, {
    OPTIONS: async (request, reply) => {
      const mediaType = choose('capabilities', wantedOf(request, service))[0]?.mediaType ?? 'application/json';
      const wadl = wadlOf(contract, service.baseUrl(request));
      const bytes = Buffer.from(mediaType === 'application/json' ? JSON.stringify(wadl) : wadlXml(wadl));
      const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;
      reply.headers({ allow: 'OPTIONS', etag });
      if (isUnchanged(request.headers['if-none-match'], etag)) return reply.status(304).send();
      return reply.header('content-type', mediaType).send(bytes);
    },
  });
  add('/openapi.json', {
    GET: async (request, reply) => {
      const document = contractAt(contract, service.baseUrl(request), service.basePath);
      return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(document)));
    },
  });
}
