// The instance that stands for a study or a series in a thumbnail: the middle instance of the first series of images,
// found by queries, so that nothing but this one instance is retrieved.

import type { Gateway } from '../bridge/gateway.ts';
import type { Resource } from '../bridge/resource.ts';
import type { Dataset } from '../dimse/data/dataset.ts';
import { DicomError } from '../dimse/errors.ts';

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
  gateway: Gateway,
  level: 'series' | 'instance',
  { study, series }: Resource,
  { baseUrl, signal }: Asking,
): Promise<Dataset[]> {
  const within = series === undefined ? { study } : { study, series };
  const { results } = await gateway.search({ level, ...within, parameters: [] }, { baseUrl, signal });
  const found: Dataset[] = [];
  for await (const dataset of results) found.push(dataset);
  return found;
}

function text(dataset: Dataset | undefined, tag: string): string | undefined {
  const value = dataset?.[tag]?.Value?.[0];
  return typeof value === 'string' ? value : undefined;
}

function numberOf(dataset: Dataset): number {
  const value = Number(dataset['00200013']?.Value?.[0] ?? Number.NaN);
  return Number.isFinite(value) ? value : Number.MAX_SAFE_INTEGER;
}

/** @throws DicomError `not-found` when the study or series has no instance */
export async function representativeOf(gateway: Gateway, resource: Resource, asking: Asking): Promise<Resource> {
  const { study } = resource;
  const series = resource.series ?? (await seriesOf(gateway, resource, asking));
  const instances = (await find(gateway, 'instance', { study, series }, asking)).sort(
    (a, b) => numberOf(a) - numberOf(b),
  );
  const instance = text(instances[Math.floor(instances.length / 2)], '00080018');
  if (instance === undefined) throw new DicomError('not-found', 'the resource has no instance', { field: 'series' });
  return { study, series, instance };
}

async function seriesOf(gateway: Gateway, resource: Resource, asking: Asking): Promise<string> {
  const all = await find(gateway, 'series', resource, asking);
  const pictured = all.filter((one) => !WITHOUT_PICTURE.has(text(one, '00080060') ?? ''));
  const first = text(pictured[0] ?? all[0], '0020000E');
  if (first === undefined) throw new DicomError('not-found', 'the study has no series', { field: 'study' });
  return first;
}
