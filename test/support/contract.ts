// Holds answers against the contract: status, content type, JSON, XML and parts are what openapi.json says of the operation.

import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { OpenAPIV3_1 } from 'openapi-types';
import { DOCUMENT } from '../../openapi/openapi.ts';
import { toJson } from '../../src/dimse/data/json.ts';
import { fromXml } from '../../src/dimse/data/xml.ts';
import { assertHeaders } from './contract-headers.ts';
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

type Said = { pointer: string; response: Partial<OpenAPIV3_1.ResponseObject> };

function componentOf(name: string): Said | undefined {
  const response = DOCUMENT.components?.responses?.[name];
  return response && { pointer: `/components/responses/${name}`, response: response as Said['response'] };
}

/** What the contract says of an answer; of those that no operation has, what it says of any such. */
function saidOf(operation: Operation | undefined, status: number): Said | undefined {
  if (operation === undefined) return componentOf(status === 204 ? 'Methods' : `Problem${status}`);
  const response = operation.operation.responses?.[String(status)];
  // Every resource tells its methods, and refuses others.
  if (response === undefined) return status === 405 ? componentOf('Problem405') : undefined;
  if ('$ref' in response) return componentOf(response.$ref.split('/').at(-1) ?? '');
  return { pointer: `${operation.pointer}/responses/${status}`, response: response as Said['response'] };
}

/** @throws AssertionError when the contract doesn't know such an answer to such a request */
export function assertContract({ method, target, status, headers, body }: Exchange): void {
  // An absolute form is as good (RFC 9112 3.2.2).
  const [path = ''] = target.replace(/^https?:\/\/[^/]*/, '').split('?');
  const what = `${method} ${target}: ${status}`;
  const said = saidOf(operationOf(method, path), status);
  assert.ok(said, `${what} is not in the contract`);
  assertHeaders(said.response.headers ?? {}, headers, what);
  assertBody(said, headers, body, what);
}

/** An answer to what was no request: the HTTP parser refused it. @throws AssertionError as `assertContract` does */
export function assertRefusal({ status, headers, body }: Pick<Exchange, 'status' | 'headers' | 'body'>): void {
  const what = `what is no HTTP: ${status}`;
  const said = saidOf(undefined, status);
  assert.ok(said, `${what} is not in the contract`);
  assertHeaders(said.response.headers ?? {}, headers, what);
  assertBody(said, headers, body, what);
}

function assertBody(
  { pointer, response }: Said,
  headers: Exchange['headers'],
  body: Buffer | undefined,
  what: string,
): void {
  const contentType = String(headers['content-type'] ?? '');
  const types = Object.keys(response.content ?? {});
  if (types.length === 0) {
    assert.equal(body?.length, 0, `${what} has no body by the contract`);
    return;
  }
  const type = types.find((one) => one.toLowerCase() === essenceOf(contentType).toLowerCase());
  assert.ok(type, `${what} has ${contentType}, which is none of ${types.join()}`);
  if (body === undefined || body.length === 0 || headers['content-range'] !== undefined) return;
  const schema = `${pointer}/content/${encodeURIComponent(escaped(type))}/schema`;
  if (type.endsWith('json')) validate(schema, JSON.parse(body.toString()), what);
  else if (type.startsWith('multipart/')) assertParts(type, contentType, body, what);
  else if (type === 'application/dicom+xml') validate(DATASET, jsonOf(body), what);
}

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
