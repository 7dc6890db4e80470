// What a PACS was seen to do, by `check` or in use, for as long as that is believed. Kept in a file, it spares the next process,
// and one that runs beside, from finding it out again.

import type { FindOption } from '../../dimse/index.ts';
import { type Keeping, type Seen, unfold } from './learned-file.ts';

/** An option of C-FIND (PS3.4 C.5.1.1): whether the PACS agrees to it. */
export type Facts = Record<FindOption, boolean> & {
  /** What brings instances; `move` is for a PACS that declined C-GET. */
  way: 'get' | 'move';
  /** Answers to relational queries have the attributes of the levels above. */
  relationalAnswers: boolean;
};

/** Milliseconds after which a PACS is asked anew: it may have been updated. */
const BELIEVED_FOR = 86_400_000;
/** Milliseconds after which the same fact, seen again, is worth writing down again. */
const RENEWED_AFTER = BELIEVED_FOR / 24;
/** Milliseconds between two looks at what another process may have learned. */
const LOOKS_EVERY = 5000;

type LearnedOptions = {
  /** Without it all is forgotten with the process. */
  keeping?: Keeping;
  now?: () => number;
};

export class Learned {
  readonly #keeping: Keeping | undefined;
  readonly #now: () => number;
  readonly #facts = new Map<string, Seen>();
  #lookedAt = 0;
  #looking: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isWritten = true;

  constructor({ keeping, now = Date.now }: LearnedOptions = {}) {
    this.#keeping = keeping;
    this.#now = now;
  }

  /** Undefined: not known, or no longer believed. Never waits: what another process learns is known here some seconds later. */
  of<Name extends keyof Facts>(name: Name): Facts[Name] | undefined {
    if (this.#now() - this.#lookedAt >= LOOKS_EVERY) void this.look();
    const seen = this.#facts.get(name);
    if (seen === undefined || seen.at > this.#now() || seen.at + BELIEVED_FOR <= this.#now()) return undefined;
    return (seen.is ?? undefined) as Facts[Name] | undefined;
  }

  /** Known at once; written down behind. Undefined: what was believed turned out wrong. */
  learn(facts: { readonly [Name in keyof Facts]?: Facts[Name] | undefined }): void {
    const at = this.#now();
    for (const [name, is = null] of Object.entries(facts)) {
      const before = this.#facts.get(name);
      if (before?.is === is && Math.abs(at - before.at) < RENEWED_AFTER) continue;
      this.#facts.set(name, { is, at });
      this.#isWritten = false;
    }
    if (!this.#isWritten && this.#keeping !== undefined) this.#writing = this.#writing.then(() => this.#write());
  }

  /** Learns what another `Learned` knows. */
  take(other: Learned): void {
    this.learn(Object.fromEntries([...other.#facts].map(([name, { is }]) => [name, is ?? undefined])));
  }

  /** Reads what is written down; of two who saw different things the later one is right. Never throws. */
  look(): Promise<void> {
    this.#lookedAt = this.#now();
    this.#looking ??= this.#read().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** All that is learned is written, or could not be. */
  async idle(): Promise<void> {
    await this.#looking;
    await this.#writing;
  }

  async #read(): Promise<void> {
    for (const [name, seen] of unfold(await this.#keeping?.read())) {
      if (seen.at > (this.#facts.get(name)?.at ?? -1) && seen.at <= this.#now()) this.#facts.set(name, seen);
    }
  }

  async #write(): Promise<void> {
    if (this.#isWritten) return;
    this.#isWritten = true;
    await this.#read();
    await this.#keeping?.write(Object.fromEntries(this.#facts));
  }
}
