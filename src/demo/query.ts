// C-FIND of the demo PACS (PS3.4 C.4.1): hierarchical queries, counts and lists that are computed, the keys given back.

import type { Attribute, Dataset, Value } from '../dimse/data/dataset.ts';
import { Tag } from '../dimse/data/tags.ts';
import { DicomError } from '../dimse/errors.ts';
import type { ArchiveIndex, Entity, Selection } from './archive-index.ts';
import { type Level, REQUIRED_KEYS, UNIQUE_KEY } from './levels.ts';
import { matches } from './match.ts';

/** Levels of each information model, from the root down (PS3.4 C.6.1, C.6.2), by the suffix of its SOP class. */
const LEVELS: Readonly<Record<string, readonly Level[]>> = {
  '1': ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'],
  '2': ['STUDY', 'SERIES', 'IMAGE'],
};
const MODEL = /^1\.2\.840\.10008\.5\.1\.4\.1\.2\.([12])\.[123]$/;

/** Keys that say something of the request, not of what is looked for (PS3.4 C.4.1.1.3). */
const CONTROL: ReadonlySet<string> = new Set([
  Tag.SpecificCharacterSet,
  Tag.QueryRetrieveLevel,
  Tag.TimezoneOffsetFromUTC,
  Tag.RetrieveAETitle,
  Tag.InstanceAvailability,
]);

/** Attributes that are counted or gathered (PS3.4 Tables C.6-1 to C.6-3): the query, and what it is asked with. */
const COMPUTED: Readonly<Record<string, { vr: 'CS' | 'UI' | 'IS'; of: keyof Entity; sql: string }>> = {
  [Tag.ModalitiesInStudy]: {
    vr: 'CS',
    of: 'study',
    sql: "SELECT DISTINCT modality FROM series WHERE study = ? AND modality <> '' ORDER BY 1",
  },
  [Tag.SOPClassesInStudy]: {
    vr: 'UI',
    of: 'study',
    sql: 'SELECT DISTINCT sop_class FROM instances WHERE study = ? ORDER BY 1',
  },
  [Tag.NumberOfPatientRelatedStudies]: {
    vr: 'IS',
    of: 'patientId',
    sql: 'SELECT count(*) FROM studies WHERE patient = ?',
  },
  [Tag.NumberOfPatientRelatedSeries]: {
    vr: 'IS',
    of: 'patientId',
    sql: 'SELECT count(*) FROM series JOIN studies USING (study) WHERE patient = ?',
  },
  [Tag.NumberOfPatientRelatedInstances]: {
    vr: 'IS',
    of: 'patientId',
    sql: 'SELECT count(*) FROM instances JOIN studies USING (study) WHERE patient = ?',
  },
  [Tag.NumberOfStudyRelatedSeries]: { vr: 'IS', of: 'study', sql: 'SELECT count(*) FROM series WHERE study = ?' },
  [Tag.NumberOfStudyRelatedInstances]: { vr: 'IS', of: 'study', sql: 'SELECT count(*) FROM instances WHERE study = ?' },
  [Tag.NumberOfSeriesRelatedInstances]: {
    vr: 'IS',
    of: 'series',
    sql: 'SELECT count(*) FROM instances WHERE series = ?',
  },
};

/** The matching entities, as response identifiers. Throws 'status' A900 for an identifier that breaks the model's rules. */
export function* find(
  index: ArchiveIndex,
  request: { sopClassUid: string; identifier: Dataset },
  aeTitle: string,
): Generator<Dataset> {
  const { identifier } = request;
  const { level, selection } = selectionOf(request.sopClassUid, identifier, 'find');
  const keys = Object.entries(identifier).filter(([tag]) => !CONTROL.has(tag));
  for (const entity of index.entities(level, selection)) {
    const valueFor = (tag: string) => attributeOf(index, entity, tag);
    if (!keys.every(([tag, key]) => isMatch(tag, key, valueFor(tag)))) continue;
    const answers = keys.map(([tag, key]) => [tag, answer(key, valueFor(tag))] as const);
    yield {
      ...Object.fromEntries(answers),
      [Tag.SpecificCharacterSet]: { vr: 'CS', Value: ['ISO_IR 192'] },
      [Tag.QueryRetrieveLevel]: { vr: 'CS', Value: [level] },
      [Tag.RetrieveAETitle]: { vr: 'AE', Value: [aeTitle] },
    };
  }
}

