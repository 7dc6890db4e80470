// WADO-URI: an instance as a PS3.10 file, as it is or de-identified (PS3.18 9.4).

import type { FastifyReply } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import { deidentified } from '../../dimse/data/deidentify/deidentified.ts';
import { readFileMeta, writeFileMeta } from '../../dimse/data/part10.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { Representation } from '../accept.ts';
import { etagOf, sentUnchanged } from '../etag.ts';
import type { Exchange } from '../exchange.ts';
import { EXPLICIT_LITTLE } from '../offers.ts';
import { uid } from '../paths.ts';
import { primed } from '../primed.ts';
import { type Query, single } from '../query.ts';
import { sendStream } from '../respond.ts';
import { CHUNK, createRing, type Ring } from '../ring.ts';
import { locate, type Service } from '../service.ts';
import { type OpenedFile, openFile, sentUid } from '../stored-file.ts';

/** What is asked of the file. */
export type WadoDicom = { representation: Representation; anonymize: boolean };

/** Of pictures alone: the file has no window (9.5.1.2.6). */
const RENDERED_ONLY = ['windowCenter', 'windowWidth'];

/** @throws DicomError `malformed` naming the parameter */
export function parseWadoDicom(query: Query): WadoDicom {
  const misplaced = RENDERED_ONLY.find((name) => single(query, name) !== undefined);
  if (misplaced !== undefined) {
    throw new DicomError('malformed', `${misplaced} goes with rendered types`, { field: misplaced });
  }
  return { representation: representationOf(query), anonymize: anonymizeOf(query) };
}

/** 9.4.1.2.1: `yes` is the only value. */
export function anonymizeOf(query: Query): boolean {
  const value = single(query, 'anonymize');
  if (value !== undefined && value !== 'yes') {
    throw new DicomError('malformed', 'anonymize is not yes', { field: 'anonymize' });
  }
  return value === 'yes';
}

/** The transfer syntax asked for; `*`, which the standard leaves to WADO-RS, is what viewers send here too. */
function representationOf(query: Query): Representation {
  const named = single(query, 'transferSyntax');
  const transferSyntax = named === undefined || named === '*' ? named : uid(named, 'transferSyntax');
  return {
    mediaType: 'application/dicom',
    multipart: false,
    transferSyntax: transferSyntax ?? EXPLICIT_LITTLE,
    named: transferSyntax !== undefined,
  };
}

/** Sends `file` as asked. The transfer-syntax parameter is forbidden in responses of this service (8.7.3.5.2). */
export async function sendDicom(
  exchange: Exchange,
  file: StoredFile,
  { representation, anonymize }: WadoDicom,
): Promise<FastifyReply> {
  const { reply, service, baseUrl, signal } = exchange;
  const { renderer } = service;
  if (anonymize) {
    const opened = await openFile(file, [representation], { renderer, ring: fresh, signal });
    // No Content-Location: it would name the patient's own study.
    reply.header('cache-control', 'no-store');
    const bytes = await anonymized(opened, file, service);
    return sendStream(exchange, bytes, { 'content-type': 'application/dicom' });
  }
  if (sentUnchanged(exchange, etagOf(file, JSON.stringify(['wado', representation])))) return reply;
  const { length, bytes } = await openFile(file, [representation], {
    renderer,
    ring: createRing(exchange.reply.raw),
    signal,
  });
  const headers = { 'content-type': 'application/dicom', 'content-location': locate(baseUrl, file) };
  return sendStream(exchange, bytes, length === undefined ? headers : { ...headers, 'content-length': String(length) });
}

/** Buffers that stay what they are: the head of the data set is gathered. */
const fresh: Ring = { buffer: (length) => Buffer.allocUnsafe(Math.min(length, CHUNK)) };

/** The file de-identified, with file meta information and a preamble of our own (PS3.15 E.1.1). */
async function anonymized(
  { bytes, transferSyntaxUid }: OpenedFile,
  file: StoredFile,
  { replaceUid }: Service,
): Promise<AsyncIterable<Buffer>> {
  const { items } = await primed(deidentified(dataSetOf(bytes), transferSyntaxUid, replaceUid));
  const sopInstanceUid = replaceUid(sentUid(file, transferSyntaxUid));
  const meta = writeFileMeta({ sopClassUid: file.sopClassUid, sopInstanceUid, transferSyntaxUid });
  return behind(meta, items);
}

/** What follows the file meta information, which comes as the first chunk. */
async function* dataSetOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield isFirst ? chunk.subarray(readFileMeta(chunk).dataOffset) : chunk;
    isFirst = false;
  }
}

async function* behind(head: Buffer, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield head;
  yield* chunks;
}
