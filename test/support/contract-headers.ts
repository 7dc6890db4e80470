// Holds the headers of answers against the contract: each is declared, has the form that is declared, and none is missing.

import assert from 'node:assert/strict';
import type { OpenAPIV3_1 } from 'openapi-types';
import { HEADERS, type HeaderName, OF_EVERY_ANSWER } from '../../openapi/headers.ts';

/** HTTP's own (RFC 9110, 9112), of which OpenAPI says nothing, or says it elsewhere. */
const OF_HTTP: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding'],
]);

const lower = <T>(table: Readonly<Record<string, T>>): Map<string, T> =>
  new Map(Object.entries(table).map(([name, value]) => [name.toLowerCase(), value]));

const GENERAL = lower(OF_EVERY_ANSWER);

type Declared = NonNullable<OpenAPIV3_1.ResponseObject['headers']>;

function resolved(declared: Declared[string]): OpenAPIV3_1.HeaderObject {
  return '$ref' in declared ? HEADERS[declared.$ref.split('/').at(-1) as HeaderName] : declared;
}

/** @throws AssertionError when `headers`, by lower-case names, are not those that `declared` and every answer have */
export function assertHeaders(declared: Declared, headers: Readonly<Record<string, unknown>>, what: string): void {
  const own = lower(declared);
  for (const [name, value] of Object.entries(headers)) {
    if (OF_HTTP.has(name) || value === undefined) continue;
    const one = own.get(name) ?? GENERAL.get(name);
    assert.ok(one, `${what} has the header ${name}, which is not in the contract`);
    const { pattern = '' } = resolved(one).schema as { pattern?: string };
    // A header that comes more than once, as an array.
    for (const text of [value].flat()) {
      assert.match(String(text), new RegExp(pattern), `${what}: the form of ${name}`);
    }
  }
  for (const [name, one] of own) {
    if (resolved(one).required === true) assert.ok(headers[name], `${what} lacks the header ${name}`);
  }
}
