// One operation of ours on an association: its request, its responses, and a way out that leaves the association clean.

import { type Command, type CommandName, isResponse, NO_DATA_SET, requestCommand } from './command.ts';
import type { Dataset } from './data/dataset.ts';
import { readDataset } from './data/reader.ts';
import { DicomError } from './errors.ts';
import type { Body, Message, Messages } from './message.ts';
import { describeStatus, statusOf } from './status.ts';
import type { Timeouts } from './timeouts.ts';
import { Channel } from './ul/channel.ts';
import type { Connection } from './ul/connection.ts';
import { waitFor } from './ul/deadline.ts';
import type { AcceptedContext } from './ul/negotiation.ts';

export type OperationOptions = { signal?: AbortSignal | undefined };

/** The dialogue that an operation is part of. */
type Surroundings = {
  readonly peer: string;
  readonly timeouts: Timeouts;
  readonly messages: Pick<Messages, 'send'>;
  readonly connection: Pick<Connection, 'isOpen'>;
  /** Breaks the association off. */
  fail(error: DicomError): void;
  /** The operation is over. */
  end(exchange: Exchange): void;
};

export class Exchange {
  /** Where the association puts what belongs to this operation. */
  readonly inbox = new Channel<Message>();
  readonly operation: CommandName;
  readonly context: AcceptedContext;
  readonly messageId: number;
  /** C-STORE requests of the peer belong to this operation (C-GET, PS3.4 C.4.3). */
  takesStores = false;
  readonly #dialogue: Surroundings;
  #answered = false;
  /** The peer has the whole request. */
  #isSent = false;

  constructor(dialogue: Surroundings, operation: CommandName, context: AcceptedContext, messageId: number) {
    this.#dialogue = dialogue;
    this.operation = operation;
    this.context = context;
    this.messageId = messageId;
  }

  /** «C-FIND to ORTHANC@host:104», for errors. */
  get doing(): string {
    return `${this.operation} to ${this.#dialogue.peer}`;
  }

  get detail(): { peer: string; operation: string } {
    return { peer: this.#dialogue.peer, operation: this.operation };
  }

  /** Sends the request. A response that comes before the data set is sent to its end cuts it short (D-8). */
  async request(
    elements: Partial<Command>,
    data: Buffer | AsyncIterable<Buffer> | undefined,
    options: OperationOptions,
  ): Promise<void> {
    const command = requestCommand(this.operation, { ...elements, messageId: this.messageId }, data !== undefined);
    const message = { contextId: this.context.id, command };
    await this.#dialogue.messages.send(message, data, { signal: options.signal, enough: () => this.inbox.ready });
    this.#isSent = true;
  }

  /** Answers a C-STORE request that belongs to this operation. */
  reply(contextId: number, command: Command): Promise<void> {
    return this.#dialogue.messages.send({ contextId, command });
  }

  /**
   * The next response, or request that belongs here. Silence of `timeouts.response` (or `ms`), if nothing `stirred` elsewhere
   * meanwhile, aborts the association and throws 'timeout'; a fired signal throws 'cancelled' and leaves the operation to finish().
   */
  async next(
    options: OperationOptions & { ms?: number; stirred?: (() => boolean) | undefined } = {},
  ): Promise<Message> {
    const ms = options.ms ?? this.#dialogue.timeouts.response;
    const wait = { doing: this.doing, awaited: 'response', ms, signal: options.signal, detail: this.detail };
    for (;;) {
      try {
        const message = await this.inbox.take(wait);
        if (message === undefined) throw new DicomError('aborted', `${this.doing}: association is over`, this.detail);
        return message;
      } catch (error) {
        const isSilence = error instanceof DicomError && error.kind === 'timeout';
        if (isSilence && options.stirred?.() === true && !this.inbox.closed) continue;
        if (isSilence) this.#dialogue.fail(error);
        throw error;
      }
    }
  }

  /** The data set of a response, of at most `limit` bytes. What is wrong with it is told with peer and operation. */
  async dataset(body: Body, limit: number): Promise<Dataset> {
    try {
      return readDataset(await body.gather(limit), this.context.transferSyntaxUid);
    } catch (error) {
      if (!(error instanceof DicomError) || error.peer !== undefined) throw error;
      const { kind, message, field } = error;
      throw new DicomError(kind, `${this.doing}: ${message}`, {
        ...this.detail,
        ...(field && { field }),
        cause: error,
      });
    }
  }

  /** Its final response has come: there is no other one. */
  get answered(): boolean {
    return this.#answered;
  }

  /** True once the response was taken, false when nobody takes it any more. */
  deliver(response: Message): boolean | Promise<boolean> {
    this.#answered = statusOf(this.operation, response.command.status ?? 0).category !== 'pending';
    return this.inbox.push(response);
  }

  /** DicomError('status') of a final response. */
  failed(command: Command, more = ''): DicomError {
    const status = command.status ?? 0;
    const message = `${this.doing}: status ${describeStatus(this.operation, status)}${more}`;
    return new DicomError('status', message, { ...this.detail, status });
  }

  /**
   * Ends the operation, whatever came of it. One that has no final response yet is cancelled by C-CANCEL and its responses
   * are let go for at most `timeouts.cancel`; when that fails the association is aborted, and at once where the peer has no
   * whole request: it would answer nothing.
   * @param unanswered a C-STORE request that still wants its answer
   */
  async finish(unanswered?: Message): Promise<void> {
    try {
      if (this.#isSent && !this.#answered && this.#dialogue.connection.isOpen) await this.#cancel(unanswered);
    } finally {
      this.end();
    }
  }

  /** Ends the operation; without a final response the association cannot go on. */
  end(): void {
    this.#dialogue.end(this);
    const message = `${this.doing}: given up before its final response`;
    if (!this.#answered) this.#dialogue.fail(new DicomError('aborted', message, this.detail));
    this.inbox.close();
  }

  async #cancel(unanswered: Message | undefined): Promise<void> {
    const { messageId: messageIdBeingRespondedTo, context } = this;
    const command = requestCommand('C-CANCEL', { messageIdBeingRespondedTo });
    const drain = async () => {
      await this.#dialogue.messages.send({ contextId: context.id, command });
      if (unanswered !== undefined) await this.#letGo(unanswered);
      while (!this.#answered) await this.#letGo(await this.next());
    };
    const ms = this.#dialogue.timeouts.cancel;
    try {
      await waitFor(drain(), { doing: this.doing, awaited: 'final response after C-CANCEL', ms, detail: this.detail });
    } catch (error) {
      // Too late or too long: end() aborts the association, and with it the drain.
      if (!(error instanceof DicomError)) throw error;
    }
  }

  /** What still comes after C-CANCEL: its data is dropped, a C-STORE is refused as out of resources. */
  async #letGo(message: Message): Promise<void> {
    await message.body?.discard();
    if (isResponse(message.command)) return;
    await this.reply(message.contextId, storeResponse(message.command, 0xa700));
  }
}

/** C-STORE-RSP (PS3.7 9.3.1.2). */
export function storeResponse(request: Command, status: number): Command {
  const { affectedSopClassUid, affectedSopInstanceUid, messageId, commandField } = request;
  return {
    ...(affectedSopClassUid !== undefined && { affectedSopClassUid }),
    commandField: commandField | 0x8000,
    ...(messageId !== undefined && { messageIdBeingRespondedTo: messageId }),
    commandDataSetType: NO_DATA_SET,
    status,
    ...(affectedSopInstanceUid !== undefined && { affectedSopInstanceUid }),
  };
}
