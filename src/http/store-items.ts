// From the parts of an upload to what the gateway stores, one at a time: each instance is passed on while it still arrives,
// and a part that is none becomes a failure of its own (PS3.18 10.5.3, Table I.1-1).

import type { StoreItem } from '../bridge/gateway.ts';
import { DicomError } from '../dimse/errors.ts';
import { readInstance } from './dicom-part.ts';

/** What a part of an upload is, and its bytes. */
export type UploadPart = { mediaType: string; body: AsyncIterable<Buffer> };

/** Failure reasons (PS3.18 I.2.2). */
const CANNOT_UNDERSTAND = 0xc000;
const STUDY_DIFFERS = 0xa900;

/** Why the upload itself ended early, told when nothing else has been stored. */
export type Upload = { items: AsyncIterable<StoreItem>; broken(): DicomError | undefined };

/** The items of an upload of PS3.10 instances; `study` is the one that all of them must belong to. */
export function dicomItems(parts: AsyncIterable<UploadPart>, study: string | undefined): Upload {
  let broken: DicomError | undefined;
  async function* items(): AsyncGenerator<StoreItem, void, undefined> {
    let count = 0;
    try {
      for await (const part of parts) {
        count++;
        yield await itemOf(part, study);
      }
    } catch (error) {
      if (!isOfUpload(error)) throw error;
      broken = error;
      // What was stored before stays stored (10.5.3): the answer must tell both.
      if (count > 0) yield { failure: CANNOT_UNDERSTAND };
    }
    if (count === 0 && broken === undefined) {
      broken = new DicomError('malformed', 'the request has no part', { field: 'body' });
    }
  }
  return { items: items(), broken: () => broken };
}

/** Whether the body as a whole is at fault, not one instance within it. */
function isOfUpload(error: unknown): error is DicomError {
  return error instanceof DicomError && (error.kind === 'malformed' || error.kind === 'too-large');
}

async function itemOf({ mediaType, body }: UploadPart, study: string | undefined): Promise<StoreItem> {
  if (mediaType !== 'application/dicom' && mediaType !== 'application/octet-stream') {
    return { failure: CANNOT_UNDERSTAND };
  }
  try {
    const instance = await readInstance(body);
    if (study === undefined || instance.studyInstanceUid === study) return instance;
    const { sopClassUid, sopInstanceUid } = instance;
    return { failure: STUDY_DIFFERS, sopClassUid, sopInstanceUid };
  } catch (error) {
    // No DICOM, or without the UIDs that a row of its own would need.
    if (error instanceof DicomError && error.kind === 'corrupt') return { failure: CANNOT_UNDERSTAND };
    throw error;
  }
}
