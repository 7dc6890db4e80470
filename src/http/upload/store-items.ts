// From the parts of an upload to what the gateway stores, one at a time: each instance is passed on while it still arrives,
// and a part that is none becomes a failure of its own (PS3.18 10.5.3, Table I.1-1).

import type { StoreItem } from '../../bridge/gateway.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { MediaType } from '../media-type.ts';
import { readInstance } from './dicom-part.ts';

/** What a part of an upload is, where it says it is, and its bytes. */
export type UploadPart = { type: MediaType; location?: string; body: AsyncIterable<Buffer> };

/** Failure reason (PS3.18 I.2.2): cannot understand. */
export const CANNOT_UNDERSTAND = 0xc000;

/** The items of an upload of PS3.10 instances. @throws DicomError `malformed` when it has no part, and what `parts` throws */
export async function* dicomItems(parts: AsyncIterable<UploadPart>): AsyncGenerator<StoreItem, void, undefined> {
  let count = 0;
  for await (const part of parts) {
    count++;
    yield await itemOf(part);
  }
  if (count === 0) throw new DicomError('malformed', 'the request has no part', { field: 'body' });
}

async function itemOf({ type, body }: UploadPart): Promise<StoreItem> {
  if (type.type !== 'application/dicom' && type.type !== 'application/octet-stream') {
    return { failure: CANNOT_UNDERSTAND };
  }
  try {
    return await readInstance(body);
  } catch (error) {
    // No DICOM, or without the UIDs that a row of its own would need.
    if (error instanceof DicomError && error.kind === 'corrupt') return { failure: CANNOT_UNDERSTAND };
    throw error;
  }
}
