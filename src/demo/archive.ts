// The demo PACS's holdings: Part 10 files in a folder, and an index of their attributes by level in node:sqlite.

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Dataset } from '../dimse/data/dataset.ts';
import { readFileMeta, writeFileMeta } from '../dimse/data/part10.ts';
import { isIncomplete, readElements } from '../dimse/data/reader.ts';
import { Tag } from '../dimse/data/tags.ts';
import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { createUid } from '../dimse/data/uid.ts';
import { DicomError } from '../dimse/errors.ts';
import type { Instance } from '../dimse/instance.ts';
import { ArchiveIndex, type Holding } from './archive-index.ts';

const FIRST_READ = 64 << 10;
const READ_CHUNK = 256 << 10;

/** Holds instances; the same SOP Instance UID again replaces what was there. */
export class Archive {
  readonly index: ArchiveIndex;
  readonly #dir: string;

  private constructor(dir: string, index: ArchiveIndex) {
    this.#dir = dir;
    this.index = index;
  }

  /** Opens, or begins, the archive in a folder. */
  static async open(dir: string): Promise<Archive> {
    await mkdir(dir, { recursive: true });
    return new Archive(dir, new ArchiveIndex(join(dir, 'index.sqlite')));
  }

  /**
   * Writes the instance to a file and indexes it when it is whole. Throws 'status' A900 when the data set is of another
   * instance than the request says (PS3.4 B.2.3), C000 when it lacks a UID that places it in a study.
   */
  async store(instance: Instance, sourceAeTitle?: string): Promise<void> {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
    const path = join(this.#dir, `${createUid()}.dcm`);
    const part = `${path}.part`;
    const meta = writeFileMeta({
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid,
      ...(sourceAeTitle !== undefined && { sourceAeTitle }),
    });
    try {
      await pipeline(Readable.from(withHead(meta, instance.body)), createWriteStream(part));
      const { holding, attributes } = await examine(part);
      if (holding.sopInstanceUid !== sopInstanceUid || holding.sopClassUid !== sopClassUid) {
        throw new DicomError('status', 'C-STORE: data set does not match SOP class or instance', { status: 0xa900 });
      }
      await rename(part, path);
      await this.#hold({ ...holding, path }, attributes);
    } finally {
      await rm(part, { force: true });
    }
  }

  /** Takes up a Part 10 file where it lies, without copying it. */
  async adopt(path: string): Promise<void> {
    const { holding, attributes } = await examine(path);
    await this.#hold(holding, attributes);
  }

  close(): void {
    this.index.close();
  }

  async #hold(holding: Holding, attributes: Dataset): Promise<void> {
    const replaced = this.index.add(holding, attributes);
    if (replaced !== undefined && replaced !== holding.path && replaced.startsWith(this.#dir))
      await rm(replaced, { force: true });
  }
}

/** The data set of a held instance, as stored. */
export async function* bodyOf(holding: Holding): AsyncGenerator<Buffer> {
  yield* createReadStream(holding.path, { start: holding.dataOffset, highWaterMark: READ_CHUNK });
}

async function* withHead(head: Buffer, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* body;
}

type Examined = { holding: Holding; attributes: Dataset };

/** Reads as much of a file as its attributes take, up to the pixel data. */
async function examine(path: string): Promise<Examined> {
  const { size } = await stat(path);
  const file = await open(path);
  try {
    for (let length = FIRST_READ; ; length *= 4) {
      const whole = length >= size;
      const bytes = Buffer.alloc(Math.min(length, size));
      await file.read(bytes, 0, bytes.length, 0);
      try {
        return holdingOf(path, bytes, whole);
      } catch (error) {
        if (whole || !isIncomplete(error)) throw error;
      }
    }
  } finally {
    await file.close();
  }
}

/** A deflated data set can only be read whole. */
function holdingOf(path: string, bytes: Buffer, whole: boolean): Examined {
  const { transferSyntaxUid, dataOffset } = readFileMeta(bytes);
  const deflated = transferSyntax(transferSyntaxUid)?.deflated === true;
  const data = bytes.subarray(dataOffset);
  if (deflated && !whole) throw new DicomError('corrupt', 'deflated data set cut', { field: 'length' });
  const { dataset, stopped } = readElements(data, transferSyntaxUid, { until: Tag.PixelData });
  if (stopped === undefined && !whole) throw new DicomError('corrupt', 'data set cut', { field: 'length' });
  const holding = {
    path,
    dataOffset,
    transferSyntaxUid,
    sopClassUid: uidIn(dataset, Tag.SOPClassUID),
    sopInstanceUid: uidIn(dataset, Tag.SOPInstanceUID),
    studyInstanceUid: uidIn(dataset, Tag.StudyInstanceUID),
    seriesInstanceUid: uidIn(dataset, Tag.SeriesInstanceUID),
  };
  return { holding, attributes: dataset };
}

function uidIn(dataset: Dataset, tag: string): string {
  const uid = dataset[tag]?.Value?.[0];
  if (typeof uid === 'string' && uid !== '') return uid;
  throw new DicomError('status', `C-STORE: the data set lacks (${tag.slice(0, 4)},${tag.slice(4)})`, {
    status: 0xc000,
    field: tag,
  });
}