/**
 * The level of an identifier and the entities that its unique keys name. Those of the levels above must have exactly one
 * value (PS3.4 C.4.1.2.1, C.4.2.1.4.1); for a retrieve that of the level itself must be there too.
 */
export function selectionOf(
  sopClassUid: string,
  identifier: Dataset,
  operation: 'find' | 'retrieve',
): { level: Level; selection: Selection } {
  const levels = LEVELS[MODEL.exec(sopClassUid)?.[1] ?? ''] ?? [];
  const level = levels.find((each) => each === textsOf(identifier[Tag.QueryRetrieveLevel])[0]);
  if (level === undefined) throw mismatch(Tag.QueryRetrieveLevel, 'is not a level of the model');
  for (const above of levels.slice(0, levels.indexOf(level))) {
    const values = textsOf(identifier[UNIQUE_KEY[above]]);
    if (values.length !== 1) throw mismatch(UNIQUE_KEY[above], `needs exactly one value at level ${level}`);
  }
  if (operation === 'retrieve' && textsOf(identifier[UNIQUE_KEY[level]]).length === 0) {
    throw mismatch(UNIQUE_KEY[level], `needs a value at level ${level}`);
  }
  const isPatientUnique = level === 'PATIENT' ? operation === 'retrieve' : levels.includes('PATIENT');
  return {
    level,
    selection: {
      ...(isPatientUnique && { patientIds: textsOf(identifier[Tag.PatientID]) }),
      ...listed('studies', identifier[Tag.StudyInstanceUID]),
      ...listed('series', identifier[Tag.SeriesInstanceUID]),
      ...listed('instances', identifier[Tag.SOPInstanceUID]),
    },
  };
}

function listed(name: keyof Selection, attribute: Attribute | undefined): Selection {
  const values = textsOf(attribute);
  return values.length === 0 ? {} : { [name]: values };
}

function textsOf(attribute: Attribute | undefined): string[] {
  return (attribute?.Value ?? []).map((value) => String(value ?? '').trim()).filter((text) => text !== '');
}

function mismatch(tag: string, what: string): DicomError {
  const field = `(${tag.slice(0, 4)},${tag.slice(4)})`;
  return new DicomError('status', `identifier: ${field} ${what}`, { status: 0xa900, field: tag });
}

function attributeOf(index: ArchiveIndex, entity: Entity, tag: string): Attribute | undefined {
  const computed = COMPUTED[tag];
  if (computed === undefined) return entity.attributes[tag];
  const { vr, of, sql } = computed;
  const parameter = entity[of];
  if (typeof parameter !== 'string' || parameter === '') return undefined;
  const values = index.values(sql, parameter);
  return { vr, Value: vr === 'IS' ? values.map(Number) : values };
}

function isMatch(tag: string, key: Attribute, value: Attribute | undefined): boolean {
  const isUnknown = value !== undefined && (value.Value ?? []).length === 0;
  return (isUnknown && REQUIRED_KEYS.has(tag)) || matches(key, value);
}

/** What the response says for a key: the value, an empty attribute, or of a sequence the attributes asked for. */
function answer(key: Attribute, value: Attribute | undefined): Attribute {
  if (value === undefined) return { vr: key.vr };
  const [item] = key.Value ?? [];
  if (key.vr !== 'SQ' || !isDataset(item) || Object.keys(item).length === 0) return value;
  const items = (value.Value ?? []).filter(isDataset);
  return {
    vr: 'SQ',
    Value: items.map((each) =>
      Object.fromEntries(Object.entries(item).map(([tag, inner]) => [tag, answer(inner, each[tag])])),
    ),
  };
}

function isDataset(value: Value | undefined): value is Dataset {
  return typeof value === 'object' && value !== null;
}
