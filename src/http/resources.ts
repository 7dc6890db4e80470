// Every resource of the web side, in reading order.

import type { AddResource } from './exchange.ts';
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

/** Calls `add` for every resource, with its whole path. */
export function addResources(add: AddResource, basePath: string): void {
  const under = (prefix: string): AddResource => {
    return (path, answers) => add(prefix + path || '/', answers);
  };
  healthRoutes(add);
  contractRoutes(add);
  services(under(basePath));
  // WADO-URI has no place in the tree of resources: it stands beside the base path's last segment.
  wadoUriRoutes(under(basePath.replace(/\/[^/]*$/, '')));
  // The same for one PACS alone.
  services(under(`${basePath}/aets/:aet`));
  wadoUriRoutes(under(`${basePath}/aets/:aet`));
}

/** The resources of PS3.18 10.1 below `base`. */
function services(base: AddResource): void {
  capabilitiesRoutes(base);
  base('/studies', { GET: (exchange) => search('study', exchange), POST: store });
  base('/studies/:study', { GET: retrieve, POST: store });
  searchRoutes(base);
  retrieveRoutes(base);
  metadataRoutes(base);
  framesRoutes(base);
  bulkdataRoutes(base);
  renderedRoutes(base);
  thumbnailRoutes(base);
}
