// An uploaded PS3.10 instance: its UIDs from a bounded head, its data set passed on as it arrives.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { readFileMeta } from '../../dimse/data/part10.ts';
import { isIncomplete, readElements } from '../../dimse/data/reader.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { isUidShape } from '../../dimse/data/uid.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { Instance } from '../../dimse/instance.ts';

/** An instance with what a body of it must be checked against. */
export type UploadedInstance = Instance & { studyInstanceUid: string; seriesInstanceUid: string };

/** File meta information and groups 0008 to 0020 come within this many bytes, or the part is refused. */
const MAX_HEAD = 16 * 1024 * 1024;
const FIRST_TRY = 4096;
/** First tag behind Series Instance UID. */
const BEHIND = '0020000F';

type Head = { transferSyntaxUid: string; dataOffset: number; dataset: Dataset; sopClassUid: string };

/**
 * Reads as much of `body` as tells what it is. The instance's body gives the data set from its first byte.
 * @throws DicomError `corrupt` for what is no DICOM instance or lacks a UID, and what `body` throws
 */
export async function readInstance(body: AsyncIterable<Buffer>): Promise<UploadedInstance> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    const { held, head } = await readHead(chunks);
    const { dataset, transferSyntaxUid } = head;
    const sopInstanceUid = uidOf(dataset, Tag.SOPInstanceUID, 'SOPInstanceUID');
    const studyInstanceUid = uidOf(dataset, Tag.StudyInstanceUID, 'StudyInstanceUID');
    const seriesInstanceUid = uidOf(dataset, Tag.SeriesInstanceUID, 'SeriesInstanceUID');
    const { sopClassUid } = head;
    const rest = passOn(held.subarray(head.dataOffset), chunks);
    const uids = { sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid };
    return { ...uids, transferSyntaxUid, body: rest };
  } catch (error) {
    await chunks.return?.();
    throw error;
  }
}

async function readHead(chunks: AsyncIterator<Buffer>): Promise<{ held: Buffer; head: Head }> {
  const parts: Buffer[] = [];
  let size = 0;
  for (let tryAt = FIRST_TRY; ; ) {
    const next = await chunks.next();
    if (next.done !== true) {
      parts.push(next.value);
      size += next.value.length;
    }
    const last = next.done === true || size >= MAX_HEAD;
    if (size < tryAt && !last) continue;
    const held = Buffer.concat(parts);
    try {
      const head = parseHead(held);
      // A head that ends between two elements looks like a short data set.
      if (head.reached || last) return { held, head: identified(head) };
    } catch (error) {
      if (!isIncomplete(error)) throw error;
      if (last) throw new DicomError('corrupt', 'the instance ends within its header', { field: 'body', cause: error });
    }
    tryAt = size * 2;
  }
}

type ParsedHead = Omit<Head, 'sopClassUid'> & { sopClassUid?: string; reached: boolean };

function parseHead(bytes: Buffer): ParsedHead {
  const { transferSyntaxUid, dataOffset, sopClassUid } = readFileMeta(bytes);
  const { dataset, stopped } = readElements(bytes.subarray(dataOffset), transferSyntaxUid, { until: BEHIND });
  const parsed = { transferSyntaxUid, dataOffset, dataset, reached: stopped !== undefined };
  return sopClassUid === undefined ? parsed : { ...parsed, sopClassUid };
}

/** The data set's own SOP Class UID goes before the one of the file meta information. */
function identified({ transferSyntaxUid, dataOffset, dataset, sopClassUid }: ParsedHead): Head {
  const own = dataset[Tag.SOPClassUID]?.Value?.[0];
  const named = typeof own === 'string' && own !== '' ? own : sopClassUid;
  if (named === undefined || !isUidShape(named)) throw missing('SOPClassUID');
  return { transferSyntaxUid, dataOffset, dataset, sopClassUid: named };
}

function uidOf(dataset: Dataset, tag: string, keyword: string): string {
  const value = dataset[tag]?.Value?.[0];
  if (typeof value !== 'string' || !isUidShape(value)) throw missing(keyword);
  return value;
}

function missing(keyword: string): DicomError {
  return new DicomError('corrupt', `the instance has no ${keyword}`, { field: keyword });
}

async function* passOn(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
