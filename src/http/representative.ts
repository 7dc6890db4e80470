// The instance that stands for a study or a series in a thumbnail: the middle instance of the first series of images,
// found by queries, so that nothing but this one instance is retrieved.

import type { Archive } from '../bridge/gateway.ts';
import type { Resource } from '../bridge/resource.ts';
import type { Dataset } from '../dimse/data/dataset.ts';
import { Tag } from '../dimse/data/tags.ts';
import { DicomError } from '../dimse/errors.ts';

/** An instance, and its SOP class where the PACS names it. */
export type Representative = { resource: Resource; sopClassUid?: string | undefined };

type Asking = { baseUrl: string; signal: AbortSignal };

/** Modalities (PS3.3 C.7.3.1.1.1) whose instances are no pictures by themselves. */
const WITHOUT_PICTURE = new Set([
  'SR',
  'PR',
  'KO',
  'AU',
  'ECG',
  'EPS',
  'HD',
  'DOC',
  'PLAN',
  'REG',
  'RTSTRUCT',
  'RTPLAN',
  'RTRECORD',
  'RTINTENT',
  'ANN',
  'FID',
  'RWV',
  'TEXTUREMAP',
  'M3D',
  'RESP',
  'SMR',
  'STAIN',
  'ASMT',
  'LEN',
  'OPM',
]);

async function find(
  archive: Archive,
  level: 'series' | 'instance',
  { study, series }: Resource,
  { baseUrl, signal }: Asking,
  parameters: [name: string, value: string][] = [],
): Promise<Dataset[]> {
  const within = series === undefined ? { study } : { study, series };
  const { results } = await archive.search({ level, ...within, parameters }, { baseUrl, signal });
  const found: Dataset[] = [];
  for await (const dataset of results) found.push(dataset);
  return found;
}

function text(dataset: Dataset | undefined, tag: string): string | undefined {
  const value = dataset?.[tag]?.Value?.[0];
  return typeof value === 'string' ? value : undefined;
}

function numberOf(dataset: Dataset, tag: string): number {
  const value = Number(dataset[tag]?.Value?.[0] ?? Number.NaN);
  return Number.isFinite(value) ? value : Number.MAX_SAFE_INTEGER;
}

/** @throws DicomError `not-found` when the study or series has no instance */
export async function representativeOf(archive: Archive, resource: Resource, asking: Asking): Promise<Representative> {
  const { study } = resource;
  const row = await seriesOf(archive, resource, asking);
  const series = resource.series ?? text(row, Tag.SeriesInstanceUID);
  if (series === undefined) throw new DicomError('not-found', 'the study has no series', { field: 'study' });
  const within = { study, series };
  const middle = (await numberedMiddle(archive, within, row, asking)) ?? (await listedMiddle(archive, within, asking));
  const instance = text(middle, Tag.SOPInstanceUID);
  if (instance === undefined) throw new DicomError('not-found', 'the resource has no instance', { field: 'series' });
  return { resource: { ...within, instance }, sopClassUid: text(middle, Tag.SOPClassUID) };
}

/** Most series number their instances from 1: then one row tells the middle, where a list may take a PACS a second. */
async function numberedMiddle(
  archive: Archive,
  within: Resource,
  row: Dataset | undefined,
  asking: Asking,
): Promise<Dataset | undefined> {
  const count = row === undefined ? Number.MAX_SAFE_INTEGER : numberOf(row, Tag.NumberOfSeriesRelatedInstances);
  if (count === Number.MAX_SAFE_INTEGER) return undefined;
  const middle = Math.floor(count / 2) + 1;
  const matches = await find(archive, 'instance', within, asking, [['InstanceNumber', String(middle)]]);
  return matches.find((one) => numberOf(one, Tag.InstanceNumber) === middle);
}

async function listedMiddle(archive: Archive, within: Resource, asking: Asking): Promise<Dataset | undefined> {
  const all = await find(archive, 'instance', within, asking);
  all.sort((a, b) => numberOf(a, Tag.InstanceNumber) - numberOf(b, Tag.InstanceNumber));
  return all[Math.floor(all.length / 2)];
}

/** What the PACS says of the series, or of the first with pictures of the study. */
async function seriesOf(archive: Archive, { study, series }: Resource, asking: Asking): Promise<Dataset | undefined> {
  const wanted: [string, string][] = series === undefined ? [] : [['SeriesInstanceUID', series]];
  const all = await find(archive, 'series', { study }, asking, wanted);
  if (series !== undefined) return all.find((one) => text(one, Tag.SeriesInstanceUID) === series);
  return all.find((one) => !WITHOUT_PICTURE.has(text(one, Tag.Modality) ?? '')) ?? all[0];
}
