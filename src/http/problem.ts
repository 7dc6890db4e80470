// Errors on their way out: one fault, one RFC 9457 body, one log line. What a bug says stays in the log.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type Fault, faultOf } from '../bridge/faults.ts';
import { DicomError } from '../dimse/errors.ts';
import { parseAccept } from './media-type.ts';

/** Fastify's own refusals, told as faults; every other code of its with a 4xx status is `malformed`. */
const FRAMEWORK: Readonly<Record<string, { httpStatus: number; title: string; detail?: string }>> = {
  FST_ERR_BAD_URL: { httpStatus: 400, title: 'Malformed request', detail: 'the path has a broken percent-encoding' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { httpStatus: 415, title: 'Unsupported media type' },
  FST_ERR_CTP_EMPTY_TYPE: { httpStatus: 415, title: 'Unsupported media type' },
  FST_ERR_CTP_BODY_TOO_LARGE: { httpStatus: 413, title: 'Too large' },
  FST_ERR_MAX_PARAM_LENGTH: { httpStatus: 414, title: 'URI too long', detail: 'a segment of the path is too long' },
};

type Problem = Pick<Fault, 'httpStatus' | 'title' | 'detail' | 'retryAfter'> & { name: string };

function problemOf(error: FastifyError | DicomError | Error): Problem {
  if (!(error instanceof DicomError) && 'statusCode' in error) {
    const { statusCode = 500, code, message } = error as FastifyError;
    if (statusCode >= 400 && statusCode < 500) {
      const row = FRAMEWORK[code] ?? { httpStatus: statusCode, title: 'Malformed request' };
      return { name: 'malformed', detail: message, ...row };
    }
  }
  return faultOf(error);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A browser gets a page, everyone else problem+json, whatever representation of the resource was asked for. */
function wantsPage(request: FastifyRequest): boolean {
  const accept = request.headers.accept;
  return accept !== undefined && parseAccept(accept).some(({ type, q }) => type === 'text/html' && q > 0);
}

/** What a client did wrong is told to it in words of its request, and those may be of a patient: only debug logs them. */
function log(request: FastifyRequest, error: Error, problem: Problem): void {
  const { method, routeOptions } = request;
  const field = error instanceof DicomError ? error.field : undefined;
  const facts = { method, route: routeOptions.url, status: problem.httpStatus, fault: problem.name, field };
  if (problem.name === 'internal') request.log.error({ ...facts, err: error }, 'request failed');
  else if (problem.httpStatus >= 500) request.log.warn({ ...facts, reason: problem.detail }, 'request failed');
  else {
    request.log.info(facts, 'request refused');
    request.log.debug({ reason: problem.detail }, 'why it was refused');
  }
}

/** Answers `error`; the error handler of the application. */
export function sendProblem(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  log(request, error, problem);
  return sendFault(problem, request, reply);
}

/** 405 with the methods that there are (RFC 9110 15.5.6). */
export function sendNotAllowed(allow: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('allow', allow);
  const detail = `this resource has ${allow} only`;
  return sendFault({ name: 'malformed', httpStatus: 405, title: 'Method not allowed', detail }, request, reply);
}

/** 416 with the length that there is (RFC 9110 15.5.17). */
export function sendUnsatisfiable(length: number, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('content-range', `bytes */${length}`);
  const detail = `the range begins beyond the end: there are ${length} bytes`;
  return sendFault({ name: 'malformed', httpStatus: 416, title: 'Range not satisfiable', detail }, request, reply);
}

const OF_ANSWERS = [
  ...['content-length', 'content-location', 'content-encoding', 'content-disposition'],
  ...['etag', 'accept-ranges', 'cache-control', 'warning'],
];

function sendFault(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { httpStatus: status, title, detail, retryAfter, name } = problem;
  // A header of the answer that was planned must not describe this one.
  for (const header of OF_ANSWERS) reply.removeHeader(header);
  reply.status(status);
  reply.header('cache-control', 'no-store');
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  if (wantsPage(request)) {
    reply.header('content-type', 'text/html; charset=utf-8');
    return reply.send(
      Buffer.from(`<!doctype html><title>${status}</title><h1>${escapeHtml(title)}</h1><p>${escapeHtml(detail)}</p>\n`),
    );
  }
  reply.header('content-type', 'application/problem+json');
  return reply.send(Buffer.from(`${JSON.stringify({ type: 'about:blank', title, status, detail, fault: name })}\n`));
}

/** The body of a request that never became one: Node's HTTP parser refused it. Written to the bare socket. */
export function rawProblem(error: NodeJS.ErrnoException): string {
  const [status, title] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, 'Request Header Fields Too Large'] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, 'Request Timeout'] as const)
        : ([400, 'Bad Request'] as const);
  const body = `${JSON.stringify({ type: 'about:blank', title, status, detail: 'the request is no valid HTTP', fault: 'malformed' })}\n`;
  return `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}
