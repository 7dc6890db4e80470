// Steps of `check` about what queries can do beyond the study root: patients, all levels at once, other letters than ASCII.

import { encoder } from '../../dimse/data/charset-encode.ts';
import type { Attribute, Dataset } from '../../dimse/data/dataset.ts';
import { hasValue } from '../../dimse/data/matching/verdict.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { textOf } from '../search/find.ts';
import type { Finding } from './row.ts';
import { first, keys, unique } from './samples.ts';

/** One letter of each script that a character set may have beside ASCII. */
const LETTERS = ['é', 'ł', 'Ж', 'α', 'ا', 'א', 'ก', 'ｱ', '中'];

/** The Patient Root model (PS3.4 C.6.1); the gateway does without. */
export async function tryPatientRoot(pacs: Pacs, signal: AbortSignal): Promise<Finding> {
  try {
    const match = await first(pacs, 'PATIENT', keys(Tag.PatientID), { signal });
    return { detail: match === undefined ? 'answers without a match' : 'answers' };
  } catch (error) {
    if (error instanceof DicomError && error.kind === 'no-context') return { detail: 'not offered; not needed' };
    throw error;
  }
}

/** Series and instances of all studies in one query (PS3.4 C.4.1.2.2), where the PACS agreed to such. */
export async function tryRelational(pacs: Pacs, signal: AbortSignal): Promise<Finding> {
  const byLevel = 'searches across levels go level by level';
  const agreed = await pacs.agreed(['relationalQueries'], signal);
  if (agreed.size === 0) return { detail: `not agreed: ${byLevel}` };
  const uppers = [Tag.StudyDate, Tag.StudyID, Tag.PatientID, Tag.PatientName];
  const identifier = { ...unique(Tag.StudyInstanceUID), ...unique(Tag.SeriesInstanceUID), ...keys(...uppers) };
  const match = await first(pacs, 'SERIES', identifier, { signal, agreed: ['relationalQueries'] });
  if (match === undefined) return { detail: 'agreed; answers without a match' };
  const isWhole = textOf(match, Tag.StudyInstanceUID) !== undefined && uppers.some((tag) => hasValue(match[tag]));
  pacs.learned.learn({ relationalAnswers: isWhole });
  if (isWhole) return { detail: 'agreed; answers with the attributes of the levels above' };
  return { state: 'warn', detail: `agreed, but answers lack the attributes of the levels above: ${byLevel}` };
}

/** A query with other letters than ASCII, in the configured character set: a name of the PACS itself where it has such. */
export async function tryCharset(pacs: Pacs, study: Dataset | undefined, signal: AbortSignal): Promise<Finding> {
  const { charset } = pacs.config;
  const { covers } = encoder(charset);
  const name = study?.[Tag.PatientName];
  if (study !== undefined && name !== undefined && isBeyondAscii(name) && covers(JSON.stringify(name.Value))) {
    const uid = unique(Tag.StudyInstanceUID, textOf(study, Tag.StudyInstanceUID));
    const match = await first(pacs, 'STUDY', { ...uid, [Tag.PatientName]: { vr: 'PN', ...firstOf(name) } }, { signal });
    const answered = answersIn(study);
    if (match !== undefined) return { detail: `finds a name beyond ASCII asked in ${charset}; ${answered}` };
    const advice = 'set the charset of this PACS to what it understands';
    return {
      state: 'warn',
      detail: `does not find its own name beyond ASCII asked in ${charset}; ${answered}: ${advice}`,
    };
  }
  const letter = LETTERS.find(covers);
  if (letter === undefined) return { detail: `${charset} has ASCII only` };
  const pattern: Attribute = { vr: 'PN', Value: [{ Alphabetic: `${letter}*` }] };
  await first(pacs, 'STUDY', { ...unique(Tag.StudyInstanceUID), [Tag.PatientName]: pattern }, { signal });
  return { detail: `takes queries in ${charset}${study === undefined ? '' : `; ${answersIn(study)}`}` };
}

function answersIn(study: Dataset): string {
  return `answers in ${textOf(study, Tag.SpecificCharacterSet) ?? 'the default character set'}`;
}

function isBeyondAscii(attribute: Attribute): boolean {
  return /[^\x00-\x7f]/.test(JSON.stringify(attribute.Value ?? []));
}

function firstOf({ Value = [] }: Attribute): Pick<Attribute, 'Value'> {
  return { Value: Value.slice(0, 1) };
}
