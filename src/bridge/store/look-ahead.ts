// A body that is read before anybody can take it, up to a limit: the client sends on while the PACS still thinks.

/** Bytes that one upload may have in memory so. */
const MOST = 4 * 1024 * 1024;

/** Holds the beginning of `body`. */
export class LookAhead {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer[] = [];
  #size = 0;
  #isOver = false;
  /** A read that is under way. */
  #reading: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  constructor(body: AsyncIterable<Buffer>) {
    this.#source = body[Symbol.asyncIterator]();
  }

  /** There may be more, and room for it. */
  get wants(): boolean {
    return !this.#isOver && this.#size < MOST;
  }

  /** Resolves when a chunk more is held, or none is left; never rejects: `all` tells what went wrong. */
  more(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const { done, value } = await this.#source.next();
      if (done === true) this.#isOver = true;
      else {
        this.#held.push(value);
        this.#size += value.length;
      }
    } catch (error) {
      this.#isOver = true;
      this.#failure = { error };
    }
  }

  /** The whole body: what is held, then what still comes. */
  async *all(): AsyncGenerator<Buffer, void> {
    try {
      for (;;) {
        const held = this.#held;
        this.#held = [];
        yield* held;
        if (this.#isOver) break;
        await this.more();
      }
      if (this.#failure !== undefined) throw this.#failure.error;
    } finally {
      if (!this.#isOver) await this.#source.return?.();
    }
  }
}
