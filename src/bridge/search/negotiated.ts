// What a search needs the PACS's consent for (PS3.4 C.5.1.1): names that match fuzzily, a date and a time that are one, a zone.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { isMoment, type Key } from '../../dimse/data/matching/match.ts';
import { Tag } from '../../dimse/data/tags.ts';
import type { FindOption } from '../../dimse/index.ts';
import type { ResourceLevel } from '../resource.ts';
import { LEVEL_ORDER } from './query/attributes.ts';
import type { Query } from './query/query.ts';
import type { Search } from './running.ts';

/** PS3.18 8.3.4.2. */
const NO_FUZZY = 'The fuzzymatching parameter is not supported. Only literal matching has been performed.';
const NO_TIMEZONE =
  'TimezoneOffsetFromUTC is not supported. Dates and times have been matched as the PACS stores them.';

/** Asks for the consent that the query needs, and says in a warning what is not done without it. */
export async function negotiate({ query, pacs, agreed, warnings, signal }: Search): Promise<void> {
  const wanted = wantedBy(query);
  if (wanted.length > 0) for (const option of await pacs.agreed(wanted, signal)) agreed.add(option);
  if (query.fuzzy && !agreed.has('fuzzyMatching')) warnings.add(NO_FUZZY);
  if (query.timezone !== undefined && !agreed.has('timezoneAdjustment')) warnings.add(NO_TIMEZONE);
}

function wantedBy({ fuzzy, timezone, moments }: Query): FindOption[] {
  const wanted: FindOption[] = [];
  if (LEVEL_ORDER.some((level) => moments[level].length > 0)) wanted.push('combinedDateTime');
  if (fuzzy) wanted.push('fuzzyMatching');
  if (timezone !== undefined) wanted.push('timezoneAdjustment');
  return wanted;
}

/**
 * What an identifier says only by consent: the times of combined ranges, which a PACS would else apply to every single day, and
 * the zone that dates and times are meant in, which is never empty (PS3.4 C.4.1.1.3.1).
 */
export function askedByConsent({ query, agreed }: Search, level: ResourceLevel): Dataset {
  const identifier: Dataset = {};
  if (agreed.has('combinedDateTime')) {
    for (const { time, from, to } of query.moments[level]) {
      identifier[time] = { vr: 'TM', Value: [`${from?.time ?? ''}-${to?.time ?? ''}`] };
    }
  }
  if (query.timezone !== undefined && agreed.has('timezoneAdjustment')) {
    identifier[Tag.TimezoneOffsetFromUTC] = { vr: 'SH', Value: [query.timezone] };
  }
  return identifier;
}

/** Whether the gateway itself checks dates and times: those of another zone are the PACS's to compare. */
export function checksMoments({ agreed }: Search): boolean {
  return !agreed.has('timezoneAdjustment');
}

/** The keys that the gateway checks answers by: not those that the PACS agreed to match by rules of its own. */
export function checkedKeys(search: Search, keys: readonly Key[]): readonly Key[] {
  const { agreed } = search;
  if (!agreed.has('fuzzyMatching') && checksMoments(search)) return keys;
  return keys.flatMap((key) => {
    if (key.vr === 'PN' && agreed.has('fuzzyMatching')) return [];
    if (isMoment(key.vr) && !checksMoments(search)) return [];
    if (key.match.kind !== 'item') return [key];
    return [{ ...key, match: { kind: 'item' as const, keys: [...checkedKeys(search, key.match.keys)] } }];
  });
}
