// C-GET as SCP (PS3.7 9.1.3, PS3.4 C.4.3): sub-operations on the same association.

import { store } from '../scu/store.ts';
import { inAcceptedSyntax } from './accepted-syntax.ts';
import { datasetOf } from './identifier.ts';
import type { Request } from './request.ts';
import { performSubOperations } from './sub-operations.ts';

export async function performGet(request: Request): Promise<void> {
  const { message, dialogue, services, context } = request;
  const identifier = (await datasetOf(request)) ?? {};
  const sopClassUid = message.command.affectedSopClassUid ?? '';
  const retrieval = await services.get?.({ sopClassUid, identifier }, context);
  if (retrieval === undefined) return;
  await performSubOperations(request, retrieval, (instance) =>
    store(dialogue, inAcceptedSyntax(instance, dialogue), {}),
  );
}
