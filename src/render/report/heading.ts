// What stands above a report's content (PS3.3 C.17.2): whose it is, when it was written, and how far it can be relied on.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { itemsOf, textOf } from '../attributes.ts';
import { type ContentItem, moment, personText } from './content.ts';

/** A line of the heading; only what the report tells. */
export type Fact = { name: string; value: string };

/** A report as it is to be laid out: links begin with `base`. */
export type Report = { title: string; facts: Fact[]; root: ContentItem; base: string };

/** The facts about a report, in the order in which they are read. */
export function headingOf(dataset: Dataset): Fact[] {
  const facts: Fact[] = [
    { name: 'Patient', value: personText(dataset, Tag.PatientName) },
    { name: 'Patient ID', value: textOf(dataset, Tag.PatientID) ?? '' },
    { name: 'Birth date', value: moment(textOf(dataset, Tag.PatientBirthDate)) },
    { name: 'Sex', value: textOf(dataset, Tag.PatientSex) ?? '' },
    { name: 'Study', value: textOf(dataset, Tag.StudyDescription) ?? '' },
    { name: 'Study date', value: momentOf(dataset, Tag.StudyDate, Tag.StudyTime) },
    { name: 'Accession number', value: textOf(dataset, Tag.AccessionNumber) ?? '' },
    { name: 'Referring physician', value: personText(dataset, Tag.ReferringPhysicianName) },
    { name: 'Report date', value: momentOf(dataset, Tag.ContentDate, Tag.ContentTime) },
    { name: 'Completion', value: (textOf(dataset, '0040A491') ?? '').toLowerCase() },
    { name: 'Verification', value: (textOf(dataset, '0040A493') ?? '').toLowerCase() },
    ...itemsOf(dataset, '0040A073').map((observer) => ({ name: 'Verified by', value: verifier(observer) })),
  ];
  return facts.filter(({ value }) => value !== '');
}

function momentOf(dataset: Dataset, date: string, time: string): string {
  return moment(`${textOf(dataset, date) ?? ''}${textOf(dataset, time) ?? ''}`);
}

/** Verifying Observer Name, Verifying Organization and Verification DateTime. */
function verifier(observer: Dataset): string {
  const facts = [personText(observer, '0040A075'), textOf(observer, '0040A027'), moment(textOf(observer, '0040A030'))];
  return facts.filter(Boolean).join(', ');
}
