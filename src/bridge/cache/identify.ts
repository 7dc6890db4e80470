// Which study and series an arriving instance belongs to. C-STORE doesn't say: the head of the data set does.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { isIncomplete, readElements } from '../../dimse/data/reader.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { Instance } from '../../dimse/instance.ts';
import { type InstanceUids, isSameUid } from './membership.ts';

/** UIDs are those of the data set. `body` still gives the whole data set, the head included, each chunk valid until the next is asked for. */
export type IdentifiedInstance = Instance & InstanceUids;

/** Bytes within which the UIDs must come: (0020,000E) stands behind groups 0008 to 0018, that may hold long sequences. */
const MAX_HEAD = 16 << 20;

/** First tag behind SeriesInstanceUID. */
const BEHIND = '0020000F';

/** Throws 'corrupt' when the data set doesn't name its study and series; the body is then returned. */
export async function identify(instance: Instance): Promise<IdentifiedInstance> {
  const chunks = (instance.body.pieces?.() ?? instance.body)[Symbol.asyncIterator]();
  try {
    const { head, dataset } = await readHead(chunks, instance.transferSyntaxUid);
    const studyInstanceUid = uidOf(dataset, Tag.StudyInstanceUID, 'StudyInstanceUID');
    const seriesInstanceUid = uidOf(dataset, Tag.SeriesInstanceUID, 'SeriesInstanceUID');
    const sopInstanceUid = uidOf(dataset, Tag.SOPInstanceUID, 'SOPInstanceUID');
    if (!isSameUid(sopInstanceUid, instance.sopInstanceUid)) {
      throw new DicomError('corrupt', 'C-STORE: the data set has another SOPInstanceUID than the command (PS3.4 B.2)', {
        operation: 'C-STORE',
        field: 'SOPInstanceUID',
      });
    }
    return { ...instance, sopInstanceUid, studyInstanceUid, seriesInstanceUid, body: replay(head, chunks) };
  } catch (error) {
    await chunks.return?.().catch(() => undefined);
    throw error;
  }
}

async function readHead(chunks: AsyncIterator<Buffer>, syntax: string): Promise<{ head: Buffer[]; dataset: Dataset }> {
  const head: Buffer[] = [];
  let bytes = 0;
  for (let tryAt = 0; ; ) {
    const before = head.pop();
    if (before !== undefined) head.push(Buffer.from(before));
    const next = await chunks.next();
    if (next.done !== true) {
      head.push(next.value);
      bytes += next.value.length;
    }
    const last = next.done === true || bytes >= MAX_HEAD;
    if (bytes < tryAt && !last) continue;
    const [first = Buffer.alloc(0)] = head;
    const raw = head.length === 1 ? first : Buffer.concat(head);
    try {
      // Without `stopped` the head may just have ended between two elements.
      const { dataset, stopped } = readElements(raw, syntax, { until: BEHIND });
      if (stopped !== undefined || last) return { head, dataset };
    } catch (error) {
      if (last || !isIncomplete(error)) throw error;
    }
    tryAt = bytes * 2;
  }
}

function uidOf(dataset: Dataset, tag: string, keyword: string): string {
  const value = dataset[tag]?.Value?.[0];
  if (typeof value === 'string' && value !== '') return value;
  throw new DicomError('corrupt', `C-STORE: the data set has no ${keyword}`, { operation: 'C-STORE', field: keyword });
}

async function* replay(head: Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  try {
    for (const chunk of head) yield chunk;
    for (;;) {
      const next = await rest.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}
