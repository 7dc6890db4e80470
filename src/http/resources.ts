// Every resource of the web side, in reading order.

import { bulkdataRoutes } from './routes/bulkdata.ts';
import { capabilitiesRoutes, contractRoutes } from './routes/capabilities.ts';
import { framesRoutes } from './routes/frames.ts';
import { healthRoutes } from './routes/health.ts';
import { metadataRoutes } from './routes/metadata.ts';
import { renderedRoutes } from './routes/rendered.ts';
import { retrieve, retrieveRoutes } from './routes/retrieve.ts';
import { search, searchRoutes } from './routes/search.ts';
import { store } from './routes/store.ts';
import { thumbnailRoutes } from './routes/thumbnail.ts';
import { wadoUriRoutes } from './routes/wado-uri.ts';
import type { AddResource, Service } from './service.ts';

/** Calls `add` for every resource, with its whole path. */
export function addResources(add: AddResource, service: Service): void {
  const { basePath } = service;
  const under = (prefix: string): AddResource => {
    return (path, handlers) => add(prefix + path || '/', handlers);
  };
  healthRoutes(add, service);
  contractRoutes(add, service);
  services(under(basePath), service);
  // WADO-URI has no place in the tree of resources: it stands beside the base path's last segment.
  wadoUriRoutes(under(basePath.replace(/\/[^/]*$/, '')), service);
  // The same for one PACS alone.
  services(under(`${basePath}/aets/:aet`), service);
  wadoUriRoutes(under(`${basePath}/aets/:aet`), service);
}

/** The resources of PS3.18 10.1 below `base`. */
function services(base: AddResource, service: Service): void {
  capabilitiesRoutes(base, service);
  base('/studies', {
    GET: (request, reply) => search('study', request, reply, service),
    POST: (request, reply) => store(request, reply, service),
  });
  base('/studies/:study', {
    GET: (request, reply) => retrieve(request, reply, service),
    POST: (request, reply) => store(request, reply, service),
  });
  searchRoutes(base, service);
  retrieveRoutes(base, service);
  metadataRoutes(base, service);
  framesRoutes(base, service);
  bulkdataRoutes(base, service);
  renderedRoutes(base, service);
  thumbnailRoutes(base, service);
}
