// What a client does with an answer before it can show anything: each of these throws where that client would.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { readFileMeta } from '../../../src/dimse/data/part10.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { corpusDir, corpusRows } from '../../support/corpus.ts';
import { partsOf } from '../../support/multipart.ts';
import type { Sample } from './archive.ts';
import type { Answer } from './exact.ts';

export type Expect = (answer: Answer) => void | Promise<void>;
export type Row = Record<string, { vr: string; Value?: unknown[]; BulkDataURI?: string; InlineBinary?: string }>;

const CODINGS: Readonly<Record<string, (body: Buffer) => Buffer>> = { gzip: gunzipSync, br: brotliDecompressSync };

/** Data sets as JSON, whatever coding of those asked for they come in. */
export function rowsOf({ status, headers, body }: Answer): Row[] {
  assert.equal(status, 200, body.subarray(0, 300).toString());
  assert.equal(headers['content-type'], 'application/dicom+json');
  const coding = headers['content-encoding'];
  const decode = coding === undefined ? (plain: Buffer) => plain : CODINGS[coding];
  assert.ok(decode, `nothing here decodes ${coding}`);
  return JSON.parse(decode(body).toString('utf8')) as Row[];
}

/** Rows of exactly these UIDs, each with the attributes named. */
export function rows(tag: string, uids: readonly string[], tags: readonly string[] = []): Expect {
  return (answer) => {
    const found = rowsOf(answer);
    assert.deepEqual(found.map((row) => row[tag]?.Value?.[0]).sort(), [...uids].sort());
    for (const row of found) for (const one of tags) assert.ok(row[one] !== undefined, `${one} is missing`);
  };
}

/** A body by itself: type, length, and bytes where they are known. */
export function single(type: string, bytes?: () => Uint8Array): Expect {
  return ({ status, headers, body }) => {
    assert.equal(status, 200, body.subarray(0, 300).toString());
    assert.equal(headers['content-type'], type);
    assert.equal(headers['content-length'], String(body.length));
    if (bytes !== undefined) assert.ok(body.equals(bytes()), 'the bytes differ');
  };
}

/** One part of multipart/related, read by the rules of RFC 2046. */
export function part(type: string, bytes: () => Uint8Array): Expect {
  return ({ status, headers, body }) => {
    assert.equal(status, 200, body.subarray(0, 300).toString());
    const [bare] = type.split(';');
    assert.ok(headers['content-type']?.startsWith(`multipart/related; type="${bare}"`), headers['content-type']);
    const [first, ...more] = partsOf(headers['content-type'] ?? '', body);
    assert.equal(more.length, 0);
    assert.equal(first?.headers['content-type'], type);
    assert.ok(first?.body.equals(bytes()), 'the bytes differ');
  };
}

/**
 * cornerstone's reading of a frame: the first line is the boundary, a header is found as the exact text `Content-Type:`, its
 * transfer-syntax is taken as it stands, and the frame ends where the boundary comes again.
 */
export function cornerstoneFrame(transferSyntaxUid: string, bytes: () => Uint8Array): Expect {
  return ({ status, body }) => {
    assert.equal(status, 200, body.subarray(0, 300).toString());
    const start = body.indexOf('\r\n\r\n');
    const lines = body.subarray(0, start).toString('latin1').split('\r\n');
    const boundary = lines.find((line) => line.startsWith('--'));
    assert.ok(boundary !== undefined);
    const type = lines.find((line) => line.startsWith('Content-Type:'))?.slice('Content-Type:'.length) ?? '';
    const parameters = type.split(';').map((one) => one.trim().split('='));
    assert.equal(parameters.find(([name]) => name === 'transfer-syntax')?.[1], transferSyntaxUid);
    const frame = body.subarray(start + 4, body.indexOf(boundary, start + 4));
    assert.ok(frame.subarray(0, -2).equals(bytes()), 'the frame differs');
  };
}

/** Part 10 in the syntax wanted, of the very instance, whether it is the body or its only part. */
export function instance({ instance: uid }: Sample, transferSyntaxUid: string, form: 'single' | 'multipart'): Expect {
  return (answer) => {
    const part10 = form === 'single' ? answer.body : onlyPart(answer);
    if (form === 'single') {
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'] ?? '', /^application\/dicom(;|$)/);
    }
    const meta = readFileMeta(part10);
    assert.deepEqual([meta.sopInstanceUid, meta.transferSyntaxUid], [uid, transferSyntaxUid]);
  };
}

/** The frames as independent decoders see them, of an instance that came without compression. */
export function decoded(sample: Sample, form: 'single' | 'multipart'): Expect {
  return (answer) => {
    const part10 = form === 'single' ? answer.body : onlyPart(answer);
    const { dataOffset, transferSyntaxUid } = readFileMeta(part10);
    const pixels = readDataset(part10.subarray(dataOffset), transferSyntaxUid)['7FE00010']?.InlineBinary;
    const truth = corpusRows(corpusDir() ?? '', 'truth.tsv').filter(
      ({ file, frame }) => file === sample.name && frame === '1',
    );
    const hash = createHash('sha256')
      .update(pixels ?? '')
      .digest('hex');
    assert.ok(
      truth.some(({ sha256 }) => sha256 === hash),
      'the pixels are not those that other decoders see',
    );
  };
}

/** A picture that decodes, within the size asked for. */
export function picture(format: 'jpeg' | 'png', size: { width: number; height: number }): Expect {
  return async (answer) => {
    single(`image/${format}`)(answer);
    const found = await sharp(answer.body).metadata();
    assert.deepEqual([found.format, found.width, found.height], [format, size.width, size.height]);
  };
}

export function all(...expectations: Expect[]): Expect {
  return async (answer) => {
    for (const one of expectations) await one(answer);
  };
}

function onlyPart({ status, headers, body }: Answer): Buffer {
  assert.equal(status, 200, body.subarray(0, 300).toString());
  assert.match(headers['content-type'] ?? '', /^multipart\/related; type="application\/dicom"/);
  const [first, ...more] = partsOf(headers['content-type'] ?? '', body);
  assert.ok(first !== undefined && more.length === 0, 'one part is expected');
  assert.match(first.headers['content-type'] ?? '', /^application\/dicom/);
  return first.body;
}
