// C-FIND as SCP (PS3.7 9.1.2, PS3.4 C.4.1).

import { responseCommand } from '../command.ts';
import type { Dataset } from '../data/dataset.ts';
import { writeDataset } from '../data/writer.ts';
import { DicomError } from '../errors.ts';
import { datasetOf, transferSyntaxOf } from './identifier.ts';
import { type Request, respond } from './request.ts';

const PENDING = 0xff00;
const CANCEL = 0xfe00;

/** A presentation data value has at least one byte of data (PS3.8 E.1): a match without elements cannot be sent. */
function encodeMatch(match: Dataset, transferSyntaxUid: string): Buffer {
  if (Object.keys(match).length > 0) return writeDataset(match, transferSyntaxUid);
  throw new DicomError('protocol', 'C-FIND: a match without elements', { operation: 'C-FIND', field: 'identifier' });
}

/** One pending response per Dataset of the service, as fast as the peer reads; FE00 after C-CANCEL, else 0000. */
export async function performFind(request: Request): Promise<void> {
  const { message, dialogue, services, context } = request;
  const { contextId, command } = message;
  const identifier = (await datasetOf(request)) ?? {};
  const transferSyntaxUid = transferSyntaxOf(request);
  const matches = services.find?.({ sopClassUid: command.affectedSopClassUid ?? '', identifier }, context) ?? [];
  for await (const match of matches) {
    if (context.signal.aborted) break;
    const pending = { contextId, command: responseCommand(command, PENDING, {}, true) };
    await dialogue.messages.send(pending, encodeMatch(match, transferSyntaxUid));
  }
  await respond(request, context.signal.aborted ? CANCEL : 0x0000);
}
