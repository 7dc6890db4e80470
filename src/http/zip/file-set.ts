// Instances as a DICOM file set in a ZIP archive (PS3.10 chapter 8): Part 10 files at paths that media allow, and a DICOMDIR.

import type { StoredFile } from '../../bridge/gateway.ts';
import { openDataset, readFileElements } from '../../bridge/metadata/file-elements.ts';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { Dicomdir } from '../../dimse/data/media/dicomdir.ts';
import type { Representation } from '../accept.ts';
import { once } from '../respond.ts';
import { type Means, openFile } from '../stored-file.ts';
import type { ZipEntry } from './zip-writer.ts';

const DIRECTORY = 'DICOMDIR';
/** Values above this many bytes are no keys of a directory and stay on disk. */
const LARGEST_VALUE = 4096;

/** Paths of files: a folder per series, both numbered as they come (PS3.10 8.2: eight capitals and digits a component). */
class FileIds {
  private readonly series = new Map<string, { number: number; files: number }>();

  next({ studyInstanceUid, seriesInstanceUid }: StoredFile): string[] {
    const key = `${studyInstanceUid} ${seriesInstanceUid}`;
    const one = this.series.get(key) ?? { number: this.series.size + 1, files: 0 };
    this.series.set(key, one);
    one.files++;
    return ['DICOM', numbered('S', one.number), numbered('I', one.files)];
  }
}

function numbered(letter: string, n: number): string {
  return letter + String(n).padStart(7, '0');
}

async function attributesOf(file: StoredFile): Promise<Dataset> {
  const bytes = await openDataset(file);
  return readFileElements(bytes, ({ length }) => (length > LARGEST_VALUE ? 'large' : undefined));
}

/** An entry per file in the best of the `accepted` transfer syntaxes, and the DICOMDIR of them all. Releases the files. */
export async function* fileSet(
  files: AsyncIterable<StoredFile>,
  accepted: readonly Representation[],
  means: Means,
): AsyncGenerator<ZipEntry, void, undefined> {
  const directory = new Dicomdir();
  const fileIds = new FileIds();
  for await (const file of files) {
    try {
      const { sopClassUid, sopInstanceUid } = file;
      const fileId = fileIds.next(file);
      const { transferSyntaxUid, length, bytes } = await openFile(file, accepted, means);
      directory.add({ fileId, dataset: await attributesOf(file), sopClassUid, sopInstanceUid, transferSyntaxUid });
      yield { name: fileId.join('/'), body: bytes, ...(length === undefined ? {} : { length }) };
    } finally {
      file.release();
    }
  }
  const bytes = directory.bytes();
  yield { name: DIRECTORY, length: bytes.length, body: once(bytes) };
}
