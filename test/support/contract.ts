// Holds answers against the contract: status, content type, JSON, XML and parts are what openapi.json says of the operation.

import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { OpenAPIV3_1 } from 'openapi-types';
import { DOCUMENT } from '../../openapi/openapi.ts';
import { toJson } from '../../src/dimse/data/json.ts';
import { fromXml } from '../../src/dimse/data/xml.ts';
import { partsOf } from './multipart.ts';

/** What was asked and what came back; header names are in lower case. */
export type Exchange = {
  method: string;
  /** Path, and query where there is one. */
  target: string;
  status: number;
  headers: Readonly<Record<string, unknown>>;
  /** Without its content coding; undefined where it was too long to be kept. */
  body: Buffer | undefined;
};

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(DOCUMENT, 'contract');

type Operation = { pointer: string; operation: OpenAPIV3_1.OperationObject };

const escaped = (step: string): string => step.replace(/~/g, '~0').replace(/\//g, '~1');

/** The pattern of a path of the contract, at any base; the base itself only where its servers say it is. */
function patternOf(path: string, item: OpenAPIV3_1.PathItemObject): RegExp {
  if (path === '/') {
    const bases = (DOCUMENT.servers ?? []).map(({ url }) => url.replace(/\{\w+\}/g, '[^/]+'));
    return new RegExp(`^(?:${bases.join('|')})/?$`);
  }
  const base = item.servers === undefined || path === '/wado' ? '(?:/[^?]*?)?' : '';
  const steps = path
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace(/\{path\}/g, '.+')
    .replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${base}${steps}/?$`);
}

const PATTERNS = Object.entries(DOCUMENT.paths ?? {})
  .map(([path, item = {}]) => ({ path, item, pattern: patternOf(path, item) }))
  // What is written out goes before what a parameter stands for.
  .sort((a, b) => (a.path.match(/\{/g)?.length ?? 0) - (b.path.match(/\{/g)?.length ?? 0));

function operationOf(method: string, path: string): Operation | undefined {
  // An empty step is a path that there is not.
  if (path.includes('//')) return undefined;
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  const found = PATTERNS.find(({ pattern }) => pattern.test(path));
  const operation = found?.item[verb as 'get' | 'post'];
  if (found === undefined || operation === undefined) return undefined;
  return { pointer: `/paths/${escaped(found.path)}/${verb}`, operation };
}

/** `type/subtype`, and of multipart/related the type of its root part. */
function essenceOf(contentType: string): string {
  const inner = /^multipart\/related; type="?([^";]+)/.exec(contentType)?.[1];
  return inner === undefined ? (contentType.split(';')[0] ?? '').trim() : `multipart/related; type="${inner}"`;
}

function contentOf(
  { pointer, operation }: Operation,
  status: number,
): { pointer: string; types: string[] } | undefined {
  const response = operation.responses?.[String(status)];
  if (response === undefined) return undefined;
  if ('$ref' in response) {
    const name = response.$ref.split('/').at(-1) ?? '';
    const component = (DOCUMENT.components?.responses?.[name] ?? {}) as Partial<OpenAPIV3_1.ResponseObject>;
    return { pointer: `/components/responses/${name}`, types: Object.keys(component.content ?? {}) };
  }
  return { pointer: `${pointer}/responses/${status}`, types: Object.keys(response.content ?? {}) };
}

/** The answers that no operation has: to other methods, at other paths, and of pages for people. */
const OUTSIDE: ReadonlySet<number> = new Set([200, 204, 206, 304, 308, 400, 404, 405, 414]);

/** @throws AssertionError when the contract doesn't know such an answer to such a request */
export function assertContract({ method, target, status, headers, body }: Exchange): void {
  const [path = ''] = target.split('?');
  const operation = operationOf(method, path);
  const said = `${method} ${target}: ${status}`;
  const contentType = String(headers['content-type'] ?? '');
  if (operation === undefined) {
    assert.ok(OUTSIDE.has(status), `${said} at no operation of the contract`);
    const isProblem = essenceOf(contentType) === PROBLEM_TYPE;
    if (isProblem && body !== undefined && body.length > 0) validate(PROBLEM, JSON.parse(body.toString()), said);
    return;
  }
  const content = contentOf(operation, status);
  assert.ok(content, `${said} is not in the contract`);
  if (content.types.length === 0) {
    assert.equal(body?.length, 0, `${said} has no body by the contract`);
    return;
  }
  const type = content.types.find((one) => one.toLowerCase() === essenceOf(contentType).toLowerCase());
  assert.ok(type, `${said} has ${contentType}, which is none of ${content.types.join()}`);
  if (body === undefined || body.length === 0 || headers['content-range'] !== undefined) return;
  const schema = `${content.pointer}/content/${encodeURIComponent(escaped(type))}/schema`;
  if (type.endsWith('json')) validate(schema, JSON.parse(body.toString()), said);
  else if (type.startsWith('multipart/')) assertParts(type, contentType, body, said);
  else if (type === 'application/dicom+xml') validate(DATASET, jsonOf(body), said);
}

const PROBLEM_TYPE = 'application/problem+json';
const PROBLEM = `/components/responses/Problem400/content/${encodeURIComponent(escaped(PROBLEM_TYPE))}/schema`;
const DATASET = '/components/schemas/Dataset';

function validate(pointer: string, value: unknown, said: string): void {
  const schema = ajv.getSchema(`contract#${pointer}`);
  assert.ok(schema, `${said}: a schema at ${pointer}`);
  assert.ok(schema(value), `${said}: ${ajv.errorsText(schema.errors)}`);
}

/** Native DICOM Model as the JSON model, which has a schema. */
function jsonOf(xml: Buffer): unknown {
  return JSON.parse(toJson(fromXml(xml.toString())));
}

/** Every part says where its headers end, what it is and where it belongs; parts of XML are data sets. */
function assertParts(type: string, contentType: string, body: Buffer, said: string): void {
  const parts = partsOf(contentType, body);
  assert.ok(parts.length > 0, `${said} has no part`);
  for (const { headers, body: bytes } of parts) {
    assert.ok(headers['content-type'], `${said}: a part without a Content-Type`);
    if (headers['content-length'] !== undefined) {
      assert.equal(Number(headers['content-length']), bytes.length, `${said}: the length of a part`);
    }
    if (type.includes('dicom+xml')) validate(DATASET, jsonOf(bytes), said);
  }
}
