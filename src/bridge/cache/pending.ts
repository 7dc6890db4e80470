// Instances that are being written, by name, until they are on disk or can't be.

import { type IndexRow, type InstanceKey, keyOf } from './cache-index.ts';

export class Pending {
  readonly #rows = new Map<string, IndexRow>();

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

  /** `settle` is told when the file is on disk, or why it is not, unless it was taken or another came in its place. */
  add(row: IndexRow, stored: Promise<void>, settle: (error?: unknown) => void): void {
    this.#rows.set(keyOf(row), row);
    const end = (error?: unknown) => {
      if (this.find(row) !== row) return;
      this.take(row);
      settle(error);
    };
    stored.then(() => end(), end);
  }
}
