// Resource: what a DICOMweb path names (PS3.18 10.1.1): a study, a series, an instance, or frames of an instance.

/** `series` only with `study`, `instance` only with `series`, `frames` (1-based) only with `instance`. */
export type Resource = { study: string; series?: string; instance?: string; frames?: number[] };

export type ResourceLevel = 'study' | 'series' | 'instance';

export function levelOf(resource: Resource): ResourceLevel {
  if (resource.instance !== undefined) return 'instance';
  return resource.series !== undefined ? 'series' : 'study';
}

/** The path under the base URL, for example `/studies/1.2/series/1.3`; frames are not part of it. */
export function pathOf(resource: Resource): string {
  let path = `/studies/${resource.study}`;
  if (resource.series !== undefined) path += `/series/${resource.series}`;
  if (resource.instance !== undefined) path += `/instances/${resource.instance}`;
  return path;
}
