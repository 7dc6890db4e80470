// What a C-GET brings, on its way to the disk: while the last bytes of one instance are being written the next may come, so that
// the PACS waits for the wire and not for the disk.

import type { IdentifiedInstance } from '../cache/identify.ts';

/** Instances received and not yet written. Each holds in memory no more than what is gathered for one write. */
const MOST_UNDER_WAY = 4;

export class Intake {
  readonly #receive: (instance: IdentifiedInstance) => Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;

  constructor(receive: (instance: IdentifiedInstance) => Promise<void>) {
    this.#receive = receive;
  }

  /** Resolves when the body has been read to its end and there is room for another. Throws what this or an earlier one failed with. */
  async take(instance: IdentifiedInstance): Promise<void> {
    const drained = Promise.withResolvers<void>();
    const body = announcing(instance.body, drained.resolve);
    const received = this.#receive({ ...instance, body })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#underWay.delete(received));
    this.#underWay.add(received);
    await Promise.race([drained.promise, received]);
    if (this.#underWay.size >= MOST_UNDER_WAY) await Promise.race(this.#underWay);
    this.#check();
  }

  /** Resolves when all are written; throws what the first failure was. */
  async settle(): Promise<void> {
    await this.idle();
    this.#check();
  }

  /** Resolves when nothing is under way, whatever became of it. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** `chunks`, and a word when there are no more. */
async function* announcing(chunks: AsyncIterable<Buffer>, ended: () => void): AsyncGenerator<Buffer, void> {
  try {
    yield* chunks;
  } finally {
    ended();
  }
}
