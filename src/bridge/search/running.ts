// A search under way, and what it has found so far.

import type { Dataset } from '../../dimse/data/dataset.ts';
import type { FindOption } from '../../dimse/index.ts';
import type { Pacs } from '../pacs/pacs.ts';
import type { ResourceLevel } from '../resource.ts';
import type { Query } from './query/query.ts';

export type SearchLimits = {
  maxResults: number;
  maxMatches: number;
  maxFanOut: number;
  /** Milliseconds that one PACS among several has. */
  pacsMs: number;
};

/** One search under way: what it may spend, and what it has to say to the client. */
export type Search = {
  pacs: Pacs;
  query: Query;
  signal: AbortSignal;
  limits: SearchLimits;
  /** Texts for `Warning: 299 <service>: `, each once. */
  warnings: Set<string>;
  /** What the PACS agreed to of what the query needs; filled before the first C-FIND. */
  agreed: Set<FindOption>;
  /** Studies that the PACS gave in several rows, as where patients share a UID: what a row counts is then only a part. */
  ambiguous: Set<string>;
  /** C-FINDs so far; shared by the parts of a search that run beside each other. */
  spent: { finds: number };
};

/** Unique keys of the levels above, and of the level itself where the path names it. */
export type Scope = { study?: string; series?: string };

/** One result: its unique keys, and the answer of each level that was asked. */
export type Row = Scope & { instance?: string; answers: Partial<Record<ResourceLevel, Dataset>> };
