// An application whose every answer is held against the contract, whether a test injects the request or sends it by a socket.

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { assertContract, assertRefusal } from './contract.ts';

/** Of longer answers only status and headers are looked at. */
const LONGEST = 8 * 1024 * 1024;

/**
 * Injected requests fail at once where their answer is not in the contract; what goes through a socket fails the closing of the
 * application, which names every such answer.
 */
export function holdToContract(app: FastifyInstance): FastifyInstance {
  const inject = app.inject.bind(app) as (asked: InjectOptions) => Promise<LightMyRequestResponse>;
  const violations: string[] = [];
  app.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    watch(request, response, violations);
  });
  app.server.prependListener('clientError', (_error: Error, socket: Duplex) => watchRefusal(socket, violations));
  app.addHook('onClose', async () => assert.deepEqual(violations, [], 'answers that are not in the contract'));
  const held = async (asked: InjectOptions): Promise<LightMyRequestResponse> => {
    const answer = await inject(asked);
    const { method = 'GET', url = '/' } = asked;
    const { statusCode: status, headers, rawPayload } = answer;
    const body = decoded(rawPayload, headers['content-encoding']);
    if (typeof url === 'string') assertContract({ method, target: url, status, headers, body });
    return answer;
  };
  return Object.assign(app, { inject: held });
}

/** Gathers the body that is written to `response`, and looks at the answer when it has gone out whole. */
function watch(
  { method = '', url: target = '' }: IncomingMessage,
  response: ServerResponse,
  violations: string[],
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const writtenHeaders = headersOf(response);
  const [write, end] = [response.write, response.end];
  const gather = (chunk: unknown): void => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return;
    // A copy: the gateway uses its buffers again.
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size <= LONGEST) chunks.push(bytes);
  };
  response.write = function (this: ServerResponse, ...args: unknown[]) {
    gather(args[0]);
    return write.apply(this, args as Parameters<typeof write>);
  } as typeof write;
  response.end = function (this: ServerResponse, ...args: unknown[]) {
    gather(args[0]);
    return end.apply(this, args as Parameters<typeof end>);
  } as typeof end;
  response.once('finish', () => {
    const { statusCode: status } = response;
    const headers = writtenHeaders();
    noting(violations, () => {
      const body = size > LONGEST ? undefined : decoded(Buffer.concat(chunks), headers['content-encoding']);
      assertContract({ method, target, status, headers, body });
    });
  });
}

/** The headers of `response` when it has been written: those given with the status line are not among its own. */
function headersOf(response: ServerResponse): () => Record<string, unknown> {
  let given: Record<string, unknown> = {};
  const writeHead = response.writeHead;
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    const last = args.at(-1);
    if (typeof last === 'object' && last !== null) given = { ...last };
    return writeHead.apply(this, args as Parameters<typeof writeHead>);
  } as typeof writeHead;
  return () => ({ ...response.getHeaders(), ...given });
}

/** What is written to a connection on which the parser found no request. */
function watchRefusal(socket: Duplex, violations: string[]): void {
  const end = socket.end;
  socket.end = function (this: Duplex, ...args: unknown[]) {
    // Node ends it once more, with nothing.
    if (typeof args[0] === 'string') noting(violations, () => assertRefusal(answerOf(String(args[0]))));
    return end.apply(this, args as Parameters<typeof end>);
  } as typeof end;
}

function noting(violations: string[], check: () => void): void {
  try {
    check();
  } catch (error) {
    violations.push(error instanceof Error ? error.message : String(error));
  }
}

/** Status, headers by their lower-case names, and body of an answer as it is on the line. */
export function answerOf(text: string): { status: number; headers: Record<string, string>; body: Buffer } {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const [, name = '', value = ''] = /^([^:]+): *(.*)$/.exec(line) ?? [];
    return [name.toLowerCase(), value] as const;
  });
  const body = Buffer.from(rest.join('\r\n\r\n'));
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body };
}

function decoded(body: Buffer, coding: unknown): Buffer {
  if (body.length === 0) return body;
  if (coding === 'gzip') return gunzipSync(body);
  return coding === 'br' ? brotliDecompressSync(body) : body;
}
