// Turns at the disk: at most so many at once, in the order of asking. A disk that hangs keeps the turns that it has, and no more:
// nobody waits for them.

import { diskHangs, inTime } from './patience.ts';

/** One operation of the disk: its result, or 'busy' when it takes too long. */
export type Step = <T>(operation: Promise<T>) => Promise<T>;

type Waiting = { begin(): void; giveUp(error: unknown): void };

export class Turns {
  readonly #atOnce: number;
  readonly #waiting = new Set<Waiting>();
  #taken = 0;
  /** Turns whose operation has taken too long already. */
  #late = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Runs `work` when it is its turn, which lasts until its last step has ended. Throws 'busy' while the disk hangs. */
  async take(work: (step: Step) => Promise<void>): Promise<void> {
    await this.#turn();
    let last: Promise<unknown> = Promise.resolve();
    const step: Step = (operation) => {
      last = operation;
      return inTime(operation, { onLate: () => this.#miss(operation) });
    };
    try {
      await work(step);
    } finally {
      const pass = () => this.#pass();
      last.then(pass, pass);
    }
  }

  async #turn(): Promise<void> {
    if (this.#late >= this.#atOnce) throw diskHangs();
    if (this.#taken < this.#atOnce) {
      this.#taken += 1;
      return;
    }
    const { promise, resolve: begin, reject: giveUp } = Promise.withResolvers<void>();
    this.#waiting.add({ begin, giveUp });
    await promise;
  }

  #miss(operation: Promise<unknown>): void {
    this.#late += 1;
    const end = () => {
      this.#late -= 1;
    };
    operation.then(end, end);
    if (this.#late < this.#atOnce) return;
    for (const { giveUp } of this.#waiting) giveUp(diskHangs());
    this.#waiting.clear();
  }

  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next.begin();
  }
}
