// One association's conversation: responses go to the operation that waits for them, requests to whoever performs them.
// Asynchronous operations window 1/1: at most one operation of ours and one of the peer at a time (PS3.7 D.3.3.3).

import { type CommandName, checkRequired, isResponse, nameOf, serviceOf } from './command.ts';
import { DicomError } from './errors.ts';
import { Exchange } from './exchange.ts';
import { type Message, Messages } from './message.ts';
import type { Timeouts } from './timeouts.ts';
import type { Connection } from './ul/connection.ts';
import type { AcceptedContext, Agreement } from './ul/negotiation.ts';

/** Performs one request of the peer, up to its final response; the signal fires at C-CANCEL and when the association ends. */
export type Perform = (message: Message, dialogue: Dialogue, signal: AbortSignal) => Promise<void>;

export type DialogueOptions = {
  role: 'requestor' | 'acceptor';
  timeouts: Timeouts;
  perform: Perform;
};

type Performing = { messageId: number | undefined; controller: AbortController; done: Promise<void> };

export class Dialogue {
  readonly connection: Connection;
  readonly agreement: Agreement;
  readonly messages: Messages;
  readonly timeouts: Timeouts;
  readonly role: 'requestor' | 'acceptor';
  readonly #perform: Perform;
  #exchange: Exchange | undefined;
  #performing: Performing | undefined;
  #lastMessageId = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(connection: Connection, agreement: Agreement, options: DialogueOptions) {
    this.connection = connection;
    this.agreement = agreement;
    this.role = options.role;
    this.timeouts = options.timeouts;
    this.#perform = options.perform;
    this.messages = new Messages(connection, {
      peerMaximumLength: agreement.maximumLength,
      silence: options.timeouts.response,
    });
    void this.#run();
  }

  get peer(): string {
    return this.connection.peer;
  }

  /** Nothing of ours and nothing of the peer is under way. */
  get idle(): boolean {
    return this.#exchange === undefined && this.#performing === undefined;
  }

  context(id: number): AcceptedContext | undefined {
    return this.agreement.contexts.find((context) => context.id === id);
  }

  /** Our role for a context: roles are negotiated from the requestor's side (PS3.7 D.3.3.4). */
  mayInvoke(context: AcceptedContext): boolean {
    return this.role === 'requestor' ? context.roles.scu : context.roles.scp;
  }

  /** Starts an operation of ours. Throws 'busy' while another one is under way, or what ended the association. */
  begin(operation: CommandName, context: AcceptedContext): Exchange {
    const detail = { peer: this.peer, operation };
    if (!this.connection.isOpen) {
      throw (
        this.connection.failure ??
        new DicomError('aborted', `${operation} to ${this.peer}: association is over`, detail)
      );
    }
    if (this.#exchange !== undefined) {
      throw new DicomError(
        'busy',
        `${operation} to ${this.peer}: an operation is under way on this association`,
        detail,
      );
    }
    this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1;
    this.#exchange = new Exchange(this, operation, context, this.#lastMessageId);
    return this.#exchange;
  }

  /** The exchange is over; called by itself. */
  end(exchange: Exchange): void {
    if (this.#exchange === exchange) this.#exchange = undefined;
    this.#armIdle();
  }

  /** Breaks the association off: all who wait on it are thrown `error`. */
  fail(error: DicomError): void {
    this.connection.abort(error);
    this.#over(error);
  }

  #over(error: DicomError): void {
    clearTimeout(this.#idle);
    this.#exchange?.inbox.close(error);
    this.#performing?.controller.abort(error);
  }

  async #run(): Promise<void> {
    try {
      this.#armIdle();
      for (let message = await this.messages.next(); message !== undefined; message = await this.messages.next()) {
        clearTimeout(this.#idle);
        const dealtWith = this.#dispatch(message);
        if (dealtWith !== undefined) await dealtWith;
      }
      const { peer } = this;
      this.#over(new DicomError('aborted', `association with ${peer} was released by the peer`, { peer }));
    } catch (error) {
      this.fail(this.#named(error));
    }
  }

  /** The error with the peer in it. */
  #named(error: unknown): DicomError {
    const { peer } = this;
    if (!(error instanceof DicomError)) {
      return new DicomError('aborted', `association with ${peer}: internal error`, { peer, cause: error });
    }
    if (error.peer !== undefined) return error;
    const { kind, message, operation, field } = error;
    const detail = { peer, cause: error, ...(operation && { operation }), ...(field && { field }) };
    return new DicomError(kind, `association with ${peer}: ${message}`, detail);
  }

  /** Undefined when it was taken at once. */
  #dispatch(message: Message): Promise<void> | undefined {
    const { command } = message;
    if (this.context(message.contextId) === undefined) {
      throw this.#violation(
        `${nameOf(command)} in a presentation context that was not accepted`,
        'presentation-context-id',
      );
    }
    checkRequired(command);
    if (isResponse(command)) return this.#deliver(message);
    const service = serviceOf(command);
    if (service === 'C-CANCEL') return this.#cancel(command.messageIdBeingRespondedTo);
    if (service === 'C-STORE' && this.#exchange?.takesStores === true)
      return handed(message, this.#exchange.inbox.push(message));
    return this.#serve(message);
  }

  #deliver(message: Message): Promise<void> | undefined {
    const { command } = message;
    const exchange = this.#exchange;
    const known = exchange !== undefined && exchange.messageId === command.messageIdBeingRespondedTo;
    if (!known || exchange.answered) {
      throw this.#violation(`${nameOf(command)} to a message that nobody sent`, 'messageIdBeingRespondedTo');
    }
    if (serviceOf(command) !== exchange.operation) {
      throw this.#violation(`${nameOf(command)} to a ${exchange.operation}-RQ`, 'commandField');
    }
    return handed(message, exchange.deliver(message));
  }

  #cancel(messageId: number | undefined): undefined {
    const performing = this.#performing;
    if (performing === undefined || performing.messageId !== messageId) return;
    performing.controller.abort(new DicomError('cancelled', `cancelled by ${this.peer}`, { peer: this.peer }));
  }

  /** Requests are performed one by one; the next message is read meanwhile, so that C-CANCEL and responses get through. */
  async #serve(message: Message): Promise<void> {
    await this.#performing?.done;
    const controller = new AbortController();
    const performing: Performing = { messageId: message.command.messageId, controller, done: Promise.resolve() };
    this.#performing = performing;
    performing.done = this.#performOne(message, controller.signal);
  }

  async #performOne(message: Message, signal: AbortSignal): Promise<void> {
    try {
      await this.#perform(message, this, signal);
      await message.body?.discard();
    } catch (error) {
      this.fail(this.#named(error));
    } finally {
      this.#performing = undefined;
      this.#armIdle();
    }
  }

  #armIdle(): void {
    clearTimeout(this.#idle);
    if (this.role !== 'acceptor' || !this.idle || !this.connection.isOpen) return;
    const { peer } = this;
    const seconds = this.timeouts.idle / 1000;
    this.#idle = setTimeout(
      () => this.fail(new DicomError('timeout', `association with ${peer}: nothing asked for ${seconds} s`, { peer })),
      this.timeouts.idle,
    );
  }

  #violation(message: string, field: string): DicomError {
    return new DicomError('protocol', `association with ${this.peer}: ${message}`, { peer: this.peer, field });
  }
}

/** Who was handed a message reads its data set; when nobody took it, it is let go here. */
function handed(message: Message, taken: boolean | Promise<boolean>): Promise<void> | undefined {
  if (taken === true) return undefined;
  return Promise.resolve(taken).then((came) => (came ? undefined : message.body?.discard()));
}
