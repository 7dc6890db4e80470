// What a report refers to: images, waveforms and other objects by their SOP Instance UIDs, and where each is found, which
// the evidence lists of the report tell (PS3.3 C.17.2.3).

import type { Dataset } from '../../dimse/data/dataset.ts';
import { uidName } from '../../dimse/data/uid.ts';
import { itemsOf, numbersOf, textOf } from '../attributes.ts';

/** A referenced object: what it is, its path below the services' base where the report tells it, and which frames. */
export type Reference = { kind: string; path?: string; frames: number[] };

/** Paths of instances by SOP Instance UID. */
export type Evidence = ReadonlyMap<string, string>;

/** Current Requested Procedure, Pertinent Other, Identical Documents and Predecessor Documents Evidence Sequences. */
const LISTS = ['0040A375', '0040A385', '0040A525', '0040A360'];

const UID = /^[0-9.]{1,70}$/;

/** The paths of everything that the report lists. */
export function evidenceOf(dataset: Dataset): Evidence {
  const paths = new Map<string, string>();
  for (const list of LISTS) {
    for (const study of itemsOf(dataset, list)) {
      for (const series of itemsOf(study, '00081115')) {
        for (const instance of itemsOf(series, '00081199')) {
          const uids = [textOf(study, '0020000D'), textOf(series, '0020000E'), textOf(instance, '00081155')];
          const [studyUid, seriesUid, instanceUid] = uids.map((uid) => (uid && UID.test(uid) ? uid : undefined));
          if (!studyUid || !seriesUid || !instanceUid) continue;
          paths.set(instanceUid, `/studies/${studyUid}/series/${seriesUid}/instances/${instanceUid}`);
        }
      }
    }
  }
  return paths;
}

/** The objects that a content item refers to (PS3.3 C.18.3 to C.18.5). */
export function referencesOf(item: Dataset, evidence: Evidence): Reference[] {
  return itemsOf(item, '00081199').map((reference) => {
    const path = evidence.get(textOf(reference, '00081155') ?? '');
    const kind = uidName(textOf(reference, '00081150') ?? '') ?? 'object';
    return { kind: kind.replace(/ Storage$/, ''), frames: numbersOf(reference, '00081160'), ...(path && { path }) };
  });
}
