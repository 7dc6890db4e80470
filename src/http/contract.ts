// The OpenAPI document as it is published with the package, and the parts of it that the gateway itself reads.

import { readFileSync } from 'node:fs';
import type { OpenAPIV3_1 } from 'openapi-types';

export type Contract = OpenAPIV3_1.Document;

/** Reads openapi/openapi.json, which lies beside both src and dist. */
export function readContract(): Contract {
  return JSON.parse(readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'));
}

/** Where a client finds the services: all PACS at `baseUrl`, which ends with `basePath`, and each by its AE title. */
export type Place = { baseUrl: string; basePath: string; aeTitles: readonly string[] };

/** The contract as a client sees it: the services under `baseUrl`, the others at the root of it. */
export function contractAt(contract: Contract, { baseUrl, basePath, aeTitles }: Place): Contract {
  const root = baseUrl.endsWith(basePath)
    ? baseUrl.slice(0, baseUrl.length - basePath.length)
    : new URL(baseUrl).origin;
  const beside = `${root}${basePath.replace(/\/[^/]*$/, '')}`;
  const [first = '', ...others] = aeTitles;
  const aet = {
    default: first,
    enum: [first, ...others] satisfies [string, ...string[]],
    description: 'AE title of the PACS',
  };
  const ofOnePacs = { url: `${baseUrl}/aets/{aet}`, description: 'One PACS', variables: { aet } };
  const paths = Object.entries(contract.paths ?? {}).map(([path, item]) => {
    if (item?.servers === undefined) return [path, item];
    const servers = path === '/wado' ? [{ url: beside || '/' }, ofOnePacs] : [{ url: root || '/' }];
    return [path, { ...item, servers }];
  });
  return { ...contract, servers: [{ url: baseUrl }, ofOnePacs], paths: Object.fromEntries(paths) };
}
