// Requests of the peer → services: one row per command, and the one place where a service's error becomes a status.

import { associationOf } from '../association.ts';
import { type Command, type CommandName, responseCommand, serviceOf } from '../command.ts';
import type { Dialogue, Perform } from '../dialogue.ts';
import { DicomError } from '../errors.ts';
import type { Message } from '../message.ts';
import { performFind } from './find.ts';
import { performGet } from './get.ts';
import { performMove } from './move.ts';
import { performNormalized } from './normalized.ts';
import type { ServiceContext, Services } from './services.ts';
import { performEcho, performStore } from './store.ts';

/** A request under way, with all that performing it takes. */
export type Request = { message: Message; dialogue: Dialogue; services: Services; context: ServiceContext };

/** Sends the final response. */
export type Performer = (request: Request) => Promise<void>;

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

/** The status that answers an error of a service (the kinds of errors.ts; PS3.7 Annex C). */
const STATUS_OF_KIND: Readonly<Partial<Record<DicomError['kind'], number>>> = {
  malformed: 0xa900,
  cancelled: 0xfe00,
  busy: 0xa700,
  'too-large': 0xa700,
  'not-found': 0x0112,
  'unsupported-media': 0xc122,
};

export function statusOfError(error: unknown): number {
  if (!(error instanceof DicomError)) return 0x0110;
  return error.status ?? STATUS_OF_KIND[error.kind] ?? 0x0110;
}

/** Error Comment (0000,0902): LO, at most 64 characters; only what a DicomError says, which names no patient. */
export function commentOf(error: unknown): { errorComment?: string } {
  return error instanceof DicomError ? { errorComment: error.message.replace(/[^ -[\]-~]/g, '').slice(0, 64) } : {};
}

export function respond({ message, dialogue }: Request, status: number, more: Partial<Command> = {}): Promise<void> {
  return dialogue.messages.send({
    contextId: message.contextId,
    command: responseCommand(message.command, status, more),
  });
}

/** Performs requests by `services`. An error before the final response is answered with its status. */
export function performer(services: Services, titles: { calling: string; called: string }): Perform {
  return async (message, dialogue, signal) => {
    const context = { ...titles, peer: dialogue.peer, signal, association: associationOf(dialogue) };
    const request = { message, dialogue, services, context };
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
