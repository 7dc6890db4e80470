// The index of the demo PACS: studies, series and instances with the attributes of their level, in node:sqlite.

import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Attribute, Dataset } from '../dimse/data/dataset.ts';
import { Tag } from '../dimse/data/tags.ts';
import { type Level, levelOfTag } from './levels.ts';

/** One instance: where it lies and what it is. */
export type Holding = {
  path: string;
  /** First byte of the data set in the file. */
  dataOffset: number;
  transferSyntaxUid: string;
  sopClassUid: string;
  sopInstanceUid: string;
  studyInstanceUid: string;
  seriesInstanceUid: string;
};

/** Which entities: each list of UIDs (or patient IDs) narrows; an absent one does not. */
export type Selection = { patientIds?: string[]; studies?: string[]; series?: string[]; instances?: string[] };

/** An entity of the level asked for, with the attributes of its level and of those above. */
export type Entity = { patientId: string; study: string; series: string; instance: string; attributes: Dataset };

/** An attribute with more text than this is no key that anybody asks for. */
const MAX_ATTRIBUTE = 4096;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = OFF;
  CREATE TABLE IF NOT EXISTS studies (study TEXT PRIMARY KEY, patient TEXT NOT NULL, attributes TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS series (
    series TEXT PRIMARY KEY, study TEXT NOT NULL, modality TEXT NOT NULL, number INTEGER, attributes TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS instances (
    instance TEXT PRIMARY KEY, series TEXT NOT NULL, study TEXT NOT NULL, sop_class TEXT NOT NULL, number INTEGER,
    transfer_syntax TEXT NOT NULL, path TEXT NOT NULL, data_offset INTEGER NOT NULL, attributes TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS patient_studies ON studies (patient);
  CREATE INDEX IF NOT EXISTS study_series ON series (study, number);
  CREATE INDEX IF NOT EXISTS study_instances ON instances (study);
  CREATE INDEX IF NOT EXISTS series_instances ON instances (series, number);
`;

/** The rows of each level; upper levels joined, so that their attributes and unique keys are at hand. */
const ENTITIES: Readonly<Record<Level, string>> = {
  PATIENT: `SELECT patient, '' AS study, '' AS series, '' AS instance, min(attributes) AS a, '{}' AS b, '{}' AS c
    FROM studies WHERE TRUE /**/ GROUP BY patient ORDER BY patient`,
  STUDY: `SELECT patient, study, '' AS series, '' AS instance, attributes AS a, '{}' AS b, '{}' AS c
    FROM studies WHERE TRUE /**/ ORDER BY rowid`,
  SERIES: `SELECT patient, study, series, '' AS instance, studies.attributes AS a, series.attributes AS b, '{}' AS c
    FROM series JOIN studies USING (study) WHERE TRUE /**/ ORDER BY series.number, series`,
  IMAGE: `SELECT patient, study, series, instance, studies.attributes AS a, series.attributes AS b, instances.attributes AS c
    FROM instances JOIN series USING (study, series) JOIN studies USING (study) WHERE TRUE /**/
    ORDER BY series.number, series, instances.number, instance`,
};

const HOLDINGS = `SELECT instance, series, study, sop_class, transfer_syntax, path, data_offset
  FROM instances JOIN series USING (study, series) JOIN studies USING (study) WHERE TRUE /**/
  ORDER BY series.number, series, instances.number, instance`;

/** A replaced instance may have been the last of another series. */
const EMPTIED = `
  DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM instances WHERE instances.series = series.series);
  DELETE FROM studies WHERE NOT EXISTS (SELECT 1 FROM series WHERE series.study = studies.study);
`;

export class ArchiveIndex {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(SCHEMA);
  }

  /** Adds or replaces an instance, with its attributes up to the pixel data; gives the path of the file that held the same SOP Instance UID before. */
  add(holding: Holding, attributes: Dataset): string | undefined {
    const { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance } = holding;
    const [row] = this.#all('SELECT path FROM instances WHERE instance = ?', [instance]);
    const number = numberIn(attributes, Tag.InstanceNumber);
    this.#run('INSERT OR IGNORE INTO studies VALUES (?, ?, ?)', [
      study,
      textIn(attributes, Tag.PatientID),
      JSON.stringify(ofLevels(attributes, ['PATIENT', 'STUDY'])),
    ]);
    this.#run('INSERT OR IGNORE INTO series VALUES (?, ?, ?, ?, ?)', [
      series,
      study,
      textIn(attributes, Tag.Modality),
      numberIn(attributes, Tag.SeriesNumber),
      JSON.stringify(ofLevels(attributes, ['SERIES'])),
    ]);
    this.#run('INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', [
      ...[instance, series, study, holding.sopClassUid, number, holding.transferSyntaxUid, holding.path],
      ...[holding.dataOffset, JSON.stringify(ofLevels(attributes, ['IMAGE']))],
    ]);
    if (row === undefined) return undefined;
    this.#database.exec(EMPTIED);
    return String(row.path);
  }

  /** The entities of a level, one at a time. */
  *entities(level: Level, selection: Selection): Generator<Entity> {
    const { sql, values } = narrowed(ENTITIES[level], level, selection);
    for (const row of this.#database.prepare(sql).iterate(...values)) {
      yield {
        patientId: String(row.patient),
        study: String(row.study),
        series: String(row.series),
        instance: String(row.instance),
        attributes: {
          ...(level === 'PATIENT' ? ofLevels(parsed(row.a), ['PATIENT']) : parsed(row.a)),
          ...parsed(row.b),
          ...parsed(row.c),
        },
      };
    }
  }

  /** Where the selected instances lie, in order of series and instance number. */
  holdings(selection: Selection): Holding[] {
    const { sql, values } = narrowed(HOLDINGS, 'IMAGE', selection);
    return this.#all(sql, values).map((row) => ({
      path: String(row.path),
      dataOffset: Number(row.data_offset),
      transferSyntaxUid: String(row.transfer_syntax),
      sopClassUid: String(row.sop_class),
      sopInstanceUid: String(row.instance),
      studyInstanceUid: String(row.study),
      seriesInstanceUid: String(row.series),
    }));
  }

  /** The distinct values of a query of one column. */
  values(sql: string, parameter: string): string[] {
    return this.#all(sql, [parameter]).map((row) => String(Object.values(row)[0]));
  }

  close(): void {
    this.#database.close();
  }

  #all(sql: string, values: SQLInputValue[]) {
    return this.#database.prepare(sql).all(...values);
  }

  #run(sql: string, values: SQLInputValue[]): void {
    this.#database.prepare(sql).run(...values);
  }
}

/** A query with the conditions of a selection in place of its mark; `lists` go in as JSON, so that their length is free. */
function narrowed(query: string, level: Level, selection: Selection): { sql: string; values: string[] } {
  const columns: [string, string[] | undefined][] = [
    ['patient', selection.patientIds],
    ['study', selection.studies],
    ['series', level === 'SERIES' || level === 'IMAGE' ? selection.series : undefined],
    ['instance', level === 'IMAGE' ? selection.instances : undefined],
  ];
  const given = columns.filter((column): column is [string, string[]] => column[1] !== undefined);
  const conditions = given.map(([name]) => `AND ${name} IN (SELECT value FROM json_each(?))`);
  return { sql: query.replace('/**/', conditions.join(' ')), values: given.map(([, list]) => JSON.stringify(list)) };
}

/** The attributes of some levels that a query could ask for: no bytes, no private ones, nothing of great length. */
function ofLevels(dataset: Dataset, levels: readonly Level[]): Dataset {
  const wanted = Object.entries(dataset).filter(([tag, attribute]) => {
    const isPrivate = Number.parseInt(tag.slice(0, 4), 16) % 2 === 1;
    return !isPrivate && levels.includes(levelOfTag(tag)) && isKey(attribute);
  });
  return Object.fromEntries(wanted);
}

function isKey(attribute: Attribute): boolean {
  return attribute.InlineBinary === undefined && JSON.stringify(attribute.Value ?? []).length <= MAX_ATTRIBUTE;
}

function parsed(text: unknown): Dataset {
  return JSON.parse(String(text));
}

function textIn(dataset: Dataset, tag: string): string {
  const value = dataset[tag]?.Value?.[0];
  return value === undefined || value === null ? '' : String(value).trim();
}

function numberIn(dataset: Dataset, tag: string): number | null {
  const value = Number(dataset[tag]?.Value?.[0] ?? Number.NaN);
  return Number.isInteger(value) ? value : null;
}
