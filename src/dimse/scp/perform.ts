// Requests of the peer → services: one row per command.

import { associationOf } from '../association.ts';
import { type CommandName, serviceOf } from '../command.ts';
import type { Perform } from '../dialogue.ts';
import { performFind } from './find.ts';
import { performGet } from './get.ts';
import { performMove } from './move.ts';
import { performNormalized } from './normalized.ts';
import { commentOf, type Open, type Request, respond, statusOfError } from './request.ts';
import type { Services } from './services.ts';
import { performEcho, performStore } from './store.ts';

/** Sends the final response. */
type Performer = (request: Request) => Promise<void>;

const PERFORMERS: Readonly<Record<Exclude<CommandName, 'C-CANCEL'>, readonly [service: keyof Services, Performer]>> = {
  'C-ECHO': ['echo', performEcho],
  'C-STORE': ['store', performStore],
  'C-FIND': ['find', performFind],
  'C-GET': ['get', performGet],
  'C-MOVE': ['move', performMove],
  'N-EVENT-REPORT': ['normalized', performNormalized],
  'N-GET': ['normalized', performNormalized],
  'N-SET': ['normalized', performNormalized],
  'N-ACTION': ['normalized', performNormalized],
  'N-CREATE': ['normalized', performNormalized],
  'N-DELETE': ['normalized', performNormalized],
};

const SOP_CLASS_NOT_SUPPORTED = 0x0122;
const UNRECOGNIZED_OPERATION = 0x0211;

/**
 * Performs requests by `services`; C-MOVE sends on associations that `open` opens. An error before the final response is
 * answered with its status.
 */
export function performer(services: Services, open: Open, titles: { calling: string; called: string }): Perform {
  return async (message, dialogue, signal) => {
    const context = { ...titles, peer: dialogue.peer, signal, association: associationOf(dialogue) };
    const request: Request = { message, dialogue, services, context, open };
    const name = serviceOf(message.command);
    const row = name === undefined || name === 'C-CANCEL' ? undefined : PERFORMERS[name];
    if (row === undefined || (services[row[0]] === undefined && name !== 'C-ECHO')) {
      await message.body?.discard();
      await respond(request, row === undefined ? UNRECOGNIZED_OPERATION : SOP_CLASS_NOT_SUPPORTED);
      return;
    }
    try {
      await row[1](request);
    } catch (error) {
      if (!dialogue.connection.isOpen) return;
      await message.body?.discard();
      await respond(request, statusOfError(error), commentOf(error));
    }
  };
}
