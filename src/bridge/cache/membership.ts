// Which resource an instance belongs to.

import type { Resource } from '../resource.ts';

export type InstanceUids = { studyInstanceUid: string; seriesInstanceUid: string; sopInstanceUid: string };

/** PS3.5 9.1. */
const MAX_UID = 64;

/** Whether two UIDs are the same, or one is the other cut to 64 characters: some senders and indexes do that to longer ones. */
export function isSameUid(one: string, other: string): boolean {
  if (one === other) return true;
  return Math.min(one.length, other.length) === MAX_UID && one.slice(0, MAX_UID) === other.slice(0, MAX_UID);
}

export function belongsTo(uids: InstanceUids, { study, series, instance }: Resource): boolean {
  return (
    uids.studyInstanceUid === study &&
    (series === undefined || uids.seriesInstanceUid === series) &&
    (instance === undefined || isSameUid(uids.sopInstanceUid, instance))
  );
}
