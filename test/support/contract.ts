// Holds answers against the contract: their status, content type, headers and JSON are what openapi.json says of the operation.

import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { OpenAPIV3_1 } from 'openapi-types';
import { DOCUMENT } from '../../openapi/openapi.ts';

/** What was asked and what came back; header names are in lower case. */
export type Exchange = {
  method: string;
  /** Path, and query where there is one. */
  target: string;
  status: number;
  headers: Readonly<Record<string, unknown>>;
  body: Buffer;
};

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(DOCUMENT, 'contract');

type Operation = { pointer: string; operation: OpenAPIV3_1.OperationObject };

const escaped = (step: string): string => step.replace(/~/g, '~0').replace(/\//g, '~1');

/** The pattern of a path of the contract, at any base. */
function patternOf(path: string, item: OpenAPIV3_1.PathItemObject): RegExp {
  const base = item.servers === undefined || path === '/wado' ? '(?:/[^?]*?)?' : '';
  const body = path === '/' ? '' : path;
  const steps = body
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace(/\{path\}/g, '.+')
    .replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${base}${steps}/?$`);
}

const PATTERNS = Object.entries(DOCUMENT.paths ?? {})
  .filter(([path]) => path !== '/')
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

/** @throws AssertionError when the contract doesn't know such an answer to such a request */
export function assertContract({ method, target, status, headers, body }: Exchange): void {
  const [path = ''] = target.split('?');
  const operation = operationOf(method, path);
  // Other methods and other paths are no operations: 204, 404 and 405 are all that they have.
  if (operation === undefined) return;
  const said = `${method} ${target}: ${status}`;
  const content = contentOf(operation, status);
  assert.ok(content, `${said} is not in the contract`);
  const contentType = String(headers['content-type'] ?? '');
  if (content.types.length === 0) {
    assert.equal(body.length, 0, `${said} has no body by the contract`);
    return;
  }
  const type = content.types.find((one) => one.toLowerCase() === essenceOf(contentType).toLowerCase());
  assert.ok(type, `${said} has ${contentType}, which is none of ${content.types.join()}`);
  if (
    !type.endsWith('json') ||
    body.length === 0 ||
    headers['content-range'] !== undefined ||
    headers['content-encoding'] !== undefined
  )
    return;
  const validate = ajv.getSchema(`contract#${content.pointer}/content/${encodeURIComponent(escaped(type))}/schema`);
  assert.ok(validate, `${said}: a schema of ${type}`);
  assert.ok(validate(JSON.parse(body.toString())), `${said}: ${ajv.errorsText(validate.errors)}`);
}
