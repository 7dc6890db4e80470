// The keys of one level together: how paths share sequence items, and what keys demand of each other.

import type { Key, Match } from '../../../dimse/data/matching/match.ts';
import type { Moment } from '../../../dimse/data/matching/verdict.ts';
import { DicomError } from '../../../dimse/errors.ts';
import { creatorOf, DATE_TIME_PAIRS, isCreator, isPrivate } from './attributes.ts';
import type { Step } from './path.ts';

/** Adds a key; paths through one sequence share one key item, all of which one item must match (PS3.4 C.2.2.2.6). */
export function addKey(keys: Key[], path: readonly Step[], match: Match): void {
  const [step, ...rest] = path;
  if (step === undefined) return;
  let key = keys.find(({ tag }) => tag === step.tag);
  if (key === undefined) keys.push((key = { ...step, match: { kind: 'any' } }));
  if (rest.length === 0) {
    if (match.kind !== 'any') key.match = match;
    return;
  }
  if (key.match.kind !== 'item') key.match = { kind: 'item', keys: [] };
  addKey(key.match.keys, rest, match);
}

/** Whether a key narrows the matches, rather than only asking for a value. */
export function narrows({ match }: Key): boolean {
  return match.kind === 'item' ? match.keys.some(narrows) : match.kind !== 'any';
}

/** PS3.18 8.3.4.1, 8.3.4.3: a private attribute means nothing without its Private Creator. */
export function requirePrivateCreators(keys: readonly Key[]): void {
  for (const { tag, match } of keys) {
    if (match.kind === 'item') requirePrivateCreators(match.keys);
    if (!isPrivate(tag) || isCreator(tag)) continue;
    const creator = creatorOf(tag);
    const named = keys.some((key) => key.tag === creator && key.match.kind === 'values');
    if (!named) throw new DicomError('malformed', `private attribute ${tag} needs its creator: add ${creator}=…`);
  }
}

/**
 * Takes the pairs of a date range and a time range of the same form, which are one interval (PS3.4 C.2.2.2.5.4). The time key
 * becomes universal: a PACS that was not asked for combined matching would apply it to every single day.
 */
export function combineMoments(keys: readonly Key[]): Moment[] {
  return DATE_TIME_PAIRS.flatMap(([dateTag, timeTag]) => {
    const date = keys.find(({ tag }) => tag === dateTag);
    const time = keys.find(({ tag }) => tag === timeTag);
    if (date?.match.kind !== 'range' || time?.match.kind !== 'range') return [];
    const [days, hours] = [date.match, time.match];
    const sameForm =
      (days.from === undefined) === (hours.from === undefined) && (days.to === undefined) === (hours.to === undefined);
    if (!sameForm) return [];
    time.match = { kind: 'any' };
    const end = (side: 'from' | 'to') => {
      const [day, hour] = [days[side], hours[side]];
      return day === undefined || hour === undefined ? {} : { [side]: { date: day, time: hour } };
    };
    return [{ date: dateTag, time: timeTag, ...end('from'), ...end('to') }];
  });
}
