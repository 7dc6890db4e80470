// An application whose every answer is held against the contract, whether a test injects the request or sends it by a socket.

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { assertContract } from './contract.ts';

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
    const headers = response.getHeaders();
    try {
      const body = size > LONGEST ? undefined : decoded(Buffer.concat(chunks), headers['content-encoding']);
      assertContract({ method, target, status, headers, body });
    } catch (error) {
      violations.push(error instanceof Error ? error.message : String(error));
    }
  });
}

function decoded(body: Buffer, coding: unknown): Buffer {
  if (body.length === 0) return body;
  if (coding === 'gzip') return gunzipSync(body);
  return coding === 'br' ? brotliDecompressSync(body) : body;
}
