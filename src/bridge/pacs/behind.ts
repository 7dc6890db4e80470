// A PACS for who goes behind everybody else: what is asked of it and retrieved from it has that standing, whoever does it.

import type { Standing } from './lease.ts';
import type { Pacs } from './pacs.ts';

/** The standing of a prefetch. */
export type Behind = Required<Omit<Standing, 'priority'>>;

export function behind(pacs: Pacs, prefetch: Behind): Pacs {
  const standing: Standing = { priority: 'prefetch', ...prefetch };
  return {
    ...pacs,
    find: (level, identifier, options) => pacs.find(level, identifier, { ...options, ...standing }),
    lease: (contexts, options) => pacs.lease(contexts, { ...options, ...standing }),
  };
}
