// The contract in openapi/: up to date, and in step with the routes, both ways.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import fastify from 'fastify';
import { DOCUMENT } from '../openapi/openapi.ts';
import { addResources } from '../src/http/resources.ts';
import { holdToContract } from './support/held.ts';

const VERBS = ['get', 'post', 'put', 'patch', 'delete', 'options'] as const;

/** `GET /base/studies/{study}` of every operation, at each of its servers. */
function documented(): string[] {
  return Object.entries(DOCUMENT.paths ?? {}).flatMap(([path, item]) => {
    const prefixes = (item?.servers ?? DOCUMENT.servers ?? []).map(({ url }) => url.replace('/dicomweb', '/base'));
    const verbs = VERBS.filter((verb) => item?.[verb] !== undefined);
    return verbs.flatMap((verb) =>
      prefixes.map((prefix) => `${verb.toUpperCase()} ${posix.join(prefix, path).replace(/(?<=.)\/$/, '')}`),
    );
  });
}

/** The same of every route. */
function routed(): string[] {
  const routes: string[] = [];
  addResources((path, answers) => {
    const template = path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}');
    for (const method of Object.keys(answers)) routes.push(`${method} ${template}`);
  }, '/base');
  return routes;
}

test('every route is in the contract, and everything in the contract is a route', () => {
  assert.deepEqual(documented().sort(), routed().sort());
});

test('openapi.json is what openapi.ts says', () => {
  const written = JSON.parse(readFileSync(new URL('../openapi/openapi.json', import.meta.url), 'utf8'));
  assert.deepEqual(written, JSON.parse(JSON.stringify(DOCUMENT)), 'run: node openapi/write.ts');
});

test('every reference of the contract leads somewhere, and operation ids are unique', () => {
  const ids = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { $ref, operationId } = node as { $ref?: string; operationId?: string };
    if ($ref !== undefined) {
      const target = $ref
        .slice(2)
        .split('/')
        .reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], DOCUMENT);
      assert.notEqual(target, undefined, $ref);
    }
    if (operationId !== undefined) {
      assert.ok(!ids.has(operationId), operationId);
      ids.add(operationId);
    }
    for (const value of Object.values(node)) walk(value);
  };
  walk(DOCUMENT);
  assert.ok(ids.size > 30);
});

for (const [name, type, answer] of [
  ['of another media type', 'text/plain', '{"status":"ok"}'],
  ['of another shape', 'application/json', '[]'],
] as const) {
  test(`an answer ${name} than the contract says, sent by a socket, fails who closes the application`, async () => {
    const app = holdToContract(fastify());
    app.get('/healthz', (_request, reply) => reply.type(type).send(Buffer.from(answer)));
    const origin = await app.listen({ host: '127.0.0.1', port: 0 });
    await (await fetch(`${origin}/healthz`)).arrayBuffer();
    await assert.rejects(app.close(), /not in the contract|GET \/healthz/);
  });
}
