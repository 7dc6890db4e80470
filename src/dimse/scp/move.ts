// C-MOVE as SCP (PS3.7 9.1.4, PS3.4 C.4.2): sub-operations on associations of our own to the destination.

import type { Association } from '../association.ts';
import { DicomError } from '../errors.ts';
import type { Instance } from '../instance.ts';
import type { StoreOutcome } from '../scu/store.ts';
import type { ProposedContext } from '../ul/negotiation.ts';
import { datasetOf } from './identifier.ts';
import type { Request } from './request.ts';
import type { Destination } from './services.ts';
import { performSubOperations } from './sub-operations.ts';

/** An association to the destination that is opened when first needed, and again when an instance needs another context. */
class Delivery {
  readonly #to: Destination;
  readonly #request: Request;
  #contexts: ProposedContext[];
  #association: Association | undefined;

  constructor(to: Destination, request: Request, contexts: readonly ProposedContext[]) {
    this.#to = to;
    this.#request = request;
    this.#contexts = [...contexts];
  }

  async store(instance: Instance): Promise<StoreOutcome> {
    const { context, message } = this.#request;
    const association = await this.#associationFor(instance);
    const moveOriginator = { aeTitle: context.calling, messageId: message.command.messageId ?? 0 };
    return association.store(instance, { signal: context.signal, moveOriginator });
  }

  async close(): Promise<void> {
    await this.#association?.release();
  }

  async #associationFor({ sopClassUid, transferSyntaxUid }: Instance): Promise<Association> {
    const proposed = this.#contexts.some(
      (each) => each.abstractSyntax === sopClassUid && each.transferSyntaxes.includes(transferSyntaxUid),
    );
    if (!proposed) {
      this.#contexts = [
        ...this.#contexts.slice(-127),
        { abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntaxUid] },
      ];
      await this.close();
      this.#association = undefined;
    }
    this.#association ??= await this.#open();
    return this.#association;
  }

  #open(): Promise<Association> {
    const { context, dialogue, open } = this.#request;
    return open({
      host: this.#to.host,
      port: this.#to.port,
      calledAeTitle: this.#to.aeTitle,
      callingAeTitle: context.called,
      contexts: this.#contexts,
      timeouts: dialogue.timeouts,
      signal: context.signal,
    });
  }
}

export async function performMove(request: Request): Promise<void> {
  const { message, services, context } = request;
  const identifier = (await datasetOf(request)) ?? {};
  const { affectedSopClassUid: sopClassUid = '', moveDestination: destination = '' } = message.command;
  const retrieval = await services.move?.({ sopClassUid, identifier, destination }, context);
  if (retrieval === undefined) return;
  const delivery = new Delivery(retrieval.to, request, retrieval.contexts ?? []);
  try {
    await performSubOperations(request, retrieval, (instance) => delivery.store(instance));
  } catch (error) {
    // An association of the sub-operations that broke is this operation's failure, not a fault of the asking peer.
    if (error instanceof DicomError && request.dialogue.connection.isOpen && error.kind !== 'status') {
      const status = 0xa702;
      throw new DicomError('status', `C-STORE to ${retrieval.to.aeTitle}: ${error.kind}`, { status, cause: error });
    }
    throw error;
  } finally {
    await delivery.close();
  }
}
