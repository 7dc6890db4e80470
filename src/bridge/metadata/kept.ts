// Metadata as JSON text: made once, kept compressed beside the instance, and given to each client with the URLs that it sees.

import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';
import { toJson } from '../../dimse/data/json.ts';
import type { Described } from '../retrieve/without-bulk-data.ts';
import { type MetadataOptions, metadataOf } from './metadata.ts';

/** To be raised when metadata come out differently: those that are kept are then made anew. */
const VERSION = 1;
/** Characters, and compressed bytes, from which on another thread does the work. */
const LARGE = 256 * 1024;
const LEVEL = 4;
/** In place of the base URL, which differs between clients: at the beginning of what is kept, and wherever the URL goes. */
const MARK_LENGTH = 36;

const deflate = promisify<string, object, Buffer>(deflateRaw);
const inflate = promisify<Buffer, Buffer>(inflateRaw);

/** The JSON of what `metadataOf` gives. */
export async function metadataJsonOf(file: Described, { baseUrl, inlineBytes }: MetadataOptions): Promise<string> {
  const kind = `metadata-${VERSION}-${inlineBytes}`;
  const kept = file.document(kind);
  const marked = kept === undefined ? await make(file, kind, inlineBytes) : await unpack(kept);
  const written = JSON.stringify(baseUrl).slice(1, -1);
  return marked.slice(MARK_LENGTH).replaceAll(marked.slice(0, MARK_LENGTH), () => written);
}

async function make(file: Described, kind: string, inlineBytes: number): Promise<string> {
  // Nothing that is in the instance can be taken for it.
  const mark = randomUUID();
  const marked = mark + toJson(await metadataOf(file, { baseUrl: mark, inlineBytes }));
  const isLarge = marked.length > LARGE;
  file.keep(kind, isLarge ? await deflate(marked, { level: LEVEL }) : deflateRawSync(marked, { level: LEVEL }));
  return marked;
}

async function unpack(kept: Buffer): Promise<string> {
  return (kept.length > LARGE ? await inflate(kept) : inflateRawSync(kept)).toString();
}
