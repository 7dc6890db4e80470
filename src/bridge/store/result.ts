// The Store Instances Response Module (PS3.18 Annex I) and the HTTP status of what became of an upload (10.5.3.1).

import type { Attribute, Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { pathOf } from '../resource.ts';
import { isStored, isWarning } from './status.ts';

/** What became of one instance, or of one part that is none. `status` as C-STORE has it (PS3.4 B.2.3). */
export type StoreRow = {
  sopClassUid?: string;
  sopInstanceUid?: string;
  studyInstanceUid?: string;
  seriesInstanceUid?: string;
  status: number;
  /** The PACS could not be asked: it may be tried again. */
  unavailable?: boolean;
  /** What the gateway knows of a failure that the PACS has no status for: peer and operation are named. */
  why?: string;
};

export type StoreResult = {
  response: Dataset;
  stored: number;
  /** Of the stored ones, those with a warning. */
  warned: number;
  failed: number;
  /** Each failure and warning reason that a row has, once. */
  reasons: number[];
  /** Of those, the ones of which more is known than their meaning. */
  whys: ReadonlyMap<number, string>;
  /** 200, 202, 400, 409 or 503. */
  httpStatus: number;
};

/** @param options.study the study of the path; else that of the stored instances, where they have one in common */
export function storeResult(rows: readonly StoreRow[], options: { study?: string; baseUrl: string }): StoreResult {
  const stored = rows.filter(({ status }) => isStored(status));
  const failed = rows.filter(({ status }) => !isStored(status));
  const named = failed.filter(isNamed);
  const others = failed.filter((row) => !isNamed(row));
  const study = studyOf(stored, options.study);
  const response: Dataset = {
    [Tag.RetrieveURL]: url(study && `${options.baseUrl}${pathOf({ study })}`),
    ...sequence(Tag.FailedSOPSequence, named.map(failedItem)),
    ...sequence(
      Tag.ReferencedSOPSequence,
      stored.map((row) => storedItem(row, options.baseUrl)),
    ),
    ...sequence(
      Tag.OtherFailuresSequence,
      others.map(({ status }) => ({ [Tag.FailureReason]: number(status) })),
    ),
  };
  const warned = stored.filter(({ status }) => isWarning(status)).length;
  const reasons = [...new Set(rows.map(({ status }) => status))].filter((status) => status !== 0);
  const whys = new Map(rows.flatMap(({ status, why }) => (why === undefined ? [] : [[status, why] as const])));
  const counts = { stored: stored.length, warned, failed: failed.length };
  return { response, ...counts, reasons, whys, httpStatus: httpStatusOf(rows) };
}

/** PS3.18 Table 10.5.3-1. */
function httpStatusOf(rows: readonly StoreRow[]): number {
  if (rows.length > 0 && rows.every(({ status }) => status === 0)) return 200;
  if (rows.some(({ status }) => isStored(status))) return 202;
  if (rows.every((row) => !isNamed(row))) return 400;
  const resources = (status: number) => status >> 8 === 0xa7 || status === 0x0213;
  return rows.every(({ unavailable, status }) => unavailable || resources(status)) ? 503 : 409;
}

function isNamed({ sopClassUid, sopInstanceUid }: StoreRow): boolean {
  return sopClassUid !== undefined && sopInstanceUid !== undefined;
}

function studyOf(stored: readonly StoreRow[], named: string | undefined): string | undefined {
  if (stored.length === 0) return undefined;
  const studies = new Set(stored.map(({ studyInstanceUid }) => studyInstanceUid ?? named));
  return studies.size === 1 ? [...studies][0] : undefined;
}

function storedItem(row: StoreRow, baseUrl: string): Dataset {
  const { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance } = row;
  const known = study !== undefined && series !== undefined && instance !== undefined;
  return {
    ...references(row),
    [Tag.RetrieveURL]: url(known ? `${baseUrl}${pathOf({ study, series, instance })}` : undefined),
    ...(isWarning(row.status) ? { [Tag.WarningReason]: number(row.status) } : {}),
  };
}

function failedItem(row: StoreRow): Dataset {
  return { ...references(row), [Tag.FailureReason]: number(row.status) };
}

function references({ sopClassUid = '', sopInstanceUid = '' }: StoreRow): Dataset {
  return {
    [Tag.ReferencedSOPClassUID]: { vr: 'UI', Value: [sopClassUid] },
    [Tag.ReferencedSOPInstanceUID]: { vr: 'UI', Value: [sopInstanceUid] },
  };
}

function sequence(tag: string, items: Dataset[]): Dataset {
  return items.length === 0 ? {} : { [tag]: { vr: 'SQ', Value: items } };
}

/** Type 2: without a value where there is no URL. */
function url(text: string | undefined): Attribute {
  return text === undefined ? { vr: 'UR' } : { vr: 'UR', Value: [text] };
}

function number(status: number): Attribute {
  return { vr: 'US', Value: [status] };
}
