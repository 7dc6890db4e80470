// A request of the peer while it is performed, and its answer: how an error of a service becomes a status.

import type { Association } from '../association.ts';
import { type Command, responseCommand } from '../command.ts';
import type { Dialogue } from '../dialogue.ts';
import { DicomError } from '../errors.ts';
import type { Message } from '../message.ts';
import type { Timeouts } from '../timeouts.ts';
import type { ProposedContext } from '../ul/negotiation.ts';
import type { ServiceContext, Services } from './services.ts';

/** Opens an association for sub-operations. */
export type Open = (options: {
  host: string;
  port: number;
  calledAeTitle: string;
  callingAeTitle: string;
  contexts: readonly ProposedContext[];
  timeouts: Timeouts;
  signal: AbortSignal;
}) => Promise<Association>;

/** A request under way, with all that performing it takes. */
export type Request = {
  message: Message;
  dialogue: Dialogue;
  services: Services;
  context: ServiceContext;
  open: Open;
};

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
