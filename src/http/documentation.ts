// The contract as a page for people, at /docs.

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { OpenAPIV3_1 } from 'openapi-types';
import { readContract } from './contract.ts';

/** Where the page itself is, from its other names; and the document, of which the package would give a copy without an address. */
const REDIRECTS: Readonly<Record<string, string>> = {
  '/docs': 'docs/',
  '/docs/static/index.html': '../',
  '/docs/json': '../openapi.json',
  '/docs/yaml': '../openapi.json',
};

/** What the page is made of comes from here. (The package's own policy would have it fetched by TLS, which may not be there.) */
const POLICY: Readonly<Record<string, string>> = {
  'default-src': "'self'",
  'base-uri': "'self'",
  'frame-ancestors': "'self'",
  'img-src': "'self' data:",
  'object-src': "'none'",
};

export async function addDocumentation(app: FastifyInstance): Promise<void> {
  const document = readContract() as OpenAPIV3_1.Document;
  // The package's type names OpenAPI 3.0 documents; static mode serves any.
  const specification = { document } as unknown as swagger.StaticDocumentSpec;
  await app.register(swagger, { mode: 'static', specification });
  // Every URL of the page is relative to a folder: a proxy may have put a prefix before it.
  app.addHook('onRequest', async (request, reply) => {
    const [path = ''] = (request.raw.url ?? '').split('?');
    const place = REDIRECTS[path];
    if (place !== undefined) return reply.redirect(place, 308);
  });
  // The page asks for the document that knows its own address.
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: POLICY, uiConfig: { url: '../openapi.json' } });
}
