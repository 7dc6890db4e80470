// How answers leave: streamed, with the status line held back until the first bytes exist; a failure after that destroys
// the connection, so that no answer looks whole and is not.

import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { faultOf } from '../bridge/faults.ts';
import type { StoredFile } from '../bridge/gateway.ts';
import { DicomError } from '../dimse/errors.ts';
import { createBoundary, multipartType, type Part, writeMultipart } from './multipart-writer.ts';
import { primed } from './primed.ts';

const HIGH_WATER = 1024 * 1024;

/** Fires when the client goes away before the answer is complete. */
export function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new DicomError('cancelled', 'the client went away'));
  });
  return controller.signal;
}

/** Keeps `file` until the answer is complete or given up. */
export function hold(file: StoredFile, reply: FastifyReply): void {
  if (reply.raw.destroyed) file.release();
  else reply.raw.once('close', () => file.release());
}

/** Sends `bytes` as they come; for HEAD only what the first of them proves. */
export async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: AsyncIterable<Buffer>,
  headers: Record<string, string>,
): Promise<FastifyReply> {
  const { items } = await primed(bytes);
  reply.headers(headers);
  if (request.method === 'HEAD') {
    await items.return();
    return reply.send(Readable.from([]));
  }
  return reply.send(Readable.from(logged(items, request), { objectMode: false, highWaterMark: HIGH_WATER }));
}

/** `bytes`, with one line in the log when they end before their end: the client only sees a connection that breaks. */
async function* logged(bytes: AsyncIterable<Buffer>, request: FastifyRequest): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* bytes;
  } catch (error) {
    const { name, detail } = faultOf(error);
    const facts = { method: request.method, route: request.routeOptions.url, fault: name };
    if (name === 'internal') request.log.error({ ...facts, err: error }, 'answer broken off');
    else request.log.warn({ ...facts, reason: detail }, 'answer broken off');
    throw error;
  }
}

/** Sends `parts` as multipart/related whose root type is `type`. */
export function sendParts(
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  parts: AsyncIterable<Part>,
): Promise<FastifyReply> {
  const boundary = createBoundary();
  return sendStream(request, reply, writeMultipart(parts, boundary), {
    'content-type': multipartType(type, boundary),
    'cache-control': 'private, no-cache',
  });
}

/** One buffer as a body to be read. */
export async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}
