// De-identification of an encoded data set on its way: the attributes before the pixel data are held, cleaned and written
// anew; the pixels pass unchanged, without what their codestreams say in words; what follows them is left out, for all of it
// is to go (digital signatures, padding).

import { DicomError } from '../../errors.ts';
import { ByteSource } from '../byte-source.ts';
import type { Dataset } from '../dataset.ts';
import { incomplete } from '../element.ts';
import { isIncomplete, readElements } from '../reader.ts';
import { Tag } from '../tags.ts';
import { writeDataset } from '../writer.ts';
import { deidentify, type ReplaceUid } from './deidentify.ts';
import { cleanedFragments } from './fragments.ts';
import { refusalToClean } from './refusal.ts';

/** Attributes before the pixel data; an instance with more is refused. */
const MAX_HEAD = 64 * 1024 * 1024;
const FIRST_TRY = 64 * 1024;
const LONGEST_HEADER = 12;
const CHUNK = 256 * 1024;
const PIXEL_DATA = 0x7fe00010;

/**
 * The data set `chunks`, de-identified, in the same transfer syntax: a little endian one with explicit VR.
 * @throws DicomError before the first chunk: `not-acceptable` (field `anonymize`) when text in its pixels can't be excluded or
 *   it is a document, `too-large`, `corrupt`, and what `chunks` throws
 */
export async function* deidentified(
  chunks: AsyncIterable<Buffer>,
  transferSyntaxUid: string,
  replaceUid: ReplaceUid,
): AsyncGenerator<Buffer, void, undefined> {
  const source = new ByteSource(chunks);
  try {
    const { dataset, hasPixels } = await readHead(source, transferSyntaxUid);
    const refusal = refusalToClean(dataset, hasPixels);
    if (refusal !== undefined) {
      throw new DicomError('not-acceptable', `the instance can't be de-identified: ${refusal}`, { field: 'anonymize' });
    }
    const cleaned = deidentify(dataset, replaceUid, { hasPixels });
    const pixels = pixelData(source, transferSyntaxUid);
    // The first frame is looked through before anything is said.
    const { value: first } = hasPixels ? await pixels.next() : {};
    yield writeDataset(cleaned, transferSyntaxUid, { charset: 'declared' });
    if (first) yield first;
    if (hasPixels) yield* pixels;
  } finally {
    await source.close();
  }
}

/** Reads up to the pixel data, where `source` stands then. */
async function readHead(
  source: ByteSource,
  transferSyntaxUid: string,
): Promise<{ dataset: Dataset; hasPixels: boolean }> {
  for (let wanted = FIRST_TRY; ; wanted *= 2) {
    await source.fill(wanted);
    const isWhole = source.available < wanted;
    const { cursor } = source;
    try {
      const options = { until: Tag.FloatPixelData, keepText: true };
      const { dataset, end, stopped } = readElements(
        cursor.bytes.subarray(cursor.position),
        transferSyntaxUid,
        options,
      );
      if (stopped !== undefined || isWhole) {
        cursor.position += end;
        return { dataset, hasPixels: stopped !== undefined && Number.parseInt(stopped.tag, 16) <= PIXEL_DATA };
      }
    } catch (error) {
      if (!isIncomplete(error) || isWhole) throw error;
    }
    if (wanted >= MAX_HEAD) {
      throw new DicomError('too-large', 'the attributes of the instance are too large to be de-identified', {
        field: 'anonymize',
      });
    }
  }
}

/** The elements of pixel data: (7FE0,0008), (7FE0,0009) and (7FE0,0010). */
async function* pixelData(source: ByteSource, transferSyntaxUid: string): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    await source.fill(LONGEST_HEADER);
    const { cursor } = source;
    const start = cursor.position;
    if (source.available < LONGEST_HEADER) return;
    cursor.next(true, true);
    if (cursor.tag > PIXEL_DATA) return;
    const header = cursor.bytes.subarray(start, cursor.position);
    const { length } = cursor;
    let held: Buffer | undefined = header;
    for await (const chunk of length < 0 ? cleanedFragments(source, transferSyntaxUid) : value(source, length)) {
      yield held === undefined ? chunk : Buffer.concat([held, chunk]);
      held = undefined;
    }
    if (held !== undefined) yield held;
  }
}

async function* value(source: ByteSource, length: number): AsyncGenerator<Buffer, void, undefined> {
  for (let left = length; left > 0; ) {
    await source.fill(1);
    const count = Math.min(left, source.available, CHUNK);
    if (count === 0) throw incomplete();
    yield source.take(count);
    left -= count;
  }
}
