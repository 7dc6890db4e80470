// The contract in openapi/: up to date, and in step with the routes, both ways.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import fastify from 'fastify';
import { DOCUMENT } from '../openapi/openapi.ts';
import { addResources } from '../src/http/resources.ts';
import { buildWeb } from './http/web.ts';
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

/** The routes of the page, which is the package's: a test of its own asks for what it names. */
const DOCUMENTATION = ['GET /docs', 'GET /docs/static/{file}', 'GET /docs/json', 'GET /docs/yaml'];

/** The same of every route. */
function routed(): string[] {
  const routes: string[] = [];
  addResources((path, answers) => {
    const template = path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}');
    for (const method of Object.keys(answers)) routes.push(`${method} ${template}`);
  }, '/base');
  return [...routes, ...DOCUMENTATION];
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

test('the page and all that it names are in the contract, and ask for nothing by TLS', async (t) => {
  const { app } = await buildWeb(t);
  const page = await app.inject({ url: '/docs/' });
  const names = [...page.payload.matchAll(/(?:href|src)="\.\/([^"]+)"/g)].map(([, name]) => `/docs/${name}`);
  assert.ok(names.length >= 5, names.join());
  for (const url of names) assert.equal((await app.inject({ url })).statusCode, 200, url);
  assert.doesNotMatch(String(page.headers['content-security-policy']), /upgrade|https:/);
  for (const [url, place] of [
    ['/docs', 'docs/'],
    ['/docs/static/index.html', '../'],
    ['/docs/json', '../openapi.json'],
    ['/docs/yaml', '../openapi.json'],
  ] as const) {
    const moved = await app.inject({ url });
    assert.deepEqual([moved.statusCode, moved.headers.location], [308, place], url);
  }
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
