// The N-services as SCU (PS3.7 10.1): N-CREATE, N-SET, N-GET, N-ACTION, N-DELETE, N-EVENT-REPORT.

import type { Command } from '../command.ts';
import type { Dataset } from '../data/dataset.ts';
import { writeDataset } from '../data/writer.ts';
import type { Dialogue } from '../dialogue.ts';
import type { OperationOptions } from '../exchange.ts';
import { contextFor } from './context.ts';

export type NormalizedOperation = 'N-CREATE' | 'N-SET' | 'N-GET' | 'N-ACTION' | 'N-DELETE' | 'N-EVENT-REPORT';

/** A request on one SOP instance, the same for all six operations; each uses the fields that its service has. */
export type NormalizedRequest = {
  operation: NormalizedOperation;
  sopClassUid: string;
  /** Absent only in an N-CREATE that leaves the UID to the SCP. */
  sopInstanceUid?: string;
  /** Attribute list, modification list, action or event information. */
  dataset?: Dataset;
  /** Action Type ID or Event Type ID. */
  typeId?: number;
  /** N-GET: the attributes wanted, eight hex digits each; absent = all. */
  attributes?: readonly string[];
  /** SOP class negotiated, where it is a meta SOP class or, as for UPS, not the one of the instance. */
  contextSopClassUid?: string;
};

export type NormalizedOutcome = {
  status: number;
  comment?: string;
  /** The instance created, or acted upon. */
  sopInstanceUid?: string;
  dataset?: Dataset;
  /** What a status is about, where the peer says (PS3.7 Annex C). */
  attributes?: string[];
};

/** Operations that name the instance as Affected; the others as Requested (T-64). */
const AFFECTED: ReadonlySet<NormalizedOperation> = new Set(['N-CREATE', 'N-EVENT-REPORT']);
const MAX_DATASET = 64 << 20;

function elementsOf(request: NormalizedRequest): Partial<Command> {
  const { operation, sopClassUid, sopInstanceUid, typeId, attributes } = request;
  return {
    ...(AFFECTED.has(operation) ? { affectedSopClassUid: sopClassUid } : { requestedSopClassUid: sopClassUid }),
    ...(sopInstanceUid !== undefined &&
      (AFFECTED.has(operation)
        ? { affectedSopInstanceUid: sopInstanceUid }
        : { requestedSopInstanceUid: sopInstanceUid })),
    ...(typeId !== undefined && (operation === 'N-ACTION' ? { actionTypeId: typeId } : { eventTypeId: typeId })),
    ...(attributes !== undefined && { attributeIdentifierList: [...attributes] }),
  };
}

/** Performs one N-operation on the peer; every status is returned. Throws 'no-context' or what broke the association. */
export async function normalized(
  dialogue: Dialogue,
  request: NormalizedRequest,
  options: OperationOptions,
): Promise<NormalizedOutcome> {
  const context = contextFor(dialogue, request.operation, request.contextSopClassUid ?? request.sopClassUid);
  const data = request.dataset && writeDataset(request.dataset, context.transferSyntaxUid);
  const exchange = dialogue.begin(request.operation, context);
  try {
    await exchange.request(elementsOf(request), data, options);
    const { command, body } = await exchange.next(options);
    const answered = body && (await exchange.dataset(body, MAX_DATASET));
    const { status = 0, errorComment, affectedSopInstanceUid, attributeIdentifierList } = command;
    return {
      status,
      ...(errorComment !== undefined && { comment: errorComment }),
      ...(affectedSopInstanceUid !== undefined && { sopInstanceUid: affectedSopInstanceUid }),
      ...(answered && { dataset: answered }),
      ...(attributeIdentifierList && { attributes: attributeIdentifierList }),
    };
  } finally {
    exchange.end();
  }
}
