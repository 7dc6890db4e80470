// What an archive is loaded with: the corpus's set that can stand in one PACS together, else the project's own phantoms.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusDir, corpusRows } from './corpus.ts';

/** A Part 10 file and what it is. */
export type Loaded = {
  name: string;
  path: string;
  study: string;
  series: string;
  instance: string;
  sopClassUid: string;
  transferSyntaxUid: string;
};

/** The files, or the reason why there are none. */
export function archiveFiles(): { files: Loaded[]; skip: string | false } {
  const dir = corpusDir();
  if (dir === undefined) {
    if (process.env.DICOM_CORPUS_REQUIRED === '1') throw new Error('no DICOM corpus: set DICOM_CORPUS to its folder');
    return { files: [], skip: 'no DICOM corpus: set DICOM_CORPUS to its folder' };
  }
  const rows = new Map(corpusRows(dir, 'manifest.tsv').map((row) => [row.file, row]));
  const names = readFileSync(join(dir, 'pacs_set.txt'), 'utf8').trim().split('\n');
  const files = names.map((name): Loaded => {
    const row = rows.get(name);
    if (row === undefined) throw new Error(`${name} of pacs_set.txt is not in manifest.tsv`);
    return {
      name,
      path: join(dir, name),
      study: row.study_uid ?? '',
      series: row.series_uid ?? '',
      instance: row.sop_instance_uid ?? '',
      sopClassUid: row.sop_class_uid ?? '',
      transferSyntaxUid: row.transfer_syntax_uid ?? '',
    };
  });
  return { files, skip: false };
}
