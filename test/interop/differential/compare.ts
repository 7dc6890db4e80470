// Two answers to one question, and in what they differ.

import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Attribute, Dataset } from '../../../src/dimse/data/dataset.ts';
import { readFileMeta } from '../../../src/dimse/data/part10.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { partsOf } from '../../support/multipart.ts';
import type { Question } from './questions.ts';

/** `what` is `status`, `row`, `part`, `count`, `size`, or the tag of an attribute. */
export type Difference = { what: string; of?: string; ours: unknown; theirs: unknown };

type Answer = { status: number; type: string; body: Buffer };

export async function ask(baseUrl: string, { path, accept }: Question): Promise<Answer> {
  const response = await fetch(baseUrl + path, { headers: accept === undefined ? {} : { accept } });
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get('content-type') ?? '', body };
}

export async function differencesOf({ by }: Question, ours: Answer, theirs: Answer): Promise<Difference[]> {
  if (ours.status !== theirs.status) return [{ what: 'status', ours: ours.status, theirs: theirs.status }];
  if (by === 'status' || ours.status >= 300) return [];
  const read = { rows: rowsOf, count: countOf, metadata: rowsOf, parts: partHashes, bytes: hashOf, picture: sizeOf }[
    by
  ];
  const [left, right] = [await read(ours), await read(theirs)];
  return compareMaps(left, right, by === 'metadata');
}

type Read = Map<string, Map<string, unknown>>;

const UNIQUE = ['00080018', '0020000E', '0020000D'];

/** Data sets by the unique key of their level, each attribute by its tag. */
function rowsOf({ body }: Answer): Read {
  const all = body.length === 0 ? [] : (JSON.parse(body.toString()) as Dataset[]);
  return new Map(
    all.map((dataset) => {
      const uid = UNIQUE.map((tag) => dataset[tag]?.Value?.[0]).find((one) => one !== undefined);
      return [String(uid), new Map(Object.entries(dataset).map(([tag, attribute]) => [tag, normal(attribute)]))];
    }),
  );
}

/** Values as they compare: without padding and empty groups of names, URLs below their base, bulk data as such. */
function normal({ vr, Value, BulkDataURI, InlineBinary }: Attribute): unknown {
  if (BulkDataURI !== undefined || InlineBinary !== undefined) return { vr, bulk: true };
  const values = (Value ?? []).map((value) => {
    if (typeof value === 'string') return vr === 'UR' ? value.replace(/^.*(?=\/studies\/)/, '') : value.trim();
    if (typeof value !== 'object' || value === null) return value;
    if (vr !== 'SQ') return Object.fromEntries(Object.entries(value).filter(([, group]) => group !== ''));
    return Object.fromEntries(Object.entries(value as Dataset).map(([tag, inner]) => [tag, normal(inner)]));
  });
  return values.length === 0 ? { vr } : { vr, values };
}

function countOf({ body }: Answer): Read {
  const count = body.length === 0 ? 0 : (JSON.parse(body.toString()) as unknown[]).length;
  return new Map([['all', new Map([['count', count]])]]);
}

/** DICOM parts by their UID and what they hold, whatever the encoding of elements; others by their place and bytes. */
function partHashes({ type, body }: Answer): Read {
  return new Map(
    partsOf(type, body).map((part, at) => {
      const isDicom = part.headers['content-type']?.includes('application/dicom') === true;
      if (!isDicom) return [String(at), new Map([['part', sha(part.body)]])];
      const { dataOffset, transferSyntaxUid } = readFileMeta(part.body);
      const read = readDataset(part.body.subarray(dataOffset), transferSyntaxUid);
      // Group lengths (retired) are those of an encoding.
      const dataset = Object.fromEntries(Object.entries(read).filter(([tag]) => !tag.endsWith('0000')));
      const facts = new Map([
        ['syntax', transferSyntaxUid],
        ['part', sha(Buffer.from(JSON.stringify(dataset, hashed)))],
      ]);
      return [String(dataset['00080018']?.Value?.[0]), facts];
    }),
  );
}

function hashOf({ body }: Answer): Read {
  return new Map([['body', new Map([['part', sha(body)]])]]);
}

async function sizeOf({ body }: Answer): Promise<Read> {
  const { width, height, format } = await sharp(body).metadata();
  return new Map([['picture', new Map([['size', [format, width, height]]])]]);
}

/** For JSON.stringify: bytes by their hash. */
function hashed(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? sha(value) : value;
}

function sha(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** Attributes of rows are compared where both have them: how much a search returns is up to a server. */
function compareMaps(ours: Read, theirs: Read, isWhole: boolean): Difference[] {
  const found: Difference[] = [];
  for (const of of new Set([...ours.keys(), ...theirs.keys()])) {
    const [left, right] = [ours.get(of), theirs.get(of)];
    if (left === undefined || right === undefined) {
      found.push({ what: 'row', of, ours: left !== undefined, theirs: right !== undefined });
      continue;
    }
    for (const what of new Set([...left.keys(), ...right.keys()])) {
      if (!isWhole && !(left.has(what) && right.has(what))) continue;
      if (JSON.stringify(left.get(what)) === JSON.stringify(right.get(what))) continue;
      found.push({ what, of, ours: left.get(what), theirs: right.get(what) });
    }
  }
  return found;
}
