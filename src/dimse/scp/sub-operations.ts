// The sub-operations of C-GET and C-MOVE as SCP: one C-STORE after the other, counted (PS3.4 C.4.2.1.6, C.4.3.1.4).

import { type Command, responseCommand } from '../command.ts';
import { writeDataset } from '../data/writer.ts';
import { DicomError } from '../errors.ts';
import type { Instance } from '../instance.ts';
import type { StoreOutcome } from '../scu/store.ts';
import { statusOf } from '../status.ts';
import { transferSyntaxOf } from './identifier.ts';
import type { Request } from './request.ts';
import type { Retrieval } from './services.ts';

const PENDING = 0xff00;
const CANCEL = 0xfe00;
/** Some failed or had warnings; all failed (PS3.4 Tables C.4-2 and C.4-3). */
const WARNING = 0xb000;
const ALL_FAILED = 0xa702;

type Counts = { total: number; completed: number; warning: number; failed: string[] };

const remaining = ({ total, completed, warning, failed }: Counts) =>
  Math.max(0, total - completed - warning - failed.length);

/** Final responses have no «remaining»; that of a cancelled one may (PS3.4 C.4.2.1.6). */
const elementsOf = (counts: Counts, withRemaining: boolean): Partial<Command> => ({
  ...(withRemaining && { numberOfRemainingSuboperations: Math.min(0xffff, remaining(counts)) }),
  numberOfCompletedSuboperations: Math.min(0xffff, counts.completed),
  numberOfFailedSuboperations: Math.min(0xffff, counts.failed.length),
  numberOfWarningSuboperations: Math.min(0xffff, counts.warning),
});

async function letGo(instance: Instance): Promise<void> {
  await instance.body[Symbol.asyncIterator]().return?.();
}

/** True: stored, 'warning', or false. A missing context is a failed sub-operation (D-22), a broken association is not. */
async function performOne(instance: Instance, store: (instance: Instance) => Promise<StoreOutcome>) {
  try {
    const { status } = await store(instance);
    return statusOf('C-STORE', status).category;
  } catch (error) {
    if (!(error instanceof DicomError) || error.kind !== 'no-context') throw error;
    await letGo(instance);
    return 'failure';
  }
}

/** Stores every instance with `store`, tells the peer after each, and sends the final response. */
export async function performSubOperations(
  request: Request,
  { total, instances }: Retrieval,
  store: (instance: Instance) => Promise<StoreOutcome>,
): Promise<void> {
  const { message, dialogue, context } = request;
  const counts: Counts = { total, completed: 0, warning: 0, failed: [] };
  const { contextId, command } = message;
  for await (const instance of instances) {
    if (context.signal.aborted) {
      await letGo(instance);
      break;
    }
    const category = await performOne(instance, store);
    if (category === 'success') counts.completed += 1;
    else if (category === 'warning') counts.warning += 1;
    else counts.failed.push(instance.sopInstanceUid);
    if (remaining(counts) === 0) continue;
    const pending = responseCommand(command, PENDING, elementsOf(counts, true));
    await dialogue.messages.send({ contextId, command: pending });
  }
  await sendFinal(request, counts, context.signal.aborted);
}

async function sendFinal(request: Request, counts: Counts, cancelled: boolean): Promise<void> {
  const { message, dialogue } = request;
  const { failed, completed, warning } = counts;
  const outcome = failed.length === 0 && warning === 0 ? 0x0000 : completed + warning === 0 ? ALL_FAILED : WARNING;
  const status = cancelled ? CANCEL : outcome;
  // Failed SOP Instance UID List: with every final status but success, and never empty; no Specific Character Set.
  const list = failed.length > 0 ? { '00080058': { vr: 'UI' as const, Value: failed } } : undefined;
  const command = responseCommand(message.command, status, elementsOf(counts, cancelled), list !== undefined);
  const data = list && writeDataset(list, transferSyntaxOf(request));
  await dialogue.messages.send({ contextId: message.contextId, command }, data);
}
