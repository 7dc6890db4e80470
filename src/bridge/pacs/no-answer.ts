// Telling a PACS that could not be asked from one that lacks something.

import { DicomError } from '../../dimse/errors.ts';

const NO_ANSWER = ['timeout', 'unreachable', 'rejected', 'aborted', 'no-context', 'protocol', 'status', 'busy'];

/** Whether an error says that a PACS could not be asked; another PACS may still have what is looked for. */
export function isNoAnswer(error: unknown): boolean {
  return error instanceof DicomError && NO_ANSWER.includes(error.kind);
}
