// The identifier of a C-FIND, C-GET or C-MOVE on its way out.

import type { CommandName } from '../command.ts';
import type { Dataset } from '../data/dataset.ts';
import { writeDataset } from '../data/writer.ts';
import type { Dialogue } from '../dialogue.ts';
import { DicomError } from '../errors.ts';
import type { AcceptedContext } from '../ul/negotiation.ts';

/**
 * The identifier in the context's transfer syntax. Throws 'malformed' for one without elements: it would have to go out as
 * a presentation data value without data, and those have at least one byte of it (PS3.8 E.1).
 */
export function encodeIdentifier(
  { peer }: Dialogue,
  operation: CommandName,
  { transferSyntaxUid }: AcceptedContext,
  { identifier, charset }: { identifier: Dataset; charset?: string },
): Buffer {
  const data = writeDataset(identifier, transferSyntaxUid, charset === undefined ? {} : { charset });
  if (data.length > 0 && Object.keys(identifier).length > 0) return data;
  const message = `${operation} to ${peer}: the identifier has no elements`;
  throw new DicomError('malformed', message, { peer, operation, field: 'identifier' });
}
