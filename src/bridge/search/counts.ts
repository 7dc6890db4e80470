// What studies and series contain, counted by further queries where the PACS doesn't say (type R of PS3.18 Tables 10.6.3-3
// and 10.6.3-4).

import type { Dataset } from '../../dimse/data/dataset.ts';
import { hasValue } from '../../dimse/data/matching/verdict.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { findRaw, textOf } from './find.ts';
import type { Search } from './running.ts';

/** Fills in NumberOfStudyRelatedSeries, NumberOfStudyRelatedInstances and ModalitiesInStudy where they are missing. */
export async function countStudy(search: Search, study: string, dataset: Dataset): Promise<void> {
  const missing = (tag: string) => !hasValue(dataset[tag]);
  const instancesMissing = missing(Tag.NumberOfStudyRelatedInstances);
  if (!instancesMissing && !missing(Tag.NumberOfStudyRelatedSeries) && !missing(Tag.ModalitiesInStudy)) return;
  const series = await seriesOf(search, study);
  if (instancesMissing) {
    let total = 0;
    for (const row of series) total += row.instances ?? (await countInstances(search, study, row.uid));
    dataset[Tag.NumberOfStudyRelatedInstances] = { vr: 'IS', Value: [total] };
  }
  if (missing(Tag.NumberOfStudyRelatedSeries)) {
    dataset[Tag.NumberOfStudyRelatedSeries] = { vr: 'IS', Value: [series.length] };
  }
  const modalities = [...new Set(series.flatMap(({ modality }) => modality ?? []))].sort();
  if (missing(Tag.ModalitiesInStudy) && modalities.length > 0) {
    dataset[Tag.ModalitiesInStudy] = { vr: 'CS', Value: modalities };
  }
}

/** Fills in NumberOfSeriesRelatedInstances where it is missing. */
export async function countSeries(search: Search, study: string, series: string, dataset: Dataset): Promise<void> {
  if (hasValue(dataset[Tag.NumberOfSeriesRelatedInstances])) return;
  const total = await countInstances(search, study, series);
  dataset[Tag.NumberOfSeriesRelatedInstances] = { vr: 'IS', Value: [total] };
}

type SeriesRow = { uid: string; modality?: string; instances?: number };

async function seriesOf(search: Search, study: string): Promise<SeriesRow[]> {
  const rows = new Map<string, SeriesRow>();
  const identifier: Dataset = {
    [Tag.StudyInstanceUID]: { vr: 'UI', Value: [study] },
    [Tag.SeriesInstanceUID]: { vr: 'UI' },
    [Tag.Modality]: { vr: 'CS' },
    [Tag.NumberOfSeriesRelatedInstances]: { vr: 'IS' },
  };
  for await (const match of findRaw(search, 'series', identifier)) {
    const uid = textOf(match, Tag.SeriesInstanceUID);
    if (uid === undefined) continue;
    const modality = textOf(match, Tag.Modality);
    const instances = textOf(match, Tag.NumberOfSeriesRelatedInstances);
    rows.set(uid, {
      uid,
      ...(modality === undefined ? {} : { modality }),
      ...(instances === undefined ? {} : { instances: Number(instances) }),
    });
  }
  return [...rows.values()];
}

async function countInstances(search: Search, study: string, series: string): Promise<number> {
  const identifier: Dataset = {
    [Tag.StudyInstanceUID]: { vr: 'UI', Value: [study] },
    [Tag.SeriesInstanceUID]: { vr: 'UI', Value: [series] },
    [Tag.SOPInstanceUID]: { vr: 'UI' },
  };
  const uids = new Set<string>();
  for await (const match of findRaw(search, 'instance', identifier)) {
    const uid = textOf(match, Tag.SOPInstanceUID);
    if (uid !== undefined) uids.add(uid);
  }
  return uids.size;
}
