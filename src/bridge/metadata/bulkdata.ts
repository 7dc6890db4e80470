// One value of a stored instance as bytes (PS3.18 10.4.1.5): the value field, little endian, whatever the stored encoding.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import { VRS, type Vr } from '../../dimse/data/vr.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { StoredFile } from '../cache/cache.ts';
import { type BulkElement, openDataset, readFileElements } from './file-elements.ts';

export type Bulkdata = {
  vr: Vr;
  mediaType: string;
  /** Bytes that `read` gives. */
  length: number;
  read(): AsyncIterable<Buffer>;
};

/** 'tag' or 'tag/item/tag', items counted from 0. */
const PATH = /^[0-9A-F]{8}(\/\d{1,9}\/[0-9A-F]{8})*$/;

const MEDIA_TYPE = /^\s*([\w.+-]+\/[\w.+-]+)\s*(?:;|$)/;

/** Bytes per chunk; a multiple of every word size. */
const CHUNK = 1 << 20;

/**
 * The value that the metadata's BulkDataURI with this `path` stands for, or any other whose VR allows one. Encapsulated pixel
 * data has no such form: its frames do ('not-acceptable'). The file must stay open while `read` is used.
 */
export async function bulkdataOf(file: StoredFile, path: string): Promise<Bulkdata> {
  const name = path.toUpperCase();
  if (!PATH.test(name)) throw new DicomError('malformed', 'bulkdata: not a path of tags and items', { field: 'path' });
  const bytes = await openDataset(file);
  let found: BulkElement | undefined;
  const dataset = await readFileElements(bytes, (element) => {
    if (element.path === name) found = element;
    return undefined;
  });
  if (found === undefined)
    throw new DicomError('not-found', 'bulkdata: no such value in this instance', { field: 'path' });
  const { vr, offset } = found;
  if (found.length < 0) {
    throw new DicomError('not-acceptable', 'bulkdata: compressed pixel data are given as frames', { field: 'path' });
  }
  const isDocument = name === Tag.EncapsulatedDocument;
  const length = isDocument ? documentLength(dataset, found.length) : found.length;
  const mediaType = (isDocument && mediaTypeOf(dataset)) || 'application/octet-stream';
  return { vr, mediaType, length, read: () => readRange(file, offset, length, vr) };
}

/** EncapsulatedDocumentLength (0042,0015) tells apart the last byte and the padding. */
function documentLength(dataset: Dataset, length: number): number {
  const said = dataset[Tag.EncapsulatedDocumentLength]?.Value?.[0];
  return said === length - 1 ? length - 1 : length;
}

async function* readRange(file: StoredFile, offset: number, length: number, vr: Vr): AsyncGenerator<Buffer> {
  const bytes = await openDataset(file);
  const isBig = transferSyntax(bytes.transferSyntaxUid)?.endian === 'big';
  for (let at = 0; at < length; at += CHUNK) {
    const chunk = await bytes.read(offset + at, Math.min(CHUNK, length - at));
    if (chunk.length === 0) throw new DicomError('corrupt', 'bulkdata: the stored instance is cut off');
    yield isBig ? swapped(chunk, VRS[vr].size) : chunk;
  }
}

function swapped(chunk: Buffer, size: number): Buffer {
  if (chunk.length % size !== 0) return chunk;
  if (size === 2) return chunk.swap16();
  if (size === 4) return chunk.swap32();
  return size === 8 ? chunk.swap64() : chunk;
}

/** The type that a document says it has, without parameters: it goes into headers, where nothing else may follow it. */
function mediaTypeOf(dataset: Dataset): string | undefined {
  const said = dataset[Tag.MIMETypeOfEncapsulatedDocument]?.Value?.[0];
  return typeof said === 'string' ? MEDIA_TYPE.exec(said)?.[1]?.toLowerCase() : undefined;
}
