// C-FIND as SCP (PS3.7 9.1.2, PS3.4 C.4.1).

import { responseCommand } from '../command.ts';
import { writeDataset } from '../data/writer.ts';
import { datasetOf, transferSyntaxOf } from './identifier.ts';
import { type Request, respond } from './perform.ts';

const PENDING = 0xff00;
const CANCEL = 0xfe00;

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
    await dialogue.messages.send(pending, writeDataset(match, transferSyntaxUid));
  }
  await respond(request, context.signal.aborted ? CANCEL : 0x0000);
}
