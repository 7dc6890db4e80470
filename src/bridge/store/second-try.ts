// Instances that a PACS failed to take while others were on their way to it, sent once more by themselves: there are archives
// that answer `Cxxx` to all but one of several at a time.

import type { Instance } from '../../dimse/instance.ts';
import type { Outcome } from './sender.ts';
import { REASONS } from './status.ts';

/** Bytes of one instance that are kept until it is answered; a larger one has one try. */
const MOST = 4 * 1024 * 1024;

type Send = (instance: Instance) => Promise<Outcome>;

/** Gives instances to `send`, up to `width` of them at a time as its user sees to. */
export class SecondTry {
  readonly #send: Send;
  readonly #most: number;
  /** How many the PACS can take at a time, as far as is known. */
  width: number;
  #starts = 0;
  readonly #firsts = new Set<Promise<Outcome>>();
  #seconds: Promise<unknown> = Promise.resolve();

  constructor(send: Send, width: number) {
    this.#send = send;
    this.#most = width;
    this.width = width;
  }

  /** The outcome of the first try, or where others were beside it and the PACS failed to process it, of a second one. */
  async send(instance: Instance): Promise<Outcome> {
    if (this.#most === 1) return this.#send(instance);
    const kept = new KeptBody(instance.body);
    const { outcome, isBeside } = await this.#first({ ...instance, body: kept.chunks() });
    const body = kept.again();
    if (!isBeside || body === undefined || !isOfProcessing(outcome)) return outcome;
    this.width = 1;
    const second = this.#seconds.then(() => this.#alone({ ...instance, body }));
    this.#seconds = second.catch(() => {});
    return second;
  }

  async #first(instance: Instance): Promise<{ outcome: Outcome; isBeside: boolean }> {
    const hasOthers = this.#firsts.size > 0;
    const start = ++this.#starts;
    const sending = this.#send(instance);
    this.#firsts.add(sending);
    try {
      const outcome = await sending;
      return { outcome, isBeside: hasOthers || start !== this.#starts };
    } finally {
      this.#firsts.delete(sending);
    }
  }

  async #alone(instance: Instance): Promise<Outcome> {
    await Promise.allSettled(this.#firsts);
    const outcome = await this.#send(instance);
    // It was the instance itself.
    if (isOfProcessing(outcome)) this.width = this.#most;
    return outcome;
  }
}

/** Processing failure, or cannot understand (PS3.7 C.5.16, PS3.4 B.2.3), in the words of the PACS. */
function isOfProcessing({ status, unavailable }: Outcome): boolean {
  if (unavailable || status === REASONS.syntaxRefused) return false;
  return status >> 12 === 0xc || status === REASONS.processing;
}

/** A body that can be read again when it has been read to its end, and was not too long to be kept. */
class KeptBody {
  readonly #body: AsyncIterable<Buffer>;
  #chunks: Buffer[] | undefined = [];
  #size = 0;
  #isWhole = false;

  constructor(body: AsyncIterable<Buffer>) {
    this.#body = body;
  }

  async *chunks(): AsyncGenerator<Buffer, void> {
    for await (const chunk of this.#body) {
      this.#size += chunk.length;
      if (this.#size > MOST) this.#chunks = undefined;
      this.#chunks?.push(chunk);
      yield chunk;
    }
    this.#isWhole = true;
  }

  again(): AsyncIterable<Buffer> | undefined {
    const chunks = this.#isWhole ? this.#chunks : undefined;
    return chunks && each(chunks);
  }
}

async function* each(chunks: readonly Buffer[]): AsyncGenerator<Buffer, void> {
  yield* chunks;
}
