// A row as QIDO-RS returns it: exactly the attributes of PS3.18 10.6.3.3 for its resource, and what was asked for.

import type { Attribute, Dataset } from '../../dimse/data/dataset.ts';
import { vrOf } from '../../dimse/data/dictionary.ts';
import { hasValue } from '../../dimse/data/matching/verdict.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { pathOf } from '../resource.ts';
import { ANSWER_ONLY, LEVEL_ORDER, LEVELS } from './query/attributes.ts';
import { isJoined } from './query/levels.ts';
import type { Query } from './query/query.ts';
import type { Row } from './running.ts';

/** @param baseUrl without a slash at its end */
export function resultOf(query: Query, row: Row, baseUrl: string): Dataset {
  const result: Dataset = { [Tag.SpecificCharacterSet]: { vr: 'CS', Value: ['ISO_IR 192'] } };
  for (const level of LEVEL_ORDER.slice(0, LEVEL_ORDER.indexOf(query.level) + 1)) {
    const { unique, required, known } = LEVELS[level];
    const answer = row.answers[level] ?? {};
    if (row[level] !== undefined) result[unique] = { vr: 'UI', Value: [row[level]] };
    if (level === query.level || isJoined(query, level)) {
      for (const tag of required) result[tag] ??= answer[tag] ?? { vr: vrOf(tag) };
      for (const tag of [...known, ...ANSWER_ONLY]) take(result, tag, hasValue(answer[tag]) ? answer[tag] : undefined);
    }
    for (const { tag } of query.keys[level]) take(result, tag, answer[tag]);
  }
  const { study = '', series, instance } = row;
  const path = pathOf({
    study,
    ...(series === undefined ? {} : { series }),
    ...(instance === undefined ? {} : { instance }),
  });
  result[Tag.RetrieveURL] = { vr: 'UR', Value: [`${baseUrl}${path}`] };
  return result;
}

function take(result: Dataset, tag: string, attribute: Attribute | undefined): void {
  if (attribute !== undefined) result[tag] ??= attribute;
}
