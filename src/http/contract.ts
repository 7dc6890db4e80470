// The OpenAPI document as it is published with the package, and the parts of it that the gateway itself reads.

import { readFileSync } from 'node:fs';
import type { OpenAPIV3_1 } from 'openapi-types';

export type Contract = OpenAPIV3_1.Document;

/** Reads openapi/openapi.json, which lies beside both src and dist. */
export function readContract(): Contract {
  return JSON.parse(readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'));
}

/** The contract as a client at `origin` sees it: the services under `baseUrl`, the others at the root of it. */
export function contractAt(contract: Contract, baseUrl: string, basePath: string): Contract {
  const root = baseUrl.endsWith(basePath)
    ? baseUrl.slice(0, baseUrl.length - basePath.length)
    : new URL(baseUrl).origin;
  const beside = `${root}${basePath.replace(/\/[^/]*$/, '')}`;
  const paths = Object.entries(contract.paths ?? {}).map(([path, item]) => {
    if (item?.servers === undefined) return [path, item];
    return [path, { ...item, servers: [{ url: path === '/wado' ? beside || '/' : root || '/' }] }];
  });
  return { ...contract, servers: [{ url: baseUrl }], paths: Object.fromEntries(paths) };
}
