// The data set of a request, read in the transfer syntax of its presentation context.

import type { Dataset } from '../data/dataset.ts';
import { readDataset } from '../data/reader.ts';
import type { Request } from './request.ts';

/** Bounds identifiers, attribute lists and the like. */
const MAX_DATASET = 64 << 20;

/** Undefined when the request has none. Throws DicomError at bytes that are no data set. */
export async function datasetOf({ message, dialogue }: Request): Promise<Dataset | undefined> {
  const bytes = await message.body?.gather(MAX_DATASET);
  return bytes && readDataset(bytes, transferSyntaxOf({ message, dialogue }));
}

export const transferSyntaxOf = ({ message, dialogue }: Pick<Request, 'message' | 'dialogue'>): string =>
  dialogue.context(message.contextId)?.transferSyntaxUid ?? '';
