// C-STORE and C-ECHO as SCP (PS3.7 9.1.1, 9.1.5).

import { instanceOf } from '../scu/get.ts';
import { commentOf, type Request, respond, statusOfError } from './request.ts';

export async function performEcho(request: Request): Promise<void> {
  await respond(request, (await request.services.echo?.(request.context)) ?? 0x0000);
}

/** The response echoes SOP class and instance; the rest of a body that the service left unread is let go first. */
export async function performStore(request: Request): Promise<void> {
  const { message, dialogue, services, context } = request;
  const { affectedSopInstanceUid } = message.command;
  const echoed = affectedSopInstanceUid === undefined ? {} : { affectedSopInstanceUid };
  try {
    const status = (await services.store?.(instanceOf(message, dialogue), context)) ?? 0x0122;
    await message.body?.discard();
    await respond(request, status, echoed);
  } catch (error) {
    if (!dialogue.connection.isOpen) throw error;
    await message.body?.discard();
    await respond(request, statusOfError(error), { ...echoed, ...commentOf(error) });
  }
}
