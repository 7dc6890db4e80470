// The conformance statement names what the code offers: resources, media types, nothing less.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DOCUMENT } from '../openapi/openapi.ts';
import { ConfigSchema, UPLOAD_LIMITS } from '../src/bridge/config/schema.ts';
import { FAULTS } from '../src/bridge/faults.ts';
import { DEFAULT_MAX_PDU_LENGTH } from '../src/dimse/connect.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../src/dimse/data/uid.ts';
import { OFFERS } from '../src/http/offers.ts';

const STATEMENT = readFileSync(new URL('../openapi/conformance.md', import.meta.url), 'utf8');

test('every media type that is offered is in the conformance statement', () => {
  const types = new Set(Object.values(OFFERS).flatMap((offers) => offers.map(({ mediaType }) => mediaType)));
  // WADL is part of Capabilities, whose types the standard fixes.
  types.delete('application/vnd.sun.wadl+xml');
  for (const type of types) assert.ok(STATEMENT.toLowerCase().includes(`\`${type}\``), type);
});

test('every kind of resource of the contract is in the conformance statement', () => {
  for (const path of Object.keys(DOCUMENT.paths ?? {})) {
    const last = path.split('/').at(-1) ?? '';
    if (path.startsWith('/studies') || path === '/series' || path === '/instances') {
      assert.ok(STATEMENT.includes(last), path);
    }
  }
});

test('every parameter that rendering and searching document is in the conformance statement', () => {
  const parameters = Object.values(DOCUMENT.components?.parameters ?? {});
  for (const parameter of parameters) {
    const name = 'name' in parameter ? parameter.name : '';
    if (['match', 'includefield', 'emptyvaluematching', 'multiplevaluematching'].includes(name)) continue;
    assert.ok(STATEMENT.includes(`\`${name}`), name);
  }
});

test('Q-R7 Q-M19 the statement says proxy, the bounds of a search, and what becomes of fuzzy, empty and multiple value matching', () => {
  const search = STATEMENT.slice(STATEMENT.indexOf('## 3. Search'), STATEMENT.indexOf('## 4. '));
  for (const word of [
    'Proxy',
    'limits.maxResults',
    'limits.maxMatches',
    'fuzzymatching',
    'empty value',
    'multiple values',
  ]) {
    assert.ok(search.includes(word), word);
  }
});

/** The table of statuses: every number, and the reasons of those that are never seen. */
function statusesStated(): Set<string> {
  const rows = STATEMENT.split('\n').filter((line) => /^\| \d{3}/.test(line));
  return new Set(rows.flatMap((row) => row.split('|')[1]?.match(/\d{3}/g) ?? []));
}

test('every status of the contract is in the conformance statement', () => {
  const stated = statusesStated();
  for (const [path, item = {}] of Object.entries(DOCUMENT.paths ?? {})) {
    for (const verb of ['get', 'post', 'options'] as const) {
      for (const status of Object.keys(item[verb]?.responses ?? {})) {
        // A bug is no promise.
        if (status !== '500') assert.ok(stated.has(status), `${verb} ${path}: ${status}`);
      }
    }
  }
});

test('every status that a fault becomes is in the conformance statement', () => {
  const stated = statusesStated();
  for (const { httpStatus } of Object.values(FAULTS)) {
    if (httpStatus !== 500) assert.ok(stated.has(String(httpStatus)), String(httpStatus));
  }
});

test('Appendix E the statement says who the gateway is on the wire, and how much it takes', () => {
  const dimse = STATEMENT.slice(STATEMENT.indexOf('## 7. DIMSE'), STATEMENT.indexOf('## 8. '));
  for (const fact of [
    IMPLEMENTATION_CLASS_UID,
    `\`${IMPLEMENTATION_VERSION_NAME}\``,
    `${DEFAULT_MAX_PDU_LENGTH} bytes`,
  ]) {
    assert.ok(dimse.includes(fact), fact);
  }
  for (const name of Object.keys(UPLOAD_LIMITS)) assert.ok(STATEMENT.includes(`\`limits.${name}\``), name);
});

test('every setting that the conformance statement names is one', () => {
  const named = [...STATEMENT.matchAll(/`(limits|http|cache|dicom)\.(\w+)/g)];
  assert.ok(named.length > 5);
  for (const [, group = '', name = ''] of named) {
    const { properties } = ConfigSchema.properties[group as 'limits'] as { properties: Record<string, unknown> };
    assert.ok(name in properties, `${group}.${name}`);
  }
});
