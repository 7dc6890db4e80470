// Which levels a query is about: its own, and those above that its results tell of.

import type { ResourceLevel } from '../../resource.ts';
import { LEVEL_ORDER } from './attributes.ts';
import type { Query } from './query.ts';

/** Whether a level is queried: it is wanted, or a key at it must hold, or the path leaves it open and its answer is joined. */
export function isAsked(query: Query, level: ResourceLevel): boolean {
  return level === query.level || isJoined(query, level) || query.keys[level].length > 0;
}

/** Upper levels that the path doesn't name: all their attributes are part of each result (PS3.18 10.6.3.3). */
export function isJoined(query: Query, level: ResourceLevel): boolean {
  if (LEVEL_ORDER.indexOf(level) >= LEVEL_ORDER.indexOf(query.level)) return false;
  return level === 'study' ? query.study === undefined : query.series === undefined;
}
