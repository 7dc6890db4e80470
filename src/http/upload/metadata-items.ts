// Uploads of metadata and bulk data (PS3.18 10.5.1.4): metadata in one JSON part or an XML part per instance, then the bulk
// data they refer to. Instances are complete only when the last part is there, so the bulk data wait in a spool.

import type { StoreItem } from '../../bridge/gateway.ts';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { fromJson } from '../../dimse/data/json.ts';
import { fromXml } from '../../dimse/data/xml.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { UploadLimits } from '../service.ts';
import { assemble, type UploadedBulk, uidsOf } from './assembled.ts';
import { Spool } from './spool.ts';
import { CANNOT_UNDERSTAND, type UploadPart } from './store-items.ts';

/** Failure reason (PS3.18 I.2.2): referenced transfer syntax not supported. */
const SYNTAX_NOT_SUPPORTED = 0xc122;
/** Any base does: both sides of the comparison are resolved against it. */
const BASE = 'http://relative.invalid/';

const READERS: Readonly<Record<string, (text: string) => Dataset[]>> = {
  'application/dicom+json': (text) => {
    const value: unknown = parseJson(text);
    return (Array.isArray(value) ? value : [value]).map(fromJson);
  },
  'application/dicom+xml': (text) => [fromXml(text)],
};

function malformed(what: string, cause?: unknown): DicomError {
  return new DicomError('malformed', `metadata: ${what}`, { field: 'metadata', cause });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed('the part is no JSON', cause);
  }
}

async function textOf(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) {
      throw new DicomError('too-large', `metadata: the part has more than ${limit} bytes`, { field: 'metadata' });
    }
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw malformed('the part is no UTF-8', cause);
  }
}

/** URI references as they are compared: absolute, without a fragment. */
function resolved(uri: string): string {
  const url = URL.parse(uri, BASE);
  if (url === null) return uri;
  url.hash = '';
  return url.href;
}

/** Frames may be located at the BulkDataURI itself, or under it as frames/1, frames/2, … */
function withoutFrame(uri: string): string {
  return uri.replace(/\/frames\/\d+$/, '');
}

/** The items of such an upload. @throws DicomError `malformed` for metadata that can't be read, and what `parts` throws */
export async function* metadataItems(
  parts: AsyncIterable<UploadPart>,
  { maxMetadataBytes }: UploadLimits,
): AsyncGenerator<StoreItem, void, undefined> {
  const spool = new Spool();
  try {
    const datasets: Dataset[] = [];
    const bulk = new Map<string, UploadedBulk[]>();
    for await (const { type, location, body } of parts) {
      const reader = READERS[type.type];
      if (reader !== undefined) datasets.push(...reader(await textOf(body, maxMetadataBytes)));
      else keep(bulk, location, { type, bytes: await spool.keep(body) });
    }
    if (datasets.length === 0) throw malformed('the request has none');
    for (const dataset of datasets) yield await itemOf(dataset, (uri) => bulk.get(resolved(uri)) ?? []);
  } finally {
    await spool.remove();
  }
}

function keep(bulk: Map<string, UploadedBulk[]>, location: string | undefined, part: UploadedBulk): void {
  if (location === undefined) throw malformed('a part of bulk data has no Content-Location');
  const key = withoutFrame(resolved(location));
  const frames = bulk.get(key);
  if (frames === undefined) bulk.set(key, [part]);
  else frames.push(part);
}

async function itemOf(dataset: Dataset, find: (uri: string) => readonly UploadedBulk[]): Promise<StoreItem> {
  try {
    return await assemble(dataset, find);
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
    const failure = error.kind === 'unsupported-media' ? SYNTAX_NOT_SUPPORTED : CANNOT_UNDERSTAND;
    if (error.kind === 'too-large') throw error;
    return { failure, ...rowOf(dataset) };
  }
}

function rowOf(dataset: Dataset): { sopClassUid?: string; sopInstanceUid?: string } {
  try {
    const { sopClassUid, sopInstanceUid } = uidsOf(dataset);
    return { sopClassUid, sopInstanceUid };
  } catch {
    return {};
  }
}
