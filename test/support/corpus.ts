// The foreign corpus: real DICOM files that do not live in this repository. DICOM_CORPUS names its folder; without it
// `../shared/corpus` beside the project is looked for. Absent: tests on it are skipped, unless DICOM_CORPUS_REQUIRED=1.

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const beside = resolve(fileURLToPath(import.meta.url), '../../../../shared/corpus');

/** The corpus folder, or undefined where there is none. */
export function corpusDir(): string | undefined {
  const dir = process.env.DICOM_CORPUS ?? beside;
  return existsSync(join(dir, 'manifest.tsv')) ? dir : undefined;
}

/** A test that is given the corpus folder; skipped with its reason, or failed where the corpus is demanded. */
export function corpusTest(name: string, run: (dir: string, t: TestContext) => void | Promise<void>): void {
  const dir = corpusDir();
  if (dir !== undefined) {
    test(name, (t) => run(dir, t));
    return;
  }
  const reason = 'no DICOM corpus: set DICOM_CORPUS to its folder';
  if (process.env.DICOM_CORPUS_REQUIRED === '1') {
    test(name, () => {
      throw new Error(reason);
    });
    return;
  }
  test(name, { skip: reason }, () => {});
}

/** The rows of one of the corpus's tables (`manifest.tsv`, `truth.tsv`, …), each by its column names. */
export function corpusRows(dir: string, table: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(join(dir, table), 'utf8').trimEnd().split('\n');
  const columns = (head ?? '').split('\t');
  return lines.map((line) => {
    const cells = line.split('\t');
    return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
  });
}
