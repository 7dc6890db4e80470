// The files of the cache that are in use: which are being read, which may still be in memory, and which are to go when their
// last reader is done.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Disk } from './disk.ts';
import { Landing } from './landing.ts';
import { Memory } from './memory.ts';
import { inTime } from './patience.ts';

export type OpenFilesOptions = {
  dir: string;
  memoryBytes: number;
  /** Told when the last reader of a file that stays is done. */
  onUnread(): void;
  log?: ((line: string) => void) | undefined;
};

/** A file, by its name, and its bytes on their way. */
export type Landed = { file: string; landing: Landing };

export class OpenFiles {
  readonly #options: OpenFilesOptions;
  /** Readers by file name. */
  readonly #readers = new Map<string, number>();
  readonly #doomed = new Set<string>();
  readonly #landings = new Map<string, Landing>();
  readonly #memory: Memory;
  readonly #disk: Disk;

  constructor(options: OpenFilesOptions) {
    this.#options = options;
    this.#memory = new Memory(options.memoryBytes);
    this.#disk = new Disk(this.#memory.shared);
  }

  /** A new file, filled with `head` and `body`. When they fail nothing is left of it. A large one is told of while it grows. */
  async land(
    head: Buffer,
    body: AsyncIterable<Buffer>,
    { signal, onLarge }: { signal?: AbortSignal | undefined; onLarge: (landed: Landed) => void },
  ): Promise<Landed> {
    const file = `${randomUUID()}.dcm`;
    const path = join(this.#options.dir, file);
    const onGone = () => this.#landings.delete(file);
    const landing = new Landing({ path, memory: this.#memory, disk: this.#disk, onGone });
    const landed = { file, landing };
    try {
      await landing.fill(head, body, { signal, onLarge: () => onLarge(landed) });
    } catch (error) {
      const removed = landing.stored.catch(() => rm(path, { force: true }));
      await inTime(removed).catch(() => undefined);
      throw error;
    }
    this.#landings.set(file, landing);
    return landed;
  }

  /** Where its bytes may be had from memory. */
  landing(file: string): Landing | undefined {
    return this.#landings.get(file);
  }

  isRead(file: string): boolean {
    return this.#readers.has(file);
  }

  /** It goes when its last reader is done. */
  isDoomed(file: string): boolean {
    return this.#doomed.has(file);
  }

  /** One reader more; to be followed by one `unpin`. */
  pin(file: string): void {
    this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1);
  }

  unpin(file: string): void {
    const left = (this.#readers.get(file) ?? 1) - 1;
    if (left > 0) {
      this.#readers.set(file, left);
      return;
    }
    this.#readers.delete(file);
    if (this.#doomed.delete(file)) this.#erase(file);
    else this.#options.onUnread();
  }

  /** Off the disk and out of memory, at once or when its last reader is done. */
  remove(file: string): void {
    if (this.#readers.has(file)) this.#doomed.add(file);
    else this.#erase(file);
  }

  /** What waits to be written is waited for. */
  hurry(): void {
    this.#disk.hurry();
  }

  /** No more will come. */
  close(): void {
    this.#disk.close();
  }

  /** Resolves when all that has come so far is written, or cannot be. */
  async idle(): Promise<void> {
    this.#disk.hurry();
    await Promise.allSettled([...this.#landings.values()].map(({ stored }) => stored));
  }

  #erase(file: string): void {
    const landing = this.#landings.get(file);
    this.#landings.delete(file);
    landing?.discard();
    const written = landing?.stored.catch(() => undefined) ?? Promise.resolve();
    written
      .then(() => rm(join(this.#options.dir, file), { force: true }))
      .catch((error: Error) => this.#options.log?.(`cache: ${file} cannot be removed: ${error.message}`));
  }
}
