// The N-services as SCP (PS3.7 10.1).

import { type Command, responseCommand, serviceOf } from '../command.ts';
import { writeDataset } from '../data/writer.ts';
import type { NormalizedOperation, NormalizedOutcome } from '../scu/normalized.ts';
import { datasetOf, transferSyntaxOf } from './identifier.ts';
import type { Request } from './request.ts';
import type { NormalizedIndication } from './services.ts';

async function indicationOf(request: Request): Promise<NormalizedIndication> {
  const { message, dialogue } = request;
  const { command } = message;
  const sopInstanceUid = command.requestedSopInstanceUid ?? command.affectedSopInstanceUid;
  const typeId = command.actionTypeId ?? command.eventTypeId;
  const { attributeIdentifierList: attributes } = command;
  const dataset = await datasetOf(request);
  return {
    operation: serviceOf(command) as NormalizedOperation,
    sopClassUid: command.requestedSopClassUid ?? command.affectedSopClassUid ?? '',
    contextSopClassUid: dialogue.context(message.contextId)?.abstractSyntax ?? '',
    ...(sopInstanceUid !== undefined && { sopInstanceUid }),
    ...(typeId !== undefined && { typeId }),
    ...(attributes !== undefined && { attributes }),
    ...(dataset !== undefined && { dataset }),
  };
}

/** Action and event responses repeat the type, and every one names the instance (PS3.7 10.3). */
function elementsOf(command: Command, outcome: NormalizedOutcome): Partial<Command> {
  const sopInstanceUid = outcome.sopInstanceUid ?? command.requestedSopInstanceUid ?? command.affectedSopInstanceUid;
  const { actionTypeId, eventTypeId } = command;
  return {
    ...(sopInstanceUid !== undefined && { affectedSopInstanceUid: sopInstanceUid }),
    ...(actionTypeId !== undefined && { actionTypeId }),
    ...(eventTypeId !== undefined && { eventTypeId }),
    ...(outcome.comment !== undefined && { errorComment: outcome.comment.slice(0, 64) }),
    ...(outcome.attributes && { attributeIdentifierList: outcome.attributes }),
  };
}

export async function performNormalized(request: Request): Promise<void> {
  const { message, dialogue, services, context } = request;
  const outcome = await services.normalized?.(await indicationOf(request), context);
  if (outcome === undefined) return;
  const { contextId, command } = message;
  const data = outcome.dataset && writeDataset(outcome.dataset, transferSyntaxOf(request));
  const response = responseCommand(command, outcome.status, elementsOf(command, outcome), data !== undefined);
  await dialogue.messages.send({ contextId, command: response }, data);
}
