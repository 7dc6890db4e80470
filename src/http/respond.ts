// How answers leave: streamed, with the status line held back until the first bytes exist; a failure after that destroys
// the connection, so that no answer looks whole and is not.

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { faultOf } from '../bridge/faults.ts';
import type { FollowedFile } from '../bridge/gateway.ts';
import { DicomError } from '../dimse/errors.ts';
import { type Coding, codingOf, encoded } from './coding.ts';
import { codedEtag, isKnown } from './etag.ts';
import type { Exchange } from './exchange.ts';
import { createBoundary, multipartType, onePart, type Part, writeMultipart } from './multipart-writer.ts';
import { rangeOf, within } from './partial.ts';
import { primed } from './primed.ts';
import { sendUnsatisfiable } from './problem.ts';
import type { ByteRange } from './range.ts';
import { resetSocket } from './reset.ts';
import { UNDER_WAY } from './ring.ts';

/** Keeps `file` until the answer is complete or given up. */
export function hold(file: Pick<FollowedFile, 'release'>, { reply }: Exchange): void {
  if (reply.raw.destroyed) file.release();
  else reply.raw.once('close', () => file.release());
}

/** JSON and XML, alone or as parts: what is worth a content coding (PS3.18 8.4.2). */
const CODED = /^(multipart\/related; type=")?application\/(dicom\+|vnd\.sun\.wadl\+)?(json|xml)\b/;
/** Below this many bytes a coding costs more than it saves. */
const WORTH_CODING = 1024;

/** The coding for an answer that begins with `first`; says in the headers that it was negotiated. */
function negotiated({ request, reply }: Exchange, first: Buffer | undefined): Coding | undefined {
  if (!CODED.test(String(reply.getHeader('content-type'))) || reply.hasHeader('content-encoding')) return undefined;
  const vary = reply.getHeader('vary');
  reply.header('vary', vary === undefined ? 'Accept-Encoding' : `${vary}, Accept-Encoding`);
  const coding = codingOf(request.headers['accept-encoding']);
  if (coding === undefined || (first?.length ?? 0) < WORTH_CODING) return undefined;
  reply.header('content-encoding', coding).removeHeader('content-length');
  const etag = reply.getHeader('etag');
  if (typeof etag === 'string') reply.header('etag', codedEtag(etag, coding));
  return coding;
}

/**
 * Sends `bytes` as they come, JSON and XML in the coding that the client takes; for HEAD only what the first of them proves.
 * Written straight to Node's response: a stream piped into it would be one more queue of chunks.
 */
export async function sendStream(
  exchange: Exchange,
  bytes: AsyncIterable<Buffer>,
  headers: Record<string, string>,
): Promise<FastifyReply> {
  const { request, reply } = exchange;
  const { items, first } = await primed(bytes);
  reply.headers(headers);
  const coding = negotiated(exchange, first);
  if (reply.statusCode === 200 && isKnown(exchange)) {
    await items.return();
    return reply.status(304).removeHeader('content-length').removeHeader('content-encoding').send();
  }
  const range = rangeOf(exchange);
  if (range === 'unsatisfiable') {
    await items.return();
    return sendUnsatisfiable(Number(reply.getHeader('content-length')), request, reply);
  }
  reply.hijack();
  const { raw } = reply;
  try {
    raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
    const wanted = range === undefined ? items : within(items, range);
    if (request.method === 'HEAD') await items.return();
    else await pump(coding === undefined ? wanted : encoded(wanted, coding), raw);
    raw.end();
  } catch (error) {
    // The status line has gone out: only a broken connection still says that this is not the whole.
    breakOff(raw);
    logBreak(error, request);
  }
  return reply;
}

/** What is of known length and can be read from anywhere: `read` gives the bytes of a range. */
export type Content = { length: number; read(range: ByteRange): AsyncIterable<Buffer> };

/** Sends `content`, or the range of it that the client asks for, of which alone is read. */
export async function sendContent(
  exchange: Exchange,
  { length, read }: Content,
  headers: Record<string, string>,
): Promise<FastifyReply> {
  const { request, reply } = exchange;
  reply.headers({ ...headers, 'content-length': String(length) });
  const range = rangeOf(exchange);
  if (range === 'unsatisfiable') return sendUnsatisfiable(length, request, reply);
  return sendStream(exchange, read(range ?? { start: 0, end: length - 1 }), {});
}

/** Writes `chunks`, asking for the next only when few enough are under way: the source may use their buffers again. */
async function pump(chunks: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
  let underWay = 0;
  let wake = (): void => {};
  const written = (): void => {
    underWay--;
    wake();
  };
  response.once('close', () => wake());
  for await (const chunk of chunks) {
    underWay++;
    response.write(chunk, written);
    while (underWay >= UNDER_WAY && !response.destroyed) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (response.destroyed) throw new DicomError('cancelled', 'the client went away');
  }
}

/** By a reset, where there can be one: a client of HTTP/1.0 takes a connection that closes in order for the end of an answer. */
function breakOff(raw: ServerResponse): void {
  resetSocket(raw.socket);
  raw.destroy();
}

/** One line in the log for an answer that ended before its end: the client only sees a connection that breaks. */
function logBreak(error: unknown, request: FastifyRequest): void {
  const { name, detail, httpStatus } = faultOf(error);
  const field = error instanceof DicomError ? error.field : undefined;
  const facts = { method: request.method, route: request.routeOptions.url, fault: name, field };
  if (name === 'internal') request.log.error({ ...facts, err: error }, 'answer broken off');
  else if (httpStatus < 500) {
    request.log.info(facts, 'answer broken off');
    request.log.debug({ reason: detail }, 'why it was broken off');
  } else request.log.warn({ ...facts, reason: detail }, 'answer broken off');
}

/** Sends `parts` as multipart/related whose root type is `type`. */
export function sendParts(exchange: Exchange, type: string, parts: AsyncIterable<Part>): Promise<FastifyReply> {
  const boundary = createBoundary();
  return sendStream(exchange, writeMultipart(parts, boundary), {
    'content-type': multipartType(type, boundary),
    'cache-control': 'private, no-cache',
  });
}

/**
 * Sends a body that is in memory: status line, headers and body leave in one write. For what is sent in a content coding
 * there is `sendStream`.
 */
export function sendWhole(exchange: Exchange, body: readonly Buffer[], headers: Record<string, string>): FastifyReply {
  const { request, reply } = exchange;
  const length = body.reduce((sum, one) => sum + one.length, 0);
  reply.headers({ ...headers, 'content-length': String(length) });
  const range = rangeOf(exchange);
  if (range === 'unsatisfiable') return sendUnsatisfiable(length, request, reply);
  const wanted = range === undefined ? body : [Buffer.concat(body).subarray(range.start, range.end + 1)];
  reply.hijack();
  const { raw } = reply;
  raw.cork();
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
  if (request.method !== 'HEAD') for (const bytes of wanted) raw.write(bytes);
  raw.end();
  raw.uncork();
  return reply;
}

/** Sends a single part, whose bytes are in memory, as multipart/related whose root type is `type`. */
export function sendPart(
  exchange: Exchange,
  type: string,
  { headers, bytes }: { headers: Record<string, string>; bytes: Buffer },
): FastifyReply {
  const boundary = createBoundary();
  return sendWhole(exchange, onePart(headers, bytes, boundary), {
    'content-type': multipartType(type, boundary),
    'cache-control': 'private, no-cache',
  });
}

/** One alone, where many may be: the buffer of a body, the part of a multipart. */
export async function* once<T>(one: T): AsyncGenerator<T, void, undefined> {
  yield one;
}
