// A structured report for people (PS3.18 8.7.4, text category): a page of HTML without script, or plain text.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { contentOf } from './content.ts';
import { headingOf, type Report } from './heading.ts';
import { htmlReport } from './html.ts';
import { plainReport } from './plain.ts';
import { evidenceOf } from './references.ts';

/** Media types that a report can be shown in. */
export const REPORT_MEDIA_TYPES = ['text/html', 'text/plain'] as const;
export type ReportMediaType = (typeof REPORT_MEDIA_TYPES)[number];

/**
 * Shows a report, in UTF-8. `base` is the URL of the services, under which images it refers to are found.
 * @throws DicomError `not-acceptable` when the data set has no content tree
 */
export function renderReport(dataset: Dataset, mediaType: ReportMediaType, base: string): Buffer {
  if (!dataset[Tag.ContentSequence] && !dataset[Tag.ValueType]) {
    throw new DicomError('not-acceptable', 'The instance has no content tree', { field: 'ContentSequence' });
  }
  const root = contentOf(dataset, evidenceOf(dataset));
  const report: Report = { title: root.name || 'Structured report', facts: headingOf(dataset), root, base };
  return Buffer.from(mediaType === 'text/html' ? htmlReport(report) : plainReport(report));
}
