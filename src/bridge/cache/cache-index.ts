// The index of the cache: which instance of which PACS is in which file, and which studies and series are there as a whole.
// node:sqlite, held by one process at a time; a row exists only for a file that is complete.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DicomError } from '../../dimse/errors.ts';
import { levelOf, type Resource } from '../resource.ts';
import { Documents } from './documents.ts';

export type IndexRow = {
  /** AE title of the PACS it came from. */
  source: string;
  study: string;
  series: string;
  instance: string;
  /** Name in the cache's folder of files. */
  file: string;
  sopClass: string;
  transferSyntax: string;
  dataOffset: number;
  /** Bytes of the file. */
  size: number;
  storedAt: number;
};

export type InstanceKey = Pick<IndexRow, 'source' | 'study' | 'series' | 'instance'>;

export function keyOf({ source, study, series, instance }: InstanceKey): string {
  return [source, study, series, instance].join('\n');
}

/** A study (`series` absent) or series that is there as a whole. `instances` are 'series/instance' in order of arrival. */
export type Whole = { instances: string[]; checkedAt: number };

/** To be raised with every change of the schema: what an index of another shape says is thrown away. */
const VERSION = 1;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS instance (
    study TEXT NOT NULL, source TEXT NOT NULL, series TEXT NOT NULL, instance TEXT NOT NULL, file TEXT NOT NULL UNIQUE,
    sopClass TEXT NOT NULL, transferSyntax TEXT NOT NULL, dataOffset INTEGER NOT NULL, size INTEGER NOT NULL,
    storedAt INTEGER NOT NULL, usedAt INTEGER NOT NULL, PRIMARY KEY (study, source, series, instance)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS by_use ON instance (usedAt);
  CREATE TABLE IF NOT EXISTS whole (
    study TEXT NOT NULL, source TEXT NOT NULL, series TEXT NOT NULL, instances TEXT NOT NULL, checkedAt INTEGER NOT NULL,
    PRIMARY KEY (study, source, series)
  ) WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};`;

const COLUMNS = 'source, study, series, instance, file, sopClass, transferSyntax, dataOffset, size, storedAt';

/** How many last uses are held in memory before they are written. */
const USES = 1000;

export class CacheIndex {
  readonly documents: Documents;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #uses = new Map<string, number>();

  /** Throws 'busy' when another process holds the index. */
  constructor(path: string) {
    try {
      this.#database = new DatabaseSync(path);
      // The lock lives as long as the process, however it ends. A crash of the machine may lose rows, never tear them.
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      const isOther = this.#database.prepare('PRAGMA user_version').get()?.user_version !== VERSION;
      const clear = isOther ? 'DROP TABLE IF EXISTS instance; DROP TABLE IF EXISTS whole;' : '';
      this.#database.exec(`BEGIN IMMEDIATE; ${clear} ${SCHEMA} COMMIT;`);
      this.documents = new Documents(this.#database);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : '';
      throw new DicomError('busy', `cache: its index cannot be opened (in use by another process?): ${reason}`, {
        field: 'cache.dir',
        cause,
      });
    }
  }

  find({ source, study, series, instance }: InstanceKey): IndexRow | undefined {
    const sql = `SELECT ${COLUMNS} FROM instance WHERE study = ? AND source = ? AND series = ? AND instance = ?`;
    return this.#sql(sql).get(study, source, series, instance) as IndexRow | undefined;
  }

  /** A PACS that instances of the study came from. */
  sourceOf(study: string): string | undefined {
    const row = this.#sql('SELECT source FROM instance WHERE study = ? LIMIT 1').get(study);
    return row?.source as string | undefined;
  }

  /** Puts rows in, all or none; those that they replace are returned. */
  put(rows: readonly IndexRow[]): IndexRow[] {
    this.#database.exec('BEGIN');
    try {
      const before = rows.flatMap((row) => this.#putOne(row) ?? []);
      this.#database.exec('COMMIT');
      return before;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #putOne(row: IndexRow): IndexRow | undefined {
    const before = this.find(row);
    const sql = `INSERT OR REPLACE INTO instance (${COLUMNS}, usedAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const { source, study, series, instance, file, sopClass, transferSyntax, dataOffset, size, storedAt } = row;
    const key = [source, study, series, instance];
    this.#sql(sql).run(...key, file, sopClass, transferSyntax, dataOffset, size, storedAt, Date.now());
    return before;
  }

  /** Takes a row out; its study and series are no longer whole. */
  remove({ source, study, series, instance }: InstanceKey): void {
    const sql = 'DELETE FROM instance WHERE study = ? AND source = ? AND series = ? AND instance = ?';
    this.#sql(sql).run(study, source, series, instance);
    this.#sql("DELETE FROM whole WHERE study = ? AND source = ? AND series IN ('', ?)").run(study, source, series);
  }

  /** Rows of one study, or all. */
  rowsOf(study?: string): IndexRow[] {
    const where = study === undefined ? '' : ' WHERE study = ?';
    return this.#sql(`SELECT ${COLUMNS} FROM instance${where}`).all(
      ...(study === undefined ? [] : [study]),
    ) as IndexRow[];
  }

  /** Rows of a study or series of one PACS, and of those `beside` that are not here yet, in order of arrival. */
  rowsInOrder(source: string, resource: Resource, beside: Iterable<IndexRow>): IndexRow[] {
    const { study, series } = resource;
    const rows = new Map<string, IndexRow>();
    for (const row of [...this.rowsOf(study), ...beside]) {
      const isOfIt = row.source === source && row.study === study && (series === undefined || row.series === series);
      if (isOfIt) rows.set(keyOf(row), row);
    }
    const names = this.wholeOf(source, resource)?.instances ?? [];
    const places = new Map(names.map((name, at) => [name, at]));
    const placeOf = (row: IndexRow) => places.get(`${row.series}/${row.instance}`) ?? names.length;
    return [...rows.values()].sort((a, b) => a.storedAt - b.storedAt || placeOf(a) - placeOf(b));
  }

  /** Rows by last use, the oldest first; at most `limit` after `skip`. */
  oldest(limit: number, skip: number): IndexRow[] {
    this.#writeUses();
    const sql = `SELECT ${COLUMNS} FROM instance ORDER BY usedAt LIMIT ? OFFSET ?`;
    return this.#sql(sql).all(limit, skip) as IndexRow[];
  }

  /** Rows stored before `time`. */
  storedBefore(time: number): IndexRow[] {
    return this.#sql(`SELECT ${COLUMNS} FROM instance WHERE storedAt < ?`).all(time) as IndexRow[];
  }

  used(file: string): void {
    this.#uses.set(file, Date.now());
    if (this.#uses.size >= USES) this.#writeUses();
  }

  /** Of exactly this study or series. */
  whole(source: string, { study, series = '' }: Resource): Whole | undefined {
    const sql = 'SELECT instances, checkedAt FROM whole WHERE study = ? AND source = ? AND series = ?';
    const row = this.#sql(sql).get(study, source, series) as { instances: string; checkedAt: number } | undefined;
    return row === undefined ? undefined : { instances: row.instances.split('\n'), checkedAt: row.checkedAt };
  }

  /** Of this study or series, which may be part of a study that is there as a whole. */
  wholeOf(source: string, resource: Resource): Whole | undefined {
    if (levelOf(resource) === 'instance') return undefined;
    const { study, series } = resource;
    const own = this.whole(source, resource);
    if (series === undefined) return own;
    const ofStudy = this.whole(source, { study });
    if (ofStudy === undefined || (own !== undefined && own.checkedAt >= ofStudy.checkedAt)) return own;
    const instances = ofStudy.instances.filter((name) => name.startsWith(`${series}/`));
    return instances.length === 0 ? own : { instances, checkedAt: ofStudy.checkedAt };
  }

  setWhole(source: string, { study, series = '' }: Resource, { instances, checkedAt }: Whole): void {
    const sql = 'INSERT OR REPLACE INTO whole (study, source, series, instances, checkedAt) VALUES (?, ?, ?, ?, ?)';
    this.#sql(sql).run(study, source, series, instances.join('\n'), checkedAt);
  }

  removeWhole(source: string, { study, series = '' }: Resource): void {
    this.#sql('DELETE FROM whole WHERE study = ? AND source = ? AND series = ?').run(study, source, series);
  }

  /** Takes the last rows and documents out, and off the disk. */
  empty(): void {
    this.#database.exec('DELETE FROM whole; DELETE FROM instance;');
    this.documents.empty();
    this.#database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE);');
  }

  close(): void {
    this.#writeUses();
    this.documents.flush();
    this.#database.close();
  }

  /** A full disk costs the order of eviction some truth, nothing else: a transaction left open would swallow all that follows. */
  #writeUses(): void {
    if (this.#uses.size === 0) return;
    try {
      this.#database.exec('BEGIN');
      for (const [file, at] of this.#uses) this.#sql('UPDATE instance SET usedAt = ? WHERE file = ?').run(at, file);
      this.#database.exec('COMMIT');
    } catch {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    }
    this.#uses.clear();
  }

  #sql(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}
