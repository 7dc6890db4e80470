// Instances that are being written, by name, until they are on disk and indexed, several together, or can't be.

import { type IndexRow, type InstanceKey, keyOf } from './cache-index.ts';

/** Rows that are indexed in one transaction, and milliseconds for which the first of them waits for others. */
const TOGETHER = 64;
const WAIT_MS = 50;

export class Pending {
  readonly #rows = new Map<string, IndexRow>();
  readonly #onStored: (rows: readonly IndexRow[]) => void;
  /** On disk. */
  #stored: IndexRow[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param onStored is given those that are on disk, to be indexed: they are no longer here */
  constructor(onStored: (rows: readonly IndexRow[]) => void) {
    this.#onStored = onStored;
  }

  find(key: InstanceKey): IndexRow | undefined {
    return this.#rows.get(keyOf(key));
  }

  all(): Iterable<IndexRow> {
    return this.#rows.values();
  }

  /** It is no longer waited for. */
  take(key: InstanceKey): IndexRow | undefined {
    const row = this.find(key);
    if (row !== undefined) this.#rows.delete(keyOf(row));
    return row;
  }

  /** Has it indexed when it is `stored`. `giveUp` is told why it could not be, unless it was taken or another came in its place. */
  add(row: IndexRow, stored: Promise<void>, giveUp: (error: unknown) => void): void {
    this.#rows.set(keyOf(row), row);
    stored.then(
      () => this.#put(row),
      (error: unknown) => this.#leaves(row) && giveUp(error),
    );
  }

  /** What is on disk is indexed now. */
  index(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rows = this.#stored.filter((row) => this.#leaves(row));
    this.#stored = [];
    if (rows.length > 0) this.#onStored(rows);
  }

  #put(row: IndexRow): void {
    this.#stored.push(row);
    if (this.#stored.length >= TOGETHER) this.index();
    else this.#timer ??= setTimeout(() => this.index(), WAIT_MS);
  }

  /** False where it has left before. */
  #leaves(row: IndexRow): boolean {
    return this.find(row) === row && this.#rows.delete(keyOf(row));
  }
}
