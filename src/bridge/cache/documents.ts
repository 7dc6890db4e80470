// What is made out of an instance once and kept beside it: its metadata, where its frames lie, small pictures of it. Kept by the
// name of the instance's file, which is another one whenever the instance is retrieved anew: a document is never stale.

import type { DatabaseSync, StatementSync } from 'node:sqlite';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS document (
    file TEXT NOT NULL, kind TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (file, kind)
  ) WITHOUT ROWID;
  DELETE FROM document WHERE file NOT IN (SELECT file FROM instance);`;

/** Bytes of the largest document that is kept. */
const LARGEST = 4 * 1024 * 1024;
/** Documents, and milliseconds, that wait to be written in one transaction. */
const WAITING = 100;
const WAIT_MS = 200;

export class Documents {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #sum: StatementSync;
  readonly #delete: StatementSync;
  /** Not written yet, by file and kind. */
  readonly #waiting = new Map<string, Map<string, Uint8Array>>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #bytes: number;

  /** Documents of files that the table `instance` lacks are cleared away. */
  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(SCHEMA);
    this.#find = database.prepare('SELECT bytes FROM document WHERE file = ? AND kind = ?');
    this.#insert = database.prepare('INSERT OR REPLACE INTO document (file, kind, bytes) VALUES (?, ?, ?)');
    this.#sum = database.prepare('SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM document WHERE file = ?');
    this.#delete = database.prepare('DELETE FROM document WHERE file = ?');
    const sum = database.prepare('SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM document').get();
    this.#bytes = Number(sum?.bytes ?? 0);
  }

  /** Bytes of all documents. */
  get bytes(): number {
    return this.#bytes;
  }

  get(file: string, kind: string): Buffer | undefined {
    const bytes = this.#waiting.get(file)?.get(kind) ?? (this.#find.get(file, kind)?.bytes as Uint8Array | undefined);
    return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Keeps a document in place of one of the same kind; a very large one is not kept. */
  put(file: string, kind: string, bytes: Uint8Array): void {
    if (bytes.length > LARGEST) return;
    this.#bytes += bytes.length - (this.get(file, kind)?.length ?? 0);
    let ofFile = this.#waiting.get(file);
    if (ofFile === undefined) this.#waiting.set(file, (ofFile = new Map()));
    ofFile.set(kind, bytes);
    this.#count += 1;
    if (this.#count >= WAITING) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), WAIT_MS).unref();
  }

  /** Takes away the documents of a file. */
  remove(file: string): void {
    if (this.#waiting.has(file)) this.flush();
    const bytes = Number(this.#sum.get(file)?.bytes ?? 0);
    if (bytes === 0) return;
    this.#delete.run(file);
    this.#bytes -= bytes;
  }

  empty(): void {
    this.flush();
    this.#database.exec('DELETE FROM document');
    this.#bytes = 0;
  }

  /** Writes what waits. On a full disk it is lost: it can be made again. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#count === 0) return;
    try {
      this.#database.exec('BEGIN');
      for (const [file, kinds] of this.#waiting) {
        for (const [kind, bytes] of kinds) this.#insert.run(file, kind, bytes);
      }
      this.#database.exec('COMMIT');
    } catch {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      for (const kinds of this.#waiting.values()) for (const bytes of kinds.values()) this.#bytes -= bytes.length;
    }
    this.#waiting.clear();
    this.#count = 0;
  }
}
